"""A model that paints: the way into the library."""

import logging
import os
from contextlib import closing
from pathlib import Path
from typing import Unpack

import numpy as np

from streamstyle.api.look import Look, Style, as_style, check_look, name_in_memory, plain_name
from streamstyle.api.stream import Progress, Stream
from streamstyle.api.values import LookFields, Seconds, StyleLike, check_size, checked_image, exact, recipe_from
from streamstyle.api.words import speaks_python
from streamstyle.errors import StyleError
from streamstyle.files.job import Job, Report
from streamstyle.files.run import stylize_source
from streamstyle.frame import Image
from streamstyle.look.player import Player
from streamstyle.media.sinks.base import Sink
from streamstyle.media.sources import open_source
from streamstyle.media.sources.base import Source
from streamstyle.paint.stylizer import Stylizer
from streamstyle.pipeline.threads import reached
from streamstyle.styles.code import STYLE_SIZE, StyleCode
from streamstyle.styles.store import BuiltinStyle

log = logging.getLogger(__name__)


@speaks_python
def load(model: str | os.PathLike[str] = "fast", device: str = "auto", precision: str = "auto") -> "Painter":
    """Load a model.

    What it has to say goes to the logger `streamstyle`, also later: some devices build for minutes at a new frame size.

    Args:
        model: A name (`fast`, `vgg19`), or the path of an `.onnx` file.
        device: What runs it: `auto`, `cpu`, `openvino`, `cuda`, `tensorrt`, or the name of a plugin.
        precision: `auto` for the fastest here, `fp32`, `fp16`, `bf16` or `int8`.

    Raises:
        ModelError: The model or the device cannot be used.
    """
    painter = Painter(Stylizer(os.fspath(model), device, precision=precision, tell=log.info))
    log.info(painter.description)
    return painter


