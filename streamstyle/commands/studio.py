"""`streamstyle studio`: everything from a browser."""

import argparse
import asyncio
import signal
import webbrowser
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import FrameType

from rich.console import Console

from streamstyle.commands.progress import teller
from streamstyle.errors import Interrupted, UsageError
from streamstyle.look.options import add_look_arguments, recipe_of
from streamstyle.look.values import auto_size_argument
from streamstyle.paint.stylizer import Stylizer
from streamstyle.runtime.catalog import MODELS
from streamstyle.runtime.table import DEVICES, PRECISIONS
from streamstyle.studio.camera import Camera
from streamstyle.studio.engine import Engine
from streamstyle.studio.folders import Folders
from streamstyle.studio.listening import LOOPBACK, address_of, listen, listen_near
from streamstyle.studio.pictures import Pictures
from streamstyle.studio.security import Guard, token_of
from streamstyle.studio.server import serving, studio_app

USUAL_PORT = 8100


def add_studio_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `streamstyle studio`."""
    parser.add_argument("--camera", metavar="C", help="begin with this one: number, name, path, a film or an address")
    parser.add_argument("--no-browser", action="store_true", help="print the address, and open nothing")
    parser.add_argument("--host", default="127.0.0.1", metavar="H", help="where to listen (default: this computer only)")
    parser.add_argument(
        "--port", type=int, metavar="N", help=f"port to listen at (default: {USUAL_PORT}, or the next free one)"
    )
    parser.add_argument(
        "--allow-host", action="append", default=[], metavar="NAME", help="a name by which other devices may call it"
    )
    add_look_arguments(parser)
    parser.add_argument(
        "--model", default="fast", metavar="NAME", help=f"{', '.join(MODELS)}, or the path of an .onnx file"
    )
    parser.add_argument("--device", choices=DEVICES, default="auto", help="what runs the model (default: auto)")
    parser.add_argument(
        "--precision", choices=PRECISIONS, default="auto", help="of the convolutions (default: auto, the fastest here)"
    )
    parser.add_argument("--size", type=auto_size_argument, metavar="auto|N", help="paint live at this short side")
    parser.add_argument("--mirror", action=argparse.BooleanOptionalAction, default=False, help="left is right")
    parser.add_argument("--data", type=Path, metavar="DIR", help="keep styles, looks and films here")


def studio_command(options: argparse.Namespace, console: Console) -> int:
    """Serve until the program is told to stop.

    Raises:
        Interrupted: It was, and all is closed.
    """
    raise Interrupted(asyncio.run(_serve(options, console)))


async def _serve(options: argparse.Namespace, console: Console) -> int:
    """Returns the signal that ended it."""
    recipe = recipe_of(options)
    folders = Folders.of(options.data)
    guard = Guard(token_of(folders.data), hosts=options.allow_host)
    if options.host not in LOOPBACK:
        raise UsageError("--host: listening beyond this computer is not there yet")
    stylizer = partial(Stylizer, options.model, options.device, precision=options.precision, tell=teller(console))

    def open_engine(pictures: Pictures) -> Engine:
        camera = None if options.camera is None else Camera.named(options.camera)
        return Engine(
            stylizer, pictures.leave, folders.pictures, recipe=recipe, mirror=options.mirror, camera=camera, size=options.size
        )

    app = studio_app(guard, folders, open_engine)
    listener = listen_near(options.host, USUAL_PORT) if options.port is None else listen(options.host, options.port, "--port")
    address = address_of(listener, options.host)
    with _Signals() as signals:
        async with serving(app, listener):
            console.print(f"studio: {address}/?token={guard.token}  (Ctrl+C ends it)", highlight=False, soft_wrap=True)
            if not options.no_browser:
                await asyncio.to_thread(webbrowser.open, f"{address}/?token={guard.once()}")
            return await signals.first


class _Signals:
    """While it is entered, a signal to end the program only tells so: all is closed in peace, however often it comes."""

    def __enter__(self) -> "_Signals":
        loop = asyncio.get_running_loop()
        self.first: asyncio.Future[int] = loop.create_future()

        def take(number: int) -> None:
            if not self.first.done():
                self.first.set_result(number)

        def heard(number: int, _frame: FrameType | None) -> None:
            with suppress(RuntimeError):  # the loop is over
                loop.call_soon_threadsafe(take, number)

        numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
        self._before = {
            number: signal.signal(number, heard) for number in numbers if signal.getsignal(number) != signal.SIG_IGN
        }
        return self

    def __exit__(self, *_failure: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
