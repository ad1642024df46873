"""What a download shows, and its command."""

import io
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from rich.console import Console

from export import download as module
from export.download import ADAIN
from tests.export.download.server import ROOT, Step, get, names, wanted


def test_away_from_a_terminal_there_is_one_line_per_file(server, tmp_path):
    server.steps = [Step(cut=1000)]
    said = io.StringIO()
    folder = tmp_path / "[bold]a folder with a name that is long[/bold]"
    path = get(wanted(server), folder, console=Console(file=said, width=20))
    assert said.getvalue() == f"net.pth: downloaded, 0.3 MB, {path}\n"


def test_on_a_terminal_progress_is_shown_with_bytes_speed_and_breaks(server, tmp_path):
    server.steps = [Step(cut=150_000)]
    said = io.StringIO()
    get(wanted(server), tmp_path, console=Console(file=said, force_terminal=True, width=160), pauses=(0.3,))
    assert "150.0/300.0 kB" in said.getvalue()
    assert "broke off; again in 0.3 s" in said.getvalue()
    assert re.search(r"[\d.]+ [kMG]?B/s|bytes/s", said.getvalue())


def test_a_quiet_console_stays_quiet(server, tmp_path):
    said = io.StringIO()
    get(wanted(server), tmp_path, console=Console(file=said, quiet=True, force_terminal=True))
    assert said.getvalue() == ""


# The command


def test_the_public_files_are_named_by_hash_and_fetched_over_https():
    assert [file.name for file in ADAIN] == ["vgg_normalised.pth", "decoder.pth"]
    assert all(re.fullmatch("[0-9a-f]{64}", file.sha256) for file in ADAIN)
    assert all(file.url.startswith("https://") and file.url.endswith(f"/{file.name}") for file in ADAIN)


def test_the_command_prints_the_paths(server, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(module, "ADAIN", (wanted(server),))
    assert module.main(["--folder", str(tmp_path)]) == 0
    output = capsys.readouterr()
    assert output.out == f"{tmp_path / 'net.pth'}\n"
    assert output.err == f"net.pth: downloaded, 0.3 MB, {tmp_path / 'net.pth'}\n"


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="XDG_CACHE_HOME means nothing there")
def test_the_command_uses_the_users_cache_by_default(server, monkeypatch, capsys):
    monkeypatch.setattr(module, "ADAIN", (wanted(server),))
    assert module.main([]) == 0
    assert capsys.readouterr().out == f"{os.environ['XDG_CACHE_HOME']}/streamstyle/downloads/net.pth\n"


def test_the_command_fails_with_one_line(server, tmp_path, monkeypatch, capsys):
    server.usual = Step(status=404)
    monkeypatch.setattr(module, "ADAIN", (wanted(server),))
    assert module.main(["--folder", str(tmp_path)]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("download: cannot download net.pth: it is not at")
    assert output.err.count("\n") == 1


def test_a_bad_mirror_is_a_usage_error(tmp_path, capsys):
    assert module.main(["--folder", str(tmp_path), "--mirror", "http://example.org"]) == 2
    assert "--mirror" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to another process there")
def test_ctrl_c_ends_the_command_with_one_line_and_keeps_what_came(server, tmp_path):
    server.usual = Step(content=bytes(ADAIN[0].size), stall=5000)
    partial = tmp_path / "vgg_normalised.pth.partial"
    # A shell's background job, such as a CI's may be, has SIGINT ignored, and its children after it.
    listening = "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    listening += "runpy.run_module('export.download', run_name='__main__', alter_sys=True)"
    command = [sys.executable, "-c", listening, "--folder", str(tmp_path), "--mirror", server.address]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        for _ in range(3000):
            if partial.exists() and partial.stat().st_size == 5000:
                break
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert output == ""
    assert errors == "download: stopped; run the same command again, it goes on from there\n"
    assert partial.stat().st_size == 5000
    assert names(tmp_path) == [partial.name]


def test_downloading_needs_no_torch():
    code = "import sys, export.download; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60, check=False).returncode == 0
