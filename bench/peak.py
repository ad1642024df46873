"""What this machine does at most: multiply-accumulates in each runtime and precision, bytes to and from memory.

The peak is that of the friendliest layer there is, dense 3x3 convolutions of 128 channels, in the very runtime and with the
settings that the model gets; so what a model falls short of it is the model's, not the runtime's.
"""

import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from streamstyle.errors import ModelError
from streamstyle.runtime.machine import usable_cores
from streamstyle.runtime.session import Session

_CHANNELS, _SIDE, _LAYERS = 128, 96, 3
MACS = _LAYERS * _CHANNELS**2 * 9 * _SIDE**2
_COPIED = 128 * 1024 * 1024


def _graph(*, quantized: bool) -> Any:  # noqa: ANN401 - onnx's own classes, an optional package
    from onnx import TensorProto, helper, numpy_helper  # noqa: PLC0415 - only here

    rng = np.random.default_rng(0)
    shape = [1, _CHANNELS, _SIDE, _SIDE]
    nodes, constants, features = [], [], "content"

    def constant(name: str, value: Any) -> str:  # noqa: ANN401
        constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    for layer in range(_LAYERS):
        weights = rng.normal(0, 0.03, (_CHANNELS, _CHANNELS, 3, 3)).astype(np.float32)
        if quantized:
            scale, zero = constant(f"scale{layer}", np.float32(0.03)), constant(f"zero{layer}", np.uint8(128))
            nodes.append(helper.make_node("QuantizeLinear", [features, scale, zero], [f"q{layer}"]))
            nodes.append(helper.make_node("DequantizeLinear", [f"q{layer}", scale, zero], [f"d{layer}"]))
            features = f"d{layer}"
            bytes_ = constant(f"weights{layer}", np.clip(weights * 1000, -127, 127).round().astype(np.int8))
            step = constant(f"step{layer}", np.full(_CHANNELS, 1e-3, np.float32))
            none = constant(f"none{layer}", np.zeros(_CHANNELS, np.int8))
            nodes.append(helper.make_node("DequantizeLinear", [bytes_, step, none], [f"w{layer}"], axis=0))
            kernel = f"w{layer}"
        else:
            kernel = constant(f"weights{layer}", weights)
        nodes.append(helper.make_node("Conv", [features, kernel], [f"c{layer}"], pads=[1, 1, 1, 1]))
        features = f"c{layer}"
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("content", features)]
    graph = helper.make_graph(nodes, "peak", [ends[0]], [ends[1]], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def write_graphs(folder: Path) -> tuple[Path, Path]:
    """The convolutions in float32 and in int8.

    Raises:
        ImportError: onnx is not installed.
    """
    import onnx  # noqa: PLC0415 - an optional package

    paths = folder / "peak.onnx", folder / "peak-int8.onnx"
    for path, quantized in zip(paths, (False, True), strict=True):
        onnx.save(_graph(quantized=quantized), str(path))
    return paths


def peak_run(folder: Path, device: str, precision: str) -> Callable[[], object] | None:
    """What computes MACS multiply-accumulates; None where this cannot run here."""
    try:
        full, quantized = write_graphs(folder)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # as in bench.parts.model
            session = Session(full, device, precision, quantized)
    except (ImportError, ModelError):
        return None
    content = np.random.default_rng(1).normal(0, 1, (1, _CHANNELS, _SIDE, _SIDE)).astype(np.float32)
    return lambda: session.run({"content": content})


def bandwidth(rounds: int = 5) -> float:
    """Bytes per second that all cores copy together, what is read and what is written counted: the best of some rounds."""
    cores = usable_cores()
    pairs = [(np.ones(_COPIED // 8), np.empty(_COPIED // 8)) for _ in range(cores)]
    best = 0.0
    with ThreadPoolExecutor(cores) as pool:
        for _ in range(rounds):
            began = time.perf_counter()
            for done in [pool.submit(np.copyto, target, origin) for origin, target in pairs]:
                done.result()
            best = max(best, 2 * _COPIED * cores / (time.perf_counter() - began))
    return best
