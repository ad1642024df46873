"""The live picture over the API: look, camera, outputs, events."""

import asyncio
import struct
import time

import aiohttp
import av
import cv2
import numpy as np
import pytest

from streamstyle.errors import ModelError
from streamstyle.media.sources import open_source
from streamstyle.studio import engine, pictures, watching
from streamstyle.studio.keys import ENGINE, FOLDERS, PICTURES
from streamstyle.styles.paintings import PAINTINGS
from tests.clips import pattern
from tests.fakes import FakeStylizer
from tests.studio.servers import HEIGHT, SECONDS, WIDTH, clip, in_studio, jpeg_of, next_picture, read_jpeg, studio


def inverted(painted, original):
    return np.abs(painted.astype(int) - (255 - original.astype(int))).mean() < 12


@in_studio(with_camera=True)
async def test_a_film_as_camera_is_painted(one):
    state = await one.running()
    assert state["live"] == {
        "phase": "running",
        "source": {"kind": "file", "name": "camera.mp4"},
        "size": [WIDTH, HEIGHT],
        "problem": None,
        "paused": False,
    }
    assert state["details"] == {"precision": "fp32", "device": "cpu", "processing_size": 48, "model": "fake 1"}
    async with one.socket("/api/picture") as socket:
        number, moment, painted, original = await next_picture(socket, original=True)
        assert inverted(painted, original)
        assert abs(time.time() - moment) < SECONDS
        later = await next_picture(socket)
    assert later[0] > number
    assert later[1] > moment
    assert later[3] is None


@in_studio(with_camera=True)
async def test_the_look_changes_at_once_and_is_kept_by_the_state(one):
    await one.running()
    told = await one.ask("PATCH", "/api/look", {"alpha": 0.5, "color": "content", "person": "keep"})
    assert (told["look"]["alpha"], told["look"]["color"], told["look"]["person"]) == ([0.5], "content", "keep")
    told = await one.ask("PATCH", "/api/look", {"alpha": None, "person": None})
    state = await one.state()
    assert state["look"] == told["look"]
    assert (told["look"]["alpha"], told["look"]["color"], told["look"]["person"]) == ([1.0], "content", "style")
    told = await one.ask("PUT", "/api/look", {"grain": 0.25})
    assert (told["look"]["color"], told["look"]["grain"], told["look"]["style"]) == ("style", 0.25, ["kiss"])


@in_studio()
async def test_the_look_changes_while_nothing_runs(one):
    await one.ask("PATCH", "/api/look", {"style": ["starry-night", "kiss"], "weights": [0.75, 0.25]})
    state = await one.until(lambda state: state["style"] == "starry-night+kiss")
    assert state["live"]["phase"] == "off"
    told = await one.ask("PATCH", "/api/look", {"style": "kiss"})
    assert (told["look"]["style"], told["look"]["weights"]) == (["kiss"], [])
    await one.until(lambda state: state["style"] == "kiss" and not state["waiting"])


@in_studio(with_camera=True)
async def test_undo_and_redo(one):
    await one.running()
    assert (await one.ask("POST", "/api/look/undo", status=409))["error"] == "nothing was changed yet"
    for strength in (0.9, 0.8, 0.7):  # a slider that is dragged
        await one.ask("PATCH", "/api/look", {"alpha": strength})
    await one.ask("PATCH", "/api/look", {"color": "luma"})
    assert (await one.ask("POST", "/api/look/undo"))["look"]["color"] == "style"
    look = (await one.ask("POST", "/api/look/undo"))["look"]
    assert look["alpha"] == [1.0]
    state = await one.state()
    assert (state["can_undo"], state["can_redo"], state["look"]) == (False, True, look)
    assert (await one.ask("POST", "/api/look/redo"))["look"]["alpha"] == [0.7]


