"""Cameras: which there are, how they are opened, and their frames."""
