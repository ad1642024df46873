"""The queue of files: over HTTP, with the children that really paint."""

import asyncio
import errno
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit
from urllib.request import urlopen

import av
import numpy as np
import pytest

from streamstyle.media.sources.synthetic import SyntheticSource
from streamstyle.studio.keys import EVENTS
from streamstyle.studio.shelf import desktop, uploads
from streamstyle.studio.shelf.child import Child
from streamstyle.studio.shelf.job_queue import JobQueue
from streamstyle.studio.shelf.keys import QUEUE
from tests.clips import Audio, make_clip
from tests.studio.shelf.clients import PATIENCE, add, frames_done, get, over, photo, picture, problem, until, wait_until


@pytest.fixture
def film(tmp_path):
    return make_clip(tmp_path / "film.mp4", frames=12, audio=[Audio(seconds=0.4)]).read_bytes()


@pytest.fixture(scope="module")
def long_film(tmp_path_factory):
    """Takes some seconds to paint: no frame of it is like the one before."""
    images = [frame.image for frame in SyntheticSource(320, 240, frames=20)] * 20
    return make_clip(tmp_path_factory.mktemp("long") / "long.mp4", images=images, options={"crf": "30"}).read_bytes()


def files_of(data, job):
    return sorted(path.name for path in (data / "jobs" / job["id"]).iterdir())


def test_a_film_becomes_a_painted_film(studio, film, tmp_path, data):
    async def go():
        async with studio() as client:
            job = await add(client, film, "My holiday 🎉.mp4")
            assert (job["name"], job["kind"], job["phase"]) == ("My holiday 🎉.mp4", "video", "waiting")
            job = await over(client, job["id"])
            assert (job["phase"], job["error"], job["done"], job["total"]) == ("done", None, 12, 12)
            assert job["result_name"] == "My holiday 🎉_kiss.mp4"
            result = await client.get(f"/api/jobs/{job['id']}/result?download=1")
            assert result.content_type == "video/mp4"
            said = result.headers["Content-Disposition"]
            assert said.startswith("attachment; filename=\"My holiday __kiss.mp4\"; filename*=UTF-8''My%20holiday%20%F0")
            (tmp_path / "painted.mp4").write_bytes(await result.read())
            part = await client.get(f"/api/jobs/{job['id']}/original", headers={"Range": "bytes=10-19"})
            assert (part.status, await part.read()) == (206, film[10:20])
            before, after = [
                await picture(client, f"/api/jobs/{job['id']}/preview{name}.jpg") for name in ("-original", "")
            ]
            assert before.shape == after.shape == (48, 64, 3)
            assert np.abs(before.astype(int) - after).mean() > 10
            phases = [message["jobs"][0]["phase"] for message in client.app[EVENTS].of("jobs")]
            assert list(dict.fromkeys(phases)) == ["waiting", "running", "done"]

    asyncio.run(go())
    with av.open(str(tmp_path / "painted.mp4")) as container:
        assert len(container.streams.audio) == 1
        assert sum(1 for _ in container.decode(video=0)) == 12


def test_what_fails_says_why_and_does_not_stop_the_rest(studio, tmp_path, data):
    secret = make_clip(tmp_path / "secret.mp4", frames=3)
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile://{secret}\n#EXT-X-ENDLIST\n".encode()

    async def go():
        async with studio() as client:
            text = await add(client, b"just some words " * 100, "notes.mp4")
            lists = await add(client, playlist, "list.m3u8")
            noise = await add(client, bytes(range(256)) * 40, "noise.mov")
            still = await add(client, photo(), "portrait.jpeg")
            assert await problem(await client.post("/api/jobs?name=none.mp4", data=b"")) == (
                400,
                "'none.mp4' is empty; wanted a photo or a video",
            )
            jobs = [await over(client, job["id"]) for job in (text, lists, noise, still)]
            assert [job["phase"] for job in jobs] == ["failed", "failed", "failed", "done"]
            assert jobs[0]["error"] == "'notes.mp4' is text; wanted a photo or a video"
            assert jobs[1]["error"] == "'list.m3u8' is text; wanted a photo or a video"
            assert jobs[2]["error"] == "'noise.mov' is not a video or photo that can be read, or its index is missing"
            assert (jobs[3]["kind"], jobs[3]["result_name"]) == ("photo", "portrait_kiss.jpeg")
            result = await picture(client, f"/api/jobs/{still['id']}/result")
            assert result.shape == (64, 96, 3)
            assert [job["position"] for job in await get(client, "/api/jobs")] == [0, 1, 2, 3]
            assert await problem(await client.get(f"/api/jobs/{text['id']}/result")) == (
                409,
                "'notes.mp4' has no result yet",
            )

    asyncio.run(go())


