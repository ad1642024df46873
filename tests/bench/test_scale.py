import json
from dataclasses import replace

import numpy as np
import pytest

from bench import __main__ as bench
from bench.parts import scale
from tests.clips import make_clip

COSTS = scale.Costs(frame=0.05, watch=0.01, segment=0.1, note=0.005, join=0.02, load=2.0, schedule=0.01, size=1e7)


def test_two_nodes_take_half_as_long_as_one_until_segments_run_out():
    times = [scale.simulate(200, nodes, COSTS) for nodes in (1, 2, 200, 1000)]
    assert times[0] / times[1] == pytest.approx(2, rel=0.02)
    assert times[3] == pytest.approx(times[2], rel=0.02)
    assert times[2] > scale.segment_seconds(COSTS)


def test_a_slow_driver_keeps_nodes_waiting():
    slow = scale.simulate(200, 100, replace(COSTS, schedule=1.0))
    assert slow > 200


def test_the_part_measures_and_simulates(tmp_path, monkeypatch):
    monkeypatch.setattr(scale, "_scheduling", lambda _setting: 0.01)
    images = list(np.random.default_rng(0).integers(0, 256, (6, 48, 64, 3), np.uint8))
    clip = make_clip(tmp_path / "clip.mp4", images=images)
    path = tmp_path / "bench.json"
    words = ["scale", "--clip", str(clip), "--device", "cpu", "--style", "kiss", "--sizes", "64x48", "--frames", "10"]
    assert bench.main([*words, "--json", str(path)]) == 0
    costs, simulated = json.loads(path.read_text())["parts"]["scale"]["tables"]
    assert all(milliseconds >= 0 for _, milliseconds, _ in costs["rows"])
    assert [row[0] for row in simulated["rows"]] == list(scale._NODES)
    minutes = [row[1] for row in simulated["rows"]]
    assert minutes == sorted(minutes, reverse=True)
