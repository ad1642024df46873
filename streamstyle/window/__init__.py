"""The window of a live run: picture, overlay, keys."""
