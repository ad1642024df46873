"""The user's folders for data and caches, by the conventions of each system."""

import os
from pathlib import Path

import platformdirs

_NAME = "streamstyle"
_NOWHERE = Path(os.devnull) / "no home folder (set HOME)"
"""Stands for the home folder where there is none, as in some containers: nothing can be read or written there."""


def user_cache() -> Path:
    """For what can be made again; it may not exist."""
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
