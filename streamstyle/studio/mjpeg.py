"""`--mjpeg`: the studio's server with the picture and nothing else, as a sink of a live run."""

import asyncio

from aiohttp import web

from streamstyle.errors import SinkError
from streamstyle.frame import Frame
from streamstyle.media.sinks.base import Sink
from streamstyle.pipeline.live import Pair
from streamstyle.pipeline.threads import Background, Slot
from streamstyle.studio import pages, watching
from streamstyle.studio.keys import PICTURES
from streamstyle.studio.listening import LOOPBACK, MJPEG_PORT, address_of, listen, parse_address
from streamstyle.studio.pictures import Pictures
from streamstyle.studio.routes import MOST_JSON_BYTES, add_routes, say_errors
from streamstyle.studio.security import OpenGuard, add_headers
from streamstyle.studio.server import serving

_BEGIN_SECONDS = 20.0


class MjpegSink(Sink):
    """Serves the newest frame: `/` a page, `/stream.mjpg` the stream, `/frame.jpg` a single picture.

    It needs no token, as long as it listens to this computer only or its user wants more: who sees the page is meant to.

    Attributes:
        url: Of the page.
    """

    def __init__(self, address: str = f"127.0.0.1:{MJPEG_PORT}") -> None:
        """Listen, and serve on a thread of its own.

        Args:
            address: `HOST:PORT`, or a part of it. Port 0 takes a free one.

        Raises:
            UsageError: It is no address.
            SinkError: It cannot be used.
        """
        host, port = parse_address(address, MJPEG_PORT)
        self._listener = listen(host, port, "--mjpeg")
        self._guard = OpenGuard(beyond=host not in LOOPBACK)
        self.url = address_of(self._listener, host)
        self.destination: str | None = self.url
        self.warnings: list[str] = []
        if host not in LOOPBACK:
            self.warnings.append(f"anybody who reaches this computer over the network can watch at {self.url}")
        begun: Slot[tuple[Pictures, asyncio.Event]] = Slot()
        self._thread = Background("mjpeg server", lambda: asyncio.run(self._serve(begun)))
        ready = begun.take(_BEGIN_SECONDS)
        if ready is None:
            self._thread.join()
            raise SinkError(f"--mjpeg: cannot serve at {self.url}; name another port")
        self._pictures, self._end = ready

    @property
    def viewers(self) -> int:
        """How many streams are watched now; for any thread."""
        return self._pictures.viewers

    def write(self, frame: Frame) -> None:
        """Make this the newest frame."""
        if not self._thread.running:
            self._thread.join()
            raise SinkError("the server of --mjpeg has ended")
        self._pictures.leave(Pair(frame, frame))

    def close(self) -> None:
        """Stop serving; the port is free again."""
        if self.destination is not None:
            self.destination = None
            self._pictures.run(self._end.set)
            self._thread.join()

    def abort(self) -> str | None:
        """As close."""
        self.close()
        return None

    async def _serve(self, begun: Slot[tuple[Pictures, asyncio.Event]]) -> None:
        app = web.Application(middlewares=[say_errors, self._guard.let_in], client_max_size=MOST_JSON_BYTES)
        app[PICTURES] = Pictures()
        add_routes(app, (*watching.ROUTES, *pages.picture_routes()))
        app.on_response_prepare.append(add_headers)
        end = asyncio.Event()
        try:
            async with serving(app, self._listener):
                begun.put((app[PICTURES], end))
                await end.wait()
        finally:
            begun.close()
