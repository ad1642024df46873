"""The command line as users meet it: real processes, real files."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from streamstyle.commands.main import main
from streamstyle.look.recipe import STROKE_SIZES
from streamstyle.media.sinks import open_sink
from streamstyle.media.sources.synthetic import SyntheticSource

ROOT = Path(__file__).resolve().parents[2]
STYLE = ("--style", "great-wave")


def run(*arguments, cwd=ROOT, **more):
    command = [sys.executable, str(ROOT / "run_video.py"), *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False, **more)


def one_line(result, code):
    assert result.returncode == code, result.stderr
    lines = result.stderr.strip().splitlines()
    assert lines, "no word of what is wrong"
    assert "Traceback" not in result.stderr
    assert lines[-1].startswith(("streamstyle: ", "streamstyle video: error: "))
    return lines[-1]


def write_clip(path, frames=12, width=96, height=64):
    source = SyntheticSource(width, height, frames)
    with open_sink(path, info=source.info, width=width, height=height) as sink:
        for frame in source:
            sink.write(frame)
    return path


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4")


def frames_of(path):
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


@pytest.mark.skipif(os.name == "nt", reason="POSIX")
@pytest.mark.parametrize("words", [[], ["--help"], ["styles"]])
def test_an_output_that_nobody_reads_ends_quietly(words: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "streamstyle", *words]
    try:
        done = subprocess.run(command, cwd=ROOT, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    finally:
        os.close(writer)
    assert done.returncode in {0, 1}
    assert done.stderr == ""
    closed = ["sh", "-c", 'exec "$@" >&-', "sh", *command]
    done = subprocess.run(closed, cwd=ROOT, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_video_in_gives_a_video_beside_it(tmp_path):
    clip = write_clip(tmp_path / "my clip.mp4")
    result = run(clip, *STYLE, "--json")
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout.splitlines()[-1])
    assert report["output"] == str(tmp_path / "my clip_great-wave.mp4")
    assert report["frames"] == 12
    assert report["provider"].split()[0] in {"cpu", "openvino"}
    assert report["model"].startswith("fast ")
    assert report["size"] == report["output_size"] == [96, 64]
    assert {"decode", "inference", "encode"} <= set(report["milliseconds"])
    before, after = frames_of(clip), frames_of(report["output"])
    assert len(after) == 12
    assert np.abs(after[5].astype(int) - before[5]).mean() > 5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["my clip.mp4", "my clip_great-wave.mp4"]


def test_alpha_0_gives_the_input_back(clip, tmp_path):
    result = run(clip, *STYLE, "--alpha", "0", "--crf", "1", "-o", tmp_path / "same.mp4")
    assert result.returncode == 0, result.stderr
    for before, after in zip(frames_of(clip), frames_of(tmp_path / "same.mp4"), strict=True):
        assert np.abs(before.astype(int) - after).mean() < 2


def test_sizes(clip, tmp_path):
    result = run(clip, *STYLE, "--size", 32, "--output-size", 128, "-o", tmp_path / "out.mp4", "--json")
    report = json.loads(result.stdout.splitlines()[-1])
    assert report["size"] == [48, 32]
    assert report["output_size"] == [192, 128]
    assert frames_of(tmp_path / "out.mp4")[0].shape == (128, 192, 3)


@pytest.mark.parametrize(
    ("words", "short"),
    [
        ((), STROKE_SIZES["medium"]),
        (("--strokes", "bold"), STROKE_SIZES["bold"]),
        (("--strokes", "900"), 480),
        (("--size", "120"), 120),
    ],
)
def test_strokes_have_their_size_whatever_the_photos(words, short, tmp_path):
    picture = tmp_path / "photo.png"
    cv2.imwrite(str(picture), np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8))
    result = run(picture, *STYLE, *words, "-o", tmp_path / "out.png", "--json")
    report = json.loads(result.stdout.splitlines()[-1])
    assert (report["size"], report["output_size"]) == ([round(short * 4 / 3), short], [640, 480])


def test_a_part_of_a_video(clip, tmp_path):
    result = run(clip, *STYLE, "--start", "0.125", "--end", "0:00.25", "-o", tmp_path / "out.mp4", "--json")
    assert json.loads(result.stdout.splitlines()[-1])["frames"] == 3


def test_a_photo_in_gives_a_photo(tmp_path):
    photo = tmp_path / "phötö.png"
    data = cv2.imencode(".png", next(iter(SyntheticSource(61, 47, 1))).image)[1]
    photo.write_bytes(data.tobytes())
    result = run(photo, "--style", "kiss", "scream", "--weights", "1", "3", "--color", "content", "--json")
    assert result.returncode == 0, result.stderr
    output = Path(json.loads(result.stdout)["output"])
    assert output.name == "phötö_kiss+scream.png"
    assert cv2.imdecode(np.fromfile(output, np.uint8), cv2.IMREAD_COLOR).shape == (47, 61, 3)


def test_a_folder_in_gives_a_folder_and_a_bad_file_does_not_stop_the_rest(tmp_path):
    (tmp_path / "in").mkdir()
    write_clip(tmp_path / "in" / "b.mp4", frames=3)
    cv2.imwrite(str(tmp_path / "in" / "a.jpg"), next(iter(SyntheticSource(48, 32, 1))).image)
    (tmp_path / "in" / "c.mp4").write_text("no video")
    (tmp_path / "in" / "notes.txt").write_text("left alone")
    result = run(tmp_path / "in", *STYLE, "-o", tmp_path / "out")
    assert "c.mp4" in one_line(result, 1)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a_great-wave.jpg", "b_great-wave.mp4"]


def test_styles_are_listed():
    result = run("--list-styles")
    assert result.returncode == 0
    assert "starry-night" in result.stdout
    assert len(json.loads(run("--list-styles", "--json").stdout)) >= 16


def test_quiet_says_nothing(clip, tmp_path):
    result = run(clip, *STYLE, "-o", tmp_path / "out.mp4", "--quiet")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_an_existing_output_is_kept_unless_told(clip, tmp_path):
    (tmp_path / "out.mp4").write_text("precious")
    assert "--overwrite" in one_line(run(clip, *STYLE, "-o", tmp_path / "out.mp4"), 1)
    assert (tmp_path / "out.mp4").read_text() == "precious"
    assert run(clip, *STYLE, "-o", tmp_path / "out.mp4", "--overwrite").returncode == 0
    assert len(frames_of(tmp_path / "out.mp4")) == 12


def test_the_input_is_never_the_output(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", frames=3)
    before = clip.read_bytes()
    assert "the input itself" in one_line(run(clip, *STYLE, "-o", clip, "--overwrite"), 2)
    (tmp_path / "link.mp4").symlink_to(clip)
    assert "the input itself" in one_line(run(clip, *STYLE, "-o", tmp_path / "link.mp4", "--overwrite"), 2)
    assert clip.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "INPUT"),
        (("x.mp4",), "--style"),
        (("x.mp4", *STYLE, "--alpha", "2"), "from 0 to 1"),
        (("x.mp4", *STYLE, "--alpha", "nan"), "wanted a number, or values at times"),
        (("x.mp4", *STYLE, "--weights", "1", "2"), "got 2"),
        (("x.mp4", *STYLE, "--weights", "-1"), "0 or more"),
        (("x.mp4", *STYLE, "--start", "abc"), "h:mm:ss"),
        (("x.mp4", *STYLE, "--start", "3", "--end", "2"), "--end must come after"),
        (("x.mp4", *STYLE, "--size", "0"), "16 to 8192"),
        (("x.mp4", *STYLE, "--crf", "99"), "--crf"),
        (("x.mp4", *STYLE, "--device", "tpu"), "tpu"),
        (("x.mp4", *STYLE, "--bogus"), "--bogus"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(arguments, message):
    result = run(*arguments)
    assert message in one_line(result, 2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "does not exist"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_text("just text\n" * 100), "not a video or photo"),
        (lambda path: path.mkdir(), "holds no videos or photos"),
    ],
)
def test_bad_inputs_are_one_line_and_exit_code_1(tmp_path, make, message):
    path = tmp_path / "in.mp4"
    make(path)
    assert message in one_line(run(path, *STYLE, "-o", tmp_path / "out.mp4"), 1)
    assert not list(tmp_path.glob("out*"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--style", "absent.jpg"), "does not exist"),
        ((*STYLE, "--device", "cuda"), "cuda"),
        ((*STYLE, "-o", "nowhere/out.mp4"), "does not exist"),
        ((*STYLE, "-o", "out.mp4", "--start", "100"), "--start"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_exit_code_1(clip, tmp_path, arguments, message):
    assert message in one_line(run(clip, *arguments, cwd=tmp_path), 1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--style", "no-such-style"), "streamstyle styles"),
        (("--style", ""), "got ''"),
        ((*STYLE, "--model", "vgg99"), "vgg99"),
        ((*STYLE, "-o", "out.xyz"), "choose one of"),
        ((*STYLE, "-o", "out.png"), "photo"),
        ((*STYLE, "-o", "out.mp4", "--codec", "wrong"), "unknown codec"),
        ((*STYLE, "-o", "out.webm", "--codec", "h264"), "does not go into"),
    ],
)
def test_what_is_named_and_is_not_there_is_one_line_and_exit_code_2(clip, tmp_path, arguments, message):
    assert message in one_line(run(clip, *arguments, cwd=tmp_path), 2)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("CLIP",), "--style"),
        (("CLIP", *STYLE, "-o", "out.xyz"), "choose one of"),
        (("CLIP", *STYLE, "-o", "there.mp4"), "--overwrite"),
        (("absent.mp4", *STYLE), "does not exist"),
        ((*STYLE, "absent.mp4"), "if that is 'absent.mp4', name it before --style"),
        (("CLIP", *STYLE, "-o", "there.mp4", "--skip-existing"), ""),
    ],
)
def test_what_cannot_be_done_is_told_before_a_model_is_loaded(clip, tmp_path, monkeypatch, capsys, arguments, message):
    def load(*_, **__):
        pytest.fail("loading takes seconds")

    monkeypatch.setattr("streamstyle.commands.video.Stylizer", load)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.mp4").write_text("there")
    code = main(["video", *(str(clip) if word == "CLIP" else word for word in arguments)])
    assert bool(code) == bool(message)
    assert message in capsys.readouterr().err


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory):
    return write_clip(tmp_path_factory.mktemp("long") / "long.mp4", frames=600, width=320, height=240)


@pytest.fixture
def slow_run(long_clip, tmp_path):
    """A run that would take long, stylizing its first frames."""
    command = [sys.executable, ROOT / "run_video.py", long_clip, *STYLE, "--output-size", "480", "-o", tmp_path / "out.mp4"]
    process = subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    partial = tmp_path / "out.partial.mp4"
    deadline = time.monotonic() + 100
    while not (partial.exists() and partial.stat().st_size > 100_000):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield process, partial
    process.kill()
    process.communicate(timeout=60)


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopping_leaves_a_playable_partial_file(slow_run, number, code):
    process, partial = slow_run
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == code
    assert str(partial) in errors
    assert "Traceback" not in errors
    assert 20 < len(frames_of(partial)) < 600
    assert not (partial.parent / "out.mp4").exists()


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_kill_9_leaves_a_playable_partial_file(slow_run):
    process, partial = slow_run
    process.kill()
    process.communicate(timeout=30)
    assert 20 < len(frames_of(partial)) < 600
    assert not (partial.parent / "out.mp4").exists()


def test_a_truncated_video_is_done_as_far_as_it_goes(tmp_path):
    clip = write_clip(tmp_path / "cut.mkv", frames=120)
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size * 2 // 3])
    result = run(clip, *STYLE, "--json", "-o", tmp_path / "out.mp4")
    assert result.returncode == 0, result.stderr
    assert "warning" in result.stderr
    assert "damaged or cut short" in result.stderr
    report = json.loads(result.stdout.splitlines()[-1])
    assert 0 < report["frames"] < 120
    assert len(frames_of(tmp_path / "out.mp4")) == report["frames"]


def test_a_full_disk_is_one_line(tmp_path):
    resource = pytest.importorskip("resource")
    clip = write_clip(tmp_path / "clip.mp4", frames=100)

    def small_files_only():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    result = run(clip, *STYLE, "-o", tmp_path / "out.mp4", preexec_fn=small_files_only)
    assert "disk is full" in one_line(result, 1)
    assert not (tmp_path / "out.mp4").exists()


def test_the_demo_shows_before_and_after(tmp_path):
    command = [sys.executable, "-m", "streamstyle", "demo", "-o", str(tmp_path / "demo")]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stderr
    assert re.search(r"fps on (cpu|openvino)", result.stdout), result.stdout
    assert result.stdout.count("\n  streamstyle ") == 3
    picture = cv2.imread(str(tmp_path / "demo" / "before_and_after.png"))
    assert picture.shape == (480, 960, 3)
    left, right = picture[:, :480].astype(int), picture[:, 480:].astype(int)
    assert np.abs(left - right).mean() > 5
    with av.open(str(tmp_path / "demo" / "before_and_after.mp4")) as video:
        assert float(video.duration / av.time_base) == pytest.approx(2.5, abs=0.1)
        sound = np.concatenate([frame.to_ndarray() for frame in video.decode(audio=0)], axis=1)
    assert np.abs(sound).max() > 0.05


def test_a_demo_that_cannot_be_leaves_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["demo", "--style", "nope"]) == 2
    assert "neither a file nor the name of a style" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_two_dashes_alone_ask_for_a_command(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["--"])
    assert "required: COMMAND" in capsys.readouterr().err
