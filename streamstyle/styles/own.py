"""The user's own styles: pictures and style files in a folder of the user's data, each known by its name alone."""

from pathlib import Path

import platformdirs

from streamstyle.media.pictures import PICTURE_SUFFIXES
from streamstyle.styles.store import STYLE_FILE, is_bare, is_style_file, style_name


def own_folder() -> Path:
    """Where the user's own styles lie; it may not exist."""
    return Path(platformdirs.user_data_dir("streamstyle", appauthor=False)) / "styles"


def own_styles(folder: Path | None = None) -> dict[str, Path]:
    """Name -> file of every style of the user's own, in the order of their names; a style file wins over a picture.

    Args:
        folder: Where they lie; `own_folder()` by default.
    """
    try:
        files = sorted(
            path for path in (folder or own_folder()).iterdir() if path.is_file() and not path.name.startswith(".")
        )
    except OSError:
        return {}
    kinds = (lambda path: path.suffix.lower() in PICTURE_SUFFIXES, lambda path: path.name.endswith(STYLE_FILE))
    found = {style_name(str(path)): path for wanted in kinds for path in files if wanted(path)}
    return dict(sorted(found.items()))


def keeps_strokes(style: str) -> bool:
    """Whether what a user named is a code already, which cannot be encoded at another size."""
    file = str(own_styles().get(style, "")) if is_bare(style) else style
    return not file or is_style_file(file)
