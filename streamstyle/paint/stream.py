"""What one stream remembers from frame to frame, and what it finds out about each frame before that is painted."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import cv2
import numpy as np

from streamstyle.frame import Image
from streamstyle.look.look import Look, Mask
from streamstyle.look.people.faces import FaceFinder
from streamstyle.media.resize import within
from streamstyle.paint.color import ColorStats, Followed, match_matrix, recolor
from streamstyle.paint.steady.changes import Changes, Motion, Observer
from streamstyle.paint.steady.exposure import SteadyStats
from streamstyle.paint.steady.faces import FaceTrack, SeenFace
from streamstyle.paint.steady.steadier import Steadier
from streamstyle.styles.code import StyleCode

_CHANGING = 0.5
"""How far frames lean on the ones before while the style or its strength changes."""
_VISIBLE = 1 / 512
"""A mask that stays below this changes no level anywhere."""

Measure = Callable[[str], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class StreamFrame:
    """A frame and its place in the stream.

    Attributes:
        content: (H, W, 3) uint8 RGB.
        small: The content at its processing size.
        changes: Of the content since the frame before; None where each frame is by itself.
        motion: By which to lean on the pictures before; None where they are not to be leaned on.
        statistics: The RGB statistics of `small`, and the steady ones to go by; None where each frame is by itself.
        colors: The steady colours that the painted frame is to have; None where it keeps the painting's.
        faces: Those to be made legible, in pixels of `small`.
    """

    content: Image
    small: Image
    changes: Changes | None
    motion: Motion | None
    statistics: tuple[ColorStats, ColorStats] | None
    colors: ColorStats | None
    faces: tuple[SeenFace, ...]


@dataclass(slots=True)
class _LayerMemory:
    """What is remembered of one layer.

    Attributes:
        frame: In which it was painted last.
        steadier: Holds its picture.
        colors: Follows the statistics of its pictures.
        painted: Code and strength.
    """

    frame: int
    steadier: Steadier = field(default_factory=Steadier)
    colors: Followed = field(default_factory=Followed)
    painted: tuple[StyleCode, float] | None = None


class StreamMemory:
    """What one stream remembers from frame to frame."""

    def __init__(self, face_finder: FaceFinder) -> None:
        self._frames = 0
        self._faces = FaceTrack(face_finder)
        self._observer = Observer()
        self._statistics = SteadyStats()
        self._colors = Followed()
        self._layers: dict[int, _LayerMemory] = {}

    def begin_frame(self, content: Image, look: Look, seconds: float | None, measure: Measure) -> StreamFrame:
        """Find out, once per frame and in this order, what all its layers need.

        Args:
            content: (H, W, 3) uint8 RGB.
            look: How it is to look.
            seconds: When it is shown, on the stream's clock; None where there is none.
            measure: Times the stages.
        """
        self._frames += 1
        with measure("resize"):
            small = within(content, look.size)
        steady, keeps_colors = look.temporal == "on", look.color == "content" and look.color_strength > 0
        if not steady and not keeps_colors:
            self._observer.forget()
            return StreamFrame(content, small, None, None, None, None, self._follow_faces(small, None, look, measure))
        with measure("motion"):
            changes = self._observer.observe(small, seconds)
        motion, statistics, colors = None, None, None
        if steady:
            with measure("temporal"):
                motion, statistics = changes.motion, self._statistics.update(small, changes)
        if keeps_colors:
            with measure("color"):
                colors = self._colors.update(ColorStats.of(content), seconds=changes.seconds, afresh=changes.breaks)
        faces = self._follow_faces(small, changes, look, measure)
        return StreamFrame(content, small, changes, motion, statistics, colors, faces)

    def _follow_faces(self, small: Image, changes: Changes | None, look: Look, measure: Measure) -> tuple[SeenFace, ...]:
        if look.faces == 0:
            self._faces.forget()
            return ()
        with measure("faces"):
            return self._faces.follow(small, changes)

    def finish(self, frame: StreamFrame, layer: Layer, stylized: Image, strength: float, measure: Measure) -> Image:
        """A layer's picture in the frame's colours, leaning on the one before.

        Args:
            frame: The newest.
            layer: What was painted.
            stylized: (h, w, 3) uint8 RGB, of the size of `frame.small`.
            strength: How far to go with the frame's colours.
            measure: Times the stages.
        """
        memory = self._layers.get(layer.index)
        if memory is None or memory.frame != self._frames - 1:
            memory = self._layers[layer.index] = _LayerMemory(self._frames)
        memory.frame = self._frames
        before, memory.painted = memory.painted, (layer.code, layer.alpha)
        changes = frame.changes
        if changes is not None and frame.colors is not None:
            with measure("color"):
                own = memory.colors.update(ColorStats.of(stylized), seconds=changes.seconds, afresh=changes.breaks)
                stylized = recolor(stylized, match_matrix(own, frame.colors, strength))
        with measure("temporal"):
            same = before is not None and before[0] is layer.code and before[1] == layer.alpha
            return memory.steadier.steady(stylized, frame.motion, 1.0 if same else _CHANGING)


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
