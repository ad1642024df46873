"""What one stream remembers from frame to frame, and one frame of it on its way through the stylizer."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from streamstyle.frame import Image
from streamstyle.look.look import Look, Mask, TemporalMode
from streamstyle.media.resize import within
from streamstyle.paint.color import ColorKeeper, ColorStats
from streamstyle.paint.grain import grained
from streamstyle.paint.steady.exposure import SteadyStats
from streamstyle.paint.steady.steadier import Motion, MotionTrack, Steadier
from streamstyle.styles.code import StyleCode

_CHANGING = 0.5
"""How far frames lean on the ones before while the style or its strength changes."""
_VISIBLE = 1 / 512
"""A mask that stays below this changes no level anywhere."""

Measure = Callable[[str], AbstractContextManager[None]]


class StreamMemory:
    """What one stream remembers from frame to frame."""

    def __init__(self) -> None:
        self.frames = 0
        self._motion = MotionTrack()
        self._stats = SteadyStats()
        self._steadiers: dict[int, Steadier] = {}
        self._painted: dict[int, tuple[StyleCode, float]] = {}
        self._keepers: dict[int, ColorKeeper] = {}

    def keeper(self, index: int) -> ColorKeeper:
        """Follows the colours of one region."""
        return self._keepers.setdefault(index, ColorKeeper())

    def motion(self, content: Image, mode: TemporalMode) -> Motion | None:
        """Of the content since the frame before; once per frame."""
        self.frames += 1
        return None if mode == "off" else self._motion.update(content)

    def stats(self, content: Image, *, cut: bool) -> tuple[ColorStats, ColorStats]:
        """The content's own RGB statistics, and the steady ones; once per frame."""
        return self._stats.update(content, cut=cut)

    def steady(self, layer: "Layer", stylized: Image, motion: Motion | None) -> Image:
        """One region's picture, leaning on the one before."""
        before, now = self._painted.get(layer.index), (layer.code, layer.alpha)
        self._painted[layer.index] = now
        same = before is not None and before[0] is now[0] and before[1] == now[1]
        steadier = self._steadiers.setdefault(layer.index, Steadier())
        return steadier.steady(stylized, motion, self.frames, 1.0 if same else _CHANGING)


@dataclass(slots=True)
class Layer:
    """A style and where it goes: a region, or the rest.

    Attributes:
        index: 0 for the rest, then the regions.
        code: Of the style.
        alpha: Its strength, 0..1.
        mask: (H, W) float32 in [0, 1]; None: everywhere.
    """

    index: int
    code: StyleCode
    alpha: float
    mask: Mask | None


class Job:
    """One frame on its way."""

    def __init__(self, content: Image, look: Look, memory: StreamMemory, measure: Measure) -> None:
        self.content, self.look, self.memory, self.measure = content, look, memory, measure

    @cached_property
    def motion(self) -> Motion | None:
        """Of the content since the frame before; None for a first frame, at cuts, and where it is not wanted."""
        with self.measure("motion"):
            return self.memory.motion(self.small, self.look.temporal)

    @cached_property
    def stats(self) -> tuple[ColorStats, ColorStats] | None:
        """The content's own RGB statistics, and the steady ones in their place; None where each frame is by itself."""
        if self.look.temporal == "off":
            return None
        cut = self.motion is None
        with self.measure("temporal"):
            return self.memory.stats(self.small, cut=cut)

    @cached_property
    def small(self) -> Image:
        """The content at its processing size."""
        return within(self.content, self.look.size)

    def scene(self, alpha: float) -> Image:
        """The content at its processing size with grain, the less of it the less is painted over it.

        Args:
            alpha: Strength, 0 to 1.
        """
        grain = self.look.grain
        return self.small if grain == 0 else grained(self.small, alpha * grain)


def layers_of(look: Look, shape: tuple[int, ...]) -> list[Layer]:
    """The regions that show, and what is left of the frame; a region that nobody would see is not painted."""
    if not look.regions:
        return [Layer(0, look.code, look.alpha, None)]
    masks = [_fitted(region.mask, shape) for region in look.regions]
    rest = np.clip(1 - sum(masks), 0, 1).astype(np.float32)
    layers = [Layer(0, look.code, look.alpha, rest)]
    layers += [
        Layer(index, region.code, region.alpha, mask)
        for index, (region, mask) in enumerate(zip(look.regions, masks, strict=True), start=1)
    ]
    return [layer for layer in layers if layer.mask is not None and layer.mask.max() > _VISIBLE]


def _fitted(mask: Mask, shape: tuple[int, ...]) -> Mask:
    if mask.shape == shape:
        return mask
    return cv2.resize(mask, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR).astype(np.float32, copy=False)
