"""Names of inputs, and photos from the web."""

import http.server
import io
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streamstyle.errors import SourceError
from streamstyle.media.pictures import read_picture
from streamstyle.media.places import is_url, kind, local_path, quoted, read_bytes, stop_fetching
from streamstyle.media.sources import expand_inputs, open_source
from streamstyle.media.sources.image import AnimationSource, ImageSource

POSIX = pytest.mark.skipif(os.name == "nt", reason="POSIX files")


def picture() -> Image.Image:
    return Image.fromarray(np.mgrid[0:48, 0:64].sum(0).astype(np.uint8)).convert("RGB")


@POSIX
def test_what_is_being_fetched_can_be_stopped() -> None:
    begun, over = threading.Event(), threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"x")
            self.wfile.flush()
            begun.set()
            over.wait(60)

        def log_message(self, *_arguments: object) -> None: ...

    errors: list[SourceError] = []

    def fetch(address: str) -> None:
        try:
            read_bytes(address)
        except SourceError as error:
            errors.append(error)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}/a.png"
        thread = threading.Thread(target=fetch, args=(address,), daemon=True)
        try:
            thread.start()
            assert begun.wait(30)
            for _ in range(200):  # the answer has begun, and is taken up soon
                stop_fetching()
                thread.join(0.05)
                if not thread.is_alive():
                    break
            assert "cannot be fetched" in str(errors[0])
        finally:
            over.set()
            server.shutdown()


def test_file_addresses_are_paths(tmp_path: Path) -> None:
    path = tmp_path / "a b%20ü.png"
    picture().save(path)
    address = path.as_uri()
    assert local_path(address) == path
    assert not is_url(address)
    assert is_url("https://host/a.png")
    assert expand_inputs([address, tmp_path.as_uri()]) == [str(path)] * 2
    with open_source(address) as source:
        assert isinstance(source, ImageSource)
        assert source.info.name == str(path)
    assert read_picture(address).color.shape == (48, 64, 3)


@POSIX
def test_a_link_to_nothing_is_called_one(tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to("missing.png")
    for read in (read_bytes, open_source):
        with pytest.raises(SourceError, match="is a link to what does not exist"):
            read(str(tmp_path / "a.png"))


@POSIX
@pytest.mark.parametrize("way", ["long", "NUL", "loop", "pipe", "device", "missing", "folder", "below a file"])
def test_names_that_cannot_be_read_are_one_line(tmp_path: Path, way: str) -> None:
    (tmp_path / "loop.png").symlink_to("loop.png")
    os.mkfifo(tmp_path / "pipe.png")
    picture().save(tmp_path / "a.png")
    names = {
        "long": tmp_path / ("x" * 300 + ".png"),
        "NUL": f"{tmp_path}/a\0b.png",
        "loop": tmp_path / "loop.png",
        "pipe": tmp_path / "pipe.png",
        "device": "/dev/zero",
        "missing": tmp_path / "missing.png",
        "folder": tmp_path,
        "below a file": tmp_path / "a.png" / "b.png",
    }
    assert expand_inputs([str(names["missing"])]) == [str(names["missing"])]
    # A video may come out of a pipe, and is waited for.
    for read in (read_picture,) if way == "pipe" else (open_source, read_picture):
        with pytest.raises(SourceError) as failure:
            read(str(names[way]))
        assert "\n" not in str(failure.value)
        assert "\0" not in str(failure.value)
        assert len(str(failure.value)) < 300


def test_one_bad_name_does_not_keep_a_folder_from_being_read(tmp_path: Path) -> None:
    picture().save(tmp_path / "a.png")
    bad = "x" * 300
    assert expand_inputs([bad, str(tmp_path)]) == [bad, str(tmp_path / "a.png")]
    with pytest.raises(SourceError):
        kind(bad)


def test_names_in_messages_are_short_and_on_one_line() -> None:
    assert quoted("a.png") == "'a.png'"
    assert quoted("a\nb") == "'a?b'"
    assert len(quoted("x" * 5000)) < 140


@pytest.fixture
def server() -> Iterator[tuple[str, dict[str, bytes]]]:
    """An address, and what it answers by path."""
    files: dict[str, bytes] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/raw":
                self.wfile.write(files["/raw"])
                return
            body = files.get(self.path)
            self.send_response(404 if body is None else 200)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}", files
        running.shutdown()
        thread.join(60)


def stored(form: str, **options: object) -> bytes:
    stream = io.BytesIO()
    picture().save(stream, form, **options)  # type: ignore[arg-type]
    return stream.getvalue()


def test_photos_and_animations_of_the_web(server: tuple[str, dict[str, bytes]]) -> None:
    address, files = server
    files["/photo%20a?size=2"] = stored("AVIF")
    files["/watch?v=1"] = b"<!-- saved -->\n<!DOCTYPE html><html><body>a film</body></html>"
    files["/moving"] = stored("WEBP", save_all=True, append_images=[Image.new("RGB", (64, 48))], duration=100)
    with open_source(f"{address}/photo a?size=2") as source:
        assert isinstance(source, ImageSource)
        assert source.info.is_still
    with open_source(f"{address}/moving") as source:
        assert isinstance(source, AnimationSource)
        assert len(list(source)) == 2
    for read in (open_source, read_picture):
        with pytest.raises(SourceError, match=r"is a web page, .* save what it shows as a file"):
            read(f"{address}/watch?v=1")
        with pytest.raises(SourceError, match=r"404|not found|Not Found"):
            read(f"{address}/absent.png")


def test_a_photo_that_trickles_from_the_web_is_not_waited_for(
    server: tuple[str, dict[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, files = server
    files["/a.png"] = stored("PNG")
    assert read_picture(f"{address}/a.png").color.shape == (48, 64, 3)
    monkeypatch.setattr("streamstyle.media.places._LONGEST_SECONDS", -1)
    with pytest.raises(SourceError, match="cannot be fetched: it takes longer than"):
        read_picture(f"{address}/a.png")


def test_of_the_web_no_more_is_taken_than_a_picture_has(
    server: tuple[str, dict[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, files = server
    files["/a.png"] = stored("PNG") + bytes(3_000_000)
    assert read_picture(f"{address}/a.png").color.shape == (48, 64, 3)
    monkeypatch.setattr("streamstyle.media.places._MOST_FETCHED_BYTES", 2_000_000)
    with pytest.raises(SourceError, match="cannot be fetched: it is larger than 2 MB"):
        read_picture(f"{address}/a.png")


def test_what_a_server_says_cannot_command_the_terminal(server: tuple[str, dict[str, bytes]]) -> None:
    address, files = server
    files["/raw"] = b"\x1b[2Jnonsense\r\n\r\n"
    with pytest.raises(SourceError, match="nonsense") as refusal:
        read_picture(f"{address}/raw")
    assert str(refusal.value).isprintable()
