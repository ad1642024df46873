"""One job of the queue, as a program of its own: what `streamstyle video` does, told in lines of JSON.

It reads one line: `folder` of the job, `original` and `look` (names of files there), `name` (what the user calls the
original), `model`, `device`, `precision`. It says what it opened, how far it is, when a new preview lies in the folder, and
in the end the result, or why there is none. When its standard input is closed, it ends; nothing is left under a final name.
"""

import os
import re
import signal
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from streamstyle.errors import Interrupted, SourceError, reason_of
from streamstyle.files.job import Job, default_output
from streamstyle.files.run import stylize_source
from streamstyle.frame import Image, Picture, rgb_of
from streamstyle.look.look_file import read_recipe
from streamstyle.look.player import Player
from streamstyle.media.pictures import kind_of
from streamstyle.media.places import read_start
from streamstyle.media.sources import open_source
from streamstyle.media.whole import whole_file
from streamstyle.paint.stylizer import Stylizer
from streamstyle.pipeline.threads import at_end_of_input
from streamstyle.studio.pictures import encode
from streamstyle.studio.shelf.child_process import begin_quietly, read_line
from streamstyle.studio.shelf.lock import wait_for_lock

Say = Callable[[object], None]

RESULT, PREVIEW, PREVIEW_ORIGINAL, LOCK = "result", "preview.jpg", "preview-original.jpg", "lock"
"""Files in a job's folder; the name of the result gets an ending."""
_TELL_SECONDS = 0.5
_PACE_SECONDS = 10.0
"""Over which frames per second are averaged."""
_PREVIEW_SIDE, _PHOTO_SIDE = 640, 1600
"""Longest sides of previews in pixels."""
_JPEG_QUALITY = 82
_TEXT_BYTES = 64
"""No film begins with this much text. A playlist does, and libav would open the files that it names, wherever they are."""


def main() -> int:
    """Do what the first line of standard input says; returns the exit code."""
    say = begin_quietly()
    request = read_line(sys.stdin.buffer)
    if request is None:
        return 1
    signal.signal(signal.SIGTERM, _stop)
    at_end_of_input(sys.stdin.fileno(), lambda: signal.raise_signal(signal.SIGTERM))
    try:
        os.chdir(str(request["folder"]))  # so that messages name files and not folders
        with ExitStack() as stack:
            stack.callback(wait_for_lock(Path(LOCK)))  # the child of a server that was killed may still be ending
            _paint({name: str(value) for name, value in request.items()}, say)
    except Interrupted:
        return 143
    except Exception as error:  # noqa: BLE001 - whatever it is, the user hears of it
        say({"error": reason_of(error).replace(str(request["original"]), str(request["name"]))})
        return 1
    return 0


def _stop(signal_number: int, _frame: FrameType | None) -> NoReturn:
    signal.signal(signal_number, signal.SIG_IGN)
    raise Interrupted(signal_number)


def _paint(request: dict[str, str], say: Say) -> None:
    original = request["original"]
    _refuse_text(original)
    with open_source(original, keep_alpha=True) as source:
        say({"kind": "photo" if source.info.is_still else "video", "total": source.info.frame_count})
        longest = _PHOTO_SIDE if source.info.is_still else _PREVIEW_SIDE
        previews = _Previews(longest, say)
        stylizer = _Watched(request["model"], request["device"], request["precision"], previews)
        recipe = read_recipe(Path(request["look"]))
        if not recipe.style:
            recipe = replace(recipe, style=tuple(stylizer.encoder.builtin.names()[:1]))
        named = default_output(replace(source.info, name=request["name"]), recipe.name, Path())
        output = Path(RESULT).with_suffix(named.suffix)
        with closing(Player(recipe, stylizer.encoder.find)) as player:
            progress = _Progress(source.info.frame_count, say)
            report = stylize_source(source, Job(output, overwrite=True), stylizer, player, progress=progress.advance)
    say(
        {
            "result": output.name,
            "result_name": named.name,
            "frames": report.frames,
            "fps": report.fps,
            "warnings": [line.replace(original, request["name"]) for line in report.warnings],
        }
    )


def _refuse_text(original: str) -> None:
    head = read_start(original)
    if not head or kind_of(head, original) != "other" or head.startswith(b"YUV4MPEG2"):
        return
    if (re.fullmatch(rb"[\t\n\r -~\x80-\xff]+", head[:_TEXT_BYTES]) and _is_utf8(head[:_TEXT_BYTES])) or b"c=IN IP" in head:
        raise SourceError(f"'{original}' is text; wanted a photo or a video")


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.end == len(data)  # a letter that was cut
    return True


class _Progress:
    """Tells how far a job is, now and then."""

    def __init__(self, total: int | None, say: Say) -> None:
        self._total, self._say = total, say
        self._told = time.monotonic()
        self._pace: deque[tuple[float, int]] = deque()

    def advance(self, done: int) -> None:
        """So many frames are done."""
        now = time.monotonic()
        self._pace.append((now, done))
        while now - self._pace[0][0] > _PACE_SECONDS and len(self._pace) > 2:  # a frame may take longer
            self._pace.popleft()
        if now - self._told < _TELL_SECONDS:
            return
        self._told = now
        since, before = self._pace[0]
        fps = (done - before) / max(now - since, 1e-6)
        left = None if self._total is None or fps <= 0 else max(0, self._total - done) / fps
        self._say({"done": done, "fps": round(fps, 2), "seconds_left": None if left is None else round(left, 1)})


class _Previews:
    """Keeps the newest frame of a job as small pictures on the disk, painted and not."""

    def __init__(self, longest: int, say: Say) -> None:
        self._longest, self._say = longest, say
        self._next = 0.0

    def show(self, content: Picture, painted: Picture) -> None:
        """Take a frame; most are passed over."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _TELL_SECONDS
        try:
            for name, picture in ((PREVIEW_ORIGINAL, content), (PREVIEW, painted)):
                with whole_file(Path(name)) as partial:
                    partial.write_bytes(small_jpeg(rgb_of(picture), self._longest))
        except OSError:
            return  # of a full disk, say: the result's own writer tells
        self._say({"preview": True})


def small_jpeg(image: Image, longest: int) -> bytes:
    """A picture as a small file.

    Args:
        image: (H, W, 3) uint8 RGB.
        longest: Most pixels of its longer side.
    """
    width = image.shape[1]
    return encode(image, max(1, round(width * min(1.0, longest / max(image.shape[:2])))), _JPEG_QUALITY).data


class _Watched(Stylizer):
    """A stylizer whose newest frame can be seen."""

    def __init__(self, model: str, device: str, precision: str, previews: _Previews) -> None:
        super().__init__(model, device, precision=precision)
        self._previews = previews

    def stylize(self, content: Any, *more: Any, **named: Any) -> Any:  # noqa: ANN401 - as Stylizer has them
        painted = super().stylize(content, *more, **named)
        self._previews.show(content, painted)
        return painted


if __name__ == "__main__":
    sys.exit(main())