@in_studio()
async def test_a_look_goes_on_without_a_style_that_is_removed(one):
    cat = one.app[FOLDERS].styles / "cat.png"
    cv2.imwrite(str(cat), pattern(0, WIDTH, HEIGHT))
    await one.ask("PATCH", "/api/look", {"style": "cat"})
    told = await one.ask("PATCH", "/api/look", {"style": ["kiss", "cat", "irises"], "weights": [1, 2, 1], "person": "cat"})
    assert told["look"]["style"] == ["kiss", "cat", "irises"]
    await one.ask("DELETE", "/api/styles/cat")
    state = await one.until(lambda state: state["style"] == "kiss+irises")
    assert (state["look"]["style"], state["look"]["weights"], state["look"]["person"]) == (["kiss", "irises"], [], "style")
    (only,) = (await one.ask("POST", "/api/look/undo"))["look"]["style"]
    assert only == PAINTINGS[0].name
    encoded = one.app[ENGINE].stylizer.encoder.asked
    before = encoded.count(str(cat))
    cat.write_bytes(b"another picture")
    await one.ask("PATCH", "/api/look", {"style": "cat"})
    await one.until(lambda state: state["look"]["style"] == ["cat"] and state["style"] == str(cat))
    assert encoded.count(str(cat)) > before


@in_studio()
async def test_wrong_values_are_named_and_change_nothing(one):
    before = (await one.state())["look"]
    for body, words in (
        ({"alpha": 7}, "alpha: wanted numbers from 0 to 1, got 7"),
        ({"alpha": [0.1, 0.2]}, "wanted one --alpha"),
        ({"nonsense": 1}, "has no 'nonsense'"),
        ({"style": ["no such style"]}, "no such style"),
        ({"style": ["/etc/passwd"]}, "there is no style '/etc/passwd'"),
        ({"person": "../../secret.png"}, "there is no style"),
        ({"weights": [0]}, "must not all be 0"),
        ([], "wanted an object, got []"),
        (None, "wanted a body of JSON"),
    ):
        told = await one.ask("PATCH", "/api/look", body, status=415 if body is None else 400)
        assert words in told["error"], told
    assert (await one.state())["look"] == before


@in_studio(with_camera=True)
async def test_a_style_that_cannot_be_used_is_said_and_the_one_before_goes_on(one):
    await one.running()
    one.app[ENGINE].change(lambda look: type(look)(("broken",)))
    state = await one.until(lambda state: "not a picture" in state["message"]["text"])
    assert state["look"]["style"] == ["kiss"]
    assert state["live"]["phase"] == "running"


@in_studio(with_camera=True)
async def test_mirror(one):
    await one.running()
    await one.ask("PUT", "/api/mirror", {"on": True})
    await one.until(lambda state: state["mirror"])


@in_studio(with_camera=True)
async def test_a_film_is_paused_and_goes_on_but_a_camera_does_not(one):
    await one.running()
    async with one.socket("/api/picture") as socket:
        for on in (True, False):
            await one.ask("PUT", "/api/live/pause", {"on": on})
            await one.until(lambda state, on=on: state["live"]["paused"] == on)
            await next_picture(socket)  # it may be of the moment before
            shown = [(await next_picture(socket, original=True))[3].astype(int) for _ in range(3)]
            assert (np.abs(shown[0] - shown[2]).mean() < 1) == on
    await one.ask("POST", "/api/live/start", {"source": {"kind": "browser"}}, status=202)
    await one.until(lambda state: state["live"]["source"]["kind"] == "browser")
    assert "only a film" in (await one.ask("PUT", "/api/live/pause", {"on": True}, status=409))["error"]


