"""Who is let in, and what a hostile page, a wrong name, a flood or an odd path gets."""

import asyncio
import json
import ssl
import zlib

import aiohttp
import pytest

from streamstyle.errors import UsageError
from streamstyle.studio import routes, security, server
from streamstyle.studio.certificate import context_of, self_signed
from streamstyle.studio.keys import EVENTS, PICTURES
from streamstyle.studio.listening import address_of, listen
from streamstyle.studio.routes import MOST_JSON_BYTES
from streamstyle.studio.security import Guard, token_of
from streamstyle.studio.shelf import files
from streamstyle.studio.shelf.uploads import INCOMING
from tests.studio.servers import SECONDS, TOKEN, in_studio, next_picture, studio

EVERYWHERE = (
    "/",
    "/view",
    "/frame.jpg",
    "/stream.mjpg",
    "/page/main.js",
    "/api",
    "/api/state",
    "/api/events",
    "/api/picture",
    "/api/camera",
    "/api/jobs",
    "/nothing",
)


@in_studio(headers={})
async def test_nothing_is_answered_without_the_token(one):
    for path in EVERYWHERE:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Cookie": "streamstyle=wrong"}, {"Authorization": TOKEN}):
            async with one.session.get(one.url + path, headers=headers) as answer:
                assert answer.status == 401, path
                assert "the address that" in (await answer.json())["error"]
    for path in ("/api/state?token=" + TOKEN.replace(" ", "+"), "/?token=wrong"):
        await one.ask("GET", path, status=401)


@in_studio(headers={})
async def test_odd_bytes_are_no_token(one):
    host, port = one.url.removeprefix("http://").split(":")
    for line in (b"Cookie: streamstyle=\xff\xfe", b"Authorization: Bearer \xff", b"Cookie: streamstyle=%ff; streamstyle"):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET /api/state HTTP/1.1\r\nHost: localhost\r\n" + line + b"\r\n\r\n")
        assert (await reader.readuntil(b"\r\n")).split(b" ")[1] in {b"400", b"401"}
        writer.close()
    await one.ask("GET", "/api/state?token=%ff", status=401)


