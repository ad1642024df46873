"""Studios for tests: with a model that inverts every frame, and small clips as cameras."""

import asyncio
import json
import struct
import threading
from contextlib import asynccontextmanager, contextmanager

import aiohttp
import cv2
import numpy as np

from streamstyle.studio.camera import Camera
from streamstyle.studio.engine import Engine
from streamstyle.studio.folders import Folders
from streamstyle.studio.listening import address_of, listen
from streamstyle.studio.security import Guard
from streamstyle.studio.server import serving, studio_app
from streamstyle.studio.status import ModelChoice
from tests.clips import make_clip
from tests.fakes import FakeStylizer

TOKEN = "a token that only the user knows"
WIDTH, HEIGHT = 64, 48
SECONDS = 20.0


class Studio:
    """A studio that runs, and a program that talks to it."""

    def __init__(self, app, url, session):
        self.app, self.url, self.session = app, url, session

    async def ask(self, method, path, body=None, *, status=200, **more):
        """The JSON of an answer with a status."""
        async with self.session.request(method, self.url + path, json=body, **more) as answer:
            told = await answer.text()
            assert answer.status == status, told
            return json.loads(told) if answer.content_type == "application/json" else told

    async def state(self):
        return await self.ask("GET", "/api/state")

    async def until(self, condition):
        """The state once it fulfills a condition."""
        async with asyncio.timeout(SECONDS):
            while not condition(state := await self.state()):
                await asyncio.sleep(0.02)
        return state

    async def running(self):
        return await self.until(lambda state: state["live"]["phase"] == "running" and self.app_has_picture())

    def app_has_picture(self):
        from streamstyle.studio.keys import PICTURES

        return self.app[PICTURES].newest is not None

    def socket(self, path, **more):
        return self.session.ws_connect(self.url + path, **more)


def clip(folder, **more):
    """A camera for tests."""
    folder.mkdir(parents=True, exist_ok=True)
    return make_clip(folder / "camera.mp4", frames=25, width=WIDTH, height=HEIGHT, **more)


def engine_of(folders, stylizer=FakeStylizer, camera=None, **more):
    def open_engine(pictures):
        return Engine(ModelChoice(), lambda _choice: stylizer(), pictures.leave, folders.pictures, camera=camera, **more)

    return open_engine


@asynccontextmanager
async def studio(folder, *, camera=None, guard=None, stylizer=FakeStylizer, headers=None, context=None, **more):
    """A studio; `camera` is a path."""
    folders = Folders.of(folder / "data")
    camera = None if camera is None else Camera.named(str(camera))
    app = studio_app(guard or Guard(TOKEN), folders, engine_of(folders, stylizer, camera, **more))
    listener = listen("127.0.0.1", 0, "--port")
    url = address_of(listener, "127.0.0.1", "http" if context is None else "https")
    headers = {"Authorization": f"Bearer {TOKEN}"} if headers is None else headers
    async with serving(app, listener, context), aiohttp.ClientSession(headers=headers) as session:
        yield Studio(app, url, session)


def in_studio(*, with_camera=False, **options):
    """Run an asynchronous test with a studio, and see that no thread is left."""

    def wrapper(test):
        def run(tmp_path):
            before = threading.active_count()
            more = {"camera": clip(tmp_path)} if with_camera else {}

            async def within():
                async with studio(tmp_path, **more, **options) as one:
                    await test(one)

            asyncio.run(within())
            assert threading.active_count() == before

        run.__name__, run.__doc__ = test.__name__, test.__doc__
        return run

    return wrapper


@contextmanager
def on_a_thread(folder, **more):
    """A studio that serves beside the test: its address."""
    begun, answers = threading.Event(), {}

    async def serve():
        async with studio(folder, **more) as one:
            answers["url"], answers["end"], answers["loop"] = one.url, asyncio.Event(), asyncio.get_running_loop()
            begun.set()
            await answers["end"].wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert begun.wait(SECONDS)
    try:
        yield answers["url"]
    finally:
        answers["loop"].call_soon_threadsafe(answers["end"].set)
        thread.join(SECONDS)
        assert not thread.is_alive()


def read_jpeg(data):
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def jpeg_of(image):
    return cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1].tobytes()


async def next_picture(socket, **wanted):
    """Number, when it was captured, the painted picture and the unpainted one or None."""
    await socket.send_json({"next": True, **wanted})
    message = await socket.receive(SECONDS)
    assert message.type is aiohttp.WSMsgType.BINARY, message
    number, length, moment, width, height = struct.unpack_from(">IIdII", message.data)
    painted, rest = message.data[24 : 24 + length], message.data[24 + length :]
    image = read_jpeg(painted)
    assert image.shape[:2] == (height, width)
    return number, moment / 1000, image, read_jpeg(rest) if rest else None
