"""A run of tests some of which hang or kill their process, in a folder of its own, as `make test` runs them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BODIES = {
    "masked": """
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
    time.sleep(600)
""",
    "hangs_when_tried_again": """
    if FIRST.exists():
        time.sleep(600)
    FIRST.touch()
    raise AssertionError("the first time")
""",
    "dies": """
    os._exit(1)
""",
    "dies_once": """
    if not FIRST.exists():
        FIRST.touch()
        os._exit(1)
""",
}
PLAIN = 20
"""Files of tests that pass."""


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_tests_that_hang_or_kill_their_process_are_named_and_all_others_are_run(tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]\ntimeout = 3\nfilterwarnings = error\n")
    (tmp_path / "conftest.py").write_text("from tests.guard import pytest_configure, pytest_xdist_make_scheduler\n")
    for number, (name, body) in enumerate({**BODIES, **{f"plain_{number}": "    pass" for number in range(PLAIN)}}.items()):
        (tmp_path / f"test_{(7 * number) % 24:02}_{name}.py").write_text(
            "import os, pathlib, signal, time\n"
            "FIRST = pathlib.Path(__file__).with_suffix('.first')\n"
            f"def test_before(): pass\ndef test_it():\n{body}\ndef test_after(): pass\n"
        )
    plugins = [f"-pno:{name}" for name in ("schemathesis", "hypothesispytest", "anyio", "cacheprovider")]
    command = [sys.executable, "-m", "pytest", "-rf", "-n2", "--dist", "loadfile", "--reruns", "1", *plugins]
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "COV_"))}
    with (tmp_path / "output").open("w+") as output:  # processes that are left over would keep a pipe open
        environment["PYTHONPATH"] = str(ROOT)
        kept = {"stdout": output, "stderr": subprocess.STDOUT}
        subprocess.run(command, cwd=tmp_path, env=environment, timeout=360, check=False, **kept)
        output.seek(0)
        said = output.read()
    assert f"3 failed, {3 * (PLAIN + len(BODIES)) - 3} passed" in said, said
    failed = re.findall(r"^FAILED test_\d+_(\w+)\.py::test_it", said, re.MULTILINE)
    assert sorted(failed) == ["dies", "hangs_when_tried_again", "masked"], said
    assert "[gw0] ended with exit code 1" in said, said
    assert re.search(r'masked\.py", line \d+ in test_it', said), said  # the stack
