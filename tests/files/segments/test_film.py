import json
from fractions import Fraction

import numpy as np
import pytest

from streamstyle.errors import Interrupted, SinkError, UsageError
from streamstyle.files.segments import grid as grids
from streamstyle.files.segments import manifest as manifests
from streamstyle.files.segments.manifest import Manifest, Segment, folder_for, is_finished
from streamstyle.look.recipe import Recipe
from tests.clips import Audio, Subtitles, make_clip, read_packets, read_texts, read_times
from tests.files.segments.films import (
    LeaningStylizer,
    divide_short_films,
    frames_of,
    make_film,
    paint,
    shots,
    worst_mean_difference,
)

pytestmark = pytest.mark.usefixtures("short_films")


@pytest.fixture(scope="module")
def in_one_piece(film, tmp_path_factory):
    return plain(film, tmp_path_factory.mktemp("plain") / "plain.mp4", crf=1)


@pytest.fixture(scope="module")
def unbroken(film, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        divide_short_films(patch)
        output = tmp_path_factory.mktemp("unbroken") / "out.mp4"
        paint(film, output, crf=1)
    return output


def plain(clip, output, stylizer=None, **job):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grids, "LEAST_SECONDS", 10_000)
        paint(clip, output, stylizer, **job)
    return output


def stopped_after(frames, film, output, **more):
    """Paint a film until so many frames are done, as Ctrl-C does; as the unbroken one otherwise."""

    def stop(done):
        if done >= frames:
            raise Interrupted(2)

    with pytest.raises(Interrupted) as stopped:
        paint(film, output, progress=stop, crf=1, **more)
    return stopped.value


def same(one, other):
    """Whether two films have the same packets at the same times in all their tracks."""
    return all(
        read_packets(one, kind) == read_packets(other, kind) and read_times(one, kind) == read_times(other, kind)
        for kind in ("video", "audio", "subtitle")
    )


def test_segments_show_what_the_whole_shows(in_one_piece, unbroken):
    """But for what encoding loses, which is all that differs here."""
    differences = worst_mean_difference(unbroken, in_one_piece)
    assert len(differences) == 250
    assert np.mean(differences) < 1
    assert max(differences) < 2
    assert not folder_for(unbroken).exists()


def test_from_a_cut_on_every_picture_is_that_of_the_whole_and_after_a_division_near(film, tmp_path):
    whole, segments = LeaningStylizer(), LeaningStylizer()
    paint(film, tmp_path / "out.mp4", segments)
    plain(film, tmp_path / "plain.mp4", whole)
    own = segments.pictures[:50] + segments.pictures[54:154] + segments.pictures[158:208] + segments.pictures[212:]
    assert len(own) == len(whole.pictures) == 250
    differences = [np.abs(one.astype(int) - other).max() for one, other in zip(own, whole.pictures, strict=True)]
    assert max(differences[:50]) == 0
    assert max(differences[80:150]) == 0  # the third segment begins at a cut
    assert 0 < max(differences) < 16  # 255 / 2 ** 4: four frames of the memory of this painter


def test_sound_subtitles_and_times_are_those_of_the_plain_run(in_one_piece, unbroken):
    assert read_times(unbroken) == read_times(in_one_piece)
    for kind in ("audio", "subtitle"):
        assert read_packets(unbroken, kind) == read_packets(in_one_piece, kind)
        assert read_times(unbroken, kind) == read_times(in_one_piece, kind)
    assert read_texts(unbroken) == read_texts(in_one_piece)


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [
        (".mkv", "hevc"),
        pytest.param(".webm", None, marks=pytest.mark.slow),
        pytest.param(".mp4", "hevc", marks=pytest.mark.slow),
        pytest.param(".mp4", "av1", marks=pytest.mark.slow),
        pytest.param(".mov", None, marks=pytest.mark.slow),
    ],
)
def test_every_container_and_codec_is_joined(film, tmp_path, suffix, codec):
    output = tmp_path / f"out{suffix}"
    paint(film, output, codec=codec, crf=10)
    whole = plain(film, tmp_path / f"plain{suffix}", codec=codec, crf=10)
    assert np.mean(worst_mean_difference(output, whole)) < 2
    assert read_packets(output, "audio") == read_packets(whole, "audio")


def test_variable_frame_rate_keeps_every_time(tmp_path):
    rng = np.random.default_rng(3)
    pts = np.concatenate([[0], np.cumsum(rng.choice([1, 20, 40, 60, 300], 199))]).tolist()
    clip = make_clip(
        tmp_path / "vfr.mp4",
        images=shots([90, 110]),
        time_base=Fraction(1, 1000),
        pts=pts,
        audio=[Audio(seconds=5)],
        subtitles=[Subtitles(codec="mov_text")],
        options={"bf": "3"},
    )
    paint(clip, tmp_path / "out.mp4")
    plain(clip, tmp_path / "plain.mp4")
    assert read_times(tmp_path / "out.mp4") == read_times(tmp_path / "plain.mp4")
    assert [moment for moment, _ in frames_of(tmp_path / "out.mp4")] == [Fraction(moment, 1000) for moment in pts]


