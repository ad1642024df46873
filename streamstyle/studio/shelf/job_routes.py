"""The API of the queue of files."""

from aiohttp import web

from streamstyle.studio.keys import ENGINE
from streamstyle.studio.routes import BODY, ApiError, Routes, answer, done
from streamstyle.studio.schema import COUNT, listing, one_of, record, text
from streamstyle.studio.shelf.desktop import show_in_folder
from streamstyle.studio.shelf.files import give, receive
from streamstyle.studio.shelf.job_process import PREVIEW, PREVIEW_ORIGINAL
from streamstyle.studio.shelf.jobs import JOB, StoredJob
from streamstyle.studio.shelf.keys import LOOKS, QUEUE
from streamstyle.studio.shelf.names import file_name
from streamstyle.studio.shelf.uploads import Upload

ROUTES = Routes()
_DOWNLOAD = {"download": one_of("0", "1")}


@ROUTES.add("GET", "/api/jobs", gives=listing(JOB))
async def get_jobs(request: web.Request) -> web.Response:
    """All jobs, in the order in which they are painted."""
    return answer(request.app[QUEUE].jobs.described())


@ROUTES.add(
    "POST", "/api/jobs", gives=JOB, status=201, refuses={404}, query={"name": text(2000), "look": text(1000)}, upload=True
)
async def post_job(request: web.Request) -> web.Response:
    """Add a photo or a film, to be painted with the present look, or a saved one."""
    queue, looks = request.app[QUEUE], request.app[LOOKS]
    recipe = looks.read(looks.get(request.query["look"])) if "look" in request.query else request.app[ENGINE].wanted
    with Upload(queue.jobs.folder, request.query.get("name", "file"), request.content_length) as upload:
        await receive(request, upload.write)
        upload.close()
        job = queue.jobs.add(upload, recipe)
    queue.wake()
    return answer(queue.jobs.describe(job), 201)


@ROUTES.add("GET", "/api/jobs/{id}", gives=JOB)
async def get_job(request: web.Request) -> web.Response:
    """One job."""
    return answer(request.app[QUEUE].jobs.describe(_job(request)))


@ROUTES.add("DELETE", "/api/jobs/{id}")
async def delete_job(request: web.Request) -> web.Response:
    """Remove a job and its files; one that is painted is cancelled first."""
    await request.app[QUEUE].remove(_job(request))
    return done()


@ROUTES.add("POST", "/api/jobs/{id}/cancel", gives=JOB, refuses={409})
async def cancel_job(request: web.Request) -> web.Response:
    """Stop painting a job."""
    job = _job(request)
    await request.app[QUEUE].cancel(job)
    return answer(request.app[QUEUE].jobs.describe(job))


@ROUTES.add("POST", "/api/jobs/{id}/retry", gives=JOB, refuses={409})
async def retry_job(request: web.Request) -> web.Response:
    """Paint a job once more."""
    job = _job(request)
    request.app[QUEUE].retry(job)
    return answer(request.app[QUEUE].jobs.describe(job))


@ROUTES.add("PATCH", "/api/jobs/{id}", gives=JOB, body=record({"position": COUNT}))
async def move_job(request: web.Request) -> web.Response:
    """Put a job at another place of the list."""
    job = _job(request)
    request.app[QUEUE].move(job, request[BODY]["position"])
    return answer(request.app[QUEUE].jobs.describe(job))


@ROUTES.add("GET", "/api/jobs/{id}/original", gives="*/*", query=_DOWNLOAD)
async def get_original(request: web.Request) -> web.StreamResponse:
    """The file that was added."""
    job, jobs = _job(request), request.app[QUEUE].jobs
    return give(
        jobs.place(job, job.original),
        job.name,
        download=_is_download(request),
        missing=f"the original of '{job.name}' is no longer there; add it again",
    )


@ROUTES.add("GET", "/api/jobs/{id}/result", gives="*/*", refuses={409}, query=_DOWNLOAD)
async def get_result(request: web.Request) -> web.StreamResponse:
    """The painted file."""
    job = _done(request)
    return give(
        request.app[QUEUE].jobs.place(job, job.result or ""),
        job.result_name or job.name,
        download=_is_download(request),
        missing=f"the result of '{job.name}' is no longer there; paint it again",
    )


@ROUTES.add("GET", "/api/jobs/{id}/preview.jpg", gives="image/jpeg")
async def get_preview(request: web.Request) -> web.StreamResponse:
    """The newest painted frame of a job."""
    return _preview(request, PREVIEW)


@ROUTES.add("GET", "/api/jobs/{id}/preview-original.jpg", gives="image/jpeg")
async def get_preview_original(request: web.Request) -> web.StreamResponse:
    """The same frame before it was painted."""
    return _preview(request, PREVIEW_ORIGINAL)


@ROUTES.add("POST", "/api/jobs/{id}/show", refuses={409})
async def show_job(request: web.Request) -> web.Response:
    """Open the folder of a job's result on this computer."""
    job = _done(request)
    await show_in_folder(request.app[QUEUE].jobs.place(job, job.result or ""))
    return done()


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