def test_names_from_the_network_are_no_paths(studio, data, tmp_path, monkeypatch):
    monkeypatch.setattr(JobQueue, "run", lambda self: asyncio.sleep(0))  # nothing is painted
    names = ["../../x.png", "C:\\Windows\\CON.png", "a" * 300 + ".png", "🎉\u202egpj.png", "...", "x.html"]

    async def go():
        async with studio() as client:
            for name in names:
                await add(client, photo(form="PNG"), name)
            shown = await get(client, "/api/jobs")
            assert [job["name"] for job in shown] == [
                "x.png",
                "_CON.png",
                "a" * 176 + ".png",
                "🎉gpj.png",
                "file",
                "x.html",
            ]
            page = await client.get(f"/api/jobs/{shown[-1]['id']}/original")
            assert page.content_type == "application/octet-stream"
            assert page.headers["Content-Disposition"].startswith("attachment")
            for wrong in ("nothing", "..%2f..%2fx", "%00", "0" * 16):
                assert (await problem(await client.get(f"/api/jobs/{wrong}")))[0] == 404

    asyncio.run(go())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]
    kept = {path.name for path in data.glob("jobs/*/*")}
    assert kept == {"job.json", "look.toml", "original", "original.png"}


def test_a_job_that_is_removed_twice_at_once_is_there_no_more(studio, film):
    async def go():
        async with studio() as client:
            job = await add(client, film, "a.mp4")
            place = f"/api/jobs/{job['id']}"
            async with asyncio.timeout(60):
                while (await get(client, place))["phase"] == "waiting":
                    await asyncio.sleep(0.02)
                asked = client.post(f"{place}/cancel"), client.delete(place), client.delete(place), client.delete(place)
                statuses = [answer.status for answer in await asyncio.gather(*asked)]
            assert statuses.count(500) == 0
            assert 200 in statuses
            assert await get(client, "/api/jobs") == []

    asyncio.run(go())


def test_a_job_is_cancelled_moved_painted_again_and_removed(studio, long_film, film, data):
    async def go():
        async with studio() as client:
            slow = await add(client, long_film, "slow.mp4")
            quick = await add(client, film, "quick.mp4")
            last = await add(client, film, "last.mp4")
            moved = await client.patch(f"/api/jobs/{last['id']}", json={"position": 1})
            assert (await moved.json())["position"] == 1
            assert [job["name"] for job in await get(client, "/api/jobs")] == ["slow.mp4", "last.mp4", "quick.mp4"]
            assert (await client.post(f"/api/jobs/{quick['id']}/cancel")).status == 200
            await frames_done(client, slow, 2)
            running = await get(client, f"/api/jobs/{slow['id']}")
            assert running["total"] == 400
            assert running["fps"] > 0
            assert running["seconds_left"] > 0
            cancelled = await (await client.post(f"/api/jobs/{slow['id']}/cancel")).json()
            assert (cancelled["phase"], cancelled["result_name"]) == ("cancelled", None)
            kept = ["job.json", "lock", "look.toml", "original.mp4", "preview-original.jpg", "preview.jpg"]
            assert files_of(data, slow) == kept
            assert (await over(client, last["id"]))["phase"] == "done"
            assert (await get(client, f"/api/jobs/{quick['id']}"))["phase"] == "cancelled"
            for act, words in (
                ("cancel", "this job is over already"),
                ("retry", "only a job that failed or was cancelled"),
            ):
                status, said = await problem(await client.post(f"/api/jobs/{last['id']}/{act}"))
                assert status == 409
                assert said.startswith(words)
            again = await (await client.post(f"/api/jobs/{slow['id']}/retry")).json()
            assert (again["phase"], again["position"]) == ("waiting", 2)
            await until(client, slow["id"], "running")
            assert (await client.delete(f"/api/jobs/{slow['id']}")).status == 200
            assert [job["name"] for job in await get(client, "/api/jobs")] == ["last.mp4", "quick.mp4"]

    asyncio.run(go())
    assert len(list((data / "jobs").iterdir())) == 2


