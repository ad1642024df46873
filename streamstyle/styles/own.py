"""The user's own styles: pictures and style files in a folder of the user's data, each known by its name alone."""

from collections.abc import Sequence
from pathlib import Path

from streamstyle.errors import StyleNameError
from streamstyle.media.pictures import PICTURE_SUFFIXES
from streamstyle.media.places import kind
from streamstyle.media.user_folders import user_data
from streamstyle.styles.names import did_you_mean, spelled
from streamstyle.styles.store import STYLE_FILE, is_bare, is_style_file, style_name


def own_folder() -> Path:
    """Where the user's own styles lie; it may not exist."""
    return user_data() / "styles"


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


def check_style_name(style: str, builtin: Sequence[str], model: str) -> None:
    """See that a word that a user named as a style is the name of one, or of a file.

    Args:
        style: What was named; addresses and what has a folder or an ending are not looked at.
        builtin: Names of the model's built-in styles.
        model: What to call the model.

    Raises:
        StyleNameError: It is none of them.
        SourceError: The system does not tell whether there is such a file.
    """
    known = [*builtin, *own_styles()]
    if not is_bare(style) or kind(style) != "nothing" or spelled(style, known):
        return
    hint = did_you_mean(style, known) or (
        f"the built-in ones are {', '.join(builtin)}" if builtin else f"the model '{model}' has none: name an image file"
    )
    see = " (see: streamstyle styles)" if known else ""
    raise StyleNameError(f"style '{style}' is neither a file nor the name of a style; {hint}{see}")


def keeps_strokes(style: str) -> bool:
    """Whether what a user named is a code already, which cannot be encoded at another size."""
    file = str(own_styles().get(style, "")) if is_bare(style) else style
    return not file or is_style_file(file)
