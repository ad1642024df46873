"""What is made of many inputs is decided before any work; one bad input keeps nothing from being done."""

import io
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image
from rich.console import Console

from streamstyle.commands import video
from streamstyle.commands.main import build_parser
from streamstyle.commands.progress import FrameProgress
from streamstyle.errors import SourceError, UsageError
from streamstyle.files.batch import Plan, Task, plan_inputs
from streamstyle.look.recipe import Recipe
from streamstyle.media.sources import open_source
from tests.clips import Audio, make_clip
from tests.fakes import FakeStylizer

ROOT = Path(__file__).parents[2]


def run(*arguments: object, cwd: Path = ROOT, **more: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "run_video.py"), *map(str, arguments), "--style", "kiss", "--size", "16"]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False, **more)  # type: ignore[call-overload]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "in"
    made.mkdir()
    for name in ("a.mp4", "b.mkv"):
        make_clip(made / name, frames=2)
    return made


def outputs(*inputs: Path | str, output: str | None = None, **more: object) -> list[str]:
    plan = plan_inputs([str(name) for name in inputs], output, "kiss", ["kiss", "scream"], **more)  # type: ignore[arg-type]
    return [task.output.name for task in plan.to_do]


def test_a_folder_painted_twice_has_no_results_among_its_inputs(folder: Path) -> None:
    for name in ("a_kiss.mp4", "a_scream.mp4", "b_kiss+scream.mkv", "a_kiss-2.mp4", "a_kiss.partial.mp4", "b_2024.mkv"):
        make_clip(folder / name, frames=2)
    plan = plan_inputs([str(folder)], None, "kiss", ["kiss", "scream"], overwrite=True)
    assert [Path(task.name).name for task in plan.tasks] == ["a.mp4", "b.mkv", "b_2024.mkv"]
    assert len(plan.notes) == 1
    assert "and 2 more" in plan.notes[0]
    assert outputs(folder / "a_kiss.mp4") == ["a_kiss_kiss.mp4"]  # who names it means it


def test_results_of_one_name_get_numbers(folder: Path, tmp_path: Path) -> None:
    make_clip(folder / "a.ts")
    (tmp_path / "more").mkdir()
    make_clip(tmp_path / "more" / "a.mp4", frames=2)
    assert outputs(folder, tmp_path / "more", output=str(tmp_path / "out")) == [
        *("a_kiss.mp4", "a_kiss-2.mp4", "b_kiss.mkv", "a_kiss-3.mp4"),
    ]


def test_names_whose_endings_are_known_late_are_distinct_too(folder: Path) -> None:
    clear = Image.new("RGBA", (20, 16), (9, 200, 10, 90))
    pillow_heif.from_pillow(clear).save(folder / "c.heic")  # becomes a PNG
    clear.save(folder / "c.png")
    for name in ("d.ppm", "d.png"):
        Image.new("RGB", (20, 16)).save(folder / name)
    make_clip(folder / "a.mkv", frames=2)
    assert outputs(folder) == [
        *("a_kiss.mkv", "a_kiss.mp4", "b_kiss.mkv", "c_kiss.jpg", "c_kiss-2.png", "d_kiss.png", "d_kiss-2.png"),
    ]
    previews = outputs(folder / "a.mkv", folder / "a.mp4", ending=".jpg")
    assert previews == ["a_kiss.jpg", "a_kiss-2.jpg"]
    (folder / "c_kiss.png").touch()
    (plan,) = plan_inputs([str(folder / "c.heic")], None, "kiss", [], skip_existing=True).tasks
    assert (plan.is_there, plan.output.name) == (True, "c_kiss.png")


def test_what_is_named_twice_is_painted_once(folder: Path) -> None:
    plan = plan_inputs([str(folder / "a.mp4"), str(folder)], None, "kiss", [])
    assert len(plan.tasks) == 2
    assert "named twice" in plan.notes[0]


def test_results_that_exist_are_problems_or_skipped(folder: Path) -> None:
    (folder / "a_kiss.mp4").write_text("precious")
    plan = plan_inputs([str(folder)], None, "kiss", ["kiss"])
    assert ["exists" in task.problem for task in plan.tasks] == [True, False]
    plan = plan_inputs([str(folder)], None, "kiss", ["kiss"], skip_existing=True)
    assert [task.is_there for task in plan.tasks] == [True, False]