def test_a_broken_upload_leaves_nothing(studio, data):
    async def go():
        async with studio() as client:
            loop = asyncio.get_running_loop()
            for end in ("closed", "reset"):
                line = socket.create_connection((client.host, client.port))
                line.sendall(
                    b"POST /api/jobs?name=a.mp4 HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n" + bytes(3_000_000)
                )
                await wait_until(lambda: list(data.glob("jobs/.incoming-*")))
                if end == "reset":
                    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                await loop.run_in_executor(None, line.close)
                await wait_until(lambda: not list(data.glob("jobs/.incoming-*")))
            assert await get(client, "/api/jobs") == []

    asyncio.run(go())
    assert list((data / "jobs").iterdir()) == []


def test_a_full_disk_is_said_before_and_while_a_file_comes(studio, data, monkeypatch):
    async def go():
        async with studio() as client:
            monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=200_500_000))
            answer = await client.post("/api/jobs?name=big.mp4", data=io.BytesIO(bytes(1_000_000)))
            assert await problem(answer) == (
                507,
                "the disk has no room for 'big.mp4': make 0.5 MB free, then send it again",
            )
            monkeypatch.undo()

            def full(self, data):
                with uploads.failing_clearly(self.name):
                    raise OSError(errno.ENOSPC, "No space left on device")

            monkeypatch.setattr(uploads.Upload, "write", full)
            status, words = await problem(await client.post("/api/jobs?name=big.mp4", data=bytes(10)))
            assert (status, words) == (
                507,
                "'big.mp4' cannot be stored: no space left on device; make room on the disk, then send it again",
            )

    asyncio.run(go())
    assert list((data / "jobs").iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="asks Linux for children")
def test_the_queue_goes_on_after_the_server_was_killed(studio, long_film, film, data):
    def start():
        program = subprocess.Popen(
            [sys.executable, "-m", "tests.studio.shelf.serve", str(data)], stdout=subprocess.PIPE, text=True
        )
        return program, program.stdout.readline().strip()

    def jobs_at(address):
        with urlopen(f"{address}api/jobs", timeout=PATIENCE) as answer:
            return json.load(answer)

    program, address = start()
    try:
        place = urlsplit(address)
        for name, content in (("long.mp4", long_film), ("short.mp4", film)):
            head = f"POST /api/jobs?name={name} HTTP/1.0\r\nHost: x\r\nContent-Length: {len(content)}\r\n\r\n".encode()
            with socket.create_connection((place.hostname, place.port), timeout=PATIENCE) as line:
                line.sendall(head + content)
                assert b" 201 " in line.recv(100)
        end = time.monotonic() + PATIENCE
        while jobs_at(address)[0]["done"] < 2:
            assert time.monotonic() < end
            time.sleep(0.05)
        children = Path(f"/proc/{program.pid}/task/{program.pid}/children").read_text().split()
        assert len(children) == 1
        os.kill(program.pid, signal.SIGKILL)
        program.wait(PATIENCE)
        while Path(f"/proc/{children[0]}").exists():  # nobody is left who paints for nobody
            assert time.monotonic() < end
            time.sleep(0.05)
    finally:
        program.kill()
        program.stdout.close()
    assert list(data.glob("jobs/*/*partial*")) != []

    async def go():
        async with studio() as client:
            assert list(data.glob("jobs/*/*partial*")) == []
            long, short = await get(client, "/api/jobs")
            assert (long["phase"], short["phase"]) == ("running", "waiting")
            await until(client, long["id"], "running")
            await client.delete(f"/api/jobs/{long['id']}")
            assert (await over(client, short["id"]))["phase"] == "done"

    asyncio.run(go())


