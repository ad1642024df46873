"""OpenVINO in ONNX Runtime's place: the same files, on x86 CPUs more than twice as fast where those have bfloat16."""

import sys
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from streamstyle.engine import Session, Tensor, usable_cores
from streamstyle.errors import ModelError

_MOST_SIZES = 4
"""Compiled networks that are kept; each holds the memory of one frame size."""


class OpenVinoSession(Session):
    """A graph on OpenVINO; interface and metadata as ONNX Runtime's.

    In bfloat16 the network is compiled for each set of input shapes when it is first seen, which takes a few tenths of a
    second; fixed shapes are a fifth faster there. In float32 they are not, and one network serves all sizes.
    """

    def __init__(self, path: Path) -> None:
        """Load a graph.

        Raises:
            ModelError: The file cannot be loaded, or OpenVINO is not installed or does not run here.
        """
        super().__init__(path, "cpu")
        # Its model converter, which comes along, would report to its makers; without the module it does not.
        sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
        try:
            import openvino  # noqa: PLC0415 - optional: the message below is the remedy
        except ImportError as error:
            raise ModelError(
                f"--device openvino: OpenVINO cannot be loaded ({error}); run: pip install 'streamstyle[openvino]', "
                "or use --device cpu"
            ) from error
        try:
            self._core: Any = openvino.Core()
            self._fast = "BF16" in self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
            self._model: Any = self._core.read_model(str(path))
            self._requests: OrderedDict[object, Any] = OrderedDict()
            self.provider = f"openvino {'bf16' if self._fast else 'fp32'}"
        except RuntimeError as error:
            raise ModelError(f"--device openvino: {_first_line(error)}; use --device cpu") from error

    def run(self, feeds: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """As streamstyle.engine.Session.run."""
        try:
            request = self._request(feeds)
            found = request.infer(dict(feeds), share_inputs=True)
            # Copies: the request writes its next result to the same place.
            return {name: found[name].copy() for name in self.outputs}
        except RuntimeError as error:
            raise ModelError(f"the model failed on {self.provider}: {_first_line(error)}; try --device cpu") from error

    def _request(self, feeds: Mapping[str, Tensor]) -> Any:  # noqa: ANN401 - an optional module
        shapes = {name: list(tensor.shape) for name, tensor in feeds.items()} if self._fast else {}
        key = tuple((name, tuple(shape)) for name, shape in sorted(shapes.items()))
        if key in self._requests:
            self._requests.move_to_end(key)
            return self._requests[key]
        model = self._model
        if shapes:
            model = model.clone()
            model.reshape(shapes)
        settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": usable_cores(),
            "INFERENCE_PRECISION_HINT": "bf16" if self._fast else "f32",
        }
        request = self._core.compile_model(model, "CPU", settings).create_infer_request()
        self._requests[key] = request
        while len(self._requests) > _MOST_SIZES:
            self._requests.popitem(last=False)
        return request


def open_session(path: Path, device: str) -> Session:
    """The fastest session that really runs a graph which is run again and again.

    Args:
        path: An `.onnx` file.
        device: One of streamstyle.engine.DEVICES. `auto` takes CUDA where it loads, else OpenVINO where it is installed and
            runs, else ONNX Runtime on the CPU.

    Raises:
        ModelError: The file cannot be loaded, or the device that was asked for does not run.
    """
    if device == "openvino":
        return OpenVinoSession(path)
    session = Session(path, device)
    if device == "auto" and session.provider == "cpu":
        try:
            return OpenVinoSession(path)
        except ModelError:
            return session  # which one runs is printed
    return session


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
