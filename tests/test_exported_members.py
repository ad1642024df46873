"""`streamstyle.__all__` against what is really there."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import streamstyle

ROOT = Path(__file__).resolve().parent.parent
NAMES = sorted(set(streamstyle.__all__) - {"__version__", "Image"})


def imported_for_type_checkers():
    tree = ast.parse(Path(streamstyle.__file__).read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "typing.TYPE_CHECKING"]
    return {alias.asname or alias.name for node in block.body for alias in node.names}


def test_what_is_public_is_listed_and_what_is_listed_is_there():
    for name in streamstyle.__all__:
        assert getattr(streamstyle, name) is not None
    found = {name for name, value in vars(streamstyle).items() if not (name.startswith("_") or inspect.ismodule(value))} | {
        "__version__"
    }
    assert found == set(streamstyle.__all__)
    assert dir(streamstyle) == sorted(streamstyle.__all__)


def test_type_checkers_see_the_same_names():
    assert imported_for_type_checkers() | {"__version__"} == set(streamstyle.__all__)
    assert Path(streamstyle.__file__).with_name("py.typed").is_file()


def test_a_name_that_is_not_there_is_said_so():
    with pytest.raises(AttributeError, match="no attribute 'pain'"):
        streamstyle.pain  # noqa: B018


@pytest.mark.parametrize("name", NAMES)
def test_everything_public_is_documented(name):
    thing = getattr(streamstyle, name)
    assert inspect.getdoc(thing)
    if not inspect.isclass(thing):
        arguments_are_described(thing)
        return
    said = "".join(base.__doc__ or "" for base in thing.__mro__)
    fields = getattr(thing, "__dataclass_fields__", {}).keys() | inspect.get_annotations(thing).keys()
    assert [field for field in fields if f"    {field}: " not in said] == []
    for member, value in list(vars(thing).items()):
        if not member.startswith("_") and member not in fields:
            assert inspect.getdoc(value), f"{name}.{member}"
            if name in {"Painter", "Stream", "Style"} and inspect.isfunction(value):
                arguments_are_described(value)


def arguments_are_described(function):
    arguments = list(inspect.signature(function).parameters)
    said = inspect.getdoc(function)
    missing = [name for name in arguments if name != "self" and f"    {name}: " not in said]
    assert missing in ([], ["path"]), f"{function.__qualname__}: {missing}"  # what a path is need not be said


def test_importing_the_package_loads_neither_a_runtime_nor_a_decoder():
    code = (
        "import sys, streamstyle\n"
        "heavy = {'onnxruntime', 'openvino', 'av', 'cv2', 'numpy', 'rich', 'streamstyle.api', 'streamstyle.paint'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "streamstyle.read\n"
        "order = list(sys.modules)\n"
        "assert order.index('cv2') < order.index('av')\n"  # it has X libraries of the same names
        "assert 'onnxruntime' not in sys.modules"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert result.returncode == 0, result.stderr