def test_an_orderly_end_keeps_what_was_running_for_the_next_start(studio, long_film, data):
    async def first():
        async with studio() as client:
            job = await add(client, long_film, "long.mp4")
            await until(client, job["id"], "running")

    async def second():
        async with studio() as client:
            (job,) = await get(client, "/api/jobs")
            assert job["phase"] in {"waiting", "running"}
            await client.delete(f"/api/jobs/{job['id']}")

    asyncio.run(first())
    (stored,) = data.glob("jobs/*/job.json")
    assert json.loads(stored.read_text())["phase"] == "waiting"
    asyncio.run(second())


def test_the_folder_is_shown_only_where_there_is_a_desktop(studio, data, monkeypatch, tmp_path):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")

    async def go():
        async with studio() as client:
            job = await over(client, (await add(client, photo(), "a.jpg"))["id"])
            status, words = await problem(await client.post(f"/api/jobs/{job['id']}/show"))
            assert status == 409
            assert words.startswith("there is no desktop here to show it on; the file is '")
            (tmp_path / "xdg-open").write_text('#!/bin/sh\necho "$@" > "$0.said"\n')
            (tmp_path / "xdg-open").chmod(0o755)
            monkeypatch.setenv("DISPLAY", ":7")
            monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
            assert (await client.post(f"/api/jobs/{job['id']}/show")).status == 200
            said = tmp_path / "xdg-open.said"
            await wait_until(lambda: said.is_file() and said.read_text())
            assert said.read_text() == f"{data / 'jobs' / job['id']}\n"
            await wait_until(lambda: not desktop._open)

    asyncio.run(go())


def test_a_child_that_cannot_be_started_and_a_fault_of_the_program_do_not_end_the_queue(studio, monkeypatch):
    failures = [OSError(errno.EAGAIN, "Resource temporarily unavailable"), RuntimeError("a fault")]
    start = Child.start

    async def starts_at_the_third_try(program):
        if failures:
            raise failures.pop(0)
        return await start(program)

    async def go():
        async with studio() as client:
            monkeypatch.setattr(Child, "start", starts_at_the_third_try)
            jobs = [await add(client, photo(), f"{number}.jpg") for number in range(3)]
            ended = [await over(client, job["id"]) for job in jobs]
            assert [job["phase"] for job in ended] == ["failed", "failed", "done"]
            assert ended[0]["error"].startswith("painting cannot be started: resource temporarily unavailable")

    asyncio.run(go())


def test_a_child_that_is_killed_is_said_and_the_job_can_be_painted_again(studio, long_film, data):
    async def go():
        async with studio() as client:
            job = await add(client, long_film, "long.mp4")
            await frames_done(client, job, 1)
            client.app[QUEUE]._running.child._process.kill()
            failed = await over(client, job["id"])
            assert failed["phase"] == "failed"
            assert failed["error"].startswith(
                "painting 'long.mp4' ended unexpectedly (the computer may have too little memory)"
            )
            assert not list(data.glob("jobs/*/*partial*"))
            assert (await client.post(f"/api/jobs/{job['id']}/retry")).status == 200
            assert (await until(client, job["id"], "running"))["error"] is None
            await client.delete(f"/api/jobs/{job['id']}")

    asyncio.run(go())


def test_a_saved_look_paints_a_job(studio, tmp_path):
    async def go():
        async with studio() as client:
            (tmp_path / "data/looks/waves.toml").write_text('style = ["great-wave"]\nalpha = 0.5\n')
            job = await over(client, (await add(client, photo(), "a.jpg", look="waves"))["id"])
            assert (job["phase"], job["result_name"]) == ("done", "a_great-wave.jpg")
            assert (await client.post("/api/jobs?look=nope", data=b"x")).status == 404

    asyncio.run(go())
