"""What a check says."""

from dataclasses import dataclass
from typing import Literal, get_args

from streamstyle.errors import StreamstyleError

State = Literal["ok", "warning", "missing", "failed"]
STATES: tuple[State, ...] = get_args(State)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        area: Heading in the report: `providers`, `codecs`, ...
        name: Of the thing; with the area it is unique in a report.
        state: `ok`; `warning`: works, but something should be known; `missing`: not here, or it could not be looked at;
            `failed`: here, but broken.
        detail: What was found, in a few words.
        remedy: What to run or to do; empty where nothing is.
    """

    area: str
    name: str
    state: State
    detail: str
    remedy: str = ""


def failure(area: str, name: str, error: BaseException) -> Finding:
    """The finding `failed` of an error; our own errors carry their remedy after the first semicolon."""
    if isinstance(error, StreamstyleError):
        detail, _, remedy = str(error).partition("; ")
        return Finding(area, name, "failed", detail, remedy)
    words = " ".join(str(error).split())
    return Finding(area, name, "failed", f"{type(error).__name__}: {words}" if words else type(error).__name__)
