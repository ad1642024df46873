"""A model without a network, held to the real one's interface by mypy."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from streamstyle.errors import StyleError
from streamstyle.frame import rgb_of
from streamstyle.look.look import Look
from streamstyle.look.people.faces import InstalledFaceFinder
from streamstyle.paint.encoder import Encoder
from streamstyle.paint.stream import StreamMemory
from streamstyle.paint.stylizer import Stylizer
from streamstyle.styles.code import STYLE_SIZE, StyleCode
from streamstyle.styles.store import BuiltinStyle, BuiltinStyles


class FakeEncoder(Encoder):
    """Any name is a style, whose code is the length of the name; only `broken` is none.

    Attributes:
        asked: The names that were encoded, in order.
    """

    def __init__(self) -> None:
        self.builtin = BuiltinStyles(Path("there is no such file"), "1")
        self.builtin.styles = [BuiltinStyle("kiss", "the only one")]
        self.asked: list[str] = []

    def find(self, style: str, size: int = STYLE_SIZE) -> StyleCode:
        if style == "broken":
            raise StyleError("style 'broken' is not a picture")
        self.asked.append(style)
        return StyleCode(style, "1", {"x_mean": np.full((1, 1, 1, 1), len(style), np.float32)})


class FakeStylizer(Stylizer):
    """Inverts every frame, at once.

    Attributes:
        prepared: Width, height and size of the frames that it was last made ready for.
        sizes: In order: the size of each frame that it stylized, and, as (width, height, size), what it was made ready for
            meanwhile.
        seconds_to_prepare: How long it takes to be made ready meanwhile.
    """

    encoder: FakeEncoder

    def __init__(self, provider: str = "cpu") -> None:
        self.name, self.version, self.provider, self.remark = "fake", "1", provider, ""
        self.encoder = FakeEncoder()
        self.prepared: tuple[int, int, int | None] | None = None
        self.sizes: list[int | tuple[int, int, int | None] | None] = []
        self.seconds_to_prepare = 0.1

    @property
    def sizes_are_dear(self) -> bool:
        return False

    def prepare(self, width: int, height: int, size: int | None = None, *, while_running: bool = False) -> None:
        if not while_running:
            self.prepared = (width, height, size)
            return
        self.sizes.append((width, height, size))
        time.sleep(self.seconds_to_prepare)

    @property
    def load_again(self) -> Callable[[], Stylizer]:
        return type(self)

    def memory(self) -> StreamMemory:
        return StreamMemory(InstalledFaceFinder())

    def stylize(self, content: Any, look: Look, *_more: object, **_named: object) -> Any:
        self.sizes.append(look.size)
        return 255 - rgb_of(content)
