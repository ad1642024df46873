"""The page that paints in the browser alone, served by the studio where it is built."""

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from streamstyle.studio import pages


@pytest.fixture
def built(tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    for name in ("index.html", "app.js", "ort.wasm.gz", "models/style.onnx"):
        (tmp_path / name).write_bytes(name.encode())
    monkeypatch.setattr(pages, "WEB_FOLDER", tmp_path)
    return tmp_path


def answers(*paths):
    """(status, content type, content security policy, content) of each."""

    async def ask():
        app = web.Application()
        for route in pages._web_routes():
            app.router.add_route(route.method, route.path, route.handler)
        async with TestClient(TestServer(app)) as client:
            told = []
            for path in paths:
                answer = await client.get(path, auto_decompress=False)
                policy = answer.headers.get("Content-Security-Policy", "")
                told.append((answer.status, answer.content_type, policy, await answer.read()))
            return told

    return asyncio.run(ask())


def test_its_files_come_with_their_types_and_a_policy_that_lets_it_compute(built):
    page, again, graph, packed = answers("/web/", "/web", "/web/models/style.onnx", "/web/ort.wasm.gz")
    assert page[:2] == (200, "text/html")
    assert page == again
    assert "'wasm-unsafe-eval'" in page[2]
    assert (graph[0], graph[1], graph[3]) == (200, "application/octet-stream", b"models/style.onnx")
    assert packed[3] == b"ort.wasm.gz"


def test_without_it_there_are_no_such_routes(tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "WEB_FOLDER", tmp_path / "none")
    assert pages._web_routes() == ()
