"""Saved looks over HTTP."""

import asyncio
import io

import pytest

from streamstyle.look.look_file import read_recipe
from streamstyle.look.recipe import Recipe
from streamstyle.look.timeline import Timeline
from streamstyle.studio.keys import ENGINE, EVENTS, TOLD
from tests.studio.shelf.clients import get, photo, problem


async def put(client, name, text=b""):
    return await client.put(f"/api/looks/{name}", data=io.BytesIO(text))


def test_a_look_is_saved_loaded_given_and_removed(studio, data):
    async def go():
        async with studio() as client:
            engine = client.app[ENGINE]
            (data / "styles" / "my-cat.jpg").write_bytes(photo())
            own = str(data / "styles" / "my-cat.jpg")
            saved = engine.wanted = Recipe(
                ("kiss", own), weights=(Timeline.constant(1.0), Timeline.constant(2.0)), person=own
            )
            assert (await (await put(client, "Friday night 🎉")).json())["name"] == "Friday night 🎉"
            engine.wanted = Recipe(("great-wave",))
            loaded = await (await client.post("/api/looks/Friday night 🎉/load")).json()
            assert engine.wanted == saved
            assert loaded["look"]["weights"] == [1.0, 2.0]
            assert client.app[TOLD].history.can_undo
            answer = await client.get("/api/looks/Friday night 🎉.toml")
            assert answer.headers["Content-Disposition"].startswith("attachment")
            text = await answer.text()
            assert 'style = ["kiss", "my-cat"]' in text
            assert str(data) not in text
            assert (await put(client, "Copy", text.encode())).status == 200
            assert [look["name"] for look in await get(client, "/api/looks")] == ["Copy", "Friday night 🎉"]
            assert (await client.delete("/api/looks/Copy")).status == 200
            assert len(client.app[EVENTS].of("looks")) == 3
            (data / "styles" / "my-cat.jpg").unlink()
            status, words = await problem(await client.post("/api/looks/Friday night 🎉/load"))
            assert (status, words) == (400, "there is no style 'my-cat'; GET /api/styles lists them")
            assert (await problem(await client.post("/api/looks/nope/load")))[0] == 404

    asyncio.run(go())
    assert [path.name for path in (data / "looks").iterdir()] == ["Friday night 🎉.toml"]
    assert read_recipe(data / "looks" / "Friday night 🎉.toml").style == ("kiss", "my-cat")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('style = ["/etc/hostname"]', "there is no style '/etc/hostname'"),
        ('style = ["https://example.org/a.jpg"]', "there is no style 'https://example.org/a.jpg'"),
        ('style = ["kiss"]\nperson = "../token"', "there is no style '../token'"),
        ('style = ["kiss"]\nmask = "/etc/hostname"', "the look names the mask '/etc/hostname', a file"),
        ('style = ["nobody"]', "there is no style 'nobody'"),
        ("alpha = 7", "the look, line 1: alpha: wanted numbers from 0 to 1, got '7'"),
        ("styles = 7", "the look, line 1: no option 'styles'"),
        ("= =", "the look is not TOML"),
        ("\udcff", "the look cannot be read: it is not UTF-8 text; save it as UTF-8"),
    ],
)
def test_a_look_from_elsewhere_names_no_files_and_is_checked(studio, data, text, words):
    async def go():
        async with studio() as client:
            status, said = await problem(await put(client, "a", text.encode(errors="surrogateescape")))
            assert status == 400
            assert said.startswith(words), said

    asyncio.run(go())
    assert list((data / "looks").iterdir()) == []


def test_names_of_looks_are_no_paths(studio, data, tmp_path):
    async def go():
        async with studio() as client:
            for name in ("..%2f..%2fx", "CON", "...", "a" * 300):
                assert (await put(client, name)).status == 200
            assert [look["name"] for look in await get(client, "/api/looks")] == ["_CON", "a" * 180, "look", "x"]

    asyncio.run(go())
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