@in_studio()
async def test_another_camera_replaces_the_one_that_runs_and_a_wrong_one_is_said(one):
    folder = one.app[FOLDERS].data
    first, second = clip(folder / "one"), clip(folder / "two")
    for path in (first, second):
        await one.ask("POST", "/api/live/start", {"source": {"kind": "file", "path": str(path)}}, status=202)
        await one.running()
    said = await one.ask("POST", "/api/live/start", {"source": {"kind": "file", "path": str(folder)}}, status=400)
    assert "there is no file" in said["error"]
    said = await one.ask("POST", "/api/live/start", {"source": {"kind": "url", "url": "camera"}}, status=400)
    assert "no address" in said["error"]
    said = await one.ask("POST", "/api/live/start", {"source": {"kind": "file"}}, status=400)
    assert "wanted the path" in said["error"]
    await one.ask("POST", "/api/live/start", {"source": {"kind": "camera", "id": "no such camera"}}, status=202)
    state = await one.until(lambda state: state["live"]["phase"] == "failed")
    assert "no such camera" in state["live"]["problem"]
    await one.ask("POST", "/api/live/start", {"source": {"kind": "file", "path": str(first)}}, status=202)
    await one.running()
    await one.ask("POST", "/api/live/stop")
    assert (await one.state())["live"]["phase"] == "off"
    await one.until(lambda _state: one.app[PICTURES].newest is None)


@in_studio()
async def test_a_camera_that_comes_back_is_taken_up_again(one):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "_TRY_AGAIN_SECONDS", 0.05)
        from streamstyle.studio import camera

        path = clip(one.app[FOLDERS].data)
        answers = iter([FileNotFoundError("unplugged")])
        real = camera.open_live_source

        def open_live_source(_place, **more):
            for error in answers:
                raise error
            return real(str(path), **more)

        patch.setattr(camera, "open_live_source", open_live_source)
        await one.ask("POST", "/api/live/start", {"source": {"kind": "camera", "id": "0"}}, status=202)
        await one.running()


def test_a_model_that_is_missing_is_said(tmp_path):
    def missing():
        raise ModelError("there is no model 'fast'; run: streamstyle doctor")

    async def within():
        async with studio(tmp_path, stylizer=missing, camera=clip(tmp_path)) as one:
            state = await one.until(lambda state: state["live"]["phase"] == "failed")
            assert "streamstyle doctor" in state["live"]["problem"]
            await one.ask("PATCH", "/api/look", {"alpha": 0.5})
            assert (await one.state())["look"]["alpha"] == [0.5]

    asyncio.run(within())


@in_studio(with_camera=True)
async def test_a_snapshot_is_a_photo_that_can_be_fetched_and_removed(one):
    await one.running()
    told = await one.ask("POST", "/api/snapshot", status=201)
    (listed,) = await one.ask("GET", "/api/pictures")
    assert (listed["name"], listed["kind"], listed["href"]) == (told["name"], "photo", told["href"])
    async with one.session.get(one.url + told["href"]) as answer:
        whole = await answer.read()
    assert (answer.content_type, len(whole)) == ("image/png", listed["bytes"])
    assert read_jpeg(whole).shape == (HEIGHT, WIDTH, 3)
    async with one.session.get(one.url + told["href"], headers={"Range": "bytes=10-19"}) as answer:
        assert (answer.status, await answer.read()) == (206, whole[10:20])
    await one.ask("DELETE", told["href"])
    assert await one.ask("GET", "/api/pictures") == []
    await one.ask("GET", told["href"], status=404)


@in_studio(with_camera=True)
async def test_a_recording_that_was_cut_short_is_listed_but_not_the_one_at_work(one):
    left = one.app[FOLDERS].pictures / "streamstyle-1.partial.mp4"
    left.write_bytes(b"film")
    assert [listed["name"] for listed in await one.ask("GET", "/api/pictures")] == [left.name]
    await one.running()
    await one.ask("PUT", "/api/recording", {"on": True})
    await one.until(lambda state: state["recording"]["phase"] == "on")
    assert await one.ask("GET", "/api/pictures") == []
    # One without a picture would leave nothing.
    async with asyncio.timeout(SECONDS):
        while not any(path != left and path.stat().st_size for path in left.parent.iterdir()):
            await asyncio.sleep(0.05)
    await one.ask("PUT", "/api/recording", {"on": False})
    await one.until(lambda state: state["recording"]["phase"] == "off")
    assert len(await one.ask("GET", "/api/pictures")) == 2
    await one.ask("DELETE", f"/api/pictures/{left.name}")


