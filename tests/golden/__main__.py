"""`python -m tests.golden`: store what the shipped weights paint now. Look at the pictures before you commit them."""

from streamstyle.paint.stylizer import Stylizer
from tests.golden.pictures import FOLDER, paint, store

stylizer = Stylizer("fast", "cpu", precision="fp32")
store(paint(stylizer))
print(f"{FOLDER}: the pictures of {stylizer.description}")
