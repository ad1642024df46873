"""Which cameras this machine has, which one is meant, and which of its modes suits."""

import os
import platform
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import cv2

from streamstyle.errors import SourceError
from streamstyle.media.sources.cameras.info import USABLE_FORMATS, CameraInfo, CameraMode, is_virtual_name

SYSTEM = platform.system()
"""Linux, Windows or Darwin."""

INSTALL = "streamstyle install camera"

_DEFAULT_SIZE, _DEFAULT_RATE = (1280, 720), 30.0
_RATE_TOLERANCE = 0.5
_PROBED_INDEXES = 5


def quiet_cv2() -> None:
    """No lines of cv2's own on stderr, unless OPENCV_LOG_LEVEL asks for them: we say it in words for users."""
    if "OPENCV_LOG_LEVEL" not in os.environ:
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def list_cameras() -> list[CameraInfo]:
    """All cameras that can give pictures; an empty list where there are none.

    On Linux the drivers are asked, and metadata, output-only and depth devices are left out. On Windows and macOS
    `cv2-enumerate-cameras` gives names; without it the first indexes are tried one after the other.
    """
    if SYSTEM == "Linux":
        from streamstyle.media.sources.cameras import v4l2  # noqa: PLC0415 - fcntl exists on Unix only

        return v4l2.list_devices()
    named = _enumerated()
    return _probed() if named is None else named


def choose_camera(wanted: str | None) -> CameraInfo:
    """The camera that is meant.

    Args:
        wanted: An index, a path, a name or a part of one in any case; None for the first real camera.

    Raises:
        SourceError: There is none, or several match.
    """
    wanted = (wanted or "").strip()
    if SYSTEM != "Linux" and (not wanted or wanted.isdecimal()) and _enumerated() is None:
        return _by_number(int(wanted or 0))  # opening all others first would take seconds
    cameras = list_cameras()
    if not wanted:
        return _default(cameras)
    if wanted.isdecimal():
        found = [camera for camera in cameras if camera.index == int(wanted)]
        if not found and SYSTEM == "Linux" and Path(f"/dev/video{wanted}").exists():
            return _by_path(f"/dev/video{wanted}", cameras)
    else:
        folded = wanted.casefold()
        found = [camera for camera in cameras if camera.name.casefold() == folded]
        found = found or [camera for camera in cameras if folded in camera.name.casefold()]
        if not found and ("/" in wanted or "\\" in wanted):
            return _by_path(wanted, cameras)
    if len(found) > 1:
        raise SourceError(f"'{wanted}' matches several cameras: {_listed(found)}; choose by number or path")
    if not found:
        what = "camera" if wanted.isdecimal() else "camera or file"
        raise SourceError(f"there is no {what} '{wanted}'; {_what_there_is(cameras)}")
    return found[0]


def find_again(lost: CameraInfo, strangers: Iterable[CameraInfo] = ()) -> CameraInfo | None:
    """The same camera after it was plugged in again, maybe under another number; None while it is away.

    Args:
        lost: As it was.
        strangers: Cameras that were there when it got lost, and so are others, whatever their names.
    """
    if SYSTEM != "Linux" and _enumerated() is None:
        return lost
    others = {(camera.uri, camera.port) for camera in strangers}
    same_name = [camera for camera in list_cameras() if camera.name == lost.name]
    same = [camera for camera in same_name if camera.port == lost.port]
    same = same or [camera for camera in same_name if (camera.uri, camera.port) not in others]
    return min(same, key=lambda camera: camera.uri != lost.uri, default=None)


def choose_mode(modes: Sequence[CameraMode], size: tuple[int, int] | None, fps: float | None) -> CameraMode | None:
    """The mode to ask for, its `rates` reduced to the one to ask for; None where the modes are unknown.

    Size comes first, then the frame rate, then pixels without loss: so a USB camera that does 30 fps at 720p in MJPG
    only is asked for that. Without a size, it is the largest up to 1280x720 that keeps up the frame rate.
    """
    if not modes:
        return None
    target = fps or _DEFAULT_RATE
    if size is None:
        suitable = [mode for mode in modes if mode.width <= _DEFAULT_SIZE[0] and mode.height <= _DEFAULT_SIZE[1]]
        suitable = suitable or [mode for mode in modes if _area(mode) == min(map(_area, modes))]
    else:
        nearest = min(_distance(mode, size) for mode in modes)
        suitable = [mode for mode in modes if _distance(mode, size) == nearest]
    suitable = [mode for mode in suitable if mode.fourcc != "GREY"] or suitable
    reachable = min(target, max(_fastest(mode, target) for mode in suitable))
    fast = [mode for mode in suitable if _fastest(mode, target) >= reachable - _RATE_TOLERANCE]
    best = max(fast, key=lambda mode: (_area(mode), -_rank(mode)))
    rate = min(best.rates, key=lambda rate: (abs(float(rate) - target), -rate), default=None)
    return CameraMode(best.width, best.height, best.fourcc, () if rate is None else (rate,))


