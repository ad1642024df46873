"""The rest of the studio, as much of it as the shelf needs."""

from pathlib import Path
from types import SimpleNamespace

from aiohttp import web

from streamstyle.look.options import look_values
from streamstyle.look.recipe import Recipe
from streamstyle.studio.engine import ModelChoice
from streamstyle.studio.folders import Folders
from streamstyle.studio.history import History
from streamstyle.studio.keys import ENGINE, EVENTS, FOLDERS, TOLD
from streamstyle.studio.routes import add_routes, say_errors
from streamstyle.studio.shelf.routes import ROUTES, shelf


class Events:
    """Keeps what is told."""

    def __init__(self):
        self.told = []

    def send(self, message):
        self.told.append(message)

    def of(self, kind):
        return [message for message in self.told if message["type"] == kind]


class Engine:
    """A live show that only knows its look and its newest frame."""

    def __init__(self):
        self.settings = ModelChoice("fast", "cpu", "fp32")
        self.status = SimpleNamespace(phase="off", camera=None)
        self.wanted = Recipe(("kiss",), strokes="bold")
        self.newest = None

    def forget(self, style):
        pass

    def load(self, recipe):
        self.wanted = recipe
        return recipe


def shelf_app(data: Path) -> web.Application:
    app = web.Application(middlewares=[say_errors])
    app[FOLDERS], app[EVENTS], app[ENGINE] = Folders.of(data), Events(), Engine()
    app[TOLD] = SimpleNamespace(history=History(), look=look_values)
    add_routes(app, ROUTES)
    app.cleanup_ctx.append(shelf)
    return app
