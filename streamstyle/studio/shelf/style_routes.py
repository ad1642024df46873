"""The API of the styles and their thumbnails."""

import asyncio
from typing import Any

from aiohttp import web

from streamstyle.studio.keys import ENGINE, EVENTS
from streamstyle.studio.routes import BODY, ApiError, Route, answer
from streamstyle.studio.schema import ON, listing, record, text
from streamstyle.studio.shelf.files import answers_of, give, receive
from streamstyle.studio.shelf.keys import STYLES, THUMBNAILS
from streamstyle.studio.shelf.styles import MOST_STYLE_BYTES, STYLE, ShelfStyle

_DONE = record({"ok": ON})


async def get_styles(request: web.Request) -> web.Response:
    """All styles; thumbnails that are missing are then painted."""
    styles, thumbnails = request.app[STYLES], request.app[THUMBNAILS]
    thumbnails.paint(styles.wanted_first())
    return answer([styles.describe(style, thumbnails) for style in styles])


async def post_style(request: web.Request) -> web.Response:
    """Make a style of a picture."""
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


async def delete_style(request: web.Request) -> web.Response:
    """Remove one of the user's own."""
    style = _style(request)
    request.app[THUMBNAILS].forget(style.source)
    request.app[STYLES].remove(style)
    request.app[EVENTS].send({"type": "styles"})
    return answer({"ok": True})


async def put_favourite(request: web.Request) -> web.Response:
    """Mark a style as a favourite, or not."""
    styles, style = request.app[STYLES], _style(request)
    styles.favour(style, on=request[BODY]["on"])
    request.app[EVENTS].send({"type": "styles"})
    return answer(styles.describe(style, request.app[THUMBNAILS]))


async def get_thumbnail(request: web.Request) -> web.StreamResponse:
    """A style on the user's own picture; the picture itself before that is painted."""
    path, _number = request.app[THUMBNAILS].find(_style(request).source)
    return give(path, "thumbnail.jpg", download=False, missing="there is no thumbnail of this style yet")


async def get_painting(request: web.Request) -> web.StreamResponse:
    """The picture that a style of the user's own was made of."""
    style = _style(request)
    if style.painting is None:
        raise ApiError(404, f"the painting of '{style.name}' is not kept here")
    name = f"{style.title}{style.painting.suffix}"
    return give(style.painting, name, download=False, missing=f"the painting of '{style.name}' is no longer there")


async def post_thumbnails(request: web.Request) -> web.Response:
    """Paint all thumbnails on the present frame."""
    if not await take_thumbnails(request.app):
        raise ApiError(409, "there is no picture yet; start a camera first")
    return answer({"ok": True}, 202)


async def take_thumbnails(app: web.Application) -> bool:
    """Take the newest frame for all thumbnails, which then come one by one.

    Returns:
        Whether there was one.
    """
    frame = app[ENGINE].newest()
    if frame is None:
        return False
    await asyncio.to_thread(app[THUMBNAILS].take, frame.image)
    app[THUMBNAILS].paint(app[STYLES].wanted_first())
    return True


def _style(request: web.Request) -> ShelfStyle:
    return request.app[STYLES].get(request.match_info["name"])


_NAMED: dict[int, Any] = {200: _DONE, 404: None}

ROUTES = (
    Route("GET", "/api/styles", get_styles, "all styles", answers={200: listing(STYLE)}),
    Route(
        "POST",
        "/api/styles",
        post_style,
        "make a style of a picture; it stays",
        query={"name": text(2000)},
        upload=True,
        answers={201: STYLE, 408: None, 413: None, 507: None},
    ),
    Route(
        "POST",
        "/api/styles/thumbnails",
        post_thumbnails,
        "paint the thumbnails on the present frame; they come one by one",
        answers={202: _DONE, 409: None},
    ),
    Route(
        "DELETE",
        r"/api/styles/{name:(?!thumbnails$)[^/]+}",
        delete_style,
        "remove one of your own",
        answers={**_NAMED, 409: None},
    ),
    Route(
        "PUT",
        "/api/styles/{name}/favourite",
        put_favourite,
        "mark it as a favourite, or not",
        body=record({"on": ON}),
        answers={200: STYLE, 404: None},
    ),
    Route(
        "GET",
        "/api/styles/{name}/thumbnail.jpg",
        get_thumbnail,
        "the style on your own picture",
        answers=answers_of("image/jpeg"),
    ),
    Route(
        "GET",
        "/api/styles/{name}/painting",
        get_painting,
        "the picture of a style of your own",
        answers=answers_of("image/*"),
    ),
)
