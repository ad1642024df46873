"""The findings for people and for programs, and their summary."""

import dataclasses
import json
import sys
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console
from rich.text import Text

from streamstyle import __version__
from streamstyle.doctor.finding import Finding

NEEDED = frozenset(
    {
        ("system", "numpy"),
        ("system", "av"),
        ("system", "cv2"),
        ("system", "onnxruntime"),
        ("providers", "cpu"),
        ("models", "fast"),
        ("codecs", "h264"),
    }
)
"""Area and name of the checks without which no file can be painted."""

_MARKS = {
    "ok": ("ok", "green"),
    "warning": (" !", "yellow"),
    "failed": (" x", "bold red"),
    "missing": (" -", "dim"),
}
_NAME_WIDTH = 17
_LEAST_WIDTH = 30


def can_stylize_files(findings: Iterable[Finding]) -> bool:
    """Whether the main job can be done: all that it needs was found, and works."""
    working = {(finding.area, finding.name) for finding in findings if finding.state in {"ok", "warning"}}
    return working >= NEEDED


def needs_attention(finding: Finding) -> bool:
    """Whether a user should do something; an optional thing that is not here may stay away."""
    return finding.state in {"warning", "failed"} or (finding.state == "missing" and (finding.area, finding.name) in NEEDED)


def summary(findings: Sequence[Finding]) -> str:
    """All of it in one line."""
    count = sum(map(needs_attention, findings))
    things = f"{count} {'thing needs' if count == 1 else 'things need'} attention"
    if not can_stylize_files(findings):
        return f"files cannot be stylized here: {things}"
    if count:
        return f"files can be stylized here; {things}"
    return "everything that streamstyle needs is here"


def as_json(findings: Sequence[Finding]) -> str:
    """One JSON document of everything; plain ASCII, so that any terminal's encoding can take it."""
    document = {
        "streamstyle": __version__,
        "can_stylize_files": can_stylize_files(findings),
        "need_attention": sum(map(needs_attention, findings)),
        "summary": summary(findings),
        "findings": [dataclasses.asdict(finding) for finding in findings],
    }
    return json.dumps(document, indent=2)


def show(found: Iterable[Finding]) -> list[Finding]:
    """Print a report as the findings come.

    Returns:
        The findings.
    """
    # A camera may have any name; the report must not fail if the terminal cannot show it.
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    console = Console(highlight=False)
    findings: list[Finding] = []
    for finding in found:
        if not findings or findings[-1].area != finding.area:
            console.print(Text(("\n" if findings else "") + finding.area, style="bold"))
        for line in _lines(finding, console):
            console.print(line, soft_wrap=True)
        findings.append(finding)
    style = "green" if can_stylize_files(findings) and not any(map(needs_attention, findings)) else "bold"
    console.print()
    if any(finding.state == "missing" for finding in findings):
        console.print(Text("-  is optional and not here, or was not looked at", style="dim"))
    console.print(Text(summary(findings), style=style))
    return findings


def _lines(finding: Finding, console: Console) -> Iterator[Text]:
    """A finding in columns: its mark, its name, what was found, and beneath that the remedy behind an arrow."""
    mark, color = _MARKS[finding.state]
    if finding.state == "missing" and needs_attention(finding):
        mark, color = _MARKS["failed"]
    margin = Text.assemble("  ", (mark, color), "  ", printable(finding.name).ljust(_NAME_WIDTH), "  ")
    width = max(_LEAST_WIDTH, console.width - len(margin))
    if len(finding.name) > _NAME_WIDTH:
        yield margin
        margin = Text(" " * (_NAME_WIDTH + 8))
    for line in (*_wrap(finding.detail, width, console), *_wrap(finding.remedy, width, console, arrow="-> ", style="cyan")):
        yield margin + line
        margin = Text(" " * (_NAME_WIDTH + 8))


def _wrap(text: str, width: int, console: Console, arrow: str = "", style: str = "") -> list[Text]:
    """Text in lines, the first behind an arrow."""
    if not text:
        return []
    lines = Text(printable(text), style=style).wrap(console, width - len(arrow), overflow="fold")
    for line in lines:
        line.rstrip()
    return [Text(" " * len(arrow) if number else arrow, style=style) + line for number, line in enumerate(lines)]


def printable(text: str) -> str:
    """Text on one line, without what could steer a terminal: names of devices may hold anything."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