def asked_mode(camera: CameraInfo, size: tuple[int, int] | None, fps: float | None) -> CameraMode:
    """What to ask a camera for; MJPG where nothing is known of it and the size is one that USB 2 cannot carry raw."""
    known = choose_mode(camera.modes, size, fps)
    if known is not None:
        return known
    width, height = size or _DEFAULT_SIZE
    rate = Fraction(fps or _DEFAULT_RATE).limit_denominator(1001)
    return CameraMode(width, height, "MJPG" if width * height > 640 * 480 else "", (rate,))


def shortfall(asked_size: tuple[int, int] | None, asked_fps: float | None, granted: CameraMode) -> str:
    """What was asked for and not granted, in words; empty where all was."""
    missed = []
    if asked_size is not None and asked_size != (granted.width, granted.height):
        missed.append(f"{asked_size[0]}x{asked_size[1]}")
    if asked_fps is not None and granted.rates and abs(float(granted.rates[0]) - asked_fps) > _RATE_TOLERANCE:
        missed.append(f"{asked_fps:g} fps")
    return " at ".join(missed)


def backends() -> tuple[int, ...]:
    """The doors of cv2 to try on this system, best first."""
    if SYSTEM == "Linux":
        return (cv2.CAP_V4L2,)
    if SYSTEM == "Darwin":
        return (cv2.CAP_AVFOUNDATION,)
    if SYSTEM == "Windows":
        return cv2.CAP_DSHOW, cv2.CAP_MSMF  # DirectShow opens at once and sees OBS; some new cameras are MSMF only
    return (cv2.CAP_ANY,)


def _default(cameras: list[CameraInfo]) -> CameraInfo:
    if not cameras:
        raise SourceError(
            "no camera was found; plug one in, or give a video file, photo or URL instead of a camera"
            + (" (in a container: pass it in with --device /dev/video0)" if SYSTEM == "Linux" else "")
        )
    return min(cameras, key=lambda camera: (camera.is_virtual, bool(camera.note), _is_gray(camera), camera.index))


def _by_path(path: str, cameras: list[CameraInfo]) -> CameraInfo:
    real = str(Path(path).resolve()) if SYSTEM == "Linux" else path
    for camera in cameras:
        if camera.uri in {path, real}:
            return camera
    if SYSTEM == "Linux":
        from streamstyle.media.sources.cameras import v4l2  # noqa: PLC0415 - fcntl exists on Unix only

        problem = v4l2.obstacle(real) or "the driver does not name it"
        raise SourceError(f"'{path}' cannot be used as a camera: {problem}; {_what_there_is(cameras)}")
    raise SourceError(f"there is no camera or file '{path}'; {_what_there_is(cameras)}")


def _by_number(index: int) -> CameraInfo:
    return CameraInfo(index, f"camera {index}", backend=backends()[0], note=f"for its name: {INSTALL}")


def _enumerated() -> list[CameraInfo] | None:
    """By the optional package; None where it is missing."""
    try:
        import cv2_enumerate_cameras as package  # noqa: PLC0415 - an extra
    except ImportError:
        return None
    cameras: list[CameraInfo] = []
    for backend in backends():
        if backend not in package.supported_backends:
            continue
        known = {camera.name for camera in cameras}
        for found in package.enumerate_cameras(backend):
            if found.name not in known:
                path = found.path or ""
                virtual = is_virtual_name(found.name)
                cameras.append(CameraInfo(found.index, found.name, path, backend, port=path, is_virtual=virtual))
    return cameras


def _probed() -> list[CameraInfo]:
    quiet_cv2()
    found = []
    for index in range(_PROBED_INDEXES):
        capture = cv2.VideoCapture(index, backends()[0])
        if capture.isOpened():
            found.append(_by_number(index))
        capture.release()
    return found


def _what_there_is(cameras: list[CameraInfo]) -> str:
    return f"there is: {_listed(cameras)}" if cameras else "no camera was found; plug one in, or give a video file"


def _listed(cameras: list[CameraInfo]) -> str:
    return ", ".join(map(str, cameras))


def _area(mode: CameraMode) -> int:
    return mode.width * mode.height


def _distance(mode: CameraMode, size: tuple[int, int]) -> int:
    return abs(mode.width - size[0]) + abs(mode.height - size[1])


def _fastest(mode: CameraMode, unknown: float) -> float:
    return float(mode.rates[0]) if mode.rates else unknown


def _rank(mode: CameraMode) -> int:
    return USABLE_FORMATS.index(mode.fourcc) if mode.fourcc in USABLE_FORMATS else len(USABLE_FORMATS)


def _is_gray(camera: CameraInfo) -> bool:
    return bool(camera.modes) and all(mode.fourcc == "GREY" for mode in camera.modes)
