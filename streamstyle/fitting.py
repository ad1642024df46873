"""Styles fitted to the scene: each is corrected by what it paints there, once per scene, and every frame gets that.

A style code is made without knowing what will be painted with it. The fit graph (`models/fitting.py`) looks at what a code
paints on the scene, compares statistics with those of the painting, and corrects the code; twice. A scene lasts until a
cut, or until the content has become another one in the course of time; then the code is fitted anew, at a cut at once, else
by a slow fade, so that nothing jumps. While nothing changes nothing is fitted, and still pictures stay still.

Where that is wanted (`--fit strong`), the looks are followed by descent (`streamstyle/descent.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from streamstyle.descent import Descent, DescentGraph
from streamstyle.engine import Session, Tensor, as_batch
from streamstyle.errors import ModelError
from streamstyle.frame import Image
from streamstyle.look import StyleCode, blend

PAINTED, WANTED, SAID, STATISTICS, AFTER = "painted", "wanted", "said", "statistics", "_after"
"""Names in the fit graph: inputs (a picture, the painting's statistics, what the look before said), and outputs (the
picture's statistics; what it says now and each tensor of the code, with this ending)."""

LOOKS = 2
"""How often a scene is painted and looked at; as trained."""
LEAST_SIDE = 64
"""Smaller frames tell too little."""
MOST_PIXELS = 1 << 20
"""So many are looked at, of a larger picture tiles from all over it."""
MOST_PAINTED = 1 << 22
"""Of a frame with more pixels only those tiles are painted to be looked at."""
MOST_JUDGED = 1 << 18
"""Likewise for descent, which takes time by the pixel: 640x360 as it is."""
_TILES = 4
"""Of a sample, across and down."""
_TILE_MULTIPLE = 16
"""Their sides are multiples of this, the coarsest grid of the networks."""

_CUT = 20.0
"""A scene is another one when its sign has changed by more than this from one frame to the next, in levels."""
_DRIFT = 18.0
"""Likewise since it was last fitted to."""
_REST = 30
"""Frames between two fits, but for cuts."""
_PLAIN = 6.0
"""Deviation in levels of a frame (a title card, a fade to black) that is not worth fitting to."""
_FADE = 24
"""Frames in which a code goes over to the newly fitted one."""
_SAMPLES = 4096

Beside = Callable[[Callable[[], None]], None]
Paint = Callable[[Image, StyleCode], Image]
"""A frame, (H, W, 3) uint8 RGB, in full strength in a style: the same size."""


class FitGraph:
    """The graph, behind the two calls that it is for."""

    def __init__(self, session: Session) -> None:
        """Of a session.

        Raises:
            ModelError: It holds another graph.
        """
        if missing := {PAINTED, WANTED, SAID} - set(session.inputs) or {STATISTICS} - set(session.outputs):
            raise ModelError(f"the fit graph has no '{min(missing)}'; run: python -m export.fitting")
        self._session = session
        self._names = [name for name in session.inputs if name not in {PAINTED, WANTED, SAID}]
        self._blank: dict[str, Tensor] = {
            name: np.zeros([size if isinstance(size, int) else 1 for size in shape], np.float32)
            for name, shape in session.inputs.items()
            if name != PAINTED
        }

    @property
    def version(self) -> str:
        """Of the model that it belongs to."""
        return self._session.metadata.get("version", "unknown")

    def statistics(self, painting: Image) -> NDArray[np.float32]:
        """What must be known of a painting to fit its style: (H, W, 3) uint8 RGB, 16x16 at least -> (1, P)."""
        return self._session.run(self._blank | {PAINTED: as_batch(painting)})[STATISTICS]

    def look(self, painted: Image, code: StyleCode, said: Tensor | None) -> tuple[StyleCode, Tensor]:
        """Look once.

        Args:
            painted: What the code paints on the scene, (H, W, 3) uint8 RGB, LEAST_SIDE at least.
            code: With its statistics.
            said: What the look before returned beside the code; None for the first.

        Returns:
            The better code, and what is said to the next look.
        """
        assert code.statistics is not None  # callers ask only for codes that have them
        feeds: dict[str, Tensor] = {PAINTED: as_batch(_sample(painted, MOST_PIXELS)), WANTED: code.statistics}
        feeds[SAID] = self._blank[SAID] if said is None else said
        outputs = self._session.run(feeds | {name: code.tensors[name] for name in self._names})
        corrected = {name: outputs[name + AFTER] for name in self._names}
        return replace(code, tensors=dict(code.tensors) | corrected), outputs[SAID + AFTER]


def _sample(picture: Image, most: int) -> Image:
    """Of a picture with more pixels than that: tiles from all over it, side by side."""
    height, width = picture.shape[:2]
    if height * width <= most:
        return picture
    share = (most / (height * width)) ** 0.5 / _TILES
    sides = [max(_TILE_MULTIPLE, int(side * share) // _TILE_MULTIPLE * _TILE_MULTIPLE) for side in (height, width)]
    tops, lefts = (
        np.linspace(0, side - tile, _TILES).astype(int) for side, tile in zip((height, width), sides, strict=True)
    )
    rows = [[picture[top : top + sides[0], left : left + sides[1]] for left in lefts] for top in tops]
    return np.vstack([np.hstack(row) for row in rows])


@dataclass(slots=True)
class _Attempt:
    """A fit under way.

    Attributes:
        code: As far as it has come.
        left: Looks that are still to be made.
        strong: Whether descent is to follow them.
        said: By the look before.
        waits: Whether work on it is under way beside the stream.
        descent: Once it has begun.
        shown: Whether what the looks brought is seen already.
    """

    code: StyleCode
    left: int = LOOKS
    strong: bool = False
    said: Tensor | None = None
    waits: bool = False
    descent: Descent | None = None
    shown: bool = False

    @property
    def done(self) -> bool:
        """Whether nothing is left to do."""
        return not self.left and (not self.strong or (self.descent is not None and not self.descent.passes))


@dataclass(slots=True)
class _Style:
    """A style of the stream, as it was last fitted.

    Attributes:
        base: The code that is fitted; held, so that its id() stays its own.
        scene: Number of the scene that it was fitted to, or is being fitted to; 0 for none.
        take: Number of the last cut before it was last used: what was not seen since needs no fade.
        now: What it has come to; None before the first fit.
        before: What it fades from.
        frames: Of the fade, so far.
    """

    base: StyleCode
    scene: int = 0
    take: int = 0
    now: StyleCode | None = None
    before: StyleCode | None = None
    frames: int = 0
    attempt: _Attempt | None = None

    def present(self) -> StyleCode:
        """On the way from what it was."""
        now = self.now or self.base
        if self.before is None:
            return now
        self.frames += 1
        if self.frames >= _FADE:
            self.before = None
            return now
        share = self.frames / _FADE
        return blend([self.before, now], [1 - share, share])


@dataclass
class Fitter:
    """Fits the styles of one stream to its scenes.

    Attributes:
        graph: Looks and corrects.
        paint: Paints what is looked at; called by whoever calls `code`.
        beside: Runs the looks beside the stream; by default at once, as suits files: there every frame is painted with the
            fitted code from the first one on.
        descent: Loads what goes on where the looks end; None for a model that has no such thing.
    """

    graph: FitGraph
    paint: Paint
    beside: Beside = field(default=lambda work: work())
    descent: Callable[[], DescentGraph] | None = None
    _strong: bool = False
    _styles: dict[int, _Style] = field(default_factory=dict)
    _scene: int = 0
    _take: int = 0
    _since: int = 0
    _plain: bool = False
    _sign: NDArray[np.float64] | None = None
    _fitted_to: NDArray[np.float64] | None = None
    _mixed: tuple[tuple[object, ...], StyleCode] | None = None

    def see(self, content: Image, *, cut: bool, strong: bool = False) -> None:
        """Take in the next frame; once per frame.

        Args:
            content: (H, W, 3) uint8 RGB, at the size at which it is stylized.
            cut: Whether it is known to be the first of a scene.
            strong: Whether scenes that begin from here on are fitted by descent, too.
        """
        self._strong = strong
        before, now = self._sign, _sign(content)
        self._sign, self._since = now, self._since + 1
        sudden = cut or before is None or _apart(now, before) > _CUT
        if not sudden and (_apart(now, self._fitted_to) <= _DRIFT or self._since < _REST):
            return
        self._scene, self._since, self._fitted_to = self._scene + 1, 0, now
        self._take += sudden
        self._plain = bool(now[3:6].max() < _PLAIN)

    def code(self, code: StyleCode, content: Image) -> StyleCode:
        """A code, fitted to the scene as far as that has come.

        Args:
            code: One without statistics is returned as it is; of a blend each part is fitted.
            content: The frame that was last seen.

        Raises:
            ModelError: The runtime failed.
        """
        if min(content.shape[:2]) < LEAST_SIDE:
            return code
        if self._plain:
            self._show_own(code)
            return code
        if not code.parts:
            return self._part(code, content)
        parts = [self._part(part, content) for part, _ in code.parts]
        shares = [share for _, share in code.parts]
        if all(fitted is part for fitted, (part, _) in zip(parts, code.parts, strict=True)):
            return code
        # The same mixture is the same code, as in scene.py.
        key = (*shares, *map(id, parts))
        if self._mixed is None or self._mixed[0] != key:
            self._mixed = (key, replace(blend(parts, shares), parts=tuple(zip(parts, shares, strict=True))))
        return self._mixed[1]

    def _show_own(self, code: StyleCode) -> None:
        """Note that the styles' own codes are seen, so that what is fitted next fades in."""
        for part in [part for part, _ in code.parts] or [code]:
            self._styles[id(part)] = _Style(part, take=self._take)

    def _part(self, code: StyleCode, content: Image) -> StyleCode:
        if code.statistics is None:
            return code
        style = self._styles.setdefault(id(code), _Style(code))
        # Behind a cut, what is still under way for the scene before is of no use.
        if style.scene != self._scene and (style.attempt is None or style.take != self._take):
            strong = self._strong and self.descent is not None and Descent.possible(code)
            style.scene, style.attempt = self._scene, _Attempt(code, strong=strong)
        self._go_on(style, content)
        if style.take != self._take and style.attempt is not None:
            # Live, behind a cut: what was fitted to another scene suits this one less than the style's own code does.
            style.now = style.before = None
        style.take = self._take
        return style.present()

    def _go_on(self, style: _Style, content: Image) -> None:
        """Go on with the fit as far as can be, and take up what it brought."""
        attempt = style.attempt
        if attempt is None:
            return
        while not attempt.done and not attempt.waits:
            if attempt.left:
                scene = content if content.shape[0] * content.shape[1] <= MOST_PAINTED else _sample(content, MOST_PIXELS)
                self._look(attempt, self.paint(scene, attempt.code))
            else:
                self._descend(attempt, content)
        # Live, descent takes seconds; what the looks brought is seen meanwhile.
        if attempt.done or not (attempt.left or attempt.shown):
            attempt.shown = True
            seen = style.take == self._take
            style.before, style.frames = (style.present() if seen else None), 0
            style.now, style.attempt = attempt.code, None if attempt.done else attempt

    def _look(self, attempt: _Attempt, painted: Image) -> None:
        def work() -> None:
            attempt.code, attempt.said = self.graph.look(painted, attempt.code, attempt.said)
            attempt.left -= 1
            attempt.waits = False  # last: it is what the stream's thread waits for

        attempt.waits = True
        self.beside(work)

    def _descend(self, attempt: _Attempt, content: Image) -> None:
        load = self.descent
        assert load is not None  # or nothing would have been asked for
        # Of its own: the work outlives the frame, whose memory is the stream's.
        scene = _sample(content, MOST_JUDGED).copy() if attempt.descent is None else content

        def work() -> None:
            if attempt.descent is None:
                attempt.descent = Descent(load(), attempt.code, scene)
            else:
                attempt.descent.step()
                attempt.code = attempt.descent.code
            attempt.waits = False

        attempt.waits = True
        self.beside(work)


def _sign(content: Image) -> NDArray[np.float64]:
    """What a scene is known by: mean and deviation of its RGB, and how much is going on in it, in levels; (7,)."""
    step = max(1, int((content.shape[0] * content.shape[1] / _SAMPLES) ** 0.5))
    here = content[::step, :-2:step].astype(np.float32)
    there = content[::step, 2::step].astype(np.float32)
    pixels = here.reshape(-1, 3)
    detail = 3 * np.abs(here - there).mean()
    return np.concatenate([pixels.mean(0), pixels.std(0), [detail]]).astype(np.float64)


def _apart(one: NDArray[np.float64], other: NDArray[np.float64] | None) -> float:
    """The largest difference of two signs; infinite where there is no other."""
    return float("inf") if other is None else float(np.abs(one - other).max())
