"""Own styles, favorites and thumbnails: over HTTP, with the child that encodes and paints."""

import asyncio
import errno
import io
import json
from types import SimpleNamespace

import numpy as np
import pytest

from streamstyle.errors import StyleError
from streamstyle.look.recipe import Recipe
from streamstyle.media.sources.synthetic import SyntheticSource
from streamstyle.studio.keys import ENGINE, EVENTS
from streamstyle.studio.shelf import routes
from streamstyle.studio.shelf import styles as shelf_styles
from streamstyle.studio.shelf.keys import STYLES, THUMBNAILS
from streamstyle.studio.shelf.painter import Painter
from streamstyle.studio.shelf.thumbnails import Thumbnails
from streamstyle.styles.paintings import PAINTINGS
from tests.studio.shelf.clients import add, get, over, photo, picture, problem, wait_until


@pytest.fixture(autouse=True)
def two_built_in_styles(monkeypatch):
    """So that few thumbnails are painted."""
    monkeypatch.setattr(shelf_styles, "PAINTINGS", [style for style in PAINTINGS if style.name in {"kiss", "great-wave"}])


def by_name(styles):
    return {style["name"]: style for style in styles}


async def send(client, data, name="painting.jpg"):
    return await client.post("/api/styles", params={"name": name}, data=io.BytesIO(data))


def test_a_picture_becomes_a_style_that_stays_and_paints(studio, data):
    async def first():
        async with studio() as client:
            shown = await get(client, "/api/styles")
            assert [style["name"] for style in shown] == ["great-wave", "kiss"]
            assert shown[0]["painter"] == "Katsushika Hokusai"
            assert (shown[0]["removable"], shown[0]["painting"]) == (False, None)
            answer = await send(client, photo(form="WEBP"), "../My Cat 🐈.jpg")
            style = await answer.json()
            assert answer.status == 201
            assert (style["name"], style["title"], style["kind"]) == ("my-cat", "My Cat 🐈", "own")
            assert (await (await send(client, photo(form="BMP"), "my_cat.png")).json())["name"] == "my-cat-2"
            assert (await picture(client, style["painting"])).shape == (64, 96, 3)
            assert len(client.app[EVENTS].of("styles")) == 2
            path = client.app[STYLES].path_of("my-cat")
            assert path == str(data / "styles" / "my-cat.jpg")
            assert client.app[STYLES].name_of(path) == "my-cat"
            client.app[ENGINE].wanted = Recipe((path,))
            job = await over(client, (await add(client, photo(), "a.png"))["id"])
            assert (job["phase"], job["result_name"]) == ("done", "a_my-cat.png")

    async def second():
        async with studio() as client:
            shown = by_name(await get(client, "/api/styles"))
            assert shown["my-cat"]["title"] == "My Cat 🐈"
            assert (await client.delete("/api/styles/my-cat")).status == 200
            assert list(by_name(await get(client, "/api/styles"))) == ["great-wave", "kiss", "my-cat-2"]
            assert (await problem(await client.delete("/api/styles/my-cat")))[0] == 404
            assert await problem(await client.delete("/api/styles/kiss")) == (
                409,
                "'kiss' is a built-in style; only your own can be removed",
            )

    asyncio.run(first())
    asyncio.run(second())
    assert [path.name for path in (data / "styles").iterdir()] == ["my-cat-2.jpg"]


def test_what_is_no_style_is_refused_with_words_and_leaves_nothing(studio, data):
    wrong = [
        (b"no picture at all", "'painting' is not a picture that can be read; wanted JPEG, PNG, WebP"),
        (photo()[:200], "'painting' is damaged"),
        (photo(4, 4), "style 'painting' is 4x4 pixels; wanted at least 8x8"),
        (b"", "'painting' is empty; wanted a picture"),
    ]

    async def go():
        async with studio() as client:
            for content, words in wrong:
                status, said = await problem(await send(client, content))
                assert status == 400
                assert said.startswith(words), said
            assert [style["name"] for style in await get(client, "/api/styles")] == ["great-wave", "kiss"]
            assert (await send(client, photo())).status == 201  # the child goes on

    asyncio.run(go())
    assert [path.name for path in (data / "styles").iterdir()] == ["painting.jpg"]


def test_what_is_too_large_is_refused(studio, data, monkeypatch):
    async def pieces():
        for _ in range(3):
            yield bytes(600_000)

    async def go():
        async with studio() as client:
            monkeypatch.setattr("streamstyle.studio.shelf.style_routes.MOST_STYLE_BYTES", 1_000_000)
            for body in (io.BytesIO(bytes(1_000_001)), pieces()):
                answer = await client.post("/api/styles", data=body)
                assert await problem(answer) == (413, "that is too large; at most 1 MB")

    asyncio.run(go())
    assert list((data / "styles").iterdir()) == []


