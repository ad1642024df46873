"""Going on with what has come, with servers of all kinds."""

import hashlib

import pytest

from export.addresses import DownloadError
from tests.export.download.server import CONTENT, OTHER, Script, Step, get, leave, names, wanted


@pytest.mark.parametrize(
    "step",
    [
        Step(ranges=False),
        Step(content_range=None),
        Step(content_range="bytes 5-{end}/{size}"),
        Step(content_range="nonsense"),
    ],
    ids=["ignores ranges", "no Content-Range", "another place", "nonsense"],
)
def test_a_server_that_cannot_go_on_is_asked_for_all(server, tmp_path, step):
    leave(tmp_path, CONTENT[:1000])
    server.usual = step
    assert get(wanted(server), tmp_path).read_bytes() == CONTENT


def test_a_range_past_the_end_starts_over(server, tmp_path):
    leave(tmp_path, OTHER + b"more")
    assert get(wanted(server, size=False), tmp_path).read_bytes() == CONTENT
    assert server.ranges() == ["bytes=300004-", None]


def test_a_part_that_nobody_asked_for_is_an_error(server, tmp_path):
    server.usual = Step(status=206)
    with pytest.raises(DownloadError, match="a part where the whole was asked for"):
        get(wanted(server), tmp_path)


def test_a_file_changed_between_two_connections_starts_over_by_its_etag(server, tmp_path):
    server.steps = [Step(content=OTHER, cut=1000, etag='"old"')]
    assert get(wanted(server), tmp_path).read_bytes() == CONTENT
    assert server.requests[1][1]["If-Range"] == '"old"'
    assert server.ranges() == [None, "bytes=1000-"]  # answered with the whole


def test_a_weak_etag_is_no_proof_so_the_date_is_used(server, tmp_path):
    date = "Sat, 04 Jul 2020 00:00:00 GMT"
    server.usual = Step(cut=200_000, etag='W/"one"', modified=date)
    assert get(wanted(server), tmp_path).read_bytes() == CONTENT
    assert server.requests[1][1]["If-Range"] == date


def test_pieces_of_two_files_start_over_once_by_their_hash(server, tmp_path):
    leave(tmp_path, OTHER[:1000])
    assert get(wanted(server), tmp_path).read_bytes() == CONTENT
    assert server.ranges() == ["bytes=1000-", None]


def test_pieces_that_are_wrong_again_fail_clearly(server, tmp_path):
    leave(tmp_path, CONTENT[:1000])
    server.usual = Step(content=OTHER)
    with pytest.raises(DownloadError, match=hashlib.sha256(OTHER).hexdigest()):
        get(wanted(server), tmp_path)
    assert server.ranges() == ["bytes=1000-", None]
    assert names(tmp_path) == []


def test_a_whole_that_replaced_the_pieces_and_is_wrong_is_not_asked_for_again(server, tmp_path):
    leave(tmp_path, CONTENT[:1000])
    server.usual = Step(content=OTHER, ranges=False)
    with pytest.raises(DownloadError, match="SHA-256"):
        get(wanted(server), tmp_path)
    assert len(server.requests) == 1


def test_who_starts_over_has_all_tries_again(server, tmp_path):
    leave(tmp_path, OTHER[:1000])
    server.steps = [Step(cut=0), Step(), Step(cut=0)]
    assert get(wanted(server), tmp_path, pauses=(0,)).read_bytes() == CONTENT


def test_it_starts_over_only_once_even_when_each_time_pieces_meet(server, tmp_path):
    broken, rest = Step(content=OTHER, cut=1000, if_range=False), Step(if_range=False)
    server.steps = [broken, rest, broken, rest]
    with pytest.raises(DownloadError, match="SHA-256"):
        get(wanted(server), tmp_path)
    assert server.ranges() == [None, "bytes=1000-"] * 2


def test_a_partial_file_that_is_whole_needs_no_server(tmp_path):
    leave(tmp_path, CONTENT)
    download = wanted(Script(address="http://127.0.0.1:9"), size=False)
    assert get(download, tmp_path).read_bytes() == CONTENT
    assert names(tmp_path) == ["net.pth"]


def test_a_partial_file_that_is_too_long_starts_over(server, tmp_path):
    leave(tmp_path, CONTENT + b"more")
    assert get(wanted(server), tmp_path).read_bytes() == CONTENT
    assert server.ranges() == [None]