def test_a_part_of_a_film(film, tmp_path):
    part = {"start": Fraction(3, 2), "end": Fraction(17, 2)}
    paint(film, tmp_path / "out.mp4", **part)
    plain(film, tmp_path / "plain.mp4", **part)
    assert len(worst_mean_difference(tmp_path / "out.mp4", tmp_path / "plain.mp4")) == 175
    assert read_packets(tmp_path / "out.mp4", "audio") == read_packets(tmp_path / "plain.mp4", "audio")


def test_a_stopped_run_goes_on_and_gives_the_same_file(film, unbroken, tmp_path):
    lines = []
    output = tmp_path / "out.mp4"
    stopped = stopped_after(130, film, output)
    assert stopped.unfinished is None
    assert "2 of 5 segments are kept" in stopped.remark
    assert not output.exists()
    rest = LeaningStylizer()
    report = paint(film, output, rest, tell=lines.append, crf=1)
    assert lines == ["resuming: 2 of 5 segments done"]
    assert rest.painted == 170 + 2 * 4
    assert report.frames == 250
    assert same(output, unbroken)
    assert not folder_for(output).exists()


def test_a_painted_frame_counts_once_but_for_the_lead_in(film, tmp_path):
    """Five segments; the window of the second mark holds a cut, the three other marks divide a shot."""
    stylizer = LeaningStylizer()
    paint(film, tmp_path / "out.mp4", stylizer)
    assert stylizer.painted == 250 + 3 * 4


def test_looks_without_a_memory_need_no_lead_in(film, tmp_path):
    stylizer = LeaningStylizer()
    report = paint(film, tmp_path / "out.mp4", stylizer, recipe=Recipe(style=("x",), temporal="off"))
    assert stylizer.painted + report.reused == 250


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"style": "other"}, "another look"),
        ({"recipe": Recipe(style=("x",), grain=0.1)}, "another look"),
        ({"crf": 30}, "another codec, size or part of the film"),
        ({"output_size": 36}, "another codec, size or part of the film"),
        ({"codec": "hevc"}, "another codec, size or part of the film"),
    ],
)
def test_another_run_is_never_mixed_in(film, tmp_path, change, words):
    output = tmp_path / "out.mp4"
    stopped_after(100, film, output)
    with pytest.raises(UsageError) as refused:
        paint(film, output, **({"crf": 1} | change))
    assert words in str(refused.value)
    assert "--no-resume" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert len(list(folder_for(output).glob("*.nut"))) == 2
    lines = []
    assert paint(film, output, resume=False, tell=lines.append, **({"crf": 1} | change)).frames == 250
    assert lines == []


def test_another_input_or_model_is_never_mixed_in(tmp_path):
    clip, output = make_film(tmp_path / "film.mp4"), tmp_path / "out.mp4"
    stopped_after(100, clip, output)
    other = LeaningStylizer()
    other.version = "2"
    with pytest.raises(UsageError, match="another model;"):
        paint(clip, output, other, crf=1)
    make_film(clip, (100, 150))
    with pytest.raises(UsageError, match="another input;"):
        paint(clip, output, crf=1)


