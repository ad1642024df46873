"""What the shelf's handlers find in the application."""

from aiohttp import web

from streamstyle.studio.shelf.job_queue import JobQueue
from streamstyle.studio.shelf.looks import Looks
from streamstyle.studio.shelf.styles import Styles
from streamstyle.studio.shelf.thumbnails import Thumbnails

QUEUE = web.AppKey("queue", JobQueue)
STYLES = web.AppKey("styles", Styles)
THUMBNAILS = web.AppKey("thumbnails", Thumbnails)
LOOKS = web.AppKey("looks", Looks)
