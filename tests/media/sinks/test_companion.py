"""Sound, subtitles, titles and chapters go along, bit for bit where the container can hold them."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from streamstyle.media.sinks import open_sink
from streamstyle.media.sinks.base import Sink
from streamstyle.media.sources import open_source
from tests.clips import Audio, Subtitles, make_clip, read_packets, read_texts, read_times

TWO_TRACKS = (Audio(language="deu", title="Ton", default=True), Audio("ac3", language="eng", pitch=880))


def copy(
    source_path: Path,
    target: Path,
    *,
    start: Fraction | None = None,
    end: Fraction | None = None,
    stop_after: int | None = None,
) -> Sink:
    """From source to sink without a change."""
    with open_source(str(source_path), start=start, end=end) as source:
        info = source.info
        with open_sink(
            target, info=info, width=info.width, height=info.height, companion=str(source_path), start=start, end=end
        ) as sink:
            for frame in source:
                if stop_after is not None and frame.index >= stop_after:
                    break
                sink.write(frame)
    return sink


def offset(path: Path, kind: str = "audio", track: int = 0) -> Fraction:
    """How much later than the picture a track begins, in seconds."""
    return read_times(path, kind)[track][0] - read_times(path)[0][0]


def lengths(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        sound = []
        for stream in container.streams.audio:
            container.seek(0)
            sound.append(sum(frame.samples for frame in container.decode(stream)) / 48_000)
    return sound


def test_subtitles_of_a_clip_of_several_groups(tmp_path: Path) -> None:
    """libav's muxer of fragments ends the program at the second line."""
    lines = ((100, 300, "one"), (1000, 1200, "two"), (4000, 4100, "three"))
    clip = make_clip(tmp_path / "in.mp4", frames=130, subtitles=[Subtitles(lines, codec="mov_text")])
    copy(clip, tmp_path / "out.mp4")
    assert read_texts(tmp_path / "out.mp4") == read_texts(clip)


@pytest.mark.parametrize("before", ["in.mp4", "in.mkv", "in.mov"])
@pytest.mark.parametrize("after", ["out.mp4", "out.mkv", "out.mov"])
def test_identity_keeps_times_and_every_audio_packet(tmp_path: Path, before: str, after: str) -> None:
    clip = make_clip(tmp_path / before, frames=25, audio=TWO_TRACKS)
    sink = copy(clip, tmp_path / after)
    assert sink.warnings == []
    assert read_packets(tmp_path / after, "audio") == read_packets(clip, "audio")
    # Sound may begin a priming earlier than the picture; Matroska has no times before zero, so all times move there.
    shift = read_times(tmp_path / after)[0][0] if after == "out.mkv" and before != "in.mkv" else 0
    assert shift < Fraction(1, 40)
    assert read_times(tmp_path / after) == [[time + shift for time in read_times(clip)[0]]]
    for track in range(2):
        assert abs(offset(tmp_path / after, track=track) - offset(clip, track=track)) <= Fraction(1, 1000)


@pytest.mark.parametrize("late", [Fraction(1, 4), Fraction(-1, 4)], ids=["late", "early"])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_sound_that_begins_at_another_time_stays_in_sync(tmp_path: Path, late: Fraction, suffix: str) -> None:
    first = max(Fraction(0), -late)
    pts = [round((first + Fraction(i, 25)) * 1000) for i in range(25)]
    clip = make_clip(
        tmp_path / f"in{suffix}",
        frames=25,
        time_base=Fraction(1, 1000),
        pts=pts,
        audio=[Audio("mp3", start=max(Fraction(0), late))],
    )
    wanted = offset(clip)
    assert abs(wanted - late) < Fraction(1, 10)
    copy(clip, tmp_path / f"out{suffix}")
    assert abs(offset(tmp_path / f"out{suffix}") - wanted) <= Fraction(1, 1000)
    assert read_packets(tmp_path / f"out{suffix}", "audio") == read_packets(clip, "audio")


