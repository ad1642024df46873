"""The API of the styles and their thumbnails."""

import asyncio

from aiohttp import web

from streamstyle.look.options import look_without
from streamstyle.look.recipe import Recipe
from streamstyle.studio.keys import ENGINE, EVENTS, TOLD
from streamstyle.studio.routes import BODY, SWITCH, ApiError, Routes, answer, done
from streamstyle.studio.schema import listing, text
from streamstyle.studio.shelf.files import give, receive
from streamstyle.studio.shelf.keys import STYLES, THUMBNAILS
from streamstyle.studio.shelf.styles import MOST_STYLE_BYTES, STYLE, ShelfStyle

ROUTES = Routes()


@ROUTES.add("GET", "/api/styles", gives=listing(STYLE))
async def get_styles(request: web.Request) -> web.Response:
    """All styles; thumbnails that are missing are then painted."""
    styles, thumbnails = request.app[STYLES], request.app[THUMBNAILS]
    thumbnails.paint(styles.wanted_first())
    return answer([styles.describe(style, thumbnails) for style in styles])


@ROUTES.add("POST", "/api/styles", gives=STYLE, status=201, query={"name": text(2000)}, upload=True)
async def post_style(request: web.Request) -> web.Response:
    """Make a style of a picture; it stays."""
    styles, thumbnails = request.app[STYLES], request.app[THUMBNAILS]
    place = styles.incoming()
    try:
        with place.open("xb") as file:
            await receive(request, file.write, MOST_STYLE_BYTES)
        style = await styles.add(place, request.query.get("name", "painting"))
    except OSError as error:
        raise ApiError(507, "the picture cannot be stored; make room on the disk, then send it again") from error
    finally:
        place.unlink(missing_ok=True)
    thumbnails.paint(styles.wanted_first())
    request.app[EVENTS].send({"type": "styles"})
    return answer(styles.describe(style, thumbnails), 201)


@ROUTES.add("DELETE", r"/api/styles/{name:(?!thumbnails$)[^/]+}", refuses={409})
async def delete_style(request: web.Request) -> web.Response:
    """Remove one of the user's own; looks go on without it."""
    style, styles = _style(request), request.app[STYLES]
    request.app[THUMBNAILS].forget(style.source)
    styles.remove(style)
    instead = next(other.source for other in styles if other.source != style.source)

    def without(look: Recipe) -> Recipe:
        return look_without(look, style.source, instead)

    request.app[TOLD].history.change(without)
    if style.source in request.app[ENGINE].wanted.files:
        request.app[ENGINE].change(without)
    request.app[ENGINE].forget(style.source)
    request.app[EVENTS].send({"type": "styles"})
    return done()


@ROUTES.add("PUT", "/api/styles/{name}/favorite", gives=STYLE, body=SWITCH)
async def put_favorite(request: web.Request) -> web.Response:
    """Mark a style as a favorite, or not."""
    styles, style = request.app[STYLES], _style(request)
    styles.favor(style, on=request[BODY]["on"])
    request.app[EVENTS].send({"type": "styles"})
    return answer(styles.describe(style, request.app[THUMBNAILS]))


@ROUTES.add("GET", "/api/styles/{name}/thumbnail.jpg", gives="image/jpeg")
async def get_thumbnail(request: web.Request) -> web.StreamResponse:
    """A style on the user's own picture; the picture itself before that is painted."""
    path, _number = request.app[THUMBNAILS].find(_style(request).source)
    return give(path, "thumbnail.jpg", download=False, missing="there is no thumbnail of this style yet")


@ROUTES.add("GET", "/api/styles/{name}/painting", gives="image/*")
async def get_painting(request: web.Request) -> web.StreamResponse:
    """The picture that a style of the user's own was made of."""
    style = _style(request)
    if style.painting is None:
        raise ApiError(404, f"the painting of '{style.name}' is not kept here")
    name = f"{style.title}{style.painting.suffix}"
    return give(style.painting, name, download=False, missing=f"the painting of '{style.name}' is no longer there")


@ROUTES.add("POST", "/api/styles/thumbnails", status=202, refuses={409})
async def post_thumbnails(request: web.Request) -> web.Response:
    """Paint the thumbnails on the present frame; they come one by one."""
    if not await take_thumbnails(request.app):
        raise ApiError(409, "there is no picture yet; start a camera first")
    return done(202)


async def take_thumbnails(app: web.Application) -> bool:
    """Take the newest frame for all thumbnails, which then come one by one.

    Returns:
        Whether there was one.
    """
    frame = app[ENGINE].newest
    if frame is None:
        return False
    await asyncio.to_thread(app[THUMBNAILS].take, frame.image)
    app[THUMBNAILS].paint(app[STYLES].wanted_first())
    return True


def _style(request: web.Request) -> ShelfStyle:
    return request.app[STYLES].get(request.match_info["name"])
