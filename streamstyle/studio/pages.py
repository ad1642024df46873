"""The studio's pages, which are files of the package."""

from pathlib import Path

from aiohttp import hdrs, web

from streamstyle.studio.routes import ApiError, Route
from streamstyle.studio.security import Guard

FOLDER = Path(__file__).parent / "page"
WEB_FOLDER = Path(__file__).parents[2] / "web" / "dist"
"""The page that paints in the browser alone, where this is a checkout and `make web` has built it."""
_WEB_POLICY = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; img-src 'self' blob: data:; "
    "media-src 'self' blob: mediastream:; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
"""Wider than the studio's own policy, since that page compiles WebAssembly."""
_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".json": "application/json",
    ".onnx": "application/octet-stream",
    ".bin": "application/octet-stream",
    ".gz": "application/octet-stream",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".ico": "image/x-icon",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
}


def routes(guard: Guard) -> tuple[Route, ...]:
    """Those of the studio's pages.

    Args:
        guard: Gives browsers their cookie.
    """
    files = _files()

    async def index(request: web.Request) -> web.StreamResponse:
        if (entered := guard.enter(request)) is not None:
            return entered
        if guard.may(request):
            return _page(files, "index.html")
        if guard.password is None:
            raise ApiError(401, "open the studio with the address that `streamstyle studio` has printed")
        response = _page(files, "login.html")
        response.set_status(401)
        return response

    async def view(request: web.Request) -> web.StreamResponse:
        response = _page(files, "view.html")
        if not guard.may(request):
            guard.give_cookie(request, response)
        return response

    return (
        Route("GET", "/", index, is_open=True, described=False),
        Route("POST", "/login", guard.log_in, is_open=True, described=False),
        Route("GET", "/view", view, by_address=True, described=False),
        _static(files, is_open=guard.password is not None),
        *_web_routes(),
    )


def picture_routes() -> tuple[Route, ...]:
    """Those of a server that shows the picture and nothing else."""
    files = _files()

    async def view(_request: web.Request) -> web.StreamResponse:
        return _page(files, "view.html")

    return (
        Route("GET", "/", view, is_open=True, described=False),
        Route("GET", "/view", view, is_open=True, described=False),
        _static(files, is_open=True),
    )


def _web_routes() -> tuple[Route, ...]:
    """The page that paints in the browser alone; none where it is not built."""
    files = _files(WEB_FOLDER)
    if not files:
        return ()

    async def enter(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=308, headers={hdrs.LOCATION: "/web/"})

    async def file(request: web.Request) -> web.StreamResponse:
        response = _page(files, request.match_info["name"] or "index.html")
        response.headers["Content-Security-Policy"] = _WEB_POLICY
        response.headers["Cross-Origin-Embedder-Policy"] = "require-corp"  # all cores for the page
        return response

    return (
        Route("GET", "/web", enter, described=False),
        Route("GET", "/web/{name:.*}", file, described=False),
    )


def _files(folder: Path = FOLDER) -> dict[str, Path]:
    """Name within a folder -> file."""
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.suffix in _TYPES}


def _static(files: dict[str, Path], *, is_open: bool) -> Route:
    async def static(request: web.Request) -> web.StreamResponse:
        return _page(files, request.match_info["name"])

    return Route("GET", "/page/{name:.+}", static, is_open=is_open, described=False)


def _page(files: dict[str, Path], name: str) -> web.StreamResponse:
    if name not in files:
        raise ApiError(404, "there is no such page")
    response = web.FileResponse(files[name], headers={hdrs.CACHE_CONTROL: "no-cache"})
    response.content_type = _TYPES[files[name].suffix]
    if response.content_type.startswith("text/"):
        response.charset = "utf-8"
    return response
