"""`streamstyle styles`: the built-in styles and the user's own, as a list and as a page with thumbnails."""

import argparse
import base64
import html
import io
import json
import webbrowser
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from PIL import Image as Pillow
from rich.console import Console
from rich.table import Table

from streamstyle.commands.parser import add_model_arguments, named_files
from streamstyle.commands.progress import complain, teller
from streamstyle.errors import StyleError
from streamstyle.frame import Image
from streamstyle.look.player import Player
from streamstyle.look.recipe import Recipe
from streamstyle.media.resize import within
from streamstyle.media.sinks.place import checked_file, make_folder, refuse_unless_writable
from streamstyle.media.sources import open_source
from streamstyle.media.user_folders import user_cache
from streamstyle.paint.stylizer import Stylizer
from streamstyle.pipeline.threads import reached
from streamstyle.styles.own import own_styles
from streamstyle.styles.paintings import painting_of
from streamstyle.styles.sample import SAMPLE

_SIDE = 320
"""Short side of thumbnails in pixels."""
_QUALITY = 82
_LINE = 150
"""Characters in a line, if there is no terminal."""


@dataclass(frozen=True, slots=True)
class ListedStyle:
    """A style as it is listed.

    Attributes:
        name: What to write after --style.
        kind: `own` or `builtin`.
        title: Of the painting; of an own style its file's name.
        painter: Empty where not known, as are the others.
        year: When it was painted.
        good_for: What it suits.
    """

    name: str
    kind: str
    title: str
    painter: str = ""
    year: str = ""
    good_for: str = ""

    @property
    def after(self) -> str:
        """Painter, title and year, in a line."""
        return ", ".join(part for part in (self.painter, self.title, self.year) if part)


