"""Help that fits a screen, the greeting, the nearest right word, completion, the log."""

import logging
import shlex
import shutil
import subprocess
import sys

import pytest

from streamstyle.commands import main as command_line
from streamstyle.commands.completion import completion
from streamstyle.commands.main import build_parser, main
from streamstyle.commands.pages import GREETING, PAGES
from tests.clips import make_clip

COMMANDS = build_parser().commands()


def help_of(capsys, *words):
    with pytest.raises(SystemExit, match="0"):
        main(list(words))
    return capsys.readouterr().out


@pytest.mark.parametrize("name", COMMANDS)
def test_help_fits_a_screen_and_names_all_that_it_lists(name, capsys):
    text = help_of(capsys, name, "--help")
    assert len(text.splitlines()) <= 40
    assert max(map(len, text.splitlines())) <= 100
    assert "examples:" in text
    assert "--help-all" in text


@pytest.mark.parametrize("name", COMMANDS)
def test_help_all_shows_every_option(name, capsys):
    text = help_of(capsys, name, "--help-all")
    for action in COMMANDS[name]._actions:
        assert not action.option_strings or action.option_strings[0] in text
    assert "more options" not in text
    assert "\nmore:" not in text  # each has a place in the table of pages


def test_help_is_a_word_too(capsys):
    assert help_of(capsys, "help") == help_of(capsys, "--help")
    assert help_of(capsys, "help", "camera") == help_of(capsys, "camera", "--help")


def examples_of_help():
    lines = [line for page in PAGES.values() for line in page.examples] + GREETING.splitlines()
    for line in lines:
        command = line.strip().partition("  ")[0].partition(" > ")[0]
        if line.strip().startswith("streamstyle ") and not line.startswith("streamstyle 0"):
            yield command


@pytest.mark.parametrize("line", list(examples_of_help()))
def test_examples_are_commands_that_there_are(line):
    build_parser().read(shlex.split(line)[1:])


def test_streamstyle_alone_greets_with_five_examples(capsys):
    assert main([]) == 0
    text = capsys.readouterr().out
    assert text.count("\n  streamstyle ") == 5


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["vido"], "there is no command 'vido'; did you mean video?"),
        (
            ["holiday.mp4"],
            "wanted a command before 'holiday.mp4'; to paint it: streamstyle video 'holiday.mp4' --style composition",
        ),
        (["video", "a.mp4", "--styel", "kiss"], "has no option --styel; did you mean --style?"),
        (["video", "a.mp4", "--zzz"], "has no option --zzz; streamstyle video --help-all shows all"),
        (["doctor", "cameras"], "'cameras' is not expected here"),
        (["--hlep"], "streamstyle has no option --hlep; did you mean --help?"),
        (["-v"], "streamstyle has no option -v; streamstyle --help shows all"),
        (["help", "vido"], "there is no command 'vido'; did you mean video?"),
    ],
)
def test_what_is_wrong_gets_the_nearest_right_word(words, answer, capsys):
    assert main(words) == 2
    assert answer in capsys.readouterr().err


def test_a_wrong_value_gets_the_nearest_right_one(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["video", "a.mp4", "--device", "openvin"])
    assert "there is no 'openvin'; did you mean openvino?" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--style", "kis"], ["--style", "irises", "--person", "kis"]])
@pytest.mark.parametrize("command", ["video", "camera"])
def test_a_slip_in_a_style_is_told_before_a_model_is_loaded(command, words, monkeypatch, capsys):
    monkeypatch.setattr(f"streamstyle.commands.{command}.Stylizer", lambda *_, **__: pytest.fail("loading takes seconds"))
    assert main([command, *(["a.mp4"] if command == "video" else ["--seconds", "1"]), *words]) == 2
    assert "style 'kis' is neither a file nor the name of a style; did you mean 'kiss'?" in capsys.readouterr().err


def completed(*words):
    script = completion("bash", build_parser())
    ask = f"COMP_WORDS=({' '.join(map(shlex.quote, words))}); COMP_CWORD={len(words) - 1}; _streamstyle"
    command = ["bash", "-c", f'{script}\n{ask}\necho "${{COMPREPLY[@]}}"']
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=100).stdout.split()


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_bash_completes():
    assert completed("streamstyle", "vi") == ["video"]
    assert completed("streamstyle", "video", "a.mp4", "--overw") == ["--overwrite"]
    assert completed("streamstyle", "video", "a.mp4", "--style", "kiss", "starry") == ["starry-night"]
    assert completed("streamstyle", "camera", "--color", "l") == ["luma"]


@pytest.mark.skipif(shutil.which("fish") is None, reason="no fish")
def test_fish_completes(tmp_path):
    script = completion("fish", build_parser()) + "complete -C 'streamstyle video a.mp4 --style starry'\n"
    found = subprocess.run(
        ["fish", "--no-config"], input=script, capture_output=True, text=True, check=True, cwd=tmp_path, timeout=100
    )
    assert "starry-night" in found.stdout


@pytest.mark.skipif(shutil.which("zsh") is None, reason="no zsh")
def test_zsh_takes_the_script():
    subprocess.run(["zsh", "-n"], input=completion("zsh", build_parser()), text=True, check=True, timeout=100)


@pytest.fixture
def no_log():
    yield
    own = logging.getLogger("streamstyle")
    for handler in own.handlers[1:]:
        own.removeHandler(handler)
        handler.close()
    own.setLevel(logging.NOTSET)


def test_verbose_says_more_and_the_log_holds_what_was_said(tmp_path, capsys, no_log):
    clip = make_clip(tmp_path / "clip.mp4", frames=2, width=64, height=48)
    words = ["video", str(clip), "--style", "kiss", "--verbose", "--log-file", str(tmp_path / "log.txt")]
    assert main(words) == 0
    told = capsys.readouterr()
    assert "milliseconds per frame" in told.err
    assert told.out.count("2 frames in") == 1
    assert "2 frames in" not in "".join(line for line in told.err.splitlines() if "clip_kiss" not in line)
    log = (tmp_path / "log.txt").read_text()
    assert "streamstyle video" in log
    assert "2 frames in" in log
    assert main(["video", "absent.mp4", "--style", "kiss", "--log-file", str(tmp_path / "log.txt")]) == 1
    assert "absent.mp4' does not exist" in (tmp_path / "log.txt").read_text()


def test_a_log_that_cannot_be_written_is_said(tmp_path, capsys, no_log):
    assert main(["doctor", "--log-file", str(tmp_path)]) == 1
    assert "the log" in capsys.readouterr().err


def test_a_fault_of_ours_is_one_line_and_its_traceback_is_in_the_log(tmp_path, monkeypatch, capsys, no_log):
    def fail(*_):
        raise RuntimeError("of all things")

    monkeypatch.setattr(command_line, "completion", fail)
    assert main(["completion", "bash", "--log-file", str(tmp_path / "log.txt")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "RuntimeError: of all things; please report it" in line
    assert "Traceback" in (tmp_path / "log.txt").read_text()


def test_a_live_run_without_a_window_writes_a_line_now_and_then(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("streamstyle.commands.camera.LOG_SECONDS", 0)
    clip = make_clip(tmp_path / "clip.mp4", frames=5, width=64, height=48)
    assert main(["camera", "--camera", str(clip), "--no-window", "--seconds", "9", "--style", "kiss"]) == 0
    assert "frames, " in capsys.readouterr().out.partition(" skipped")[0]


def test_no_web_server_is_loaded_where_none_is_wanted():
    program = "import sys, streamstyle.commands.main; print(sorted({'aiohttp', 'asyncio', 'torch'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=100)
    assert done.stdout.strip() == "[]"
