"""The folders of whoever runs the program: one door to what the system calls them."""

import os
from pathlib import Path

import platformdirs

_NAME = "streamstyle"
_NOWHERE = Path(os.devnull) / "no home folder (set HOME)"
"""For a user without a home, as in some containers: nothing is found there, and nothing can be written."""


def user_cache() -> Path:
    """What can be made anew; it may not exist."""
    try:
        return Path(platformdirs.user_cache_dir(_NAME, appauthor=False))
    except RuntimeError:
        return _NOWHERE


def user_data() -> Path:
    """What belongs to the user; it may not exist."""
    try:
        return Path(platformdirs.user_data_dir(_NAME, appauthor=False))
    except RuntimeError:
        return _NOWHERE
