"""Reading and writing pictures and videos."""

import contextlib

# On Linux the wheels of OpenCV and PyAV carry X libraries of the same names, and whichever comes first serves both. With
# PyAV's, OpenCV's windows hang (PyAV issue 1050). So OpenCV comes first; where it is missing, the command line says it.
with contextlib.suppress(ImportError):
    import cv2  # noqa: F401
