"""Where the live show is, and which model paints: values for any thread."""

from dataclasses import dataclass
from typing import Literal

from streamstyle.studio.camera import Camera


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """Which model paints, and where.

    Attributes:
        model: A name, or the path of an `.onnx` file.
        device: One of streamstyle.runtime.table.DEVICES.
        precision: One of streamstyle.runtime.table.PRECISIONS.
    """

    model: str = "fast"
    device: str = "auto"
    precision: str = "auto"


Phase = Literal["off", "starting", "running", "failed"]


@dataclass(frozen=True, slots=True)
class Status:
    """Where the show is.

    Attributes:
        phase: `failed` tells that a camera cannot be opened or the model does not run; `problem` says why.
        camera: What is painted, or was to be.
        size: Width and height of the frames, in pixels.
        problem: What the user should know and do; also while it runs and the camera is away.
        paused: Whether a film stands still.
    """

    phase: Phase = "off"
    camera: Camera | None = None
    size: tuple[int, int] | None = None
    problem: str | None = None
    paused: bool = False
