"""Photos and videos in, painted photos and videos out."""
