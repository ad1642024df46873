"""The API of the queue of files."""

from aiohttp import web

from streamstyle.studio.keys import ENGINE
from streamstyle.studio.routes import BODY, ApiError, Route, answer
from streamstyle.studio.schema import COUNT, ON, listing, one_of, record, text
from streamstyle.studio.shelf.desktop import show_in_folder
from streamstyle.studio.shelf.files import answers_of, give, receive
from streamstyle.studio.shelf.job_process import PREVIEW, PREVIEW_ORIGINAL
from streamstyle.studio.shelf.jobs import JOB, StoredJob
from streamstyle.studio.shelf.keys import LOOKS, QUEUE
from streamstyle.studio.shelf.names import file_name

_DONE = record({"ok": ON})
_DOWNLOAD = {"download": one_of("0", "1")}


async def get_jobs(request: web.Request) -> web.Response:
    """All jobs, in the order in which they are painted."""
    return answer(request.app[QUEUE].jobs.described())


async def post_job(request: web.Request) -> web.Response:
    """Take a file into the queue."""
    queue, looks = request.app[QUEUE], request.app[LOOKS]
    recipe = looks.read(looks.get(request.query["look"])) if "look" in request.query else request.app[ENGINE].wanted
    with queue.jobs.upload(request.query.get("name", "file"), request.content_length) as upload:
        await receive(request, upload.write)
        upload.close()
        job = queue.jobs.add(upload, recipe)
    queue.wake()
    return answer(queue.jobs.describe(job), 201)


async def get_job(request: web.Request) -> web.Response:
    """One job."""
    return answer(request.app[QUEUE].jobs.describe(_job(request)))


async def delete_job(request: web.Request) -> web.Response:
    """Remove a job and its files; one that is painted is cancelled first."""
    await request.app[QUEUE].remove(_job(request))
    return answer({"ok": True})


async def cancel_job(request: web.Request) -> web.Response:
    """Stop painting a job."""
    job = _job(request)
    await request.app[QUEUE].cancel(job)
    return answer(request.app[QUEUE].jobs.describe(job))


async def retry_job(request: web.Request) -> web.Response:
    """Paint a job once more."""
    job = _job(request)
    request.app[QUEUE].retry(job)
    return answer(request.app[QUEUE].jobs.describe(job))


async def move_job(request: web.Request) -> web.Response:
    """Put a job at another place of the list."""
    job = _job(request)
    request.app[QUEUE].move(job, request[BODY]["position"])
    return answer(request.app[QUEUE].jobs.describe(job))


async def get_original(request: web.Request) -> web.StreamResponse:
    """What came in."""
    job, jobs = _job(request), request.app[QUEUE].jobs
    return give(
        jobs.place(job, job.original),
        job.name,
        download=_is_download(request),
        missing=f"the original of '{job.name}' is no longer there; add it again",
    )


async def get_result(request: web.Request) -> web.StreamResponse:
    """What came out."""
    job = _done(request)
    return give(
        request.app[QUEUE].jobs.place(job, job.result or ""),
        job.result_name or job.name,
        download=_is_download(request),
        missing=f"the result of '{job.name}' is no longer there; paint it again",
    )


async def get_preview(request: web.Request) -> web.StreamResponse:
    """The newest painted frame of a job."""
    return _preview(request, PREVIEW)


async def get_preview_original(request: web.Request) -> web.StreamResponse:
    """The same frame before it was painted."""
    return _preview(request, PREVIEW_ORIGINAL)


async def show_job(request: web.Request) -> web.Response:
    """Open the folder of a job's result on this computer."""
    job = _done(request)
    await show_in_folder(request.app[QUEUE].jobs.place(job, job.result or ""))
    return answer({"ok": True})


def _job(request: web.Request) -> StoredJob:
    return request.app[QUEUE].jobs.get(request.match_info["id"])


def _done(request: web.Request) -> StoredJob:
    job = _job(request)
    if job.result is None:
        raise ApiError(409, f"'{job.name}' has no result yet")
    return job


def _preview(request: web.Request, file: str) -> web.StreamResponse:
    job = _job(request)
    name = f"{file_name(job.name, 'file')}.jpg"
    place = request.app[QUEUE].jobs.place(job, file)
    return give(place, name, download=False, missing=f"there is no preview of '{job.name}' yet")


def _is_download(request: web.Request) -> bool:
    return request.query.get("download") == "1"


ROUTES = (
    Route("GET", "/api/jobs", get_jobs, "the queue of files", answers={200: listing(JOB)}),
    Route(
        "POST",
        "/api/jobs",
        post_job,
        "add a photo or a film, to be painted with the present look, or a saved one",
        query={"name": text(2000), "look": text(1000)},
        upload=True,
        answers={201: JOB, 404: None, 408: None, 507: None},
    ),
    Route("GET", "/api/jobs/{id}", get_job, "one job", answers={200: JOB, 404: None}),
    Route("DELETE", "/api/jobs/{id}", delete_job, "remove a job and its files", answers={200: _DONE, 404: None}),
    Route(
        "PATCH",
        "/api/jobs/{id}",
        move_job,
        "put a job at another place of the queue",
        body=record({"position": COUNT}),
        answers={200: JOB, 404: None},
    ),
    Route("POST", "/api/jobs/{id}/cancel", cancel_job, "stop painting a job", answers={200: JOB, 404: None, 409: None}),
    Route("POST", "/api/jobs/{id}/retry", retry_job, "paint a job once more", answers={200: JOB, 404: None, 409: None}),
    Route("GET", "/api/jobs/{id}/original", get_original, "the file that was added", query=_DOWNLOAD, answers=answers_of()),
    Route(
        "GET", "/api/jobs/{id}/result", get_result, "the painted file", query=_DOWNLOAD, answers={**answers_of(), 409: None}
    ),
    Route("GET", "/api/jobs/{id}/preview.jpg", get_preview, "the newest painted frame", answers=answers_of("image/jpeg")),
    Route(
        "GET",
        "/api/jobs/{id}/preview-original.jpg",
        get_preview_original,
        "the same frame before it was painted",
        answers=answers_of("image/jpeg"),
    ),
    Route(
        "POST",
        "/api/jobs/{id}/show",
        show_job,
        "open the folder of the result on this computer",
        answers={200: _DONE, 404: None, 409: None},
    ),
)
