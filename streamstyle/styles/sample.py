"""A photo that styles are shown on where the user has none at hand."""

from pathlib import Path

SAMPLE = Path(__file__).with_name("sample.jpg")
"""Eileen Collins, astronaut; by NASA, in the public domain."""
