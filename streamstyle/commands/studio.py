"""`streamstyle studio`: everything from a browser."""

import argparse
import asyncio
import getpass
import logging
import os
import signal
import socket
import ssl
import sys
import webbrowser
from contextlib import suppress
from pathlib import Path
from types import FrameType

from rich.console import Console

from streamstyle.commands.log import SAID
from streamstyle.commands.progress import complain, teller
from streamstyle.commands.studio_options import PASSWORD, USUAL_PORT
from streamstyle.errors import Interrupted, UsageError
from streamstyle.look.look_file import check_look_place, save_recipe
from streamstyle.look.options import recipe_of
from streamstyle.paint.stylizer import Stylizer
from streamstyle.runtime.machine import has_desktop
from streamstyle.studio.camera import Camera
from streamstyle.studio.certificate import context_of, self_signed
from streamstyle.studio.engine import Engine
from streamstyle.studio.folders import Folders
from streamstyle.studio.keys import ENGINE
from streamstyle.studio.listening import LOOPBACK, address_of, listen, listen_near
from streamstyle.studio.pictures import Pictures
from streamstyle.studio.security import Guard, token_of
from streamstyle.studio.server import serving, studio_app
from streamstyle.studio.status import ModelChoice

_SHORTEST_PASSWORD = 8


def studio_command(options: argparse.Namespace, console: Console) -> int:
    """Serve until the program is told to stop.

    Raises:
        Interrupted: It was, and all is closed.
    """
    raise Interrupted(asyncio.run(_serve(options, console)))


async def _serve(options: argparse.Namespace, console: Console) -> int:
    """Returns the signal that ended it."""
    recipe = recipe_of(options)
    if options.save_look is not None:
        check_look_place(options.save_look, overwrite=False)
    folders = Folders.of(options.data)
    beyond = options.host not in LOOPBACK
    password = _password(options, beyond=beyond)
    guard = Guard(token_of(folders.data, new=options.new_token), password=password, hosts=options.allow_host, beyond=beyond)
    listener = (
        listen_near(options.host, USUAL_PORT) if options.port is None else listen(options.host, options.port, "--port")
    )
    try:
        context = _encryption(options, folders.data, address_of(listener, options.host))
    except BaseException:
        listener.close()
        raise
    scheme = "http" if context is None else "https"
    address = address_of(listener, options.host, scheme)
    here = address_of(listener, "127.0.0.1", scheme) if options.host in {"0.0.0.0", "::"} else address

    def open_engine(pictures: Pictures) -> Engine:
        return Engine(
            ModelChoice(options.model, options.device, options.precision),
            lambda choice: Stylizer(choice.model, choice.device, precision=choice.precision, tell=teller(console)),
            pictures.leave,
            folders.pictures,
            recipe=recipe,
            mirror=options.mirror,
            camera=None if options.camera is None else Camera.named(options.camera),
            size=options.size,
        )

    logging.getLogger("streamstyle").addHandler(_Complaints())
    app = studio_app(guard, folders, open_engine, [address] if beyond else [])
    with _Signals() as signals:
        async with serving(app, listener, context):
            console.print(f"studio: {here}/?token={guard.token}  (Ctrl+C ends it)", highlight=False, soft_wrap=True)
            if beyond:
                console.print(f"for other devices, with the password: {address}", highlight=False, soft_wrap=True)
                complain("warning: anybody in the network who has the password can use the studio and see the camera")
                if context is None:
                    complain("warning: without --https others can read the password, and phones give no camera to the page")
            if not options.no_browser and not await asyncio.to_thread(_open, f"{here}/?token={guard.once()}"):
                complain("no browser can be opened here; open the address yourself")
            signal_number = await signals.first
    if options.save_look is not None:
        save_recipe(app[ENGINE].wanted, options.save_look)
    return signal_number


def _open(address: str) -> bool:
    """Open a page in a browser of the desktop, never in one that takes the terminal; whether there is one."""
    return has_desktop() and webbrowser.open(address)


def _password(options: argparse.Namespace, *, beyond: bool) -> str | None:
    """From the environment or the terminal; None where none is needed."""
    password = os.environ.get(PASSWORD)
    if password is None and (beyond or options.password):
        if not sys.stdin.isatty():
            raise UsageError(
                f"--host: listening beyond this computer needs a password; set {PASSWORD}, or start it in a terminal"
            )
        password = getpass.getpass("password for other devices: ")
    if password is not None and len(password) < _SHORTEST_PASSWORD:
        raise UsageError(f"the password has {len(password)} letters; take {_SHORTEST_PASSWORD} or more")
    return password


def _encryption(options: argparse.Namespace, folder: Path, address: str) -> ssl.SSLContext | None:
    """What HTTPS needs; None for HTTP."""
    if options.certificate is not None:
        return context_of(options.certificate, options.key)
    if options.key is not None:
        raise UsageError("--key belongs to a --certificate; name that, too")
    if not options.https:
        return None
    host = address.partition("://")[2].rpartition(":")[0].strip("[]")
    name = socket.gethostname()
    return self_signed(folder, ["localhost", "127.0.0.1", "::1", host, name, f"{name}.local", *options.allow_host])


class _Complaints(logging.Handler):
    """Prints warnings of the studio, in one line each, but for what the command prints itself."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.addFilter(lambda record: record.name != SAID.name)

    def emit(self, record: logging.LogRecord) -> None:
        """Print one."""
        failure = record.exc_info[1] if record.exc_info else None
        why = "" if failure is None else f" ({type(failure).__name__}: {failure})"
        with suppress(OSError):  # the terminal may be gone
            print(f"streamstyle: warning: {record.getMessage()}{why}", file=sys.stderr, flush=True)


class _Signals:
    """A context in which a signal to end the program only stops the event loop: all is closed, however often it comes.

    Attributes:
        first: The number of the first one, once it has come.
    """

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
