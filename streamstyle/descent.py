"""Fitting by descent: a code goes down the gradient of the paper's losses on the very scene that it is to paint.

What `streamstyle.fitting` guesses in two looks, this works out in a dozen passes, each of which paints the scene, has it
judged, and says how the code should change. The judge is the paper's, VGG-19, whose weights do not come with the program:
the graph, which holds its gradient, too (`models.descent`), is made once by `python -m export.descent`. Running it takes no
PyTorch.

Source: Gatys et al. 2016 and Huang & Belongie 2017, equations 11 to 13, for the losses; Kingma & Ba 2015, arXiv:1412.6980,
for the steps.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from streamstyle.engine import Session, Tensor, as_batch
from streamstyle.errors import ModelError
from streamstyle.frame import Image
from streamstyle.look import StyleCode

SCENE, STRENGTH, STYLE_WEIGHT, WANTED, CONTENT = "scene", "strength", "style_weight", "wanted", "judged_content"
"""Inputs of the graph beside the code, as in `models.descent`."""
LOSSES, STATISTICS, FEATURES, SLOPES = "losses", "judged_statistics", "features", "slopes"
"""Its outputs."""

PASSES = 12
"""How often a scene is painted and judged."""
MULTIPLE = 8
"""Sides of what is judged are multiples of this."""
_WEIGHT = 1.0
"""Lambda of the paper. Lower than in training: here both losses fall, and content is what the network gave up more of."""
_RATE = 0.1
_LEVEL = 0.6
"""Share of the passes after which the steps get shorter."""
_MOMENTUM, _MEMORY, _EPS = 0.6, 0.999, 1e-8
"""Less momentum and longer steps than is usual: a dozen passes must do (docs/experiments.md)."""
_LEAST_DEVIATION = 1e-4
_COLOURS = "rgb_"
"""Tensors of the code that stay: the painting's own colours."""


