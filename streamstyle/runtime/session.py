"""One loaded graph, on whatever runs it."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streamstyle.errors import ModelError
from streamstyle.runtime import ort, vino
from streamstyle.runtime.choice import choose
from streamstyle.runtime.graph import Tell, Tensor, blank_feeds
from streamstyle.runtime.table import ON_CPU, Files


class Session:
    """One loaded graph on one provider.

    Attributes:
        provider: What really runs it: one of DEVICES without `auto`.
        precision: Of its convolutions: `fp32`, `fp16`, `bf16`, `int8`, or what else its file says.
        remark: One line on what `auto` could not take, and why; empty where it took the best.
        inputs: Name -> declared shape; named or unknown dimensions are strings or None.
        outputs: Name -> declared shape, in the same form.
        metadata: What the export wrote into the file.
    """

    def __init__(
        self,
        path: Path,
        device: str = "auto",
        precision: str = "fp32",
        int8: Path | None = None,
        *,
        int8_avx2: Path | None = None,
        fp16: Path | None = None,
        for_frames: bool = False,
        tell: Tell = lambda _line: None,
    ) -> None:
        """Load a graph.

        Args:
            path: An `.onnx` file.
            device: One of streamstyle.runtime.table.DEVICES.
            precision: One of streamstyle.runtime.table.PRECISIONS.
            int8: The same graph in int8; may not exist.
            int8_avx2: The same graph in int8, made for OpenVINO on processors without VNNI; may not exist.
            fp16: The same graph in half precision, for GPUs; may not exist.
            for_frames: Whether pictures of few sizes will come by the thousand, so that preparing for a size pays.
            tell: Takes lines for the user at once, also while it runs: TensorRT builds for minutes.

        Raises:
            ModelError: The file cannot be loaded or was changed since it was made, or the device or precision that was
                asked for does not run.
        """
        choice = choose(Files(path, int8, int8_avx2, fp16), device, precision, for_frames=for_frames, tell=tell)
        self._graph, self.remark = choice.graph, choice.remark
        self.provider, self.precision = choice.device, choice.precision
        self.inputs, self.outputs = self._graph.inputs, self._graph.outputs
        self.metadata = self._graph.metadata

    @property
    def label(self) -> str:
        """The provider and the precision: `openvino (int8)`."""
        return f"{self.provider} ({self.precision})"

    @property
    def is_on_cpu(self) -> bool:
        """Whether frames take the computer's own memory."""
        return self.provider in ON_CPU

    def run(self, feeds: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Compute all outputs; for one caller at a time.

        Args:
            feeds: Input name -> array of the declared type. Arrays other than the frame must not be changed in place:
                what is on a device already is known by its identity.

        Returns:
            Output name -> array.

        Raises:
            ModelError: The runtime failed, for lack of memory say.
        """
        try:
            return self._graph.run(feeds)
        except Exception as error:
            raise ModelError(
                f"the model failed on {self.provider}: {ort.first_line(error)}; try a smaller --size"
            ) from error

    def warm_up(self, width: int, height: int) -> None:
        """Do for frames of one size what else the first of them would wait for: compiling, allocating, recording.

        Args:
            width: Of the frames as they come to the graph, in pixels.
            height: Of the frames, in pixels.

        Raises:
            ModelError: The runtime failed.
        """
        feeds = blank_feeds(self._graph, height, width)
        for _ in range(2):  # on GPUs a size is prepared for when it comes a second time
            self.run(feeds)

    def prepare(self, width: int, height: int) -> None:
        """As `warm_up`, but beside a `run` for another size, as far as the runtime can do that.

        Raises:
            ModelError: The runtime failed.
        """
        if not isinstance(self._graph, vino.Graph):
            return
        try:
            self._graph.prepare(blank_feeds(self._graph, height, width))
        except Exception as error:
            raise ModelError(f"the model cannot be prepared for {width}x{height}: {ort.first_line(error)}") from error


def as_batch(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W, 3) -> (1, H, W, 3), without a copy."""
    return np.ascontiguousarray(image)[None]
