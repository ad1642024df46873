"""The options that say how frames look, shared by photos, videos and cameras; and look files, which hold the same."""

import argparse
from pathlib import Path

from streamstyle.look.look import COLOR_MODES, GRAIN, TEMPORAL_MODES
from streamstyle.look.recipe import Recipe, from_folder
from streamstyle.look.timeline import Timeline
from streamstyle.look.toml_options import config_arguments
from streamstyle.look.values import alpha_argument, pixels_argument, share_argument, size_argument, weight_argument
from streamstyle.styles.code import STYLE_SIZE

LOOK_OPTIONS = (
    *("style", "weights", "alpha", "color", "color_strength", "temporal", "grain"),
    *("style_size", "mask", "feather", "person", "background"),
)
"""Names of the options that a look file may hold; those of streamstyle.look.recipe.Recipe."""


def add_look_arguments(parser: argparse.ArgumentParser) -> None:
    """The options; none has a default here, so that those given on the command line can be told from a look file's."""
    look = parser.add_argument_group("how it looks")
    look.add_argument("--style", nargs="+", metavar="STYLE", help="image files or names of built-in styles")
    look.add_argument(
        "--weights", nargs="+", type=weight_argument, metavar="W", help="one per style, to blend them; W@T,W@T over time"
    )
    look.add_argument(
        "--alpha",
        nargs="+",
        type=alpha_argument,
        metavar="A",
        help="strength from 0 to 1, one for all or one per style; over time: 0@0,1@5 (default: 1)",
    )
    look.add_argument(
        "--color", choices=COLOR_MODES, help="the painting's colors, the content's, or its chroma (default: style)"
    )
    look.add_argument("--color-strength", type=share_argument, metavar="0..1", help="how far --color goes (default: 1)")
    look.add_argument(
        "--temporal", choices=TEMPORAL_MODES, help="how still still pictures stay in videos and live (default: on)"
    )
    look.add_argument(
        "--grain", type=share_argument, metavar="0..1", help=f"strokes in skies and on plain walls (default: {GRAIN})"
    )
    look.add_argument(
        "--style-size", type=size_argument, metavar="N", help=f"larger: broader strokes (default: {STYLE_SIZE})"
    )
    look.add_argument(
        "--mask", metavar="FILE", help="picture or video: white takes the first style, black the last, 'keep' is none"
    )
    look.add_argument("--feather", type=pixels_argument, metavar="N", help="softness of the mask's edges in pixels")
    look.add_argument("--person", metavar="style|keep|STYLE", help="people: as --style, untouched, or their own style")
    look.add_argument("--background", metavar="style|keep|STYLE", help="likewise, all that is not people")
    look.add_argument("--look", type=Path, metavar="FILE", help="a look from a TOML file; options typed here win")
    look.add_argument("--save-look", type=Path, metavar="FILE", help="write the look to a TOML file")


def look_parser() -> argparse.ArgumentParser:
    """Knows the options of a look only."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, prog="look")
    add_look_arguments(parser)
    return parser


def read_recipe(path: Path, typed: argparse.Namespace | None = None) -> Recipe:
    """A look file as a recipe.

    Args:
        path: TOML; keys as in LOOK_OPTIONS. Paths in it may be relative to its folder.
        typed: Options that win over the file's.

    Raises:
        UsageError: The file cannot be read, or a key or value is wrong; names the line.
    """
    parser = look_parser()
    options = parser.parse_args(config_arguments(path, parser, "--look", not_here=("--look", "--save-look")))
    folder = path.parent
    for name in ("mask", "person", "background"):
        if (value := getattr(options, name)) is not None:
            setattr(options, name, from_folder(name, value, folder))
    if options.style is not None:
        options.style = [from_folder("style", value, folder) for value in options.style]
    for name in LOOK_OPTIONS if typed is not None else ():
        if (value := getattr(typed, name)) is not None:
            setattr(options, name, value)
    # Styles typed anew are others than the file's weights and strengths were meant for.
    if typed is not None and typed.style is not None:
        options.weights = typed.weights
        if typed.alpha is None and options.alpha is not None and len(options.alpha) > 1:
            options.alpha = None
    return _recipe(options)


def recipe_of(options: argparse.Namespace) -> Recipe:
    """The look that a command line asks for, from its --look file where it names one.

    Raises:
        UsageError: The parts contradict each other, or the file cannot be used.
    """
    return _recipe(options) if options.look is None else read_recipe(options.look, options)


def _recipe(options: argparse.Namespace) -> Recipe:
    given: dict[str, str | float | tuple[str | Timeline, ...]] = {}
    for name in LOOK_OPTIONS:
        value = getattr(options, name)
        if value is not None:
            given[name] = tuple(value) if isinstance(value, list) else value
    return Recipe(**given)  # type: ignore[arg-type]  # each option's type is the field's