def test_favorites_stay_and_a_damaged_file_of_them_is_set_aside_and_said(studio, data, caplog):
    async def first():
        async with studio() as client:
            assert not by_name(await get(client, "/api/styles"))["kiss"]["favorite"]
            answer = await client.put("/api/styles/kiss/favorite", json={"on": True})
            assert (await answer.json())["favorite"]

    async def second():
        async with studio() as client:
            assert by_name(await get(client, "/api/styles"))["kiss"]["favorite"]
            assert (await client.put("/api/styles/nope/favorite", json={"on": True})).status == 404
            assert (await client.put("/api/styles/kiss/favorite", json={"on": False})).status == 200
            assert not by_name(await get(client, "/api/styles"))["kiss"]["favorite"]

    asyncio.run(first())
    asyncio.run(second())
    (data / "shelf.json").write_text('{"titles": {}, "favorites": 3}')
    asyncio.run(first())
    assert (data / "shelf.json.damaged").read_text() == '{"titles": {}, "favorites": 3}'
    assert "shelf.json' is damaged" in caplog.text
    assert json.loads((data / "shelf.json").read_text())["favorites"] == ["kiss"]


def test_thumbnails_are_painted_on_the_sample_then_on_the_users_picture(studio, data):
    async def painted(client, count):
        events = client.app[EVENTS]
        await wait_until(lambda: len(events.of("thumbnail")) >= count)
        return events.of("thumbnail")[-1]["v"]

    async def go():
        async with studio() as client:
            sample = await picture(client, "/api/styles/kiss/thumbnail.jpg")
            await client.put("/api/styles/kiss/favorite", json={"on": True})
            await get(client, "/api/styles")
            assert await painted(client, 2) == 0
            assert [message["name"] for message in client.app[EVENTS].of("thumbnail")] == ["kiss", "great-wave"]
            first = await picture(client, "/api/styles/kiss/thumbnail.jpg")
            assert first.shape == (108, 192, 3)
            assert np.abs(first.astype(int).mean((0, 1)) - sample.mean((0, 1))).max() > 5
            assert await problem(await client.post("/api/styles/thumbnails")) == (
                409,
                "there is no picture yet; start a camera first",
            )
            client.app[ENGINE].newest = next(iter(SyntheticSource(320, 240, frames=1, seed=3)))
            assert (await client.post("/api/styles/thumbnails")).status == 202
            number = await painted(client, 4)
            shown = by_name(await get(client, "/api/styles"))
            assert shown["kiss"]["thumbnail"] == f"/api/styles/kiss/thumbnail.jpg?v={number}"
            second = await picture(client, shown["kiss"]["thumbnail"])
            assert second.shape == (144, 192, 3)

    asyncio.run(go())
    assert len(list((data / "thumbnails").iterdir())) == 3  # two styles and the picture


def test_files_that_users_put_into_the_folder_are_styles_too(studio, data):
    async def go():
        async with studio() as client:
            (data / "styles" / "Put here.png").write_bytes(photo(form="PNG"))
            (data / "styles" / "notes.txt").write_text("no style")
            shown = by_name(await get(client, "/api/styles"))
            assert list(shown) == ["great-wave", "kiss", "Put here"]
            assert shown["Put here"]["painting"] == "/api/styles/Put%20here/painting"
            assert (await picture(client, shown["Put here"]["painting"])).shape == (64, 96, 3)

    asyncio.run(go())


def test_two_pictures_of_one_name_at_once_are_two_styles(studio, data):
    async def go():
        async with studio() as client:
            answers = await asyncio.gather(send(client, photo()), send(client, photo(64, 64)))
            assert sorted([(await answer.json())["name"] for answer in answers]) == ["painting", "painting-2"]

    asyncio.run(go())


def test_a_camera_that_runs_gives_the_picture_for_the_thumbnails_once(studio, monkeypatch):
    monkeypatch.setattr(routes, "_LOOK_EVERY", 0.01)
    monkeypatch.setattr(routes, "_SETTLED_SECONDS", 0.01)

    async def go():
        async with studio() as client:
            engine, thumbnails = client.app[ENGINE], client.app[THUMBNAILS]
            engine.newest = next(iter(SyntheticSource(64, 64, frames=1)))
            await asyncio.sleep(0.05)
            assert thumbnails.number == 0
            engine.status = SimpleNamespace(phase="running", camera="0")
            await wait_until(lambda: thumbnails.number)
            first = thumbnails.number
            await asyncio.sleep(0.1)
            assert thumbnails.number == first
            engine.status = SimpleNamespace(phase="running", camera="1")
            await wait_until(lambda: thumbnails.number != first)

    asyncio.run(go())


def test_a_child_that_was_ended_is_started_again(tmp_path):
    async def go():
        painter = Painter("fast")
        (tmp_path / "a.png").write_bytes(photo(form="PNG"))
        await painter.ask(add=str(tmp_path / "a.png"), to=str(tmp_path / "first.jpg"), name="a")
        painter._child._process.kill()
        with pytest.raises(StyleError, match="painting ended unexpectedly"):
            await painter.ask(add=str(tmp_path / "a.png"), to=str(tmp_path / "b.jpg"), name="a")
        await painter.ask(add=str(tmp_path / "a.png"), to=str(tmp_path / "c.jpg"), name="a")
        await painter.close()

    asyncio.run(go())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "c.jpg", "first.jpg"]


def test_a_picture_for_the_thumbnails_that_cannot_be_stored_is_told(studio, monkeypatch):
    def full(_thumbnails, _image):
        raise OSError(errno.ENOSPC, "No space left on device")

    async def go():
        async with studio() as client:
            client.app[ENGINE].newest = next(iter(SyntheticSource(320, 240, frames=1)))
            monkeypatch.setattr(Thumbnails, "take", full)
            status, said = await problem(await client.post("/api/styles/thumbnails"))
            assert status == 507
            assert "no space left on device; make room" in said

    asyncio.run(go())
