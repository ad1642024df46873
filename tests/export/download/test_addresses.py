"""Redirects, proxies and mirrors."""

import hashlib

import pytest

from export import download as module
from export.addresses import DownloadError
from export.download import ADAIN
from export.transfer import Download
from streamstyle.errors import UsageError
from tests.export.download.server import CONTENT, OTHER, Step, get, leave, wanted


def test_redirects_are_followed_also_when_resuming(server, tmp_path):
    leave(tmp_path, CONTENT[:1000])
    server.steps = [Step(location="/elsewhere")]
    assert get(wanted(server), tmp_path).read_bytes() == CONTENT
    assert [path for path, _ in server.requests] == ["/net.pth", "/elsewhere"]
    assert server.ranges() == ["bytes=1000-"] * 2


@pytest.mark.parametrize(
    "location", ["http://example.org/net.pth", "https://me:secret@example.org/", "file:///etc/hostname"]
)
def test_a_redirect_out_of_https_is_not_followed(server, tmp_path, location):
    server.usual = Step(location=location)
    with pytest.raises(DownloadError) as caught:
        get(wanted(server), tmp_path)
    assert "secret" not in str(caught.value)
    assert len(server.requests) == 1


def test_redirects_in_a_circle_end(server, tmp_path):
    server.usual = Step(location="/net.pth")
    with pytest.raises(DownloadError, match="HTTP 302"):
        get(wanted(server), tmp_path)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/net.pth",
        "ftp://127.0.0.1/net.pth",
        "file:///net.pth",
        "net.pth",
        "https://",
        "https://[",
        "https://a:b/",
    ],
)
def test_only_https_is_fetched(url, tmp_path):
    with pytest.raises(UsageError, match="must begin with https://"):
        get(Download("net.pth", url, "0" * 64, None), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("path", ["/a b", "/\u00e9"])
def test_an_address_that_is_none_is_one_clear_line(server, tmp_path, path):
    with pytest.raises(DownloadError, match="is not an address"):
        get(wanted(server, path=path), tmp_path)


def test_a_proxy_from_the_environment_is_used(server, tmp_path, monkeypatch):
    monkeypatch.setenv("http_proxy", server.address)
    download = Download("net.pth", "http://localhost:9/far/net.pth", hashlib.sha256(CONTENT).hexdigest(), None)
    assert get(download, tmp_path).read_bytes() == CONTENT
    assert [path for path, _ in server.requests] == ["http://localhost:9/far/net.pth"]


def test_a_failure_names_the_proxy_without_its_password(tmp_path, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://me:secret@127.0.0.1:9")
    with pytest.raises(DownloadError, match=r"github\.com \(through the proxy 127\.0\.0\.1:9\)") as caught:
        get(ADAIN[0], tmp_path)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("end", ["", "/"])
def test_a_mirror_is_used_by_argument_and_by_environment(server, tmp_path, monkeypatch, end):
    download = Download("net.pth", "http://127.0.0.1:9/net.pth", hashlib.sha256(CONTENT).hexdigest(), None)
    mirror = f"{server.address}/mirror{end}"
    get(download, tmp_path / "one", mirror=mirror)
    monkeypatch.setenv(module.MIRROR_VARIABLE, mirror)
    get(download, tmp_path / "two")
    assert [path for path, _ in server.requests] == ["/mirror/net.pth"] * 2


def test_a_mirror_with_another_content_is_refused(server, tmp_path):
    server.usual = Step(content=OTHER)
    with pytest.raises(DownloadError, match="SHA-256"):
        get(wanted(server), tmp_path, mirror=server.address)


def test_a_mirror_with_a_password_is_refused_without_showing_it(tmp_path):
    with pytest.raises(UsageError, match="mirror") as caught:
        get(ADAIN[0], tmp_path, mirror="https://me:secret@example.org")
    assert "secret" not in str(caught.value)