def test_a_clock_that_begins_anywhere_is_set_to_zero(tmp_path: Path) -> None:
    pts = [7000 + 40 * i for i in range(25)]
    clip = make_clip(tmp_path / "in.mkv", time_base=Fraction(1, 1000), pts=pts, frames=25, audio=[Audio(start=Fraction(7))])
    copy(clip, tmp_path / "out.mp4")
    assert read_times(tmp_path / "out.mp4")[0][0] == 0
    assert abs(offset(tmp_path / "out.mp4") - offset(clip)) <= Fraction(1, 1000)


def test_transport_stream_to_mp4(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "in.ts", frames=25, audio=[Audio()])
    assert copy(clip, tmp_path / "out.mp4").warnings == []
    assert lengths(tmp_path / "out.mp4") == pytest.approx([1.0], abs=0.06)
    assert abs(offset(tmp_path / "out.mp4") - offset(clip)) <= Fraction(1, 1000)


def test_joined_recordings_keep_picture_and_sound_together(tmp_path: Path) -> None:
    first = make_clip(tmp_path / "1.ts", frames=50, group=10, audio=[Audio(seconds=2)])
    joined = tmp_path / "joined.ts"
    joined.write_bytes(first.read_bytes() * 2)
    copy(joined, tmp_path / "out.mp4")
    picture, sound = read_times(tmp_path / "out.mp4")[0], read_times(tmp_path / "out.mp4", "audio")[0]
    assert len(picture) == 100
    assert len(sound) == len(read_times(joined, "audio")[0])
    assert abs(sound[-1] - picture[-1]) < Fraction(1, 5)


def test_labels_titles_chapters_and_fonts_are_kept(tmp_path: Path) -> None:
    clip = make_clip(
        tmp_path / "in.mkv",
        frames=25,
        audio=TWO_TRACKS,
        subtitles=[Subtitles(codec="ass", language="fra")],
        chapters=[(0, 0.4, "one"), (0.4, 1, "two")],
        metadata={"title": "The film"},
        attachment=b"letters",
    )
    for name in ("out.mkv", "out.mp4"):
        copy(clip, tmp_path / name)
        with av.open(str(tmp_path / name)) as container:
            assert [stream.metadata.get("language") for stream in container.streams.audio] == ["deu", "eng"]
            assert [stream.metadata.get("language") for stream in container.streams.subtitles] == ["fra"]
            assert container.metadata.get("title") == "The film"
            chapters = container.chapters()
            assert [chapter["metadata"].get("title") for chapter in chapters] == ["one", "two"]
            assert [float(chapter["start"] * (chapter["time_base"] or 0)) for chapter in chapters] == [0, 0.4]
            if name == "out.mkv":
                assert container.streams.audio[0].metadata.get("title") == "Ton"
                assert [bytes(stream.data) for stream in container.streams.attachments] == [b"letters"]


def test_dispositions_are_kept(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "in.mkv", frames=10, audio=TWO_TRACKS)
    copy(clip, tmp_path / "out.mkv")
    for path in (clip, tmp_path / "out.mkv"):
        with av.open(str(path)) as container:
            assert [int(stream.disposition) for stream in container.streams.audio] == [1, 0]


TEXTS: Sequence[tuple[int, str]] = [(100, "hello"), (400, "world")]


@pytest.mark.parametrize(
    ("before", "codec", "after"),
    [
        ("in.mkv", "subrip", "out.mkv"),
        ("in.mkv", "ass", "out.mkv"),
        ("in.mp4", "mov_text", "out.mp4"),
        ("in.mkv", "subrip", "out.mp4"),
        ("in.mkv", "ass", "out.mp4"),
        ("in.mp4", "mov_text", "out.mkv"),
        ("in.mkv", "subrip", "out.webm"),
        ("in.mp4", "mov_text", "out.webm"),
    ],
)
def test_subtitles_are_copied_or_converted(tmp_path: Path, before: str, codec: str, after: str) -> None:
    clip = make_clip(tmp_path / before, frames=25, subtitles=[Subtitles(codec=codec)])
    sink = copy(clip, tmp_path / after)
    assert read_texts(tmp_path / after) == [list(TEXTS)]
    same = Path(before).suffix == Path(after).suffix
    assert len(sink.warnings) == (not same)