@in_studio(headers={})
async def test_the_address_gives_a_cookie_that_lets_in(one):
    async with one.session.get(one.url + "/", params={"token": TOKEN}, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/")
        cookie = answer.headers["Set-Cookie"]
    for word in ("HttpOnly", "SameSite=Strict", "Path=/"):
        assert word in cookie
    headers = {"Cookie": cookie.partition(";")[0]}
    async with one.session.get(one.url + "/api/state", headers=headers) as answer:
        assert answer.status == 200


@in_studio(headers={})
async def test_an_address_that_others_may_see_is_good_once(one):
    code = one.app[server.GUARD].once()
    for status in (303, 401):
        async with one.session.get(f"{one.url}/?token={code}", allow_redirects=False) as answer:
            assert answer.status == status


@in_studio()
async def test_other_web_pages_are_refused(one):
    port = one.url.rpartition(":")[2]
    for headers in (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:3000"},
        {"Origin": f"http://127.0.0.1.evil.example:{port}"},
        {"Host": "evil.example"},
        {"Host": f"127.0.0.1.evil.example:{port}"},
        {"Host": ""},
        {"Host": "["},
        {"Host": "[::1"},
        {"Origin": "http://["},
        {"Host": "192.0.2.1"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
    ):
        for path in ("/api/state", "/frame.jpg", "/", "/api/events"):
            async with one.session.get(one.url + path, headers=headers) as answer:
                assert answer.status in {400, 403}, (headers, path)
                assert "Access-Control-Allow-Origin" not in answer.headers
        for path in ("/api/events", "/api/picture", "/api/camera"):
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await one.socket(path, headers=headers)
    for headers in (
        {"Origin": one.url},
        {"Host": f"localhost:{port}", "Origin": f"http://localhost:{port}"},
        {"Host": "[::1]:8100"},
        {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"},
    ):
        async with one.session.get(one.url + "/api/state", headers=headers) as answer:
            assert answer.status == 200, headers


@in_studio(guard=Guard(TOKEN, hosts=["Studio.example"]))
async def test_a_name_that_is_allowed_is_ours(one):
    for host, status in (("studio.example", 200), ("STUDIO.example:80", 200), ("other.example", 403)):
        async with one.session.get(one.url + "/api/state", headers={"Host": host}) as answer:
            assert answer.status == status


def test_beyond_this_computer_numbers_and_its_own_name_will_do():
    guard = Guard(TOKEN, beyond=True)

    class Request:
        def __init__(self, host):
            self.host, self.headers = host, {}

    for host in ("192.0.2.7:8100", "[2001:db8::1]:8100", security.socket.gethostname().upper()):
        guard.check_place(Request(host))
    with pytest.raises(security.ApiError):
        guard.check_place(Request("evil.example"))


@in_studio(headers={}, guard=Guard(TOKEN, password="correct horse"))
async def test_a_password_lets_a_browser_in(one):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(security, "_WRONG_PASSWORD_SECONDS", 0.01)
        async with one.session.get(one.url + "/") as answer:
            assert answer.status == 401
            assert 'type="password"' in await answer.text()
        for password, lets_in in (("wrong", False), ("", False), ("correct horse", True)):
            async with one.session.post(one.url + "/login", data={"password": password}, allow_redirects=False) as answer:
                assert ("Set-Cookie" in answer.headers) == lets_in
        async with one.session.post(one.url + "/login", data={}, allow_redirects=False) as answer:
            assert "Set-Cookie" not in answer.headers
        for kind, data, status in (
            ("multipart/form-data; boundary=x", b"--x\r\n", 415),
            ("application/x-www-form-urlencoded", b"password=%ff", 303),
            ("application/x-www-form-urlencoded", b"password=\xff", 400),
            ("application/x-www-form-urlencoded; charset=nonsense", b"password=1", 400),
        ):
            headers = {"Content-Type": kind}
            async with one.session.post(one.url + "/login", data=data, headers=headers, allow_redirects=False) as answer:
                assert (answer.status, "Set-Cookie" in answer.headers) == (status, False)


@in_studio(headers={})
async def test_without_a_password_none_lets_in(one):
    for data in ({"password": "None"}, {"password": ""}, {}):
        async with one.session.post(one.url + "/login", data=data, allow_redirects=False) as answer:
            assert "Set-Cookie" not in answer.headers


@in_studio()
async def test_every_answer_tells_browsers_what_they_may_do(one):
    for path in ("/", "/view", "/api/state", "/page/main.js", "/nothing"):
        async with one.session.get(one.url + path) as answer:
            policy = answer.headers["Content-Security-Policy"]
            assert "unsafe" not in policy
            for word in ("default-src 'self'", "frame-ancestors 'none'", "script-src 'self'", "object-src 'none'"):
                assert word in policy
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
            assert answer.headers["Cache-Control"] in {"no-store", "no-cache"}


@pytest.mark.parametrize(
    "path",
    [
        "/page/../server.py",
        "/page/%2e%2e/server.py",
        "/page/..%2fserver.py",
        "/page//etc/passwd",
        "/page/%2fetc%2fpasswd",
        "/page/..\\server.py",
        "/page/index.html%00.js",
        "/api/pictures/..%2ftoken",
        "/api/pictures/%2e%2e%2ftoken",
        "/api/pictures/token",
        "/api/pictures/%00",
        "/api/looks/..%2ftoken.toml",
        "/api/styles/..%2f..%2ftoken/thumbnail.jpg",
        "/api/jobs/..%2f..%2ftoken/original",
    ],
)
def test_names_are_never_paths(tmp_path, path):
    async def within():
        async with studio(tmp_path) as one:
            (tmp_path / "data" / "token").write_text(TOKEN)
            host, port = one.url.removeprefix("http://").split(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            for method in ("GET", "DELETE"):
                request = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
                writer.write(request.encode())
                status = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1]
                assert status in {b"400", b"404", b"405"}
                break_off = await reader.read(4096)
                assert TOKEN.encode() not in break_off
            writer.close()
            assert (tmp_path / "data" / "token").exists()

    asyncio.run(within())


@in_studio()
async def test_large_and_odd_bodies_are_refused(one):
    headers = {"Content-Type": "application/json"}
    deep = b"[" * 100_000

    async def endless():
        for _ in range(3 * MOST_JSON_BYTES // 100_000):
            yield b" " * 100_000

    for data, status in (
        (b" " * (MOST_JSON_BYTES + 1), 413),
        (endless(), 413),
        (deep, 400),
        (b'{"on": NaN}', 400),
        (b'{"on": 1}', 400),
        (b'{"on": true, "more": 1}', 400),
        (b"\xff\xfe", 400),
        (b"", 400),
    ):
        async with one.session.put(one.url + "/api/mirror", data=data, headers=headers) as answer:
            assert answer.status == status
            assert "error" in await answer.json()
    async with one.session.put(
        one.url + "/api/mirror", data=b'{"on": true}', headers={"Content-Type": "text/plain"}
    ) as answer:
        assert answer.status == 415


@pytest.mark.parametrize("packed", [zlib.compress(b'{"on": true}'), b"nothing of the kind"])
def test_compressed_bodies_are_refused_unread(tmp_path, packed, caplog):
    async def within():
        async with studio(tmp_path) as one:
            for place in ("PUT /api/mirror", "PUT /api/looks/a", "POST /api/jobs", "POST /api/styles"):
                headers = {"Content-Type": "application/json", "Content-Encoding": "deflate"}
                said = await one.ask(*place.split(), data=packed, headers=headers, status=415)
                assert said == {"error": "wanted a body that is not compressed, without Content-Encoding"}

    asyncio.run(within())
    assert not caplog.records


async def _answer_to(url, *parts):
    """The status and the JSON that raw bytes are answered with, once the server has closed the connection."""
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    for part in parts:
        writer.write(part)
        await asyncio.sleep(0.1)
    async with asyncio.timeout(SECONDS):
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    return int(head.split(b" ")[1]), json.loads(body)


@pytest.mark.parametrize(
    ("request_", "word"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "HTTPS"),
        (b"NONSENSE\r\n\r\n", "method"),
        (b"GET / HTTP/9.9\r\n\r\n", "status line"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", "more than 65536 bytes"),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 9000 + b"\r\n\r\n", "more than 8190 bytes"),
        (b"GET / HTTP/1.1\r\n" + b"X: 1\r\n" * 200 + b"\r\n", "headers"),
        (b"GET / HTTP/1.1\r\nBad Header: \x00\r\n\r\n", "header"),
        (b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "Content-Length"),
        (b"GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "Transfer-Encoding"),
        (b"GET http://[ HTTP/1.1\r\n\r\n", "http://["),
    ],
)
def test_what_is_no_http_is_refused_in_one_line(tmp_path, request_, word, caplog):
    async def within():
        async with studio(tmp_path) as one:
            status, said = await _answer_to(one.url, request_)
            assert (status, list(said)) == (400, ["error"])
            assert said["error"].startswith("that cannot be read as HTTP: ")
            assert word in said["error"]
            assert "\n" not in said["error"]

    asyncio.run(within())
    assert not caplog.records


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize(
    "place", ["PUT /api/mirror", "POST /api/jobs", "PUT /api/looks/a", "POST /api/snapshot", "POST /login"]
)
def test_a_body_of_broken_chunks_is_refused_at_once(tmp_path, place, together, monkeypatch, caplog):
    monkeypatch.setattr(routes, "_PATIENCE_SECONDS", 3600)
    monkeypatch.setattr(files, "_PATIENCE_SECONDS", 3600)
    monkeypatch.setattr(security, "_FORM_SECONDS", 3600)
    kind = "application/x-www-form-urlencoded" if place == "POST /login" else "application/json"
    head = f"{place} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: {kind}\r\n"
    parts = [head.encode() + b"Transfer-Encoding: chunked\r\n\r\n", b"3\r\n", b"{}\r\n0\r\n\r\n"]

    async def within():
        async with studio(tmp_path, guard=Guard(TOKEN, password="correct horse")) as one:
            status, said = await _answer_to(one.url, *([b"".join(parts)] if together else parts))
            if place == "POST /api/snapshot" and not together:  # which takes no body
                assert status == 409
            else:
                assert status == 400
                assert ("chunk" if together else "the body is broken") in said["error"]
            assert not list((tmp_path / "data").rglob(f"{INCOMING}*"))

    asyncio.run(within())
    assert not caplog.records


@in_studio(with_camera=True)
async def test_idle_connections_take_nothing_from_the_picture(one):
    host, port = one.url.removeprefix("http://").split(":")
    idle = [await asyncio.open_connection(host, int(port)) for _ in range(100)]
    for _, writer in idle[::2]:
        writer.write(b"GET /api/state HTTP/1.1\r\nHost: local")
    async with one.socket("/api/picture") as socket:
        for _ in range(5):
            await next_picture(socket)
    for _, writer in idle:
        writer.close()


def test_idle_connections_are_dropped(tmp_path, monkeypatch):
    monkeypatch.setattr(server, "_IDLE_SECONDS", 0.1)

    async def within():
        async with studio(tmp_path) as one:
            host, port = one.url.removeprefix("http://").split(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(b"GET /api/state HTTP/1.1\r\nHost: local")
            async with asyncio.timeout(SECONDS):
                assert await reader.read() == b""
            writer.close()

    asyncio.run(within())


@in_studio()
async def test_odd_messages_end_no_socket(one):
    for path in ("/api/events", "/api/picture"):
        async with one.socket(path) as socket:
            for text in ("", "null", "[]", "{}", '{"next": 1}', '{"type": "time", "t": "x"}', "[" * 1000, '{"t": 1e999}'):
                await socket.send_str(text)
            await socket.send_bytes(b"\x00" * 100)
            await socket.ping()
            assert not socket.closed
        async with one.socket(path) as socket:
            await socket.send_str("x" * 100_000)
            while (await socket.receive(SECONDS)).type is aiohttp.WSMsgType.TEXT:
                pass
            assert socket.close_code == 1009
    async with asyncio.timeout(SECONDS):
        while one.app[EVENTS].listeners or one.app[PICTURES].viewers:
            await asyncio.sleep(0.01)


def test_the_token_stays_and_can_be_made_anew(tmp_path):
    token = token_of(tmp_path)
    assert len(token) >= 32
    assert token_of(tmp_path) == token
    assert (tmp_path / "token").stat().st_mode & 0o077 == 0
    assert token_of(tmp_path, new=True) != token
    (tmp_path / "token").write_bytes(b"\xff")
    assert len(token_of(tmp_path, new=True)) >= 32


def test_https_with_a_certificate_that_is_signed_here_and_kept(tmp_path):
    context = self_signed(tmp_path, ["localhost", "127.0.0.1"])
    made = (tmp_path / "certificate.pem").read_bytes()
    assert (tmp_path / "certificate.pem").stat().st_mode & 0o077 == 0
    self_signed(tmp_path, ["localhost", "127.0.0.1"])
    assert (tmp_path / "certificate.pem").read_bytes() == made
    self_signed(tmp_path, ["localhost", "127.0.0.1", "studio.example"])
    assert (tmp_path / "certificate.pem").read_bytes() != made
    trusting = ssl.create_default_context(cadata=made[made.index(b"-----BEGIN CERTIFICATE") :].decode())
    trusting.verify_flags &= ~ssl.VERIFY_X509_STRICT

    async def within():
        async with studio(tmp_path, context=context) as one:
            for host in ("127.0.0.1", "localhost"):
                address = one.url.replace("127.0.0.1", host) + "/api/state"
                async with one.session.get(address, ssl=trusting) as answer:
                    assert answer.status == 200
            async with one.session.get(
                one.url + "/", params={"token": TOKEN}, ssl=trusting, allow_redirects=False
            ) as answer:
                assert "Secure" in answer.headers["Set-Cookie"]

    asyncio.run(within())


def test_certificates_that_cannot_be_used_are_named(tmp_path):
    (tmp_path / "wrong.pem").write_text("no certificate")
    for name in ("wrong.pem", "missing.pem"):
        with pytest.raises(UsageError, match=f"--certificate: .*{name}"):
            context_of(tmp_path / name)


def test_the_password_in_a_cameras_address_is_not_told(tmp_path):
    async def within():
        async with studio(tmp_path) as one:
            source = {"kind": "url", "url": "http://name:secret@127.0.0.1:9/stream"}
            await one.ask("POST", "/api/live/start", {"source": source}, status=202)
            state = await one.until(lambda state: state["live"]["phase"] == "failed")
            assert "secret" not in json.dumps(state)

    asyncio.run(within())


def test_listening_twice_at_one_port_is_refused():
    one = listen("127.0.0.1", 0, "--port")
    port = int(address_of(one, "127.0.0.1").rpartition(":")[2])
    with pytest.raises(security.SinkError, match="--port"):
        listen("127.0.0.1", port, "--port")
    one.close()