@in_studio()
async def test_what_needs_a_picture_says_so(one):
    for method, path, body in (("POST", "/api/snapshot", None), ("PUT", "/api/recording", {"on": True})):
        assert "start a camera first" in (await one.ask(method, path, body, status=409))["error"]


@in_studio(with_camera=True)
async def test_a_recording_plays_and_cannot_be_removed_while_it_runs(one):
    await one.running()
    await one.ask("PUT", "/api/recording", {"on": True})
    state = await one.until(lambda state: state["recording"]["phase"] == "on")
    name = state["recording"]["name"]
    assert abs(time.time() - state["recording"]["since"]) < SECONDS
    await asyncio.sleep(0.5)
    await one.ask("PUT", "/api/recording", {"on": False})
    await one.until(lambda state: state["recording"]["phase"] == "off")
    await saved(one, name)


async def saved(one, name):
    folder = one.app[FOLDERS].pictures
    async with asyncio.timeout(SECONDS):
        while not (folder / name).exists():
            await asyncio.sleep(0.02)
    with open_source(str(folder / name)) as source:
        assert len(list(source)) > 1


def test_a_recording_is_whole_when_the_studio_ends(tmp_path):
    async def within():
        async with studio(tmp_path, camera=clip(tmp_path)) as one:
            await one.running()
            await one.ask("PUT", "/api/recording", {"on": True})
            await one.until(lambda state: state["recording"]["phase"] == "on")
            await asyncio.sleep(0.3)

    asyncio.run(within())
    (film,) = (tmp_path / "data" / "pictures").iterdir()
    with open_source(str(film)) as source:
        assert len(list(source)) > 1


@in_studio(with_camera=True)
async def test_where_there_is_no_virtual_camera_it_says_what_to_do(one):
    await one.running()
    await one.ask("PUT", "/api/virtual-camera", {"on": True})
    state = await one.until(lambda state: state["virtual_camera"]["remedy"] and state["virtual_camera"]["phase"] == "off")
    assert "virtual" in state["virtual_camera"]["remedy"]


@in_studio(with_camera=True)
async def test_events_tell_the_state_its_changes_and_figures(one):
    await one.running()
    async with one.socket("/api/events") as socket:
        first = await socket.receive_json(timeout=SECONDS)
        assert first["type"] == "state"
        assert first["state"]["live"]["phase"] == "running"
        await socket.send_json({"type": "time", "t": 5})
        await one.ask("PUT", "/api/mirror", {"on": True})
        seen = {}
        while not ({"time", "figures"} <= seen.keys() and seen.get("state", {}).get("state", {}).get("mirror")):
            told = await socket.receive_json(timeout=SECONDS)
            seen[told["type"]] = told
        assert seen["time"]["t"] == 5
        assert abs(seen["time"]["server"] / 1000 - time.time()) < SECONDS
        assert set(seen["figures"]) == {"type", "fps", "latency_ms", "missed", "viewers"}
        assert seen["state"]["state"]["version"] > first["state"]["version"]


@in_studio(with_camera=True)
async def test_pictures_are_made_once_per_size_and_only_when_somebody_asks(one):
    made = []
    real = pictures.encode
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pictures, "encode", lambda image, width: made.append(width) or real(image, width))
        await one.running()
        await asyncio.sleep(0.2)
        assert made == []
        shot = one.app[PICTURES].newest
        await asyncio.gather(*(shot.jpeg(width) for width in (1, 10, 320, 640, None)))
        assert made == [WIDTH]
        await shot.jpeg(original=True)
        assert made == [WIDTH, WIDTH]


@in_studio(with_camera=True)
async def test_a_viewer_that_takes_nothing_slows_no_other(one):
    await one.running()
    async with one.socket("/api/picture") as slow, one.socket("/api/picture") as quick:
        await slow.send_json({"next": True})
        numbers = [(await next_picture(quick))[0] for _ in range(10)]
        assert numbers == sorted(set(numbers))
        assert one.app[PICTURES].viewers == 2


