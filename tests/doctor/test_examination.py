"""Each check in a process of its own: whatever one does, the others are heard and nothing is left running."""

import os
import sys
from dataclasses import dataclass

import pytest

from streamstyle.doctor import examination
from streamstyle.doctor.examination import CHECKS, UNDISTURBED, run_checks
from streamstyle.doctor.finding import Finding

OK_LINE = '{"area": "a", "name": "b", "state": "ok", "detail": "c", "remedy": ""}'


@dataclass(frozen=True)
class Scripted:
    """A check that is a few lines of Python."""

    code: str
    area: str = "fake"
    arguments: tuple[str, ...] = ()

    @property
    def command(self):
        return [sys.executable, "-c", self.code]


def run(*codes, limit=20.0):
    return list(run_checks([Scripted(code) for code in codes], limit))


def test_findings_come_in_the_order_of_the_checks_whichever_ends_first():
    slow = f"import time; time.sleep(0.5); print('{OK_LINE}'.replace('\"b\"', '\"slow\"'))"
    assert [finding.name for finding in run(slow, f"print('{OK_LINE}')")] == ["slow", "b"]


def test_a_check_that_hangs_is_ended_and_what_it_had_said_is_kept():
    pid_line = f"import os, time; print('{OK_LINE}'.replace('\"c\"', f'\"{{os.getpid()}}\"'), flush=True); time.sleep(600)"
    said, ended, other = run(pid_line, f"print('{OK_LINE}')", limit=5)
    assert ended.state == "failed"
    assert "no answer within 5 s" in ended.detail
    assert other.state == "ok"
    with pytest.raises(ProcessLookupError):
        os.kill(int(said.detail), 0)


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_check_that_crashes_is_a_finding():
    (finding,) = run("import os; os.abort()")
    assert finding == Finding("fake", "fake", "failed", "the check crashed (SIGABRT)")


def test_a_check_that_ends_badly_gives_its_last_words():
    (finding,) = run("raise SystemExit('the moon is full')")
    assert "exit code 1: the moon is full" in finding.detail


def test_what_is_no_finding_is_not_taken_for_one():
    assert run("print('hello'); print('[1]'); print('{}'); print('null')") == []
    assert run(f"print('{OK_LINE}'.replace('\"ok\"', '\"splendid\"'))") == []


def test_much_noise_on_standard_error_does_not_block_a_check():
    assert [f.name for f in run(f"import sys; sys.stderr.write('x' * 500_000); print('{OK_LINE}')")] == ["b"]


def test_a_python_that_cannot_be_started_is_a_finding(monkeypatch):
    monkeypatch.setattr(examination.sys, "executable", "/nowhere/python")
    findings = list(run_checks(CHECKS[:2]))
    assert [finding.state for finding in findings] == ["failed", "failed"]
    assert "could not be started" in findings[0].detail


def test_closing_ends_the_checks_that_still_run(monkeypatch):
    started = []
    popen = examination.subprocess.Popen

    def recording(*arguments, **options):
        started.append(popen(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(examination.subprocess, "Popen", recording)
    found = run_checks([Scripted(f"print('{OK_LINE}')"), Scripted("import time; time.sleep(600)")])
    next(found)
    found.close()
    assert len(started) == 2
    assert all(process.returncode is not None for process in started)


@pytest.mark.skipif(os.name == "nt", reason="POSIX processes")
def test_a_check_ends_by_itself_when_nobody_is_left_to_end_it(monkeypatch, tmp_path):
    (tmp_path / "onnxruntime.py").write_text("import time\ntime.sleep(600)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    watchdog = 0.2 - 5  # it waits five seconds longer than the doctor, so that it comes second
    running = examination._Running.start(CHECKS[1], watchdog)
    _, errors = running.process.communicate(timeout=60)
    assert running.process.returncode == 1
    assert "Timeout" in errors


def test_every_check_is_a_file_and_every_file_a_check():
    folder = examination.Path(examination.__file__).parent / "checks"
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert {check.module for check in (*CHECKS, *UNDISTURBED)} == files
