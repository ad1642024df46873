"""A whole look as a user writes it, in names and numbers: the one table of a look's fields.

Command line, look files, checks, help, the table in the docs and the list for programs all come from the entries here.
A new field is one entry, and the code that uses it: in PaintOptions where the painter needs it, which finds it in every
frame's Look; else in Recipe, for the player.
"""

from dataclasses import dataclass
from typing import Literal

from streamstyle.errors import UsageError
from streamstyle.look.fields import LookField, check_fields, entry, fields_of
from streamstyle.look.timeline import Timeline
from streamstyle.styles.code import STYLE_SIZE
from streamstyle.styles.own import own_styles
from streamstyle.styles.store import style_name

ColorMode = Literal["style", "content", "luma"]
COLOR_MODES: tuple[ColorMode, ...] = ("style", "content", "luma")

TemporalMode = Literal["off", "on"]
TEMPORAL_MODES: tuple[TemporalMode, ...] = ("off", "on")

Strokes = Literal["fine", "medium", "bold"]
STROKE_SIZES: dict[Strokes, int] = {"fine": 420, "medium": 300, "bold": 220}
"""Words for the short side in pixels at which frames are stylized: fewer pixels, larger strokes."""

GRAIN = 0.5
"""How much grain looks have that do not say otherwise."""
FACES = 0.5
"""How firmly faces are drawn by looks that do not say otherwise."""

KEEP = "keep"
"""Instead of a style: the picture stays as it is there."""
AS_REST = "style"
"""The value of person and background that means the same style as elsewhere."""
MOST_STYLES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class PaintOptions:
    """How frames are painted, the same for all frames of a stream: what a Recipe and every frame's Look have in common.

    Raises:
        UsageError: A value is not one of those that its field may have.
    """

    color: ColorMode = entry(
        "style",
        LookField("choice", "whose colors: the painting's, your picture's, each pixel's", choices=COLOR_MODES),
    )
    color_strength: float = entry(1.0, LookField("number", "how far --color content or luma goes", high=1))
    temporal: TemporalMode = entry(
        "on", LookField("choice", "on: strokes stay where they are in what does not move", choices=TEMPORAL_MODES)
    )
    grain: float = entry(GRAIN, LookField("number", "strokes in skies and on plain walls", high=1))
    faces: float = entry(
        FACES, LookField("number", "how firmly eyes and mouths are drawn, so that faces stay legible", high=1)
    )

    def __post_init__(self) -> None:
        check_fields(self)

    @property
    def depends_on_past(self) -> bool:
        """Whether a painted frame depends on the ones before: on the picture before, or on averages of colors over time."""
        return self.temporal == "on" or (self.color == "content" and self.color_strength > 0)


@dataclass(frozen=True, slots=True)
class Recipe(PaintOptions):
    """What the user asked for; nothing is loaded.

    Raises:
        UsageError: A value is not one of those that its field may have, or the parts contradict each other.
    """

    style: tuple[str, ...] = entry(
        (),
        LookField("style", "pictures or built-in styles; several are blended", several=True, new_player=True),
    )
    weights: tuple[Timeline, ...] = entry(
        (), LookField("number", "one per style, to blend them; over time: 1@0,0@5", several=True, over_time=True)
    )
    alpha: tuple[Timeline, ...] = entry(
        (Timeline.constant(1.0),),
        LookField("number", "strength; one per style, or over time: 0@0,1@5", high=1, several=True, over_time=True),
    )
    style_size: int = entry(
        STYLE_SIZE,
        LookField(
            "integer",
            "short side at which paintings are encoded; larger: broader strokes",
            low=16,
            high=8192,
            unit="pixels",
            new_player=True,
        ),
    )
    strokes: Strokes | int = entry(
        "medium",
        LookField(
            "integer",
            "size of the brush strokes; N: paint at this short side",
            choices=tuple(STROKE_SIZES),
            low=16,
            high=8192,
            unit="pixels",
        ),
    )
    mask: str | None = entry(
        None,
        LookField(
            "file",
            "picture or video: white takes the first style, black the last; one may be 'keep'",
            new_player=True,
        ),
    )
    feather: float | None = entry(
        None,
        LookField(
            "number",
            "softness of the mask's edges; without it, a hundredth of the frame's short side",
            high=1000,
            unit="pixels",
            new_player=True,
        ),
    )
    person: str = entry(
        AS_REST,
        LookField(
            "style", "people: as --style, untouched, or a style of their own", choices=(AS_REST, KEEP), new_player=True
        ),
    )
    background: str = entry(
        AS_REST,
        LookField(
            "style",
            "all but people: as --style, untouched, or its own style",
            choices=(AS_REST, KEEP),
            new_player=True,
        ),
    )

    def __post_init__(self) -> None:
        check_fields(self)
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

    @property
    def stroke_size(self) -> int:
        """Short side in pixels at which frames are stylized that are not smaller."""
        return STROKE_SIZES[self.strokes] if isinstance(self.strokes, str) else self.strokes

    @property
    def knows_people(self) -> bool:
        """Whether people must be found in the frames."""
        return (self.person, self.background) != (AS_REST, AS_REST)

    @property
    def files(self) -> tuple[str, ...]:
        """What may be files among styles and masks; of the user's own styles, those that their names mean."""
        names = [name for name in (*self.style, self.person, self.background, self.mask or KEEP) if name != KEEP]
        own = own_styles()
        return (*names, *(str(own[name]) for name in names if name in own))

    @property
    def name(self) -> str:
        """Of the styles, for messages and file names."""
        return "+".join(style_name(style) for style in self.style)


LOOK_FIELDS = fields_of(Recipe)
"""Name of each field of a look -> what is to be known of it."""
PAINT_FIELDS = tuple(fields_of(PaintOptions))
"""Names of those that every frame's Look has too."""
