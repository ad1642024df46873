"""Who may talk to the studio.

Any web page that is open in a browser here can reach a server on the loopback, so nothing is answered without a token,
the address that a browser thinks it talks to must be ours (a name from elsewhere may be made to point here), and what
another page sends is refused.
"""

import asyncio
import hmac
import ipaddress
import re
import secrets
import socket
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from streamstyle.errors import SinkError
from streamstyle.media.libav import reason
from streamstyle.media.places import quoted
from streamstyle.studio.routes import ApiError, Handler, route_of

COOKIE = "streamstyle"
_COOKIE_SECONDS = 30 * 24 * 3600
_LOCAL_NAMES = {"localhost", "127.0.0.1", "::1"}
_WRONG_PASSWORD_SECONDS = 1.0
_FORM_SECONDS = 10.0
_MOST_ONCE = 8
_SHORTEST_TOKEN = 24
_NO_TOKEN = "open the studio with the address that `streamstyle studio` has printed"


class Guard:
    """Lets in who has the token, at an address of ours.

    Attributes:
        token: Whoever has it may do all.
        password: Gets the token over the network; None where there is none.
    """

    def __init__(self, token: str, *, password: str | None = None, hosts: Iterable[str] = (), beyond: bool = False) -> None:
        """Set up.

        Args:
            token: See there.
            password: See there.
            hosts: Names beside those of this machine by which the studio may be called.
            beyond: Whether it listens beyond this machine: then its name in the network and any number will do, since
                only names can be made to point elsewhere.
        """
        self.token, self.password = token, password
        self._beyond = beyond
        self._hosts = _LOCAL_NAMES | {host.lower() for host in hosts}
        if beyond:
            name = socket.gethostname().lower()
            self._hosts |= {name, f"{name}.local"}
        self._once: list[str] = []
        self._asking = asyncio.Lock()

    def once(self) -> str:
        """A token that is good for one time, for an address that others may see."""
        code = secrets.token_urlsafe(18)
        self._once = [*self._once[1 - _MOST_ONCE :], code]
        return code

    @web.middleware
    async def let_in(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse what has no business here."""
        self.check_place(request)
        route = route_of(request)
        is_open = route is not None and route.is_open
        by_address = route is not None and route.by_address and self.knows(request.query.get("token", ""))
        if not (is_open or by_address or self.may(request)):
            raise ApiError(401, _NO_TOKEN)
        return await handler(request)

    def check_place(self, request: web.Request) -> None:
        """Refuse what is not meant for us, or comes from another page.

        Raises:
            ApiError: 403.
        """
        name, _ = _place_of(f"//{request.host}")
        if name not in self._hosts and not (self._beyond and _is_number(name)):
            raise ApiError(403, "this is not the studio's address; add --allow-host to `streamstyle studio` if it is to be")
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is not None and _place_of(origin)[1].lower() != request.host.lower():
            raise ApiError(403, "another web page may not use the studio")
        site, mode = request.headers.get("Sec-Fetch-Site", "none"), request.headers.get("Sec-Fetch-Mode")
        if site not in {"none", "same-origin"} and mode != "navigate":
            raise ApiError(403, "another web page may not use the studio")

    def knows(self, token: str) -> bool:
        """Whether it is the token."""
        return _same(token, self.token)

    def enter(self, request: web.Request) -> web.Response | None:
        """What an address with `?token=` is answered: the cookie, and the same address without it; None for another."""
        given = request.query.get("token")
        if given is None:
            return None
        if given in self._once:
            self._once.remove(given)
        elif not self.knows(given):
            raise ApiError(401, _NO_TOKEN)
        response = web.Response(status=303, headers={hdrs.LOCATION: request.path})
        self.give_cookie(request, response)
        return response

    async def log_in(self, request: web.Request) -> web.Response:
        """Take the password of a form, one attempt a second."""
        if request.content_type != "application/x-www-form-urlencoded":
            raise ApiError(415, "wanted the password as a form sends it")
        try:
            async with asyncio.timeout(_FORM_SECONDS):
                form = await request.post()
        except (TimeoutError, ValueError, LookupError) as error:
            raise ApiError(400, "the form cannot be read; send it again") from error
        async with self._asking:
            if self.password is None or not _same(str(form.get("password")), self.password):
                await asyncio.sleep(_WRONG_PASSWORD_SECONDS)
                return web.Response(status=303, headers={hdrs.LOCATION: "/?wrong"})
        response = web.Response(status=303, headers={hdrs.LOCATION: "/"})
        self.give_cookie(request, response)
        return response

    def give_cookie(self, request: web.Request, response: web.StreamResponse) -> None:
        """Give a browser the cookie that lets it in."""
        response.set_cookie(
            COOKIE, self.token, max_age=_COOKIE_SECONDS, httponly=True, samesite="Strict", secure=request.secure, path="/"
        )

    def may(self, request: web.Request) -> bool:
        """Whether it brings the token, as a cookie or in its head."""
        kind, _, given = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        return self.knows(given.strip() if kind.lower() == "bearer" else request.cookies.get(COOKIE, ""))


class OpenGuard(Guard):
    """Lets in whoever is at an address of ours: what it shows is a picture that may be seen."""

    def __init__(self, *, beyond: bool = False) -> None:
        """Set up; `beyond` as with Guard, where any name will do."""
        super().__init__(secrets.token_urlsafe(), beyond=beyond)

    def check_place(self, request: web.Request) -> None:
        """As with Guard, but for a server that all may see."""
        if not self._beyond:
            super().check_place(request)

    def may(self, _request: web.Request) -> bool:
        """True for everybody."""
        return True


def token_of(data: Path, *, new: bool = False) -> str:
    """The token of a data folder, which stays the same so that OBS and scripts go on working.

    Args:
        data: The folder.
        new: Make another; the old one stops working.

    Raises:
        SinkError: It can be neither read nor written.
    """
    place = data / "token"
    try:
        if not new and place.exists() and (token := place.read_text(encoding="utf-8").strip()):  # empty after a crash
            if len(token) < _SHORTEST_TOKEN:
                raise SinkError(f"{quoted(place)} is no token of the studio; name another --data, or use --new-token")
            return token
        token = secrets.token_urlsafe(24)
        place.unlink(missing_ok=True)
        place.touch(mode=0o600)
        place.write_text(f"{token}\n", encoding="utf-8")
    except (OSError, ValueError) as error:
        raise SinkError(f"the token {quoted(place)} cannot be kept: {reason(error)}; make it writable") from error
    return token


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """What every answer says to browsers: run nothing but what is ours, show it nowhere else, guess no types."""
    own = f" ws://{request.host} wss://{request.host}" if re.fullmatch(r"[\w.:\[\]-]+", request.host) else ""
    policy = (
        "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
        f"connect-src 'self'{own}; style-src 'self'; script-src 'self'; frame-ancestors 'none'; "
        "object-src 'none'; base-uri 'none'; form-action 'self'"
    )
    for name, value in (
        ("Content-Security-Policy", policy),
        ("X-Content-Type-Options", "nosniff"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Referrer-Policy", "same-origin"),  # without one, forms come from the origin "null"
        ("X-Frame-Options", "DENY"),
        ("Cache-Control", "no-store"),
    ):
        response.headers.setdefault(name, value)


def _same(given: str, wanted: str) -> bool:
    """Without telling by the time that it takes how much of it is right."""
    return hmac.compare_digest(given.encode(errors="surrogateescape"), wanted.encode())


def _place_of(address: str) -> tuple[str, str]:
    """The host of an address, without and with its port; empty where it is none."""
    try:
        parts = urlsplit(address)
        return parts.hostname or "", parts.netloc
    except ValueError:
        return "", ""


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