def add_styles_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `streamstyle styles`."""
    parser.add_argument("photo", nargs="?", metavar="PHOTO", help="a photo or video of yours, to see the styles on")
    parser.add_argument("--open", action="store_true", help="show a page with thumbnails in the browser")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT.html", help="write that page here")
    parser.add_argument("--overwrite", action="store_true", help="replace the page if it exists")
    add_model_arguments(parser, with_precision=False)
    parser.add_argument("--json", action="store_true", help="the list as one line of JSON on standard output")


def styles_command(options: argparse.Namespace, console: Console) -> int:
    """List the styles, or make the page of them; returns the exit code."""
    if not options.open and options.output is None and options.photo is None:
        return list_styles(options.model, as_json=options.json)
    stylizer = Stylizer(options.model, options.device, tell=teller(console))
    styles = listed_styles(stylizer)
    if options.json:
        print(json.dumps([asdict(style) | {"description": style.after} for style in styles]))
    _write_page(options, stylizer, styles, console)
    return 0


def list_styles(model: str, *, as_json: bool) -> int:
    """Print the styles; returns the exit code."""
    styles = listed_styles(Stylizer(model, "cpu"))
    if as_json:
        print(json.dumps([asdict(style) | {"description": style.after} for style in styles]))
        return 0
    table = Table("style", "after", "good for", box=None, pad_edge=False)
    for style in styles:
        table.add_row(style.name, style.after, style.good_for)
    console = Console(markup=False)
    Console(markup=False, width=None if console.is_terminal else _LINE).print(table)
    print("\nSee them on a photo of yours: streamstyle styles PHOTO --open")
    return 0


def listed_styles(stylizer: Stylizer) -> list[ListedStyle]:
    """The user's own styles, then those that are shipped for a model; an own style of a shipped one's name is left out."""
    shipped = stylizer.encoder.builtin
    own = [ListedStyle(name, "own", path.name) for name, path in own_styles().items() if name not in shipped.names()]
    return own + [_builtin(style.name, style.description) for style in shipped.styles]


def thumbnails(stylizer: Stylizer, content: Image, styles: list[ListedStyle]) -> Iterator[tuple[ListedStyle, Image]]:
    """A picture in each style; a style that cannot be used is reported and left out.

    Args:
        stylizer: The model.
        content: (H, W, 3) uint8 RGB.
        styles: Which.

    Yields:
        The style, and (h, w, 3) uint8 RGB with a short side of 320 pixels, or the content's own.
    """
    small = within(content, _SIDE)
    for style in styles:
        try:
            player = Player(Recipe((style.name,)), stylizer.encoder.find)
        except StyleError as error:
            complain(f"warning: {error}")
            continue
        yield style, stylizer.stylize(small, player.look(0.0, small))


def as_jpeg(image: Image, quality: int = _QUALITY) -> bytes:
    """A small picture for pages."""
    stream = io.BytesIO()
    Pillow.fromarray(image).save(stream, "JPEG", quality=quality, optimize=True, progressive=True)
    return stream.getvalue()


def _write_page(options: argparse.Namespace, stylizer: Stylizer, styles: list[ListedStyle], console: Console) -> None:
    photo = options.photo or str(SAMPLE)
    with reached(photo, lambda: open_source(photo)) as source:
        content = next(iter(source)).image
    path, reads = options.output, (photo, *map(str, own_styles().values()), *named_files(options, but=()))
    if path is None:
        path = user_cache() / "styles.html"
        make_folder(path.parent)
    overwrite = options.overwrite or options.output is None
    refuse_unless_writable(path, overwrite=overwrite, reads=reads)
    page = _page(content, list(thumbnails(stylizer, content, styles)))
    with checked_file(path, overwrite=overwrite, reads=reads) as partial:
        partial.write_text(page, encoding="utf-8")
    console.print(f"styles: {path}", soft_wrap=True, highlight=False)
    if options.open and not webbrowser.open(path.resolve().as_uri()):
        complain("no browser can be opened here; open the page yourself")


def _page(content: Image, painted: list[tuple[ListedStyle, Image]]) -> str:
    """The whole page in one file."""
    own = [(style, image) for style, image in painted if style.kind == "own"]
    shipped = [(style, image) for style, image in painted if style.kind != "own"]
    sections = [_section("Your own styles", own), _section("Built-in styles", shipped)]
    return _PAGE.format(original=_source(within(content, _SIDE)), sections="\n".join(filter(None, sections)))


def _section(heading: str, painted: list[tuple[ListedStyle, Image]]) -> str:
    cards = "\n".join(_card(style, image) for style, image in painted)
    return f"<h2>{heading}</h2>\n<ul>\n{cards}\n</ul>" if cards else ""


def _builtin(name: str, description: str) -> ListedStyle:
    painting = painting_of(name)
    if painting is None:
        return ListedStyle(name, "builtin", description)
    return ListedStyle(name, "builtin", painting.title, painting.painter, painting.year, painting.good_for)


def _card(style: ListedStyle, image: Image) -> str:
    lines = [f"<strong>{html.escape(style.name)}</strong>", html.escape(style.after)]
    lines += [f"<em>{html.escape(style.good_for)}</em>"] if style.good_for else []
    return f'<li><img alt="" src="{_source(image)}">{"<br>".join(lines)}</li>'


def _source(image: Image) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(as_jpeg(image)).decode()}"


_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>streamstyle: styles</title>
<style>
:root {{ color-scheme: light dark; font: 15px/1.4 system-ui, sans-serif }}
body {{ max-width: 1400px; margin: 2rem auto; padding: 0 1rem }}
header {{ display: flex; gap: 1.5rem; align-items: end; flex-wrap: wrap }}
ul {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(min(15rem, 42%), 1fr)); gap: 1.5rem; padding: 0 }}
li {{ list-style: none }}
img {{ display: block; width: 100%; border-radius: 6px; margin-bottom: .4rem }}
header img {{ width: 12rem; margin: 0 }}
em {{ opacity: .75 }}
code {{ background: #8882; padding: .1em .3em; border-radius: 3px }}
</style>
<header>
<img alt="the photo" src="{original}">
<div><h1>Styles</h1>
<p>Use one by its name: <code>streamstyle video PHOTO --style NAME</code>,
or live: <code>streamstyle camera --style NAME</code>.</p>
</div>
</header>
{sections}
</html>
"""
