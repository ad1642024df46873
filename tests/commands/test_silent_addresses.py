"""Ctrl-C ends what waits for an address that fell silent, long before that is given up."""

import signal
import subprocess
import sys
import time

import pytest

from tests.clips import Audio, make_clip
from tests.silent import OF_A_FILE, falling_silent, mute, rtsp, web

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
FOR_EVER = """
from streamstyle.media import libav, places
libav._SILENT_SECONDS = libav._SILENT_LIVE_SECONDS = places._TIMEOUT_SECONDS = 3600
"""
COMMAND = f"{FOR_EVER}import sys; from streamstyle.__main__ import main; sys.exit(main(sys.argv[1:]))"
PROGRAM = """
import sys
import streamstyle as st
try:
    {}
except KeyboardInterrupt:
    sys.exit(130)
"""
READS = "for frame in st.{}(sys.argv[1]): pass"
PAINTS = "painter = st.load(); painter.paint_file(sys.argv[1], 'out.mp4', painter.look('kiss'))"
RUNS = """painter = st.load()
    source = st.open_camera(sys.argv[1])
    painter.run(source, st.open_sink('out.mp4', source.info), painter.look('kiss'))"""
WAYS = {
    "video": ("video", "--style", "kiss", "-o", "out.mp4"),
    "preview": ("video", "--style", "kiss", "--preview", "-o", "out.jpg"),
    "sheet": ("sheet", "--style", "kiss", "-o", "out.png"),
    "camera": ("camera", "--no-window", "--record", "out.mp4"),
    "studio": ("studio", "--no-browser", "--data", "data", "--port", "0"),
    "open_source": READS.format("open_source"),
    "open_camera": READS.format("open_camera"),
    "paint_file": PAINTS,
    "run": RUNS,
}


@pytest.fixture(scope="module")
def stream(tmp_path_factory):
    path = make_clip(
        tmp_path_factory.mktemp("silence") / "a.ts", frames=100, codec="mpeg2video", audio=[Audio("mp2", seconds=4)]
    )
    return path.read_bytes()


def ended(way, address, server, folder, before=lambda: None):
    """The exit code and what was said, once a program that waits for a server has been told to stop."""
    if isinstance(WAYS[way], str):
        code, words = FOR_EVER + PROGRAM.format(WAYS[way]), [address]
    else:
        name, *more = WAYS[way]
        code, words = COMMAND, [name, *(["--camera"] if name in {"camera", "studio"} else []), address, *more]
    command = [sys.executable, "-c", code, *words]
    running = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert server.asked.wait(100)
        before()
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=100)
    finally:
        running.kill()
        running.wait(60)
    return running.returncode, said


OPENING = [*((way, "http", mute) for way in WAYS), *((way, "rtsp", rtsp) for way in ("video", "camera", "open_camera"))]


@pytest.mark.parametrize(("way", "scheme", "answer"), OPENING)
def test_what_waits_to_open_ends_at_a_signal(way, scheme, answer, tmp_path):
    with falling_silent(answer) as server:
        code, said = ended(way, f"{scheme}://127.0.0.1:{server.port}/a", server, tmp_path)
    assert "Traceback" not in said
    assert code == 130, said


AS_FILM, AS_CAMERA = ("video", "studio", "open_source", "paint_file"), ("camera", "open_camera", "run")


@pytest.mark.parametrize("way", [*AS_FILM, *AS_CAMERA])
def test_what_waits_for_the_next_frame_ends_at_a_signal(way, stream, tmp_path):
    head = OF_A_FILE if way in AS_FILM else OF_A_FILE.replace(b"Content-Length: 9000000\r\n", b"")
    with falling_silent(web(head, stream[: len(stream) // 2])) as server:
        code, said = ended(way, f"http://127.0.0.1:{server.port}/a.ts", server, tmp_path, lambda: time.sleep(6))
    assert "Traceback" not in said
    assert code == 130, said
