"""The network alone: what runs it fastest here, how near to the machine's limit, and compared with others' networks."""

import itertools
import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from bench import limit
from bench.clock import Timing, interleaved
from bench.microast import MicroAST
from bench.peak import MACS, bandwidth, peak_run
from bench.report import Table
from bench.setting import Setting, Size, named, pictures
from bench.work import of_fast, of_microast, of_vgg19
from streamstyle.errors import ModelError, StreamstyleError
from streamstyle.frame import Image
from streamstyle.look.look import Look
from streamstyle.media.pictures import read_image
from streamstyle.media.resize import resize
from streamstyle.paint.stylizer import Stylizer
from streamstyle.runtime.machine import usable_cores

CHOICES = (
    ("cpu", "fp32"),
    ("cpu", "int8"),
    ("openvino", "fp32"),
    ("openvino", "bf16"),
    ("openvino", "int8"),
    ("cuda", "auto"),
    ("tensorrt", "auto"),
)
MOST_GMAC = {"vgg19": 500, "MicroAST": 30}
"""Slow networks skip frames that take more GMAC than this."""


@dataclass(slots=True)
class Candidate:
    """One way of painting frames.

    Attributes:
        name: Network, runtime and precision.
        precision: Of its convolutions.
        peak: Name of the peak to compare with.
        work: Size -> what it does per frame.
        paint: Takes a picture.
    """

    name: str
    precision: str
    peak: str
    work: Callable[[int, int], limit.Work]
    paint: Callable[[Image], object]


def candidates(setting: Setting) -> list[Candidate]:
    """All that runs here; what does not run is reported."""
    found: list[Candidate] = []
    for model, work in (("fast", of_fast), ("vgg19", of_vgg19)):
        for device, precision in CHOICES if model == "fast" else CHOICES[:1] + CHOICES[2:4] + CHOICES[5:]:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # ONNX Runtime's, of providers that it lacks: the error says it
                    stylizer = Stylizer(model, device, precision=precision)
                look = Look(_code(stylizer, setting), temporal="off", grain=0.0)
            except StreamstyleError as error:
                setting.say(f"left out: {model} on {device} {precision}: {error}")
                if model == "vgg19":
                    break
                continue
            name = f"{model} {device} {precision}"
            paint = lambda picture, stylizer=stylizer, look=look: stylizer.stylize(picture, look)  # noqa: E731
            found.append(Candidate(name, precision, f"{device} {precision}", work, paint))
    return [*found, *_microast(setting)]


def _code(stylizer: Stylizer, setting: Setting):  # type: ignore[no-untyped-def] # noqa: ANN202
    """The style that was asked for; where the model has none of that name, one of a frame of the clip."""
    if setting.style in stylizer.encoder.builtin.names() or Path(setting.style).is_file():
        return stylizer.encoder.find(setting.style)
    return stylizer.encoder.encode(pictures(setting.clip, (256, 256), 1)[0], "clip")


def _microast(setting: Setting) -> list[Candidate]:
    """In PyTorch, as its authors run it, and in ONNX Runtime, which is kinder to it."""
    if setting.microast is None:
        return []
    style = Path(setting.style)
    picture = read_image(style) if style.is_file() else pictures(setting.clip, (256, 256), 1)[0]
    network = MicroAST(setting.microast, _tensor(resize(picture, 256, 256)))
    torch.set_num_threads(usable_cores())

    def work(width: int, height: int) -> limit.Work:
        return of_microast(network, width, height)

    def in_torch(image: Image) -> object:
        with torch.inference_mode():
            return (network(_tensor(image)).clamp(0, 1) * 255).byte().numpy()

    found = [Candidate("MicroAST PyTorch fp32", "fp32", "cpu fp32", work, in_torch)]
    try:
        import onnxruntime  # noqa: PLC0415 - may be missing

        path = setting.folder / "microast.onnx"
        shape = {2: torch.export.Dim("height", min=16), 3: torch.export.Dim("width", min=16)}
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                network, (torch.rand(1, 3, 360, 640),), str(path), dynamo=True, dynamic_shapes=(shape,), verbose=False
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = usable_cores()
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001 - exporters fail in many ways; the network itself still runs
        setting.say(f"left out: MicroAST on ONNX Runtime: {str(error).splitlines()[0]}")
        return found
    given = session.get_inputs()[0].name

    def in_runtime(image: Image) -> object:
        return (session.run(None, {given: _tensor(image).numpy()})[0].clip(0, 1) * 255).astype(np.uint8)

    return [*found, Candidate("MicroAST cpu fp32", "fp32", "cpu fp32", work, in_runtime)]


