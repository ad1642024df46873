"""A recording's own track of sound."""

from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer

from streamstyle.frame import Frame
from streamstyle.media.sources.sound import RATE, Samples, Sound, SoundFrom

_BIT_RATE = 160_000
_CODECS = {".webm": "libopus", ".mkv": "aac"}


class SoundTrack:
    """Encodes sound into a container, without gaps: where there is none, there is silence."""

    def __init__(self, sound_from: SoundFrom, output: OutputContainer, suffix: str) -> None:
        """Add the track.

        Args:
            sound_from: Gives the sound, which is closed with the track.
            output: Open, no header written yet.
            suffix: Of the output's name: its container.

        Raises:
            av.error.FFmpegError, ValueError: The container or this build cannot hold it.
        """
        self._sound_from, self._output = sound_from, output
        self._sound: Sound | None = None
        stream = output.add_stream(_CODECS.get(suffix, "aac"), rate=RATE)
        assert isinstance(stream, AudioStream)  # both codecs are audio
        self._stream: Any = stream
        self._stream.codec_context.layout, self._stream.codec_context.bit_rate = "stereo", _BIT_RATE
        self._origin = Fraction(0)
        self._written = 0

    def begin(self, first: Frame) -> None:
        """Begin with the frame that is the recording's first."""
        self._origin, self._sound = first.time, self._sound_from(first)

    def advance(self, frame: Frame) -> None:
        """Write what sounds before a frame.

        Raises:
            av.error.FFmpegError, OSError: The output failed.
        """
        for moment, samples in () if self._sound is None else self._sound.until(frame):
            place = round((moment - self._origin) * RATE)
            late = self._written - place  # samples that lie before what is written already, or before the beginning
            if late >= samples.shape[1]:
                continue
            if late < 0:
                self._encode(np.zeros((2, -late), np.float32))
            self._encode(samples[:, max(0, late) :])

    def close(self, *, flush: bool = False) -> None:
        """Let go of the sound; with flush, write what the encoder still holds."""
        if self._sound is not None:
            self._sound.close()
        if flush:
            self._output.mux(self._stream.encode(None))

    def _encode(self, samples: Samples) -> None:
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout="stereo")
        frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), self._written
        self._written += samples.shape[1]
        self._output.mux(self._stream.encode(frame))
