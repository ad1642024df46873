"""Writes docs/gallery/, every built-in style on two sample pictures and their page: python -m docs.gallery."""

import sys
from pathlib import Path

from streamstyle.commands.styles import ListedStyle, as_jpeg, listed_styles, thumbnails
from streamstyle.frame import Image
from streamstyle.media.pictures import read_image
from streamstyle.media.resize import within
from streamstyle.paint.stylizer import Stylizer
from streamstyle.styles.paintings import PAINTINGS
from streamstyle.styles.sample import SAMPLE

FOLDER = Path(__file__).with_name("gallery")
PAGE = FOLDER / "index.md"
MOST_BYTES = 1_500_000
_SIDE, _QUALITY = 320, 78
_PICTURES = {"portrait": SAMPLE, "landscape": FOLDER / "landscape.jpg"}
_INTRODUCTION = """# Gallery

<!-- Written by python -m docs.gallery; change the code instead. -->

The built-in styles, each with the defaults: `streamstyle video PHOTO --style NAME`. To see them on a photo of your own:

```sh
streamstyle styles holiday.jpg --open
```

Any picture of yours can be a style, too: [styles of your own](../how-to/own-styles.md).

![The portrait](original-portrait.jpg) ![The landscape](landscape.jpg)

Eileen Collins, by NASA (public domain), and the Summer Palace in Beijing, by Daniel Buechele
([CC BY 2.0](https://creativecommons.org/licenses/by/2.0/)); the pictures below are painted after them."""


def page() -> str:
    """The page."""
    lines = [_INTRODUCTION]
    for painting in PAINTINGS:
        lines += ["", f"## {painting.name}", "", f"{painting.description}. Good for {painting.good_for}.", ""]
        lines += [" ".join(f"![{painting.name}, {picture}]({painting.name}-{picture}.jpg)" for picture in _PICTURES)]
    return "\n".join(lines) + "\n"


def write_pictures(stylizer: Stylizer) -> None:
    """Paint every sample in every built-in style, at the size at which they are stored."""
    styles = [style for style in listed_styles(stylizer) if style.kind == "builtin"]
    for picture, path in _PICTURES.items():
        content = read_image(path)
        if picture == "portrait":
            (FOLDER / "original-portrait.jpg").write_bytes(_stored(content))
        for style, painted in thumbnails(stylizer, content, styles):
            (FOLDER / _file(style, picture)).write_bytes(_stored(painted))


def _file(style: ListedStyle, picture: str) -> str:
    return f"{style.name}-{picture}.jpg"


def _stored(image: Image) -> bytes:
    return as_jpeg(within(image, _SIDE), _QUALITY)


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        sys.exit(0 if PAGE.read_text(encoding="utf-8") == page() else f"{PAGE} is out of date; run: python -m docs.gallery")
    write_pictures(Stylizer("fast", "cpu"))
    PAGE.write_text(page(), encoding="utf-8")
    size = sum(path.stat().st_size for path in FOLDER.iterdir())
    sys.exit(0 if size <= MOST_BYTES else f"{FOLDER} has {size} bytes; wanted at most {MOST_BYTES}")