@pytest.mark.parametrize(("after", "kept"), [("out.mkv", True), ("out.mp4", False)])
def test_pictures_as_subtitles_are_copied_or_left_out_and_said(tmp_path: Path, after: str, kept: bool) -> None:
    video = make_clip(tmp_path / "video.mkv")
    clip = tmp_path / "in.mkv"
    with av.open(str(video)) as given, av.open(str(clip), "w") as made:
        copied = made.add_stream_from_template(given.streams.video[0], opaque=True)
        drawn = made.add_mux_stream("hdmv_pgs_subtitle")
        for packet in given.demux(video=0):
            if packet.size:
                packet.stream = copied
                made.mux(packet)
        line = av.Packet(b"\x80\0\0")
        line.stream, line.time_base, line.pts, line.dts = drawn, Fraction(1, 1000), 100, 100
        made.mux(line)
    sink = copy(clip, tmp_path / after)
    assert len(sink.warnings) == (not kept)
    with av.open(str(tmp_path / after)) as container:
        assert len(container.streams.subtitles) == kept


@pytest.mark.parametrize(
    ("before", "codec", "after", "wanted"),
    [
        ("in.mkv", "aac", "out.webm", "opus"),
        ("in.mkv", "pcm_s16le", "out.webm", "opus"),
        ("in.avi", "wmav2", "out.mp4", "aac"),
    ],
)
def test_sound_is_encoded_anew_where_it_must_be(tmp_path: Path, before: str, codec: str, after: str, wanted: str) -> None:
    video = "mpeg4" if before == "in.avi" else "libx264"
    clip = make_clip(tmp_path / before, frames=25, codec=video, audio=[Audio(codec)])
    sink = copy(clip, tmp_path / after)
    assert len(sink.warnings) == 1
    assert wanted in sink.warnings[0]
    with av.open(str(tmp_path / after)) as container:
        assert container.streams.audio[0].codec_context.name in {wanted, f"lib{wanted}"}
        samples = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert len(samples) / 48_000 == pytest.approx(1, abs=0.08)
    crossings = int(np.count_nonzero(np.diff(np.signbit(samples[9600:38400]))))
    assert crossings == pytest.approx(2 * 440 * 0.6, abs=12)
    assert abs(offset(tmp_path / after) - offset(clip)) < Fraction(1, 10)  # decoders leave their first packet out


@pytest.mark.parametrize("codec", ["libopus", "mp3", "flac", "alac", "pcm_s16le"])
@pytest.mark.parametrize("after", ["out.mkv", "out.mp4", "out.mov", "out.m4v"])
def test_other_codecs_are_copied(tmp_path: Path, codec: str, after: str) -> None:
    if (after == "out.mov" and codec in {"libopus", "flac"}) or (after in {"out.mp4", "out.m4v"} and codec == "pcm_s16le"):
        pytest.skip(f"{after} cannot hold {codec}")
    clip = make_clip(tmp_path / "in.mkv", frames=25, audio=[Audio(codec)])
    assert copy(clip, tmp_path / after).warnings == []
    assert read_packets(tmp_path / after, "audio") == read_packets(clip, "audio")
    assert read_times(tmp_path / after) == read_times(clip)


def test_sound_longer_than_the_picture_is_kept_to_its_end(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "in.mp4", frames=5, audio=[Audio(seconds=2)])
    copy(clip, tmp_path / "out.mp4")
    assert read_packets(tmp_path / "out.mp4", "audio") == read_packets(clip, "audio")


