"""Names of styles as people type them: case, spaces and underscores do not matter, and a slip is understood."""

import difflib
from collections.abc import Iterable

_LIKENESS = 0.6


def spelled(name: str, known: Iterable[str]) -> str | None:
    """The known name that is meant by another spelling of it, such as `Starry Night`; None where there is none."""
    wanted = _plain(name)
    return next((other for other in known if other == name), None) or next(
        (other for other in known if _plain(other) == wanted), None
    )


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The question for a name with a slip in it: `did you mean 'kiss'?`; empty where nothing is near."""
    plain = {_plain(other): other for other in known}
    near = difflib.get_close_matches(_plain(name), plain, n=2, cutoff=_LIKENESS)
    near = near or [other for other in plain if len(_plain(name)) >= 3 and _plain(name) in other][:2]
    return f"did you mean {' or '.join(repr(plain[other]) for other in near)}?" if near else ""


def _plain(name: str) -> str:
    return "-".join(name.casefold().replace("_", " ").replace("-", " ").split())