def test_no_result_replaces_another_input(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    make_clip(tmp_path / "out" / "a_kiss.mp4", frames=2)
    inputs = [str(folder / "a.mp4"), str(tmp_path / "out" / "a_kiss.mp4")]
    plan = plan_inputs(inputs, str(tmp_path / "out"), "kiss", [], overwrite=True)
    assert ["this run reads" in task.problem for task in plan.tasks] == [True, False]


def test_of_what_a_shell_has_expanded_results_of_earlier_runs_are_left_out(tmp_path: Path) -> None:
    names = ("a.png", "a_kiss.png", "b_kiss.png", "b_kiss-preview-2.png", "c.partial.png", "d_kiss.png", "e_2024.png")
    for name in (*names, "b.jpg", "e.png"):  # the original of b is of another kind, that of d is elsewhere
        Image.new("RGB", (20, 16)).save(tmp_path / name)
    given = [str(tmp_path / name) for name in names]
    plan = plan_inputs(given, None, "kiss", ["kiss", "scream"], overwrite=True)
    assert [Path(task.name).name for task in plan.tasks] == ["a.png", "d_kiss.png", "e_2024.png"]
    assert plan.notes == [
        "left out, as results of earlier runs: 'a_kiss.png', 'b_kiss.png', 'b_kiss-preview-2.png' and 1 more; "
        "name such a file alone to paint it again"
    ]
    only_results = [str(tmp_path / name) for name in ("a_kiss.png", "b_kiss.png")]
    plan = plan_inputs(only_results, None, "scream", ["kiss", "scream"])
    assert [task.output.name for task in plan.to_do] == ["a_kiss_scream.png", "b_kiss_scream.png"]  # they are meant
    assert plan.notes == []


def test_several_inputs_need_a_folder(folder: Path) -> None:
    with pytest.raises(UsageError, match="is a file"):
        plan_inputs([str(folder)], str(folder / "a.mp4"), "kiss", [])


def test_patterns_that_no_shell_has_expanded(folder: Path) -> None:
    assert outputs(str(folder / "*.mp4")) == ["a_kiss.mp4"]
    assert outputs(str(folder / "?.m*")) == ["a_kiss.mp4", "b_kiss.mkv"]
    assert "matches no file" in plan_inputs([str(folder / "*.png")], None, "kiss", []).tasks[0].problem
    make_clip(folder / "[x].mp4", frames=2)
    assert outputs(str(folder / "[x].mp4")) == ["[x]_kiss.mp4"]


def test_one_bad_input_never_stops_the_rest(folder: Path, tmp_path: Path) -> None:
    (folder / "c.mp4").write_text("no video")
    (tmp_path / "empty").mkdir()
    result = run(tmp_path / "missing.mp4", tmp_path / "empty", folder, "-o", tmp_path / "out", "--json")
    assert result.returncode == 1
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(lines) == 5
    assert [Path(line["input"]).name for line in lines if "error" in line] == ["missing.mp4", "empty", "c.mp4"]
    assert [Path(line["output"]).name for line in lines if "output" in line] == ["a_kiss.mp4", "b_kiss.mkv"]
    said = result.stderr.splitlines()
    assert said[-1] == "2 made, 3 failed"
    assert next(i for i, line in enumerate(said) if "c.mp4" in line) < next(
        i for i, line in enumerate(said) if "fps" in line
    )
    again = run(folder, "-o", f"{tmp_path / 'out'}/", "--skip-existing")
    assert "0 made, 2 were there, 1 failed" in again.stdout


def test_a_folder_of_one_clip_goes_to_a_folder(tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    make_clip(tmp_path / "clips" / "a.mp4", frames=2)
    assert run("clips/", "-o", "painted/", cwd=tmp_path).returncode == 0
    assert [path.name for path in (tmp_path / "painted").iterdir()] == ["a_kiss.mp4"]


def test_a_failed_input_alone_has_its_line_of_json(tmp_path: Path) -> None:
    result = run(tmp_path / "missing.mp4", "--json")
    assert result.returncode == 1
    assert "does not exist" in json.loads(result.stdout)["error"]
    assert result.stderr.count("does not exist") == 1


@pytest.mark.skipif(os.name == "nt", reason="POSIX pipes")
@pytest.mark.parametrize("sound", [[], [Audio(seconds=0.2)]])
def test_a_pipe_is_an_input(tmp_path: Path, sound: list[Audio]) -> None:
    clip = make_clip(tmp_path / "a.mkv", frames=5, audio=sound)
    os.mkfifo(tmp_path / "pipe")
    threading.Thread(target=lambda: (tmp_path / "pipe").write_bytes(clip.read_bytes()), daemon=True).start()
    result = run(tmp_path / "pipe", "-o", tmp_path / "out.mp4")
    assert result.returncode == 0, result.stderr
    assert "5 frames" in result.stdout
    assert ("is not recorded: it can be read only once" in result.stderr) == bool(sound)


@pytest.mark.skipif(os.name == "nt", reason="POSIX pipes")
def test_a_photo_from_a_pipe_is_refused_as_one(tmp_path: Path) -> None:
    Image.new("RGB", (20, 16)).save(tmp_path / "a.png")
    os.mkfifo(tmp_path / "pipe")
    data = (tmp_path / "a.png").read_bytes()
    threading.Thread(target=lambda: (tmp_path / "pipe").write_bytes(data), daemon=True).start()
    with pytest.raises(SourceError, match="is a photo from a pipe; save it to a file first"):
        open_source(str(tmp_path / "pipe"))


def test_a_log_gets_a_line_now_and_then() -> None:
    log, now = io.StringIO(), 0.0
    with FrameProgress("clip.mp4", 100, Console(file=log), clock=lambda: now) as progress:
        for frames in range(1, 101):
            now += 0.5
            progress.advance(frames)
    lines = log.getvalue().splitlines()
    assert lines[0] == "clip.mp4: 20 of 100 frames, 2.0 fps, 0:40 left"
    assert len(lines) == 5


@pytest.mark.parametrize("name", ["clip.mp4", "big.mp4"])
def test_a_log_that_wants_quiet_gets_none(name: str) -> None:
    log, now = io.StringIO(), 0.0
    with FrameProgress(name, None, Console(file=log, quiet=True), clock=lambda: now) as progress:
        now = 100.0
        progress.advance(5)
    assert log.getvalue() == ""


def test_an_empty_input_is_not_this_folder(folder: Path) -> None:
    with pytest.raises(UsageError, match="an INPUT is empty"):
        outputs("", folder)


def test_several_inputs_make_no_folder_named_like_a_file(folder: Path, tmp_path: Path) -> None:
    wanted = tmp_path / "out.png"
    with pytest.raises(UsageError, match=r"if '.*out\.png' is to be one, write '.*out\.png/'"):
        outputs(folder, output=str(wanted))
    assert outputs(folder, output=f"{wanted}/") == ["a_kiss.mp4", "b_kiss.mkv"]


def test_the_result_does_not_replace_the_look_saved_by_the_same_run(tmp_path: Path) -> None:
    photo, both = tmp_path / "photo.png", tmp_path / "both.png"
    Image.new("RGB", (20, 16)).save(photo)
    result = run(photo, "-o", both, "--save-look", both, "--overwrite")
    assert result.returncode == 2, result.stderr
    assert "another file that this run reads" in result.stderr
    assert both.read_text(encoding="utf-8").startswith("# A look of streamstyle")


def test_a_photo_is_told_the_endings_of_photos(tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    Image.new("RGB", (20, 16)).save(photo)
    result = run(photo, "-o", tmp_path / "out.xyz")
    assert result.returncode == 2
    assert "out.xyz' has no ending of a video or a photo; choose one of" in result.stderr
    assert ".png, .jpg" in result.stderr


def test_a_terminal_that_is_gone_keeps_no_input_from_being_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made: list[str] = []

    def lost(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(video, "_stylize_one", lambda _options, task, *_: made.append(task.name))
    monkeypatch.setattr(video, "tell", lost)
    plan = Plan([Task("a.png", tmp_path / "a_kiss.png"), Task("b.png", tmp_path / "b_kiss.png")])
    options = build_parser().read(["video", "a.png", "b.png", "--style", "kiss"])
    with pytest.raises(OSError, match="Input/output"):
        video._stylize_all(options, plan, FakeStylizer(), Recipe(("kiss",)), Console(quiet=True))
    assert made == ["a.png", "b.png"]


def test_progress_that_nobody_reads_stops_nothing() -> None:
    class Gone(io.StringIO):
        def write(self, _text: str) -> int:
            raise OSError(5, "Input/output error")

    now = 0.0
    with FrameProgress("clip.mp4", 100, Console(file=Gone()), clock=lambda: now) as progress:
        for frames in range(1, 101):
            now += 0.5
            progress.advance(frames)