def _tensor(image: Image) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None].float().div(255)


def measure(setting: Setting) -> list[Table]:
    """The tables of this part."""
    found = candidates(setting)
    peaks = {
        peak: run
        for peak in dict.fromkeys(candidate.peak for candidate in found)
        if (run := peak_run(setting.folder, *peak.split())) is not None
    }
    if not peaks:
        setting.say("no peak was measured: it needs onnx (pip install onnx)")
    bytes_per_second = bandwidth()
    columns = ["size", "runs on", "ms", "least ms", "processor ms", "GMAC", "least ms by arithmetic", "by memory"]
    table = Table(
        "The network alone, per frame",
        [*columns, "share of the peak", "times as fast as MicroAST"],
        notes=[
            "ms: median of interleaved rounds. Least by arithmetic: multiply-accumulates over the measured peak of the "
            "same runtime and precision; the share is that of the least ms.",
            "By memory: all features in and out of every convolution over the memory's copying speed; caches may beat it.",
        ],
    )
    measured: dict[str, list[float]] = {name: [] for name in peaks}
    for size in setting.sizes_or("360p", "480p", "720p", "1080p", "4k"):
        timings, here = _time(setting, size, found, peaks)
        speeds = {name: MACS / timings[f"peak {name}"].least for name in peaks}
        for name in peaks:
            measured[name].append(speeds[name])
        others = [timings[candidate.name].median for candidate in here if candidate.name.startswith("MicroAST")]
        for candidate in here:
            table.add(*_row(candidate, size, timings[candidate.name], speeds, bytes_per_second, min(others, default=None)))
    machine = Table("What this machine does at most", ["what", "per second"])
    machine.notes.append("3x3 convolutions of 128 channels in the same runtime, and copying; best of all rounds.")
    for name, speeds_seen in measured.items():
        machine.add(f"{name}, GMAC", max(speeds_seen) / 1e9)
    machine.add("memory, GB", bytes_per_second / 1e9)
    return [table, machine]


def _time(
    setting: Setting, size: Size, found: list[Candidate], peaks: dict[str, Callable[[], object]]
) -> tuple[dict[str, Timing], list[Candidate]]:
    """Candidates that can paint this size, and the times of these and of the peaks, all in turns."""
    setting.say(f"model: {named(size)}")
    shown = itertools.cycle(pictures(setting.clip, size, 4))
    here = []
    for candidate in found:
        model = candidate.name.split()[0]
        if model in MOST_GMAC and candidate.work(*size).macs > MOST_GMAC[model] * 1e9:
            continue
        try:
            candidate.paint(next(shown))
        except ModelError as error:
            setting.say(f"left out: {candidate.name} at {named(size)}: {error}")
            continue
        here.append(candidate)
    actions: dict[str, Callable[[], object]] = {
        candidate.name: (lambda paint=candidate.paint: paint(next(shown)))  # type: ignore[misc]
        for candidate in here
    }
    actions |= {f"peak {name}": run for name, run in peaks.items()}
    return interleaved(actions, rounds=setting.rounds, budget=setting.budget), here


def _row(
    candidate: Candidate,
    size: Size,
    timing: Timing,
    speeds: dict[str, float],
    bytes_per_second: float,
    other: float | None,
) -> list[str | float | int | None]:
    work = candidate.work(*size)
    by_arithmetic = None
    if candidate.peak in speeds:
        by_arithmetic = limit.compute_seconds(work, speeds[candidate.peak])
    by_memory = limit.memory_seconds(work, candidate.precision, bytes_per_second)
    seconds = (timing.median, timing.least, timing.work)
    return [
        named(size),
        candidate.name,
        *(1000 * value for value in seconds),
        work.macs / 1e9,
        None if by_arithmetic is None else 1000 * by_arithmetic,
        1000 * by_memory,
        None if by_arithmetic is None else limit.share(by_arithmetic, timing.least),
        None if other is None else other / timing.median,
    ]
