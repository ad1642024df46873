import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.vgg import save_random_vgg

torch = pytest.importorskip("torch")


ROOT = Path(__file__).resolve().parents[2]


def run(*arguments):
    command = [sys.executable, "-m", "evaluation.report.side_by_side", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture
def pictures(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("photo", "paint"):
        cv2.imwrite(str(tmp_path / f"{name}.png"), rng.integers(0, 256, (60, 90, 3), dtype=np.uint8))
    save_random_vgg(tmp_path / "vgg.pth")
    return tmp_path


def test_the_sheet_has_a_row_per_system_and_a_column_per_painting(pictures):
    folder = pictures
    done = run(
        *("--contents", folder / "photo.png", "--styles", f"Oil={folder / 'paint.png'}", "--models", "fast"),
        *("--vgg", folder / "vgg.pth", "--steps", 2, "--size", 64, 48, "-o", folder / "sheet.png"),
    )
    assert done.returncode == 0, done.stderr
    # Two systems under a label each; the photo and one painting beside each other.
    assert cv2.imread(str(folder / "sheet.png")).shape == (2 * (150 + 22), 2 * 200, 3)
    assert "photo 1, Oil, Gatys:" in done.stdout
    assert "first image" in done.stdout


def test_inputs_that_cannot_be_used_are_one_line(pictures):
    folder = pictures
    done = run("--contents", folder / "absent.png", "--styles", folder / "paint.png", "-o", folder / "sheet.png")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert not (folder / "sheet.png").exists()
