"""Addresses that take a connection and then say nothing, or nothing more."""

import io

import av
import pytest
from PIL import Image as Pillow

from streamstyle.errors import SourceError
from streamstyle.frame import Frame
from streamstyle.media import libav, places
from streamstyle.media.sinks import open_sink
from streamstyle.media.sources import open_live_source, open_source
from streamstyle.media.sources.video import VideoSource
from tests.clips import Audio, make_clip, pattern
from tests.silent import OF_A_FILE, OF_PICTURES, falling_silent, mute, parts, rtsp, web


@pytest.fixture(autouse=True)
def _impatient(monkeypatch, request):
    seconds = 0.5 if "one_line" in request.node.name else 3.0  # where something comes, the machine may be busy
    for module, name in ((libav, "_SILENT_SECONDS"), (libav, "_SILENT_LIVE_SECONDS"), (places, "_TIMEOUT_SECONDS")):
        monkeypatch.setattr(module, name, seconds)


@pytest.fixture(scope="module")
def stream(tmp_path_factory):
    path = make_clip(
        tmp_path_factory.mktemp("silence") / "a.ts", frames=50, codec="mpeg2video", audio=[Audio("mp2", seconds=2)]
    )
    return path.read_bytes()


def jpegs(count):
    for index in range(count):
        kept = io.BytesIO()
        Pillow.fromarray(pattern(index, 64, 48)).save(kept, "JPEG")
        yield kept.getvalue()


@pytest.mark.parametrize("opened", [open_source, open_live_source])
@pytest.mark.parametrize(
    ("scheme", "answer"),
    [
        ("http", mute),
        ("http", web(b"HTTP/1.1 200 OK\r\n")),
        ("http", web(OF_A_FILE)),
        ("http", web(OF_PICTURES)),
        ("http", web(OF_PICTURES, b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 5000\r\n\r\n\xff\xd8")),
        ("rtsp", mute),
        ("rtsp", rtsp),
        ("rtmp", mute),
        ("tcp", mute),
    ],
)
def test_what_says_nothing_is_given_up_in_one_line(scheme, answer, opened):
    with falling_silent(answer) as server:
        address = f"{scheme}://127.0.0.1:{server.port}/a"
        with pytest.raises(SourceError) as refused:
            opened(address)
    words = str(refused.value)
    assert "\n" not in words
    assert words.startswith(f"'{address}' ")
    assert "no answer in time" in words


def test_a_film_that_stops_coming_is_kept_as_far_as_it_came(stream):
    with falling_silent(web(OF_A_FILE, stream[: len(stream) // 2])) as server:
        address = f"http://127.0.0.1:{server.port}/a.ts"
        with open_source(address) as source:
            count = sum(1 for _ in source)
    assert 10 < count < 45
    assert len(source.warnings) == 1
    assert "no answer in time" in source.warnings[0]


def test_its_sound_does_not_hold_up_the_picture(stream, tmp_path):
    """The sound is read over a connection of its own, which may be silent when the picture's is not."""

    def answer(connection):
        nonlocal times
        times += 1
        yield from web(OF_A_FILE, stream if times <= 1 else b"")(connection)

    times = 0
    with (
        falling_silent(answer) as server,
        VideoSource(f"http://127.0.0.1:{server.port}/a.ts") as source,
        open_sink(tmp_path / "a.mp4", info=source.info, width=64, height=48, companion=source.info.name) as sink,
    ):
        for frame in source:
            sink.write(frame)
    assert any("no answer in time" in line for line in sink.warnings)
    with av.open(str(tmp_path / "a.mp4")) as made:
        assert made.streams.video[0].frames >= 45


@pytest.mark.parametrize("kind", ["pictures", "stream"])
def test_a_live_stream_that_falls_silent_is_connected_again(stream, kind):
    said = (OF_PICTURES + parts(jpegs(40)),) if kind == "pictures" else (OF_A_FILE, stream[: len(stream) // 2])
    if kind == "stream":
        said = (said[0].replace(b"Content-Length: 9000000\r\n", b""), said[1])
    with falling_silent(web(*said)) as server, open_live_source(f"http://127.0.0.1:{server.port}/a") as source:
        assert source.info.is_live
        reasons, again = set(), False
        for frame in source:
            assert isinstance(frame, Frame)
            reasons.add(source.state.reason)
            if server.times > 3:  # one to look, one to play, one again
                again = True
                break
    assert again