@pytest.mark.parametrize("harm", ["cut", "changed", "gone"])
def test_a_damaged_segment_is_painted_again(film, unbroken, tmp_path, harm):
    output, lines = tmp_path / "out.mp4", []
    stopped_after(160, film, output)
    segment = folder_for(output) / "00001.nut"
    data = segment.read_bytes()
    if harm == "gone":
        segment.unlink()
    else:
        segment.write_bytes(data[: len(data) // 2] if harm == "cut" else data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])
    paint(film, output, tell=lines.append, crf=1)
    assert lines[0] == "1 of the segments that were done are damaged and painted again"
    assert lines[1] == "resuming: 2 of 5 segments done"
    assert same(output, unbroken)


def test_what_was_begun_counts_for_nothing(film, unbroken, tmp_path):
    output = tmp_path / "out.mp4"
    stopped_after(100, film, output)
    (folder_for(output) / "00002.partial.nut").write_bytes(b"begun")
    (folder_for(output) / "00003.nut").write_bytes(b"whole, but never written down")
    paint(film, output, crf=1)
    assert same(output, unbroken)


def test_a_run_stopped_after_its_last_step_has_ended(film, unbroken, tmp_path, monkeypatch):
    """Between the moment when the result gets its name and that when the segments are removed."""
    output = tmp_path / "out.mp4"
    with monkeypatch.context() as patch:
        patch.setattr(manifests, "_remove", lambda _folder, release: release())
        paint(film, output, crf=1)
    assert folder_for(output).exists()
    assert is_finished(output)
    assert not folder_for(output).exists()
    assert not is_finished(output)
    assert same(output, unbroken)


def test_segments_stay_where_the_result_is_an_older_one(film, tmp_path):
    output = tmp_path / "out.mp4"
    output.write_bytes(b"older")
    stopped_after(100, film, output, overwrite=True)
    assert not is_finished(output)
    assert folder_for(output).exists()


def test_a_folder_of_somebody_else_stays(film, tmp_path):
    output = tmp_path / "out.mp4"
    folder_for(output).mkdir()
    diary = folder_for(output) / "diary.txt"
    diary.write_text("mine")
    for resume in (True, False):
        with pytest.raises(UsageError, match=r"diary\.txt"):
            paint(film, output, resume=resume)
    assert diary.read_text() == "mine"


def test_two_runs_do_not_write_one_film(film, tmp_path):
    output, refused = tmp_path / "out.mp4", []

    def again(done):
        if done == 60 and not refused:
            with pytest.raises(SinkError, match="being written by another run") as error:
                paint(film, output)
            refused.append(error)

    paint(film, output, progress=again)
    assert len(refused) == 1


def test_a_damaged_manifest_is_one_line(film, tmp_path):
    output = tmp_path / "out.mp4"
    stopped_after(100, film, output)
    (folder_for(output) / "manifest.json").write_text("{")
    with pytest.raises(UsageError, match="--no-resume"):
        paint(film, output)


def test_an_existing_result_is_refused_before_any_work(film, tmp_path):
    output = tmp_path / "out.mp4"
    output.write_bytes(b"mine")
    stylizer = LeaningStylizer()
    with pytest.raises(SinkError, match="exists"):
        paint(film, output, stylizer)
    assert stylizer.painted == 0
    assert output.read_bytes() == b"mine"


def test_short_clips_are_salvaged_as_ever(tmp_path):
    clip = make_clip(tmp_path / "clip.mp4", images=shots([45]))
    stopped = stopped_after(20, clip, tmp_path / "out.mp4")
    assert stopped.unfinished == str(tmp_path / "out.partial.mp4")
    assert not folder_for(tmp_path / "out.mp4").exists()


def test_a_film_that_was_cut_short_is_done_as_far_as_it_goes(tmp_path):
    clip = make_film(tmp_path / "film.mkv", subtitles=[])
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size * 2 // 3])
    report = paint(clip, tmp_path / "out.mp4")
    whole = plain(clip, tmp_path / "plain.mp4")
    assert read_times(tmp_path / "out.mp4") == read_times(whole)
    assert any("damaged or cut short" in line for line in report.warnings)


def test_what_is_not_the_same_from_its_middle_on_is_painted_in_one_piece(film, in_one_piece, tmp_path, monkeypatch):
    from streamstyle.files.segments.reading import Boundary

    lines, output = [], tmp_path / "out.mp4"
    monkeypatch.setattr(Boundary, "meets", lambda *_boundaries: False)
    report = paint(film, output, tell=lines.append, crf=1)
    assert "in one piece" in lines[0]
    assert report.frames == 250
    assert same(output, in_one_piece)
    assert not folder_for(output).exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("frames", None),
        ("frames", "many"),
        ("size", [1]),
        ("last", "1/0"),
        ("lasts", float("inf")),
        ("begins", {"time": "1/0"}),
    ],
)
def test_a_manifest_that_holds_odd_values_is_one_line(tmp_path, field, value):
    done = Segment(1, 0, 1, None, None, None, None, 1, "")
    manifest = Manifest(tmp_path / "out.mp4", {}, 1, resume=True)
    manifest.add(0, done)
    manifest.close()
    place = manifest.folder / "manifest.json"
    stored = json.loads(place.read_text())
    stored["segments"][0][field] = value
    for text in (json.dumps(stored), "[" * 100_000):
        place.write_text(text)
        with pytest.raises(UsageError, match="--no-resume"):
            Manifest(tmp_path / "out.mp4", {}, 1, resume=True)


def test_a_manifest_says_what_is_whole(film, tmp_path):
    output = tmp_path / "out.mp4"
    stopped_after(130, film, output)
    written = json.loads((folder_for(output) / "manifest.json").read_text())
    done = [segment for segment in written["segments"] if segment]
    assert [segment["frames"] for segment in done] == [50, 30]
    assert done[0]["beyond"] == done[1]["begins"]
