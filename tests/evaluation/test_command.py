import csv
import json
import re
import shutil
import signal
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from evaluation import __main__ as command  # noqa: E402
from evaluation.measures.scorer import Scorer  # noqa: E402
from tests.clips import make_clip, pattern  # noqa: E402
from tests.vgg import save_random_vgg  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
FEW = ("--size", "64x64", "--draws", "4", "--basis-pictures", "2", "--no-cost")


def picture(seed, height=70, width=90):
    rng = np.random.default_rng(seed)
    return cv2.resize(rng.integers(0, 256, (6, 8, 3), np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Photos, paintings, a clip and a VGG-19 of made-up weights."""
    folder = tmp_path_factory.mktemp("world")
    for kind, count in (("photos", 3), ("paintings", 2)):
        (folder / kind).mkdir()
        for number in range(count):
            cv2.imwrite(str(folder / kind / f"{kind}{number}.png"), picture(100 * len(kind) + number))
    (folder / "clips").mkdir()
    make_clip(folder / "clips" / "street.mp4", images=[pattern(index, 96, 64) for index in range(10)])
    save_random_vgg(folder / "vgg.pth")
    return folder


@pytest.fixture(autouse=True)
def signals_as_they_were():
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def run(world, output, *arguments, few=FEW):
    paths = ["--contents", str(world / "photos"), "--styles", str(world / "paintings"), "--vgg", str(world / "vgg.pth")]
    return command.main([*paths, "-o", str(output), *few, *map(str, arguments)])


@pytest.fixture(scope="module")
def report(world, tmp_path_factory):
    """One evaluation of two models and a reference on pairs and a clip."""
    output = tmp_path_factory.mktemp("report")
    models = ("--model", "fast", "--model", "tinted=rgb", "--model", "painting")
    swept = ("--pairs", 2, "--ratios", "1:2", "1:1", "--sweep-pairs", 1, "--shown", 1)
    clips = ("--clips", world / "clips", "--clip-frames", 8, "--clip-size", 64, "--clip-styles", 1)
    arguments = [*models, *swept, *clips]
    assert run(world, output, *arguments) == 0
    return output, arguments


def test_the_results_hold_every_figure_of_every_pair(report):
    output, _ = report
    results = json.loads((output / "results.json").read_text())
    assert list(results["means"])[:2] == ["fast", "tinted"]
    assert results["means"]["identity"]["C"]["mean"] == pytest.approx(1)
    assert results["means"]["fast"]["E"]["count"] == 2
    full = [entry for entry in results["figures"] if entry["ratio"] == "0:1" and entry["system"] == "fast"]
    assert len(full) == 2
    assert results["means"]["fast"]["E"]["mean"] == pytest.approx(np.mean([entry["E"] for entry in full]))
    assert [point["label"] for point in results["curves"]["fast"]] == ["1:0", "1:1", "1:2", "0:1"]
    assert {row["mode"] for row in results["clips"] if row["system"] == "fast"} == {"off", "on"}
    assert {entry["metric"] for entry in results["comparisons"]} >= {"E", "C", "Ls"}
    assert any("end before conv5_1" in text for text in results["warnings"])
    assert any("below 20" in text for text in results["warnings"])


def test_the_csv_holds_the_same_figures(report):
    output, _ = report
    with (output / "results.csv").open() as file:
        rows = list(csv.DictReader(file))
    results = json.loads((output / "results.json").read_text())
    wanted = next(entry for entry in results["figures"] if entry["system"] == "fast" and entry["ratio"] == "1:2")
    (found,) = [
        row
        for row in rows
        if (row["system"], row["at"], row["figure"], row["content"]) == ("fast", "1:2", "Ls", wanted["content"])
    ]
    assert float(found["value"]) == wanted["Ls"]
    assert any(row["kind"] == "clip" and row["figure"] == "Ew" for row in rows)


class Page(HTMLParser):
    """What a page would fetch, and whether its tags are closed."""

    def __init__(self):
        super().__init__()
        self.fetched, self.open, self.counts = [], [], {}

    def handle_starttag(self, tag, attributes):
        self.counts[tag] = self.counts.get(tag, 0) + 1
        self.fetched += [value for name, value in attributes if name in {"src", "href"} and not value.startswith("data:")]
        if tag not in {"meta", "img", "br"} and not self.get_starttag_text().endswith("/>"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if self.open and self.open[-1] == tag:
            self.open.pop()


def test_the_page_is_whole_and_fetches_nothing(report):
    output, _ = report
    text = (output / "report.html").read_text()
    page = Page()
    page.feed(text)
    assert page.open == []
    assert page.fetched == []
    assert "script" not in page.counts
    assert not re.search(r"url\(|@import|https?://", text)
    assert "prefers-color-scheme:dark" in text
    # Photo, painting, fast and rgb of one pair; strips of the input, of fast in two modes, and of rgb.
    assert page.counts["img"] == 3 + 1 + 4
    assert page.counts["svg"] >= 7
    assert page.counts["table"] >= 6


def test_no_place_of_this_machine_is_told(report, world):
    output, _ = report
    for name in ("report.html", "results.json", "results.csv", "records.jsonl"):
        assert str(world) not in (output / name).read_text(), name


def test_the_same_command_again_measures_nothing_and_writes_the_same(report, world, monkeypatch):
    output, arguments = report
    names = ("records.jsonl", "results.json", "results.csv", "report.html")
    before = {name: (output / name).read_bytes() for name in names}
    monkeypatch.setattr(Scorer, "measure", None)  # nobody may call it
    assert run(world, output, *arguments) == 0
    assert {name: (output / name).read_bytes() for name in names} == before


ALONE = ("--model", "rgb", "--ratios", "--shown", 0)


@pytest.fixture
def folder(report, tmp_path):
    """A new folder that has the PCA basis already, which takes long to find."""
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    for path in report[0].glob("basis-*.npz"):
        shutil.copy(path, fresh)
    return fresh


@pytest.fixture(scope="module")
def plain(report, world, tmp_path_factory):
    """Three pairs of one cheap system, in one go; returns the results."""
    output = tmp_path_factory.mktemp("plain")
    assert run(world, output, *ALONE, "--pairs", 3) == 0
    return (output / "results.csv").read_text()


def test_a_stopped_run_goes_on_and_gives_the_same_figures(plain, world, folder, monkeypatch, capsys):
    measure, calls = Scorer.measure, []

    def stopped(self, *inputs):
        calls.append(1)
        if len(calls) == 4:
            signal.getsignal(signal.SIGTERM)(signal.SIGTERM, None)
        return measure(self, *inputs)

    monkeypatch.setattr(Scorer, "measure", stopped)
    assert run(world, folder, *ALONE, "--pairs", 3) == 143
    assert "goes on from there" in capsys.readouterr().err
    assert not (folder / "results.json").exists()
    assert run(world, folder, *ALONE, "--pairs", 3) == 0
    assert len(calls) == 4 + 3
    assert (folder / "results.csv").read_text() == plain


def test_more_pairs_keep_those_that_are_there(plain, world, folder):
    assert run(world, folder, *ALONE, "--pairs", 1) == 0
    before = (folder / "records.jsonl").read_text()
    assert run(world, folder, *ALONE, "--pairs", 3) == 0
    assert (folder / "records.jsonl").read_text().startswith(before)
    assert (folder / "results.csv").read_text() == plain


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (("--seed", 1), "seed was 0, is 1"),
        (("--size", "80x64"), "size was 64x64, is 80x64"),
        (("--draws", 5), "draws was 4, is 5"),
    ],
)
def test_other_settings_are_named_not_mixed_in(report, world, capsys, changed, told):
    output, arguments = report
    before = (output / "records.jsonl").read_bytes()
    assert run(world, output, *arguments, *changed) == 2
    assert told in capsys.readouterr().err
    assert (output / "records.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("--contents", "absent"), 1, "there is no 'absent'"),
        (("--clips", "absent"), 1, "there is no 'absent'"),
        (("--model", "rembrandt"), 1, "unknown model 'rembrandt'"),
        (("--model", "a=fast", "--model", "a=rgb"), 2, "two models are called 'a'"),
        (("--limit", "gatys=3"), 2, "no --model is called 'gatys'"),
        (("--vgg", "absent.pth"), 2, "there is no file 'absent.pth'"),
        (("--ratios", "3"), 2, "ratio of content to style"),
    ],
)
def test_what_cannot_be_used_is_one_line(world, tmp_path, capsys, arguments, code, told):
    assert run(world, tmp_path / "out", *arguments) == code
    error = capsys.readouterr().err
    assert told in error
    assert len(error.splitlines()) == 1


@pytest.mark.parametrize("arguments", [("--pairs", "0"), ("--size", "8x8"), ("--limit", "fast"), ("--clip-start", "-1")])
def test_a_wrong_command_line_is_refused(world, tmp_path, arguments):
    with pytest.raises(SystemExit) as stop:
        run(world, tmp_path, *arguments)
    assert stop.value.code == 2


def test_a_text_file_among_the_photos_is_left_out_and_named(world, tmp_path, capsys):
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "a.png").write_text("not a picture")
    cv2.imwrite(str(photos / "b.png"), picture(0))
    assert run(world, tmp_path / "out", "--contents", photos, "--pairs", 2, *ALONE) == 0
    assert "left out: 'a.png'" in capsys.readouterr().out.replace("\n", " ")
    (photos / "b.png").unlink()
    assert run(world, tmp_path / "none", "--contents", photos, *ALONE) == 1
    assert "no pair to evaluate" in capsys.readouterr().err


def test_a_clip_that_cannot_be_read_is_left_out_and_named(world, folder, tmp_path, capsys):
    clips = tmp_path / "clips"
    shutil.copytree(world / "clips", clips)
    (clips / "a_broken.mp4").write_text("no video")
    read = ("--clips", clips, "--clip-frames", 8, "--clip-size", 64, "--clip-styles", 1, "--pairs", 1)
    assert run(world, folder, *ALONE, *read) == 0
    assert "a_broken.mp4" in capsys.readouterr().out.replace("\n", "")
    assert {row["system"] for row in json.loads((folder / "results.json").read_text())["clips"]} == {"identity", "rgb"}


def test_weights_that_are_none_are_one_line(world, tmp_path, capsys):
    (tmp_path / "vgg.pth").write_text("no weights")
    assert run(world, tmp_path / "out", "--vgg", tmp_path / "vgg.pth") == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_folder_that_cannot_be_written_is_one_line(world, tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    assert run(world, tmp_path / "file" / "out") == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_the_weights_of_vgg_are_asked_for(world, tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("STREAMSTYLE_VGG", raising=False)
    paths = ("--contents", str(world / "photos"), "--styles", str(world / "paintings"), "-o", str(tmp_path))
    assert command.main(paths) == 2
    assert "STREAMSTYLE_VGG" in capsys.readouterr().err


def test_the_command_can_be_asked_for_help():
    done = subprocess.run(
        [sys.executable, "-m", "evaluation", "--help"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0
    assert "--contents" in done.stdout
