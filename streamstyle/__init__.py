"""Any painting, on any camera or video, in real time."""

import os
from contextlib import suppress

# ONNX Runtime reports to its makers and keeps an identifier of the machine on the disk, unless told not to before it is
# loaded. Nothing leaves this computer unasked.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

# On Linux the wheels of OpenCV and PyAV carry X libraries of the same names, and whichever comes first serves both. With
# PyAV's, OpenCV's windows hang (PyAV issue 1050). So OpenCV comes first; where it is missing, the command line says it.
with suppress(ImportError):
    import cv2  # noqa: F401

__version__ = "0.1.0"
