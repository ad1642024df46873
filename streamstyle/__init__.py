"""Any painting, on any camera or video, in real time.

    import streamstyle as st

    painter = st.load()
    look = painter.look("kiss", alpha=0.8)
    st.save("out.png", painter.paint(st.read("in.jpg"), look))
    painter.paint_file("in.mp4", "out.mp4", look)

Each name is loaded when it is first used, so that importing the package is quick.
"""

import importlib
import logging
import os
import typing

# ONNX Runtime reports to its makers and keeps an identifier of the machine on the disk, unless told not to before it is
# loaded. Nothing leaves this computer unasked.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

if typing.TYPE_CHECKING:
    from streamstyle.api.look import Look, Style, blend
    from streamstyle.api.media import open_camera, open_sink, open_source, open_virtual_camera, read, save
    from streamstyle.api.painter import Painter, load
    from streamstyle.api.stream import Stream
    from streamstyle.api.values import LookFields
    from streamstyle.errors import ModelError, SinkError, SourceError, StreamstyleError, StyleError, UsageError
    from streamstyle.files.job import Report
    from streamstyle.frame import Frame, Image
    from streamstyle.look.timeline import Timeline
    from streamstyle.media.sinks.base import Sink
    from streamstyle.media.sources.base import Source, SourceInfo
    from streamstyle.styles.store import BuiltinStyle

__version__ = "0.1.0"

__all__ = [
    "BuiltinStyle",
    "Frame",
    "Image",
    "Look",
    "LookFields",
    "ModelError",
    "Painter",
    "Report",
    "Sink",
    "SinkError",
    "Source",
    "SourceError",
    "SourceInfo",
    "Stream",
    "StreamstyleError",
    "Style",
    "StyleError",
    "Timeline",
    "UsageError",
    "__version__",
    "blend",
    "load",
    "open_camera",
    "open_sink",
    "open_source",
    "open_virtual_camera",
    "read",
    "save",
]

# Names as above, by the module that they come from.
_MODULES = {
    "api.look": ("Look", "Style", "blend"),
    "api.media": ("open_camera", "open_sink", "open_source", "open_virtual_camera", "read", "save"),
    "api.painter": ("Painter", "load"),
    "api.stream": ("Stream",),
    "api.values": ("LookFields",),
    "errors": ("ModelError", "SinkError", "SourceError", "StreamstyleError", "StyleError", "UsageError"),
    "files.job": ("Report",),
    "frame": ("Frame", "Image"),
    "look.timeline": ("Timeline",),
    "media.sinks.base": ("Sink",),
    "media.sources.base": ("Source", "SourceInfo"),
    "styles.store": ("BuiltinStyle",),
}

logging.getLogger(__name__).addHandler(logging.NullHandler())

if not typing.TYPE_CHECKING:  # with this function, type checkers would take any name for one of ours

    def __getattr__(name: str) -> object:
        for module, names in _MODULES.items():
            if name in names:
                value = globals()[name] = getattr(importlib.import_module(f"{__name__}.{module}"), name)
                return value
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return __all__