@in_studio(with_camera=True)
async def test_there_is_room_for_so_many_viewers(one):
    await one.running()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watching, "MOST_VIEWERS", 1)
        async with one.socket("/api/picture") as socket:
            await next_picture(socket)
            async with one.socket("/api/picture") as other:
                await other.receive(SECONDS)
                assert other.close_code == 4003
            assert "close one" in (await one.ask("GET", "/stream.mjpg", status=503))["error"]


async def give(socket, index, moment=None):
    """Wait until the studio asks for a picture of a browser's camera, and send it."""
    assert await socket.receive_json(timeout=SECONDS) == {"next": True}
    await send(socket, index, moment)


async def send(socket, index, moment=None):
    moment = time.time() if moment is None else moment
    await socket.send_bytes(struct.pack(">d", 1000 * moment) + jpeg_of(pattern(index, WIDTH, HEIGHT)))


@in_studio()
async def test_a_browsers_own_camera_is_painted(one):
    await one.ask("POST", "/api/live/start", {"source": {"kind": "browser"}}, status=202)
    assert (await one.state())["live"]["phase"] == "starting"
    async with one.socket("/api/camera") as camera, one.socket("/api/picture") as viewer:
        moment = time.time() - 0.5
        await give(camera, 0)
        asked = asyncio.create_task(next_picture(viewer, original=True))
        for index in range(1, 6):
            await give(camera, index, moment)
        _, captured, painted, original = await asked
        assert inverted(painted, original)
        assert abs(captured - moment) < 0.05
        assert (await one.running())["live"]["source"] == {"kind": "browser", "name": "the browser's camera"}
    async with one.socket("/api/camera") as first, one.socket("/api/camera") as second:
        await give(second, 7)
        message = await first.receive(SECONDS)
        while message.type is aiohttp.WSMsgType.TEXT:
            message = await first.receive(SECONDS)
        assert first.close_code == 4001


@in_studio()
async def test_a_browsers_camera_that_is_gone_is_said_and_comes_back(one):
    from streamstyle.studio import browser_camera

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(browser_camera, "_LOST_SECONDS", 0.1)
        await one.ask("POST", "/api/live/start", {"source": {"kind": "browser"}}, status=202)
        async with one.socket("/api/camera") as camera:
            for index in range(4):
                await give(camera, index)
            await one.until(lambda _state: one.app_has_picture())
        state = await one.until(lambda state: state["live"]["problem"] is not None)
        assert state["live"]["phase"] == "starting"
        assert "page still open" in state["live"]["problem"]
        async with one.socket("/api/camera") as camera:
            async with asyncio.timeout(SECONDS):
                index = 4
                while (await one.state())["live"]["problem"] is not None:
                    await give(camera, index)
                    index += 1


@in_studio()
async def test_a_phone_that_is_turned_is_painted_upright(one):
    await one.ask("POST", "/api/live/start", {"source": {"kind": "browser"}}, status=202)
    async with one.socket("/api/camera") as camera:
        for width, height in ((WIDTH, HEIGHT), (HEIGHT, WIDTH)):
            jpeg = jpeg_of(pattern(1, width, height))
            async with asyncio.timeout(SECONDS):
                while (await one.state())["live"]["size"] != [width, height]:
                    assert await camera.receive_json(timeout=SECONDS) == {"next": True}
                    await camera.send_bytes(struct.pack(">d", 1000 * time.time()) + jpeg)


@in_studio()
async def test_nonsense_from_a_browsers_camera_is_left_out(one):
    await one.ask("POST", "/api/live/start", {"source": {"kind": "browser"}}, status=202)
    bomb = jpeg_of(np.zeros((8, 8, 3), np.uint8))
    place = bomb.index(b"\xff\xc0")
    bomb = bomb[: place + 5] + b"\xff\xff\xff\xff" + bomb[place + 9 :]  # 65535 pixels wide and high, as it says
    async with one.socket("/api/camera") as camera:
        for data in (b"", b"x", b"x" * 100, struct.pack(">d", float("nan")) + b"\xff\xd8\xff", bytes(8) + bomb):
            await camera.send_bytes(data)
        await camera.send_str("hello")
        for index in range(4):
            await give(camera, index)
        await one.running()


