"""Microphones: of this computer, and of a browser. What they hear, on the clock of the frames that are recorded."""

import importlib
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from streamstyle.errors import SourceError
from streamstyle.frame import Frame
from streamstyle.media.places import quoted
from streamstyle.media.sources.cameras.listing import SYSTEM
from streamstyle.media.sources.sound import RATE, Samples

LOWEST_RATE, HIGHEST_RATE = 8_000, 192_000
INSTALL = "streamstyle install microphone"
DEFAULT = "mic"
"""Stands for the microphone that the system uses."""

_MOST_SECONDS = 20
_JUMP_SECONDS = 0.1
"""Samples that are further off than this from those before do not follow them: some were lost."""
_CORRECTION_SECONDS = 5.0
"""Whatever less they are off goes within about this time, by a pitch that nobody hears to be another."""
_SETTLING_SECONDS = 1.0
"""Over this time the unevenness of messages and of buffers is averaged away."""
_LONGEST_DELAY_SECONDS = 1.0
_SILENCE_SECONDS = 2.0


class Microphone:
    """Takes samples as they come; a recording takes them from here. Each method may be called on another thread.

    The clocks of a sound card and of the computer differ by seconds a day, and messages of a browser arrive unevenly.
    So the samples follow one another without a gap, a little faster or slower than they came, towards the times that
    they came with.

    Attributes:
        is_on: Whether it is heard.
    """

    def __init__(self) -> None:
        self.is_on = False
        self._heard: deque[tuple[float, Samples]] = deque()  # its methods are atomic
        self._resampler: av.AudioResampler | None = None
        self._rate = RATE
        self._next = self._off = self._owed = 0.0

    def begin(self, rate: int) -> None:
        """Be on, with so many samples a second."""
        self._resampler = av.AudioResampler(format="fltp", layout="stereo", rate=RATE)
        self._rate, self._next, self.is_on = rate, 0.0, True

    def end(self) -> None:
        """Begin switched off."""
        self.is_on = False

    def hear(self, samples: NDArray[np.int16], moment: float) -> None:
        """Take some samples in.

        Args:
            samples: (n,) int16.
            moment: `time.monotonic()` of the first.
        """
        if self._resampler is None or not len(samples):
            return
        frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        frame.sample_rate = self._rate
        off = moment - self._next
        if abs(off) > _JUMP_SECONDS:
            self._next, off, self._off, self._owed = moment, 0.0, 0.0, 0.0
        lasts = len(samples) / self._rate
        self._off += (off - self._off) * min(1.0, lasts / _SETTLING_SECONDS)
        self._owed += self._off * lasts / _CORRECTION_SECONDS * RATE
        for resampled in self._resampler.resample(frame):
            piece = self._stretched(np.asarray(resampled.to_ndarray(), np.float32))
            self._heard.append((self._next, piece))
            self._next += piece.shape[1] / RATE
        with suppress(IndexError):  # a recording takes them at the same time
            while self._next - self._heard[0][0] > _MOST_SECONDS:
                self._heard.popleft()

    def _stretched(self, piece: Samples) -> Samples:
        """With the samples more, or less, that are owed."""
        count, more = piece.shape[1], int(self._owed)
        if not more or count + more < 2:
            return piece
        self._owed -= more
        places = np.linspace(0, count - 1, count + more)
        return np.stack([np.interp(places, np.arange(count), channel) for channel in piece]).astype(np.float32)

    def sound_from(self, first: Frame) -> "_Heard":
        """What it hears from a frame on; as streamstyle.media.sources.sound.SoundFrom."""
        return _Heard(self._heard, _ahead(first))


class _Heard:
    """As streamstyle.media.sources.sound.Sound."""

    def __init__(self, heard: deque[tuple[float, Samples]], ahead: float) -> None:
        self._heard, self._ahead = heard, ahead

    def until(self, frame: Frame) -> Iterator[tuple[Fraction, Samples]]:
        """Pieces that begin before a frame."""
        if abs(_ahead(frame) - self._ahead) > _JUMP_SECONDS:  # a file that plays was paused, or could not keep up
            self._ahead = _ahead(frame)
        with suppress(IndexError):  # those that are too old are thrown away at the same time
            while Fraction(self._heard[0][0] + self._ahead) < frame.time:
                moment, samples = self._heard.popleft()
                yield Fraction(moment + self._ahead), samples

    def close(self) -> None:
        """Nothing is open."""


def _ahead(frame: Frame) -> float:
    """What to add to `time.monotonic()` to be on the clock of the frames."""
    return float(frame.time) - frame.captured_at


