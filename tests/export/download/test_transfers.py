"""Downloads that succeed, and transfers that break: against a server of the tests' own, nothing leaves this machine."""

import hashlib
import io
import random
import time
from pathlib import Path

import pytest
from rich.console import Console

from export.addresses import DownloadError
from tests.export.download.server import CONTENT, MIB, OTHER, Step, get, kept, leave, names, wanted


def test_a_download_leaves_the_file_and_nothing_else(server, tmp_path):
    path = get(wanted(server), tmp_path / "not" / "there")
    assert path == tmp_path / "not" / "there" / "net.pth"
    assert path.read_bytes() == CONTENT
    assert names(path.parent) == ["net.pth"]


def test_the_size_need_not_be_known(server, tmp_path):
    assert get(wanted(server, size=False), tmp_path).read_bytes() == CONTENT


def test_a_right_file_is_used_at_once_and_said_so(server, tmp_path, monkeypatch):
    (tmp_path / "net.pth").write_bytes(CONTENT)
    monkeypatch.setattr(Path, "mkdir", None)  # a folder that may only be read serves as well
    said = io.StringIO()
    path = get(wanted(server), tmp_path, console=Console(file=said))
    assert path.read_bytes() == CONTENT
    assert server.requests == []
    assert names(tmp_path) == ["net.pth"]
    assert said.getvalue() == f"net.pth: already there, {path}\n"


def test_a_wrong_file_is_replaced(server, tmp_path):
    (tmp_path / "net.pth").write_bytes(OTHER)
    said = io.StringIO()
    assert get(wanted(server), tmp_path, console=Console(file=said)).read_bytes() == CONTENT
    assert "another content" in said.getvalue()


@pytest.mark.parametrize("step", [Step(content=b"?" * len(CONTENT)), Step(status=404), Step(cut=1000)])
def test_a_wrong_file_stays_until_the_new_one_is_proven(server, tmp_path, step):
    server.usual = step
    (tmp_path / "net.pth").write_bytes(OTHER)
    with pytest.raises(DownloadError):
        get(wanted(server), tmp_path)
    assert (tmp_path / "net.pth").read_bytes() == OTHER


def test_a_wrong_content_fails_at_once_with_both_hashes_and_the_way_by_hand(server, tmp_path):
    server.usual = Step(content=OTHER)
    download = wanted(server)
    with pytest.raises(DownloadError) as caught:
        get(download, tmp_path)
    message = str(caught.value)
    assert download.sha256 in message
    assert hashlib.sha256(OTHER).hexdigest() in message
    assert download.url in message
    assert f"'{tmp_path / 'net.pth'}'" in message
    assert len(server.requests) == 1
    assert names(tmp_path) == []


def test_another_size_is_refused_before_what_has_come_is_touched(server, tmp_path):
    server.usual = Step(content=b"<html>please log in</html>", ranges=False)
    leave(tmp_path, CONTENT[:1000])
    with pytest.raises(DownloadError, match="26 bytes, wanted 300000"):
        get(wanted(server), tmp_path)
    assert kept(tmp_path) == CONTENT[:1000]
    assert len(server.requests) == 1


def test_a_body_without_end_is_left_at_the_known_size(server, tmp_path):
    server.usual = Step(content=CONTENT + bytes(64 * MIB), length=False)
    with pytest.raises(DownloadError, match="SHA-256"):
        get(wanted(server), tmp_path)
    assert server.sent < 32 * MIB
    assert names(tmp_path) == []


def test_a_body_of_untold_length_is_taken_by_its_hash(server, tmp_path):
    server.usual = Step(length=False)
    assert get(wanted(server, size=False), tmp_path).read_bytes() == CONTENT


# Broken transfers


def test_a_broken_transfer_is_kept_and_the_next_call_goes_on_with_it(server, tmp_path):
    server.steps = [Step(cut=200_000)]
    with pytest.raises(DownloadError, match=r"broke off; run the same command again \(it goes on from 0\.2 MB\)"):
        get(wanted(server), tmp_path, pauses=())
    assert kept(tmp_path) == CONTENT[:200_000]
    assert get(wanted(server), tmp_path).read_bytes() == CONTENT
    assert server.ranges() == [None, "bytes=200000-"]
    assert names(tmp_path) == ["net.pth"]


def test_one_call_goes_on_after_broken_connections(server, tmp_path):
    server.steps = [Step(cut=100_000), Step(cut=0), Step(cut=50_000)]
    assert get(wanted(server), tmp_path).read_bytes() == CONTENT
    assert server.ranges() == [None, "bytes=100000-", "bytes=100000-", "bytes=150000-"]


def test_a_reset_connection_is_tried_again(server, tmp_path):
    server.steps = [Step(cut=0, reset=True), Step(cut=1000, reset=True)]
    assert get(wanted(server), tmp_path).read_bytes() == CONTENT
    assert len(server.requests) == 3


def test_a_chunk_that_breaks_off_is_gone_on_with(server, tmp_path):
    server.usual = Step(chunked=True)
    server.steps = [Step(chunked=True, cut=1000)]
    assert get(wanted(server, size=False), tmp_path).read_bytes() == CONTENT
    assert server.ranges() == [None, "bytes=1000-"]


def test_an_answer_that_is_no_http_is_tried_again(server, tmp_path):
    server.steps = [Step(nonsense=True)]
    assert get(wanted(server), tmp_path).read_bytes() == CONTENT


def test_it_gives_up_after_as_many_tries_as_there_are_pauses(server, tmp_path, monkeypatch):
    slept = []
    monkeypatch.setattr(time, "sleep", slept.append)
    server.usual = Step(cut=0)
    with pytest.raises(DownloadError, match="broke off"):
        get(wanted(server), tmp_path, pauses=(1, 2))
    assert slept == [1, 2]
    assert len(server.requests) == 3


def test_a_line_that_breaks_often_but_gains_gets_to_the_end(server, tmp_path):
    content = random.Random(2).randbytes(5 * MIB)
    server.usual = Step(content=content, cut=MIB + 1000)
    assert get(wanted(server, content), tmp_path, pauses=(0,)).read_bytes() == content
    assert len(server.requests) == 5


def test_a_server_that_always_begins_again_and_breaks_is_given_up(server, tmp_path):
    content = random.Random(2).randbytes(3 * MIB)
    server.usual = Step(content=content, cut=2 * MIB, ranges=False)
    with pytest.raises(DownloadError, match="broke off"):
        get(wanted(server, content), tmp_path, pauses=(0, 0))
    assert len(server.requests) == 3  # only the first gained


def test_a_stalled_connection_is_left_and_what_came_is_kept(server, tmp_path):
    server.steps = [Step(stall=70_000)]
    assert get(wanted(server), tmp_path, timeout=0.3).read_bytes() == CONTENT
    assert server.ranges() == [None, "bytes=70000-"]


def test_a_server_that_stays_silent_is_named_with_the_time(server, tmp_path):
    server.usual = Step(stall=0)
    with pytest.raises(DownloadError, match=r"127\.0\.0\.1:\d+ sent nothing for 0\.2 s"):
        get(wanted(server), tmp_path, timeout=0.2, pauses=())


def test_a_server_in_trouble_is_tried_again(server, tmp_path):
    server.steps = [Step(status=500), Step(status=503), Step(status=429)]
    assert get(wanted(server), tmp_path).read_bytes() == CONTENT
