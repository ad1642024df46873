"""Microphones, for the sound of recordings: `--audio`."""

from collections.abc import Iterator

from streamstyle.doctor.finding import Finding
from streamstyle.errors import SourceError
from streamstyle.media.sources.microphone import list_microphones

AREA = "microphones"


def findings() -> Iterator[Finding]:
    """Each that can be chosen."""
    try:
        found = list_microphones()
    except SourceError as error:
        detail, _, remedy = str(error).partition("; ")
        yield Finding(AREA, "microphones", "missing", detail, f"for recordings with sound {remedy}" if remedy else "")
        return
    for one in found:
        usual = ", used by default" if one.is_default else ""
        yield Finding(AREA, f"microphone {one.index}", "ok", f"{one.name}, {one.rate} samples a second{usual}")
    if not found:
        yield Finding(AREA, "microphones", "missing", "no microphone here; pictures need none", "connect one")