class Painter:
    """A model on a device, ready to paint; made by `load`. One thread paints with it at a time."""

    def __init__(self, stylizer: Stylizer) -> None:
        self._stylizer = stylizer

    def __repr__(self) -> str:
        return f"<Painter: {self.description}>"

    @property
    def description(self) -> str:
        """One line on what runs the model, and a second one if something faster could not be used."""
        return self._stylizer.description

    @property
    def styles(self) -> tuple[BuiltinStyle, ...]:
        """The built-in styles, each with its name and a description."""
        return tuple(self._stylizer.encoder.builtin.styles)

    @speaks_python
    def encode(self, style: StyleLike, *, name: str = "style", size: int = STYLE_SIZE) -> Style:
        """Turn a painting into what the model knows of it, from the disk's cache where it was encoded before.

        Args:
            style: A picture (H, W, 3) uint8 RGB, the path of one, a style file, or the name of a built-in style.
            name: What to call a picture that comes as an array.
            size: Short side in pixels at which a picture is encoded: larger gives broader strokes.

        Raises:
            StyleError: It cannot be used as a style, or is of another model.
            UsageError: The array is no picture.
        """
        if isinstance(style, StyleCode):
            if style.model_version != self._stylizer.version:
                raise StyleError(
                    f"style '{style.name}' was made for model version {style.model_version}, but the model is "
                    f"{self._stylizer.version}; encode the painting with this one"
                )
            return as_style(style)
        if isinstance(style, np.ndarray):
            return as_style(self._stylizer.encoder.encode(checked_image(style), name, size))
        return as_style(self._stylizer.encoder.find(os.fspath(style), size))

    @speaks_python
    def look(self, *styles: StyleLike, file: str | os.PathLike[str] | None = None, **fields: Unpack[LookFields]) -> Look:
        """Say how frames are to look, with the command line's defaults. Styles are encoded here, and all is checked.

        Args:
            styles: One; or several, which are blended, or with a mask divided between its regions. `"keep"` leaves a
                region as it is.
            file: A look file; what is given beside it wins.
            fields: See `LookFields`. Numbers that change over time are written `"0@0,1@5"`: 0 at first, 1 after 5 s.

        Raises:
            UsageError: A value is out of its range, the parts contradict each other, or the file cannot be used.
            StyleError: A style cannot be used.
            ModelError: People are to be found, and the weights for that are missing.
        """
        in_memory: dict[str, StyleLike] = {}

        def named(style: StyleLike, place: str) -> str:
            if isinstance(style, str | os.PathLike):
                return os.fspath(style)
            name = name_in_memory(place, picture=isinstance(style, np.ndarray))
            in_memory[name] = style
            return name

        names = [named(style, f"style {number}") for number, style in enumerate(styles, start=1)]
        given: dict[str, object] = dict(fields)
        for place in ("person", "background"):
            if (style := fields.get(place)) is not None:
                given[place] = named(style, place)  # type: ignore[arg-type]  # mypy does not know which of the fields
        recipe = recipe_from(names, file, given)
        if not recipe.style and self._stylizer.encoder.only_style:
            recipe = recipe_from([self._stylizer.encoder.only_style], file, given)
        codes: dict[str, StyleCode] = {}

        def find(name: str, size: int) -> StyleCode:
            codes[name] = self.encode(in_memory.get(name, name), name=plain_name(name), size=size)
            return codes[name]

        with closing(Player(recipe, find)) as player:
            for warning in player.warnings:
                log.warning(warning)
        return Look(recipe, codes)

    @speaks_python
    def paint(self, image: Image, look: Look, *, size: int | None = None) -> Image:
        """Paint one picture.

        Args:
            image: (H, W, 3) uint8 RGB, any size.
            look: How.
            size: Short side in pixels at which it is painted; None for that of the look's strokes.

        Returns:
            (H, W, 3) uint8 RGB, of the image's size.

        Raises:
            UsageError: The image is no such array.
            ModelError: It is too large for this machine's memory, or the runtime failed.
        """
        with self.stream(look, size=size) as stream:
            return stream.paint(image, 0.0)

    @speaks_python
    def stream(self, look: Look, *, size: int | None = None) -> Stream:
        """Begin a stream: frames that belong together, so that still pictures stay still.

        Args:
            look: How frames are to look at first.
            size: Short side in pixels at which frames are painted; None for that of the look's strokes.

        Raises:
            StyleError: The look is of another model.
            UsageError: Its mask cannot be opened.
        """
        _check_size(size=size)
        return Stream(self._stylizer, look, lambda look, before: self._player(look, before, loop=True), size)

    @speaks_python
    def paint_file(
        self,
        source: str | os.PathLike[str],
        output: str | os.PathLike[str],
        look: Look,
        *,
        progress: Progress | None = None,
        start: Seconds | None = None,
        end: Seconds | None = None,
        size: int | None = None,
        output_size: int | None = None,
        codec: str | None = None,
        crf: int | None = None,
        overwrite: bool = False,
        keep_gps: bool = False,
    ) -> Report:
        """Paint a photo or a video, as `streamstyle video` does: every frame at its exact time, with the sound.

        Args:
            source: A photo, a video, or a URL.
            output: A file whose ending chooses the format.
            look: How.
            progress: Called after each frame with the number of frames done, and of those expected or None.
            start: Begin here: seconds from the beginning of the video, or `"h:mm:ss"`.
            end: Stop here.
            size: Short side in pixels at which frames are painted; None for that of the look's strokes.
            output_size: Short side of the result in pixels; None for the input's.
            codec: Of a video: `h264`, `hevc`, `av1`, `vp9`, `h264_nvenc`, `hevc_nvenc`; None for the container's usual one.
            crf: Quality of a video, lower is better; None for the codec's usual one.
            overwrite: Replace an existing file; never one that is read here.
            keep_gps: Keep where a photo was taken.

        Raises:
            UsageError: An argument is out of its range.
            StreamstyleError: The input cannot be read, the output not written, or the model failed. What was written of a
                video until then stays playable under a `.partial` name.
        """
        _check_size(size=size, output_size=output_size)
        job = Job(
            Path(output),
            start=exact(start),
            end=exact(end),
            output_size=output_size,
            codec=codec,
            crf=crf,
            overwrite=overwrite,
            keep_gps=keep_gps,
            reads=check_look(look).recipe.files,
        )
        name = os.fspath(source)
        with reached(
            name,
            lambda: open_source(name, start=job.start, end=job.end, keep_alpha=True),
            undo=lambda opened: opened.close(),
        ) as opened:

            def count(frames: int) -> None:
                if progress is not None:
                    progress(frames, opened.info.frame_count)

            with closing(self._player(look)) as player:
                return stylize_source(opened, job, self._stylizer, player, size=size, progress=count)

    @speaks_python
    def run(
        self, source: Source, sink: Sink, look: Look, *, size: int | None = None, progress: Progress | None = None
    ) -> int:
        """Take frames from any source through a look into any sink; see `Stream.run`.

        Args:
            source: Where frames come from.
            sink: Where they go.
            look: How.
            size: Short side in pixels at which frames are painted; None for that of the look's strokes.
            progress: Called after each frame with the number of frames done, and of those expected or None.

        Returns:
            How many frames were painted.

        Raises:
            StreamstyleError: The source cannot be read, the sink not written, or the model failed.
        """
        with self.stream(look, size=size) as stream:
            return stream.run(source, sink, progress=progress)

    def _player(self, look: Look, before: Player | None = None, *, loop: bool = False) -> Player:
        def find(name: str, _size: int) -> StyleCode:
            return self.encode(look.codes[name])

        return Player(check_look(look).recipe, find, loop=loop, before=before)


def _check_size(**sizes: int | None) -> None:
    for name, size in sizes.items():
        check_size(name, size)
