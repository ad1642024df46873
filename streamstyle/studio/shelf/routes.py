"""All routes of the shelf, and its life within the application."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress

from aiohttp import web

from streamstyle.errors import SinkError
from streamstyle.media.libav import reason
from streamstyle.media.places import quoted
from streamstyle.studio.keys import ENGINE, EVENTS, FOLDERS
from streamstyle.studio.shelf import job_routes, look_routes, style_routes
from streamstyle.studio.shelf.job_queue import JobQueue
from streamstyle.studio.shelf.jobs import Jobs
from streamstyle.studio.shelf.keys import LOOKS, QUEUE, STYLES, THUMBNAILS
from streamstyle.studio.shelf.lock import lock_folder
from streamstyle.studio.shelf.looks import Looks
from streamstyle.studio.shelf.painter import Painter
from streamstyle.studio.shelf.style_routes import take_thumbnails
from streamstyle.studio.shelf.styles import Styles
from streamstyle.studio.shelf.thumbnails import Thumbnails

log = logging.getLogger(__name__)

ROUTES = (*job_routes.ROUTES, *style_routes.ROUTES, *look_routes.ROUTES)

_LOOK_EVERY = 1.0
_SETTLED_SECONDS = 3.0
"""That a camera takes to find its exposure."""


async def shelf(app: web.Application) -> AsyncIterator[None]:
    """Begin the queue, the styles and the looks with the application, and end them with it; a cleanup context.

    Raises:
        StreamstyleError: Another studio uses the folder, or it cannot be written.
    """
    folders, events, model = app[FOLDERS], app[EVENTS], app[ENGINE].settings
    release = lock_folder(folders.data)
    try:
        painter = Painter(model.model)
        app[STYLES] = Styles(folders.styles, folders.data / "shelf.json", painter, log.warning)
        app[LOOKS] = Looks(folders.looks, app[STYLES])
        app[THUMBNAILS] = Thumbnails(
            folders.data / "thumbnails",
            painter,
            lambda name, number: events.send({"type": "thumbnail", "name": name, "v": number}),
        )
        jobs = Jobs(folders.jobs, log.warning)
        app[QUEUE] = JobQueue(jobs, model, lambda: events.send({"type": "jobs", "jobs": jobs.described()}))
    except OSError as error:
        release()
        raise SinkError(f"{quoted(folders.data)} cannot be used: {reason(error)}; see to its permissions") from error
    tasks = [asyncio.create_task(app[QUEUE].run()), asyncio.create_task(_follow_cameras(app))]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await app[THUMBNAILS].close()
        await painter.close()
        release()


async def _follow_cameras(app: web.Application) -> None:
    """Take a frame of each camera, once, for the thumbnails: people see the styles on their own picture unasked."""
    seen: set[str] = set()
    while True:
        await asyncio.sleep(_LOOK_EVERY)
        camera = app[ENGINE].status.camera
        if app[ENGINE].status.phase != "running" or camera is None or str(camera) in seen:
            continue
        await asyncio.sleep(_SETTLED_SECONDS)
        with suppress(OSError):  # of a full disk; the thumbnails before stay
            if app[ENGINE].status.camera == camera and await take_thumbnails(app):
                seen.add(str(camera))