def test_sound_shorter_than_the_picture(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "in.mp4", frames=75, audio=[Audio(seconds=0.3)])
    copy(clip, tmp_path / "out.mp4")
    assert read_packets(tmp_path / "out.mp4", "audio") == read_packets(clip, "audio")
    assert read_times(tmp_path / "out.mp4") == read_times(clip)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_trimming_trims_the_sound_and_keeps_sync(tmp_path: Path, suffix: str) -> None:
    clip = make_clip(
        tmp_path / f"in{suffix}",
        frames=75,
        group=10,
        audio=[Audio("mp3", seconds=3)],
        subtitles=[
            Subtitles(
                ((200, 500, "before"), (1200, 1400, "inside"), (2400, 2600, "after")),
                "mov_text" if suffix == ".mp4" else "subrip",
            )
        ],
        chapters=[(0, 0.5, "one"), (0.5, 1.5, "two"), (1.5, 3, "three")],
    )
    out = tmp_path / f"out{suffix}"
    copy(clip, out, start=Fraction(1), end=Fraction(2))
    times = read_times(out, "audio")[0]
    assert read_times(out)[0][0] == 0
    assert 0 <= times[0] < Fraction(1, 20)
    assert Fraction(19, 20) < times[-1] < 1
    first = read_packets(out, "audio")[0][0]
    place = read_packets(clip, "audio")[0].index(first)
    assert abs(read_times(clip, "audio")[0][place] - 1 - times[0] - read_times(clip)[0][0]) <= Fraction(1, 1000)
    assert read_texts(out) == [[(200, "inside")]]
    with av.open(str(out)) as container:
        titles = [
            (chapter["metadata"].get("title"), float(chapter["start"] * (chapter["time_base"] or 0)))
            for chapter in container.chapters()
        ]
    assert titles == [("two", 0.0), ("three", 0.5)]


def test_end_alone_ends_the_sound(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "in.mp4", frames=50, audio=[Audio(seconds=2)])
    copy(clip, tmp_path / "out.mp4", end=Fraction(1))
    assert Fraction(19, 20) < read_times(tmp_path / "out.mp4", "audio")[0][-1] < 1


def test_damaged_input_ends_the_sound_with_a_warning_or_goes_on(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "in.mkv", frames=50, audio=[Audio(seconds=2)])
    data = clip.read_bytes()
    clip.write_bytes(data[: len(data) * 2 // 3])
    copy(clip, tmp_path / "out.mp4")
    sound, picture = read_times(tmp_path / "out.mp4", "audio")[0], read_times(tmp_path / "out.mp4")[0]
    assert 0.5 < sound[-1] < 2
    assert 0.5 < picture[-1] < 2


def test_an_input_without_sound_is_fine(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "in.mp4")
    assert copy(clip, tmp_path / "out.mp4").warnings == []
    assert read_times(tmp_path / "out.mp4") == read_times(clip)


def test_companion_reads_only_as_far_as_the_video(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = make_clip(tmp_path / "in.mkv", frames=100, audio=[Audio("mp3", seconds=4)])
    muxed: list[float] = []
    with open_source(str(clip)) as source:
        sink: Any = open_sink(tmp_path / "out.mkv", info=source.info, width=64, height=48, companion=str(clip))
        send = sink._companion._send

        def watch(packets: Any) -> None:
            kept = list(packets)
            muxed.extend(float(packet.pts * packet.time_base) for packet in kept)
            send(iter(kept))

        monkeypatch.setattr(sink._companion, "_send", watch)
        for frame in source:
            sink.write(frame)
            assert not muxed or muxed[-1] <= frame.time + Fraction(1, 10)
        sink.close()
    assert len(muxed) > 100


def test_where_a_video_was_taken_is_left_out(tmp_path: Path) -> None:
    tags = {"title": "The film", "location": "+52.5200+013.4050/"}
    clip = make_clip(tmp_path / "in.mp4", frames=3, audio=[Audio(seconds=0.12)], metadata=tags)
    with av.open(str(clip)) as container:
        assert any("location" in key for key in container.metadata)
    copy(clip, tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.metadata["title"] == "The film"
        assert not any("location" in key for key in container.metadata)
