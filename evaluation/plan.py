"""What is to be evaluated, and what its cases are called in the records."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from evaluation.measures import effectiveness
from evaluation.sweep import Ratio
from streamstyle.look.recipe import GRAIN

IDENTITY = "identity"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be evaluated, and how.

    Attributes:
        models: Name -> what `open_system` takes; in the order of the tables.
        contents: Folder or tar of photos.
        styles: Folder or tar of paintings.
        output: Folder of the report.
        vgg: Weights of VGG-19.
        clips: Folder of videos, or None.
        pairs: How many at most.
        limits: Name -> how many pairs at most for this one.
        seed: Of the pairs, the projections and the bootstrap.
        draws: Random projections per layer.
        size: Width and height of the photos.
        held_out: Take only pictures that training keeps aside.
        device: `cpu` or `cuda`.
        gatys_steps: Evaluations of Gatys' loss.
        grain: How much there is to paint with in flat places, of the same models.
        ratios: Between the photo and the full style.
        sweep_pairs: How many pairs are painted at all ratios.
        basis: Photos that the PCA basis is of; those of `contents` where None.
        basis_pictures: How many of them at most.
        clip_frames: Of each clip.
        clip_start: Second of the first; None for each clip's middle.
        clip_size: Short side.
        clip_styles: How many paintings each clip is painted in.
        shown: Pairs whose pictures go into the report.
        cost: Whether seconds and memory are measured.
        fresh: Throw away what was measured before.
        redo: Names of models whose figures are thrown away.
        redo_cost: Measure seconds and memory again: on a quieter machine, say.
    """

    models: dict[str, str]
    contents: str
    styles: str
    output: Path
    vgg: Path
    clips: Path | None = None
    pairs: int = 40
    limits: dict[str, int]
    seed: int = 0
    draws: int = effectiveness.DRAWS
    size: tuple[int, int] = (400, 300)
    held_out: bool = False
    device: str = "cpu"
    gatys_steps: int = 30
    grain: float = GRAIN
    ratios: tuple[Ratio, ...] = ()
    sweep_pairs: int = 12
    basis: str | None = None
    basis_pictures: int = 100
    clip_frames: int = 20
    clip_start: Fraction | None = None
    clip_size: int = 240
    clip_styles: int = 2
    shown: int = 6
    cost: bool = True
    fresh: bool = False
    redo: tuple[str, ...] = ()
    redo_cost: bool = False


@dataclass(frozen=True, slots=True)
class ClipCase:
    """A clip in a painting's style, in a mode."""

    clip: str
    painting: str
    mode: str
    key: str


def clips_told(plan: Plan) -> str:
    """Which frames of clips are taken, in words."""
    where = "the middle" if plan.clip_start is None else f"second {float(plan.clip_start):g}"
    return f"{plan.clip_frames} frames from {where}"


def pair_case(pair: tuple[str, str], ratio: str) -> str:
    """The name of a case in the records."""
    return f"pair|{pair[0]}|{pair[1]}|{ratio}"
