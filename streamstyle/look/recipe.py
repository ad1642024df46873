"""A whole look as a user writes it: on a command line, or in a TOML file that photo, video and camera share."""

import json
import os
from dataclasses import dataclass, fields
from pathlib import Path

from streamstyle.errors import SinkError, UsageError
from streamstyle.look.look import COLOR_MODES, GRAIN, TEMPORAL_MODES, ColorMode, TemporalMode
from streamstyle.look.timeline import Timeline
from streamstyle.media.libav import reason
from streamstyle.media.places import is_file, is_url, local_path, quoted
from streamstyle.media.sinks.place import Place, refuse_unless_writable
from streamstyle.styles.code import STYLE_SIZE
from streamstyle.styles.store import is_bare, style_name

KEEP = "keep"
"""In place of a style: the picture stays as it is there."""
AS_REST = "style"
"""For people and background: what --style says."""
MOST_STYLES = 8


@dataclass(frozen=True, slots=True)
class Recipe:
    """What the user asked for, in names and numbers; nothing is loaded.

    Attributes:
        style: Names or paths of styles. Several are blended, or with a mask divided between its regions.
        weights: One per style of a blend, changing over time; empty for equal shares.
        alpha: Strength in [0, 1], changing over time: one for all, or one per style.
        color: Whose colours; see streamstyle.look.look.Look.
        color_strength: Likewise.
        temporal: Likewise.
        grain: How much there is to paint with in flat places, in [0, 1]; see streamstyle.paint.grain.
        style_size: Short side in pixels at which paintings are encoded: larger gives larger strokes.
        mask: A picture or video that divides the frame between the styles; white is the first.
        feather: Softness of the mask's edges in pixels; None for a hundredth of the frame's short side.
        person: What people look like: `style`, `keep`, or a style of their own.
        background: Likewise for all that is not people.

    Raises:
        UsageError: The parts contradict each other.
    """

    style: tuple[str, ...] = ()
    weights: tuple[Timeline, ...] = ()
    alpha: tuple[Timeline, ...] = (Timeline.constant(1.0),)
    color: ColorMode = "style"
    color_strength: float = 1.0
    temporal: TemporalMode = "on"
    grain: float = GRAIN
    style_size: int = STYLE_SIZE
    mask: str | None = None
    feather: float | None = None
    person: str = AS_REST
    background: str = AS_REST

    def __post_init__(self) -> None:
        count = len(self.style)
        if count > MOST_STYLES:
            raise UsageError(f"at most {MOST_STYLES} styles at once, got {count}")
        if self.mask is not None and self.weights:
            raise UsageError("a mask gives each style its own place: leave --weights or --mask out")
        if self.mask is None and KEEP in self.style:
            raise UsageError("'keep' stands for a region of --mask; without one, lower --alpha")
        if self.weights and len(self.weights) != count:
            raise UsageError(f"wanted one of --weights per --style: {count}, got {len(self.weights)}")
        if self.weights and not any(timeline.bounds[1] > 0 for timeline in self.weights):
            raise UsageError("--weights must not all be 0")
        if len(self.alpha) not in {1, max(1, count)}:
            raise UsageError(f"wanted one --alpha, or one per --style: {count}, got {len(self.alpha)}")
        if self.color not in COLOR_MODES:
            raise UsageError(f"color must be one of {', '.join(COLOR_MODES)}, got '{self.color}'")
        if self.temporal not in TEMPORAL_MODES:
            raise UsageError(f"temporal must be one of {', '.join(TEMPORAL_MODES)}, got '{self.temporal}'")

    @property
    def knows_people(self) -> bool:
        """Whether people must be found in the frames."""
        return (self.person, self.background) != (AS_REST, AS_REST)

    @property
    def files(self) -> tuple[str, ...]:
        """What may be files among styles and masks."""
        return tuple(name for name in (*self.style, self.person, self.background, self.mask or KEEP) if name != KEEP)

    @property
    def name(self) -> str:
        """Of the styles, for messages and file names."""
        return "+".join(style_name(style) for style in self.style)


_FIRST_LINE = "# A look of streamstyle: run_video.py INPUT --look FILE, run_camera.py --look FILE"


def check_look_place(path: Path, *, overwrite: bool) -> None:
    """Say before any work whether a look can be written to a file.

    Raises:
        SinkError: It cannot; something is there already and is no look, or `overwrite` is not set.
    """
    try:
        refuse_unless_writable(path, overwrite=overwrite)
        with path.open("rb") as file:
            start = file.read(len(_FIRST_LINE))
    except FileNotFoundError:
        return
    except OSError as error:
        raise SinkError(f"cannot write the look {quoted(path)}: {reason(error)}") from error
    if path.suffix.lower() != ".toml" and start != _FIRST_LINE.encode():
        raise SinkError(f"{quoted(path)} is there already and no look; name another file for the look")


def save_recipe(recipe: Recipe, path: Path, *, overwrite: bool = False) -> None:
    """Write a recipe as TOML; what is at its default is left out.

    Paths of files are written relative to the file's folder where they lie in it, else in full.

    Raises:
        SinkError: As `check_look_place`.
    """
    check_look_place(path, overwrite=overwrite)
    folder = path.absolute().parent
    plain = Recipe()
    lines = [_FIRST_LINE]
    for entry in fields(recipe):
        value = getattr(recipe, entry.name)
        if value == getattr(plain, entry.name):
            continue
        lines.append(f"{entry.name} = {_toml(_portable(entry.name, value, folder))}")
    place = Place(path, overwrite=overwrite)
    try:
        with place.failing_clearly():
            place.partial.write_text("\n".join(lines) + "\n", encoding="utf-8")
            place.finish()
    except BaseException:
        place.partial.unlink(missing_ok=True)
        raise
    finally:
        place.release()


_PATHS = {"style", "mask", "person", "background"}


def _portable(name: str, value: object, folder: Path) -> object:
    if name not in _PATHS:
        return value
    if isinstance(value, tuple):
        return [_portable(name, item, folder) for item in value]
    if is_bare(str(value)) or not is_file(str(value)):
        return value
    path = local_path(str(value)).absolute()
    inside = path.is_relative_to(folder)
    portable = str(path.relative_to(folder) if inside else path).replace(os.sep, "/")
    return f"./{portable}" if is_bare(portable) else portable


def from_folder(name: str, value: str, folder: Path) -> str:
    """A value of a look file, with a path that is relative to the file's folder made one that works from here."""
    if name not in _PATHS or is_bare(value) or is_url(value):
        return value
    beside = str(folder / local_path(value))
    return beside if is_file(beside) else value


def _toml(value: object) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(_toml(item) for item in value)}]"
    if isinstance(value, Timeline):
        return str(value) if len(value.keys) == 1 else json.dumps(str(value))
    # A JSON string is a TOML string.
    return json.dumps(value, ensure_ascii=False)