@in_studio()
async def test_cameras_are_listed(one):
    cameras = await one.ask("GET", "/api/cameras")
    assert all(set(camera) == {"id", "name", "sizes", "in_use", "note"} for camera in cameras)


@in_studio()
async def test_addresses_for_other_programs_open_with_what_they_hold(one):
    told = await one.ask("GET", "/api/addresses")
    async with aiohttp.ClientSession() as nobody, nobody.get(told["view"]) as answer:
        assert answer.status == 200
        assert "streamstyle" in answer.headers["Set-Cookie"]
    assert told["network"] == []


def test_a_slow_model_does_not_make_the_api_wait(tmp_path):
    class Slow(FakeStylizer):
        def stylize(self, content, look, *more, **named):
            time.sleep(0.3)
            return super().stylize(content, look, *more, **named)

    async def within():
        async with studio(tmp_path, stylizer=Slow, camera=clip(tmp_path), size=48) as one:
            await one.running()
            began = time.monotonic()
            for strength in range(20):
                await one.ask("PATCH", "/api/look", {"alpha": strength / 20})
            assert time.monotonic() - began < 5.0  # as many frames take longer

    asyncio.run(within())


async def hear(socket, moment, samples):
    await socket.send_bytes(struct.pack(">d", 1000 * moment) + samples.astype("<i2").tobytes())


@in_studio(with_camera=True)
async def test_a_recording_holds_what_the_browsers_microphone_hears(one):
    await one.running()
    async with one.socket("/api/microphone") as socket:
        await socket.send_json({"rate": 16_000, "channels": 1})
        await one.until(lambda _state: one.app[ENGINE].microphone.is_on)
        async with one.socket("/api/microphone") as second:
            await second.receive(SECONDS)
            assert second.close_code == 4003
        await one.ask("PUT", "/api/recording", {"on": True})
        state = await one.until(lambda state: state["recording"]["phase"] == "on")
        began = time.time()
        for block in range(10):
            tone = 12_000 * np.sin(2 * np.pi * 440 * np.arange(1600) / 16_000)
            await hear(socket, began + block / 10 + 0.01 * (block % 2), tone)  # as messages waver
            await asyncio.sleep(max(0.0, began + (block + 1) / 10 - time.time()))
        await one.ask("PUT", "/api/recording", {"on": False})
        await one.until(lambda state: state["recording"]["phase"] == "off")
    path = one.app[FOLDERS].pictures / state["recording"]["name"]
    await saved(one, path.name)
    with av.open(str(path)) as container:
        heard = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    loud = np.abs(heard) > 0.05
    assert loud.sum() > 0.5 * 48_000 * 0.5
    middle = heard[np.argmax(loud) + 4800 : np.argmax(loud) + 4800 + 14_400]
    assert np.argmax(np.abs(np.fft.rfft(middle))) == pytest.approx(440 * 0.3, abs=1)
    assert not one.app[ENGINE].microphone.is_on


@in_studio()
async def test_nonsense_from_a_microphone_is_left_out(one):
    async with one.socket("/api/microphone") as socket:
        await socket.send_bytes(b"too early, and no samples")
        await socket.send_str('{"rate": 1e999}')
        await socket.receive(SECONDS)
        assert socket.close_code == 1007
    async with one.socket("/api/microphone") as socket:
        await socket.send_json({"rate": 48_000})
        for data in (b"", b"12345678", bytes(8) + b"odd", struct.pack(">d", float("nan")) + bytes(10)):
            await socket.send_bytes(data)
        await socket.ping()
        await one.until(lambda _state: one.app[ENGINE].microphone.is_on)
    await one.until(lambda _state: not one.app[ENGINE].microphone.is_on)
