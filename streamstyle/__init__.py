"""Any painting, on any camera or video, in real time."""

__version__ = "0.1.0"