@dataclass(frozen=True, slots=True)
class MicrophoneInfo:
    """A microphone of this computer.

    Attributes:
        index: What to call it by.
        name: As the system calls it.
        rate: Samples a second that it gives by itself.
        channels: That it has, at most two.
        is_default: Whether it is the system's default.
    """

    index: int
    name: str
    rate: int
    channels: int
    is_default: bool

    def __str__(self) -> str:
        return f"{self.index} ({self.name})"


def list_microphones() -> list[MicrophoneInfo]:
    """All microphones of this computer, that which the system uses first.

    Raises:
        SourceError: What asks for them is not installed, or does not work here.
    """
    return _listed(_sounddevice())


class ComputerMicrophone(Microphone):
    """A microphone of this computer, which is open until it is closed."""

    def __init__(self, wanted: str = "") -> None:
        """Open it.

        Args:
            wanted: A number, a name or a part of one in any case; empty or "mic" for the one that the system uses.

        Raises:
            SourceError: There is none, or several match, or it cannot be opened.
        """
        super().__init__()
        sounddevice = _sounddevice()
        self.info = _chosen(_listed(sounddevice), wanted.strip())
        self._last = time.monotonic()
        self._stream: Any = None
        self.begin(self.info.rate)
        try:
            self._stream = sounddevice.InputStream(
                device=self.info.index,
                samplerate=self.info.rate,
                channels=self.info.channels,
                dtype="int16",
                callback=self._take,
            )
            self._stream.start()
        except Exception as error:
            self.close()
            raise SourceError(f"the microphone {self.info.name} cannot be opened: {_words(error)}") from error

    def _take(self, samples: NDArray[np.int16], count: int, clock: Any, _status: object) -> None:  # noqa: ANN401 - a C struct
        """Called by PortAudio, on a thread of its own."""
        now, delay = time.monotonic(), clock.currentTime - clock.inputBufferAdcTime
        if not 0 < delay < _LONGEST_DELAY_SECONDS:  # not every driver tells
            delay = count / self.info.rate
        self.hear(samples.mean(axis=1).astype(np.int16), now - delay)
        self._last = now

    @property
    def is_silent(self) -> bool:
        """Whether nothing comes from it any more: it was unplugged, or another program took it."""
        return time.monotonic() - self._last > _SILENCE_SECONDS

    def close(self) -> None:
        """Let go of it."""
        if self._stream is not None:
            with suppress(Exception):  # it may be gone
                self._stream.close()


def _sounddevice() -> Any:  # noqa: ANN401 - an optional package, untyped
    try:
        return importlib.import_module("sounddevice")
    except ModuleNotFoundError as error:
        raise SourceError(f"the package for microphones is not installed; run: {INSTALL}") from error
    except Exception as error:
        remedy = "; on Debian or Ubuntu run: sudo apt install libportaudio2" if SYSTEM == "Linux" else ""
        raise SourceError(f"microphones cannot be used: {_words(error)}{remedy}") from error


def _listed(sounddevice: Any) -> list[MicrophoneInfo]:  # noqa: ANN401 - a module
    try:
        doors, devices = sounddevice.query_hostapis(), sounddevice.query_devices()
    except Exception as error:
        raise SourceError(f"microphones cannot be listed: {_words(error)}") from error
    if not doors:
        return []
    # Each device is there once for each door of the system; on Windows the usual one cuts names off, and is slow.
    door = next((door for door in doors if "WASAPI" in door["name"]), None) or doors[max(0, sounddevice.default.hostapi)]
    found = [
        MicrophoneInfo(
            index,
            " ".join(devices[index]["name"].split()),  # Windows has names of several lines
            int(devices[index]["default_samplerate"]),
            min(2, devices[index]["max_input_channels"]),
            index == door["default_input_device"],
        )
        for index in door["devices"]
        if devices[index]["max_input_channels"] > 0
    ]
    return sorted(found, key=lambda one: not one.is_default)


def _chosen(found: list[MicrophoneInfo], wanted: str) -> MicrophoneInfo:
    if not found:
        raise SourceError("no microphone was found; connect one, or record without --audio")
    if wanted.casefold() in {"", DEFAULT}:
        return found[0]
    if wanted.isdecimal():
        same = [one for one in found if str(one.index) == wanted]
    else:
        same = [one for one in found if one.name.casefold() == wanted.casefold()]
        same = same or [one for one in found if wanted.casefold() in one.name.casefold()]
    there_is = f"there is: {', '.join(map(str, found))}"
    if not same:
        raise SourceError(f"there is no microphone {quoted(wanted)}; {there_is}")
    if len(same) > 1:
        raise SourceError(f"{quoted(wanted)} matches several microphones; choose by number; {there_is}")
    return same[0]


def _words(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
