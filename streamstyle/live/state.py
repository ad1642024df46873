"""The state of a live run: immutable values that any thread may read."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from streamstyle.frame import Image
from streamstyle.look.recipe import ColorMode, Recipe


@dataclass(frozen=True, slots=True)
class Settings:
    """All that can be changed live.

    Attributes:
        styles: Names or paths to choose from, in order.
        index: Index of the style that was chosen last.
        blended: Whether it is mixed half and half with the one after it.
        mirror: Whether frames are mirrored.
        recipe: The wanted look; without styles it takes that of `index`.
    """

    styles: tuple[str, ...]
    index: int = 0
    blended: bool = False
    mirror: bool = False
    recipe: Recipe = field(default_factory=Recipe)

    @property
    def color(self) -> ColorMode:
        """Whose colors."""
        return self.recipe.color

    def recipe_with(self, index: int, *, blended: bool) -> Recipe:
        """The wanted look with another style; with a mask, in the first region."""
        recipe = self.recipe
        if recipe.mask is not None:
            return replace(recipe, style=(self.styles[index], *recipe.style[1:]))
        count = 2 if blended else 1
        style = tuple(self.styles[(index + offset) % len(self.styles)] for offset in range(count))
        return replace(recipe, style=style, weights=(), alpha=recipe.alpha[:1])


class Message(NamedTuple):
    """A message for the user, shown for a moment.

    Attributes:
        text: One line.
        said_at: Time on the controls' clock, in seconds.
    """

    text: str = ""
    said_at: float = 0.0


@dataclass(frozen=True, slots=True)
class SinkState:
    """A sink of the run.

    Attributes:
        name: `record`, `mjpeg` and so on.
        phase: Whether it is open already.
        destination: Where to find its picture: an address, a device; None if it does not say.
    """

    name: str
    phase: Literal["opening", "open"]
    destination: str | None = None


@dataclass(frozen=True, slots=True)
class State:
    """A live run at one moment.

    Attributes:
        settings: The wanted ones.
        style: Name of the style that is shown, or faded to.
        waiting: Whether another look is being made, for example while a style is encoded.
        message: The last one.
        sinks: Those that get frames.
        outputs: Finished files.
        warnings: What the user should know at the end.
        thumbnails: Style -> a small picture of the stream in it, (h, w, 3) uint8 RGB, as far as they are made.
    """

    settings: Settings
    style: str = ""
    waiting: bool = False
    message: Message = field(default_factory=Message)
    sinks: tuple[SinkState, ...] = ()
    outputs: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    thumbnails: Mapping[str, Image] = field(default_factory=dict, compare=False)
