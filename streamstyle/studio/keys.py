"""What handlers find in the application."""

from aiohttp import web

from streamstyle.studio.engine import Engine
from streamstyle.studio.events import Events
from streamstyle.studio.folders import Folders
from streamstyle.studio.pictures import Pictures
from streamstyle.studio.security import Guard
from streamstyle.studio.told import Told

ENGINE = web.AppKey("engine", Engine)
EVENTS = web.AppKey("events", Events)
FOLDERS = web.AppKey("folders", Folders)
GUARD = web.AppKey("guard", Guard)
NETWORK = web.AppKey("network", list[str])
"""Addresses at which other devices reach the studio; none where it listens to this computer only."""
PICTURES = web.AppKey("pictures", Pictures)
TOLD = web.AppKey("told", Told)
