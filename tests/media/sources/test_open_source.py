"""Which source opens what, and what a folder stands for."""

from pathlib import Path

import cv2
import pytest

from streamstyle.errors import SourceError
from streamstyle.media.sources import expand_inputs, open_source
from streamstyle.media.sources.image import ImageSource
from streamstyle.media.sources.video import VideoSource
from tests.clips import make_clip, pattern


def photo(path: Path, suffix: str = ".png") -> Path:
    path.write_bytes(cv2.imencode(suffix, pattern(0, 32, 32))[1].tobytes())
    return path


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".bmp", ".tif", ".ppm"])
def test_a_photo_is_known_by_its_content(tmp_path: Path, suffix: str) -> None:
    with open_source(str(photo(tmp_path / "really_a_photo.mp4", suffix))) as source:
        assert isinstance(source, ImageSource)


def test_a_video_is_known_by_its_content(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", frames=3)
    for name in ("really_a_clip.png", "no_ending"):
        (tmp_path / name).write_bytes(clip.read_bytes())
        with open_source(str(tmp_path / name)) as source:
            assert isinstance(source, VideoSource)
            assert len(list(source)) == 3


def test_names_with_percent_signs_and_colons_are_plain_names(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", frames=3)
    for name in ("100%d.mp4", "12:30.mp4", "-dash.mp4", "Größe 漢字.mp4"):
        (tmp_path / name).write_bytes(clip.read_bytes())
        with open_source(str(tmp_path / name)) as source:
            assert len(list(source)) == 3


def test_relative_names_with_colons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = make_clip(tmp_path / "a.mp4", frames=3)
    (tmp_path / "12:30.mp4").write_bytes(clip.read_bytes())
    monkeypatch.chdir(tmp_path)
    with open_source("12:30.mp4") as source:
        assert len(list(source)) == 3


def test_folders_are_expanded_in_natural_order(tmp_path: Path) -> None:
    for name in ("clip10.mp4", "clip2.MP4", "clip1.mkv", "Photo.PNG", ".hidden.mp4", "notes.txt", "sub.mp4"):
        (tmp_path / name).mkdir() if name == "sub.mp4" else (tmp_path / name).touch()
    found = [Path(name).name for name in expand_inputs([str(tmp_path)])]
    assert found == ["clip1.mkv", "clip2.MP4", "clip10.mp4", "Photo.PNG"]
    assert expand_inputs(["a.mp4", "rtsp://host/live", str(tmp_path / "notes.txt")])[:2] == ["a.mp4", "rtsp://host/live"]


def test_empty_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(SourceError, match="holds no videos or photos"):
        expand_inputs([str(tmp_path)])
