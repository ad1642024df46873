"""`streamstyle doctor` as users meet it: real processes on this machine."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from streamstyle.doctor.report import NEEDED

ROOT = Path(__file__).resolve().parents[2]
MARK = "STREAMSTYLE_TEST_MARK"


def environment(**more):
    return {**os.environ, "COLUMNS": "80", "PYTHONPATH": str(ROOT), **more}


def doctor(*arguments, cwd=ROOT, **more):
    command = [sys.executable, "-m", "streamstyle", "doctor", *arguments]
    options = {"cwd": cwd, "capture_output": True, "text": True, "timeout": 120}
    return subprocess.run(command, env=environment(**more), check=False, **options)


@pytest.fixture(scope="module")
def report():
    result = doctor("--json")
    assert result.returncode == 0, result.stderr
    return result


def test_json_is_one_document_and_nothing_else(report):
    document = json.loads(report.stdout)
    assert report.stderr == ""
    assert document["can_stylize_files"] is True
    found = {(finding["area"], finding["name"]) for finding in document["findings"]}
    assert len(found) == len(document["findings"])
    assert found >= NEEDED
    areas = ["system", "providers", "models", "codecs", "display", "cameras", "virtual cameras", "microphones", "speed"]
    assert list(dict.fromkeys(finding["area"] for finding in document["findings"])) == areas


def test_no_check_broke(report):
    assert [finding for finding in json.loads(report.stdout)["findings"] if "Error:" in finding["detail"]] == []


def test_nothing_loads_torch_and_the_doctor_itself_loads_no_patient():
    code = (
        "import sys, importlib, pathlib, streamstyle.doctor\n"
        # cv2, and with it numpy, comes with the package itself: it must come before av.
        "assert not {'av', 'onnxruntime', 'torch'} & set(sys.modules), sys.modules\n"
        "folder = pathlib.Path(streamstyle.doctor.__file__).parent / 'checks'\n"
        "for path in folder.glob('[a-z]*.py'): importlib.import_module(f'streamstyle.doctor.checks.{path.stem}')\n"
        "assert 'torch' not in sys.modules"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr


def test_a_broken_model_is_exit_code_1_with_a_remedy_in_a_poor_world(tmp_path):
    """No home folder, no terminal, no locale, a trap in the current folder; and the shipped model is cut short."""
    program = shutil.copytree(ROOT / "streamstyle", tmp_path / "program" / "streamstyle")
    model = program / "weights" / "fast.stylize.onnx"
    model.write_bytes(model.read_bytes()[:1000])
    (tmp_path / "json.py").write_text("raise SystemExit('the file of a user was taken for a library')\n")
    bare = {key: value for key, value in environment().items() if key not in {"HOME", "DISPLAY", "XDG_CACHE_HOME"}}
    command = [sys.executable, "-P", "-m", "streamstyle", "doctor"]
    result = subprocess.run(
        command,
        cwd=tmp_path,
        env={**bare, "LC_ALL": "C", "PYTHONPATH": str(tmp_path / "program")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    failed = next(number for number, line in enumerate(lines) if line.split()[:2] == ["x", "fast"])
    assert any("-> install streamstyle again" in line for line in lines[failed : failed + 20])
    assert lines[-1].startswith("files cannot be stylized here: ")
    assert "Traceback" not in result.stdout


def test_a_library_that_cannot_be_loaded_does_not_keep_the_doctor_away(tmp_path):
    (tmp_path / "cv2.py").write_text("raise ImportError('libGL.so.1: cannot open shared object file')\n")
    result = doctor("--json", PYTHONPATH=f"{ROOT}{os.pathsep}{tmp_path}")
    assert result.returncode == 1
    findings = {(entry["area"], entry["name"]): entry for entry in json.loads(result.stdout)["findings"]}
    assert findings["system", "cv2"]["state"] == "failed"
    assert "apt install libgl1" in findings["system", "cv2"]["remedy"]
    assert findings["models", "models"]["state"] == "missing"
    assert findings["providers", "cpu"]["state"] == "ok"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_a_report_that_cannot_be_written_is_one_line(arguments):
    command = [sys.executable, "-m", "streamstyle", "doctor", *arguments]
    with Path("/dev/full").open("w") as full:
        options = {"env": environment(), "stderr": subprocess.PIPE, "text": True, "timeout": 120}
        result = subprocess.run(command, cwd=ROOT, stdout=full, check=False, **options)
    assert result.returncode == 1
    assert result.stderr == "streamstyle: the report cannot be written: No space left on device; write it elsewhere\n"


@pytest.mark.parametrize("arguments", [("--jason",), ("--timeout", "0"), ("--timeout", "soon"), ("--timeout", "nan")])
def test_a_wrong_option_is_exit_code_2(arguments):
    assert doctor(*arguments).returncode == 2


def test_checks_that_are_slow_are_given_up_in_time_and_called_so(tmp_path):
    (tmp_path / "av.py").write_text(
        "import sys, time\nif 'one_check' in sys.argv[0]: time.sleep(600)\nraise ImportError('no')\n"
    )
    result = doctor("--json", "--timeout", "1", PYTHONPATH=f"{ROOT}{os.pathsep}{tmp_path}")
    assert result.returncode == 1
    findings = {(entry["area"], entry["name"]): entry for entry in json.loads(result.stdout)["findings"]}
    assert "no answer within 1 s" in findings["codecs", "codecs"]["detail"]
    assert "--timeout" in findings["codecs", "codecs"]["remedy"]


def marked_processes(mark):
    """Living processes that inherited our mark."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            marked = f"{MARK}={mark}".encode() in (entry / "environ").read_bytes()
        except OSError:
            continue
        if marked:
            found.append((entry / "cmdline").read_bytes())
    return found


def wait_until_none(mark):
    deadline = time.monotonic() + 20
    while marked_processes(mark):
        assert time.monotonic() < deadline, marked_processes(mark)
        time.sleep(0.05)


linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc")


@pytest.fixture
def reporting():
    """A doctor that has begun to report."""
    mark = uuid.uuid4().hex
    command = [sys.executable, "-m", "streamstyle", "doctor"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment(**{MARK: mark}), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline() == "system\n"
        # The checks that began with the first may have ended before it; then others follow at once.
        deadline = time.monotonic() + 20
        while len(marked_processes(mark)) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        yield process, mark
    finally:
        process.kill()
        process.communicate(timeout=60)


@linux
def test_a_pipe_that_closes_ends_it_quietly_with_all_its_checks(reporting):
    process, mark = reporting
    process.stdout.close()
    assert process.wait(timeout=60) == 1
    assert process.stderr.read() == ""
    wait_until_none(mark)
    process.stdout = None


@linux
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopping_leaves_no_process(reporting, number, code):
    process, mark = reporting
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == code
    assert errors == "streamstyle: stopped\n"
    wait_until_none(mark)
