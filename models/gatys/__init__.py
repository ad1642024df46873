"""The slow reference: a picture is found by optimisation, with no network trained for it.

Pure: `stylize` reads and writes no file. `python -m models.gatys CONTENT STYLE -o OUT.png` is models.gatys.command.

Source: Gatys, Ecker & Bethge 2016, "Image Style Transfer Using Convolutional Neural Networks", CVPR. Where this differs:

- The mean takes the place of the sum in equations 1, 4 and 5, so that weights suit any size of picture.
- `Vgg19` pools by the maximum, as the weights were trained, and pads by reflection; the paper prefers average pooling.
- The noise to start from is smoothed and faint. The network hardly sees a checkerboard of pixels, so what a full white
  noise has of it would stay.
- The picture is held in [0, 1] throughout, so that the reported loss is the loss of the picture returned.
- Weights that end at relu4_1 give the content at relu4_1 for relu4_2, and leave relu5_1 out of the style.
"""

from models.gatys.objective import CONTENT_LAYER, STYLE_LAYERS, WANTED_LAYERS, Losses, Settings, Start
from models.gatys.optimisation import OnStep, Result, stylize

__all__ = [
    "CONTENT_LAYER",
    "STYLE_LAYERS",
    "WANTED_LAYERS",
    "Losses",
    "OnStep",
    "Result",
    "Settings",
    "Start",
    "stylize",
]
