"""Writes docs/python-api.md from the docstrings of what `import streamstyle` offers: python -m docs.api."""

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import streamstyle

PAGE = Path(__file__).with_name("python-api.md")

SECTIONS = {
    "Painting": ("load", "Painter", "Stream", "Report"),
    "Looks and styles": ("LookFields", "Look", "Timeline", "Style", "blend", "BuiltinStyle"),
    "Pictures, sources and sinks": (
        *("read", "save", "open_source", "open_camera", "open_sink", "open_virtual_camera"),
        *("Frame", "SourceInfo", "Source", "Sink"),
    ),
    "Errors": ("StreamstyleError", "UsageError", "SourceError", "SinkError", "ModelError", "StyleError"),
}
_INTRODUCTION = """Programs to start from are in the folder `examples/`. What there is to say goes to the logger
`streamstyle`.

- `Image`: a NumPy array (H, W, 3) uint8 RGB.
- `StyleLike`: the name of a built-in style, the path of a picture or style file, a picture as an array, or a `Style`.
- `Number`: a number, or one that changes over time: `"0@0,1@5"`, or a `Timeline`.
- `Seconds`: `12.5`, `"1:02.5"`, or a `Fraction`.
- `Progress`: takes the number of frames done, and of those expected or None."""
_LEFT_OUT = {"Image", "__version__"}
_LONGEST_LINE = 110
_SHOWN_VALUES = ("Args", "Attributes", "Returns", "Raises")


def page() -> str:
    """The whole page."""
    documented = {name for names in SECTIONS.values() for name in names}
    assert documented | _LEFT_OUT == set(streamstyle.__all__), documented ^ set(streamstyle.__all__)
    lines = ["# Python API", "", "<!-- Written by python -m docs.api; change the docstrings instead. -->", ""]
    summary, _, rest = inspect.cleandoc(streamstyle.__doc__ or "").partition("\n\n")
    code, _, _ = rest.partition("\n\nEach name")
    lines += [summary, "", "```python", inspect.cleandoc(code), "```", ""]
    lines += [_INTRODUCTION]
    for title, names in SECTIONS.items():
        lines += ["", f"## {title}"]
        for name in names:
            gap = [] if title == "Errors" and name != names[0] else [""]
            lines += [*gap, *_entry(name, getattr(streamstyle, name))]
    return "\n".join(lines) + "\n"


def _entry(name: str, thing: object) -> Iterator[str]:
    if isinstance(thing, type) and issubclass(thing, Exception):
        yield f"- `{name}`: {_first_line(thing)}"
        return
    yield f"### {name}"
    if inspect.isfunction(thing):
        yield from ("", *_signature(name, thing))
    yield from ("", *_docstring(thing))
    if not isinstance(thing, type):
        return
    for method, member in list(vars(thing).items()):
        if method.startswith("_"):
            continue
        if isinstance(member, property):
            yield from ("", f"#### {name}.{method}", "", *_docstring(member))
        elif inspect.isfunction(function := getattr(member, "__func__", member)):
            yield from (
                "",
                f"#### {name}.{method}",
                "",
                *_signature(f"{name}.{method}", function),
                "",
                *_docstring(function),
            )


def _signature(name: str, function: Callable[..., object]) -> list[str]:
    """As it is written, with the names of types that the source has."""
    definition = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(definition, ast.FunctionDef)
    arguments = definition.args
    arguments.args = [argument for argument in arguments.args if argument.arg not in {"self", "cls"}]
    result = "" if definition.returns is None else f" -> {ast.unparse(definition.returns)}"
    text = f"{name}({ast.unparse(arguments)}){result}".replace("os.PathLike[str]", "PathLike")
    if len(text) > _LONGEST_LINE:
        parts = re.split(r", (?![^\[]*\])", ast.unparse(arguments).replace("os.PathLike[str]", "PathLike"))
        text = "".join([name, "(\n", *(f"    {part},\n" for part in parts), ")", result])
    return ["```python", text, "```"]


def _docstring(thing: object) -> list[str]:
    """Markdown of a docstring in Google's style: each argument's text becomes an item of a list."""
    lines: list[str] = []
    listing = False
    for line in inspect.cleandoc(inspect.getdoc(thing) or "").splitlines():
        if line.rstrip(":") in _SHOWN_VALUES and line.endswith(":"):
            listing = True
            lines += [f"**{line.rstrip(':')}**", ""]
        elif listing and re.match(r" {4}\S", line):
            name, colon, text = line.strip().partition(": ")
            lines.append(f"- `{name}`: {text}" if colon and " " not in name else f"- {line.strip()}")
        elif listing and line.startswith("     "):
            lines.append(f"  {line.strip()}")
        else:
            listing = listing and not line
            lines.append(line)
    return lines


def _first_line(thing: object) -> str:
    return (inspect.getdoc(thing) or "").splitlines()[0]


if __name__ == "__main__":
    text = page()
    if sys.argv[1:] == ["--check"]:
        sys.exit(0 if PAGE.read_text(encoding="utf-8") == text else f"{PAGE} is out of date; run: python -m docs.api")
    PAGE.write_text(text, encoding="utf-8")