class DescentGraph:
    """The graph, behind the calls that it is for."""

    def __init__(self, session: Session) -> None:
        """Of a session.

        Raises:
            ModelError: It holds another graph.
        """
        known = {SCENE, STRENGTH, STYLE_WEIGHT, WANTED, CONTENT}
        if missing := known - set(session.inputs) or {LOSSES, STATISTICS, FEATURES, SLOPES} - set(session.outputs):
            raise ModelError(f"the descent graph has no '{min(missing)}'; run: python -m export.descent")
        self._session = session
        names = [name for name in session.inputs if name not in known]
        self.moved = [name for name in names if not name.startswith(_COLOURS)]
        self._blank: dict[str, Tensor] = {
            name: np.zeros([size if isinstance(size, int) else 1 for size in session.inputs[name]], np.float32)
            for name in (*names, WANTED)
        }
        self._channels = next(size for size in session.inputs[CONTENT][1:] if isinstance(size, int))

    @property
    def version(self) -> str:
        """Of the model that it belongs to."""
        return self._session.metadata.get("version", "unknown")

    def statistics(self, painting: Image) -> NDArray[np.float32]:
        """What a painting is judged by: (H, W, 3) uint8 RGB, 24x24 at least -> (1, S)."""
        return self._judge(np.ascontiguousarray(_whole(painting)))[STATISTICS]

    def features(self, scene: Image) -> NDArray[np.float32]:
        """What content is judged by: (H, W, 3) uint8 RGB, sides multiples of 8 -> (1, C, H/8, W/8)."""
        return self._judge(scene)[FEATURES]

    def _judge(self, picture: Image) -> dict[str, Tensor]:
        """Of a picture as it is: painted with no strength at all."""
        height, width = (side // MULTIPLE for side in picture.shape[:2])
        nothing = np.zeros((1, self._channels, height, width), np.float32)
        return self._run(picture, self._blank, self._blank[WANTED], nothing, strength=0.0)

    def slopes(
        self, scene: Image, code: dict[str, Tensor], wanted: Tensor, content: Tensor
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """One pass.

        Args:
            scene: (H, W, 3) uint8 RGB, sides multiples of 8.
            code: All its tensors.
            wanted: Of the painting.
            content: Of the scene.

        Returns:
            The losses, (2,), of content and style; and the gradient of the code's moved tensors, (N,), in their order, of
            deviations for their logarithms.
        """
        outputs = self._run(scene, code, wanted, content, strength=1.0)
        return outputs[LOSSES][0], outputs[SLOPES][0]

    def _run(
        self, scene: Image, code: dict[str, Tensor], wanted: Tensor, content: Tensor, *, strength: float
    ) -> dict[str, Tensor]:
        feeds = {name: code[name] for name in self._blank if name != WANTED}
        feeds |= {SCENE: as_batch(scene), STRENGTH: np.full((1, 1, 1, 1), strength, np.float32)}
        return self._session.run(
            feeds | {STYLE_WEIGHT: np.full((1, 1), _WEIGHT, np.float32), WANTED: wanted, CONTENT: content}
        )


def _whole(picture: Image) -> Image:
    """Without what is beyond multiples of 8."""
    height, width = (side // MULTIPLE * MULTIPLE for side in picture.shape[:2])
    return picture[:height, :width]


@dataclass(slots=True)
class Descent:
    """One under way.

    Attributes:
        graph: It.
        code: As far as it has come.
        scene: What is painted, (H, W, 3) uint8 RGB.
        passes: Still to go.
        losses: Of content and style, before the last step; (2,).
    """

    graph: DescentGraph
    code: StyleCode
    scene: Image
    passes: int = PASSES
    losses: NDArray[np.float32] | None = None
    _all: int = field(init=False)
    _content: Tensor | None = None
    _wanted: Tensor | None = None
    _momentum: NDArray[np.float32] | None = None
    _memory: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        self.scene, self._all = np.ascontiguousarray(_whole(self.scene)), self.passes
        # Deviations are moved by factors, which would leave a zero where it is.
        raised = {
            name: np.maximum(tensor, _LEAST_DEVIATION) if name.endswith("_std") and name in self.graph.moved else tensor
            for name, tensor in self.code.tensors.items()
        }
        self.code = replace(self.code, tensors=raised)

    @staticmethod
    def possible(code: StyleCode) -> bool:
        """Whether it is known what the code's painting is judged by, or can be found out."""
        return code.judged is not None or len(code.paintings) == 1

    def step(self) -> None:
        """One pass, and the step that it asks for.

        Raises:
            ModelError: The runtime failed.
        """
        if self._content is None or self._wanted is None:
            self._content = self.graph.features(self.scene)
            known = self.code.judged
            self._wanted = self.graph.statistics(self.code.paintings[0][0]) if known is None else known
        tensors = dict(self.code.tensors)
        self.losses, slope = self.graph.slopes(self.scene, tensors, self._wanted, self._content)
        way = self._way(slope)
        first = 0
        for name in self.graph.moved:
            tensor = tensors[name]
            part = way[first : first + tensor.size].reshape(tensor.shape)
            first += tensor.size
            tensors[name] = tensor * np.exp(part) if name.endswith("_std") else tensor + part
        self.code = replace(self.code, tensors=tensors)
        self.passes -= 1

    def _way(self, slope: NDArray[np.float32]) -> NDArray[np.float32]:
        """Adam's step."""
        count = self._all - self.passes + 1
        if self._momentum is None or self._memory is None:
            self._momentum, self._memory = np.zeros_like(slope), np.zeros_like(slope)
        self._momentum += (1 - _MOMENTUM) * (slope - self._momentum)
        self._memory += (1 - _MEMORY) * (slope**2 - self._memory)
        rate = _RATE * min(1.0, self.passes / (self._all * (1 - _LEVEL)))
        along = self._momentum / (1 - _MOMENTUM**count)
        steep = np.sqrt(self._memory / (1 - _MEMORY**count)) + _EPS
        way: NDArray[np.float32] = (-rate * along / steep).astype(np.float32)
        return way
