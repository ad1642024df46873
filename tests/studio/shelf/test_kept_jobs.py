"""Jobs on the disk: what a start makes of what it finds."""

import json
import subprocess
import sys
import time

import pytest

from streamstyle.errors import StreamstyleError
from streamstyle.look.recipe import Recipe
from streamstyle.pipeline.threads import Background
from streamstyle.studio.shelf.jobs import Jobs
from streamstyle.studio.shelf.lock import lock_folder, wait_for_lock
from streamstyle.studio.shelf.uploads import Upload
from tests.studio.shelf.clients import photo


@pytest.fixture
def told():
    return []


@pytest.fixture
def jobs(tmp_path, told):
    return Jobs(tmp_path, told.append)


def added(jobs, name="a.jpg"):
    with Upload(jobs.folder, name, None) as upload:
        upload.write(photo())
        upload.close()
        return jobs.add(upload, Recipe(("kiss",)))


def test_jobs_are_found_again_in_their_order(jobs, told):
    first, second, third = (added(jobs, f"{name}.jpg") for name in "abc")
    jobs.move(third, 0)
    jobs.move(first, 99)
    again = Jobs(jobs.folder, told.append)
    assert [job.name for job in again] == ["c.jpg", "b.jpg", "a.jpg"]
    assert again.described() == jobs.described()
    assert [job["position"] for job in again.described()] == [0, 1, 2]
    assert told == []
    assert second.bytes == len(photo())


def test_what_was_running_waits_again_without_what_it_had_begun(jobs, told):
    job = added(jobs)
    job.phase, job.done, job.total = "running", 7, 9
    jobs.keep(job)
    for name in ("result.partial.jpg", "preview.jpg", "preview.jpg.123.partial"):
        jobs.place(job, name).write_bytes(b"x")
    (again,) = Jobs(jobs.folder, told.append)
    assert (again.phase, again.done, again.preview) == ("waiting", 0, 1)
    kept = sorted(path.name for path in (jobs.folder / job.id).iterdir())
    assert kept == ["job.json", "look.toml", "original.jpg", "preview.jpg"]


@pytest.mark.parametrize("harm", ["", "{", "[]", '{"id": 1}', "9" * 5000, "[" * 100_000, "\0\0\0"])
def test_a_damaged_job_is_set_aside_and_said_and_costs_no_other(jobs, told, harm):
    broken, whole = added(jobs, "broken.jpg"), added(jobs, "whole.jpg")
    jobs.place(broken, "job.json").write_text(harm)
    assert [job.name for job in Jobs(jobs.folder, told.append)] == ["whole.jpg"]
    aside = jobs.folder / f"damaged-{broken.id}"
    assert (aside / "original.jpg").read_bytes() == photo()
    assert f"a job of the queue cannot be read; its files are in '{aside}'" in told
    del told[:]
    assert [job.id for job in Jobs(jobs.folder, told.append)] == [whole.id]
    assert told == []


def test_a_job_whose_file_names_lead_elsewhere_is_set_aside(jobs, told, tmp_path):
    job = added(jobs)
    place = jobs.place(job, "job.json")
    place.write_text(json.dumps(json.loads(place.read_text()) | {"original": "../../secret"}))
    assert list(Jobs(jobs.folder, told.append)) == []
    assert len(told) == 1


def test_what_an_attempt_has_kept_stays_for_the_next_one_unless_it_was_cancelled(jobs):
    job = added(jobs)
    segments = jobs.place(job, "result.mp4.partial")
    for phase, stays in (("waiting", True), ("failed", True), ("cancelled", False)):
        segments.mkdir(exist_ok=True)
        job.phase = phase
        jobs.tidy(job)
        assert segments.exists() == stays


def test_files_that_are_gone_are_missed(jobs, told):
    done, waiting = added(jobs), added(jobs)
    done.phase, done.result = "done", "result.jpg"
    jobs.keep(done)
    jobs.place(waiting, "original.jpg").unlink()
    first, second = Jobs(jobs.folder, told.append)
    assert (first.phase, first.error) == ("failed", "the result is no longer there; paint it again")
    assert (second.phase, second.error) == ("failed", "the original is no longer there; add it again")


def test_half_uploads_and_half_removals_of_a_run_that_was_killed_go(jobs, told):
    job = added(jobs)
    for name in (".incoming-0123", ".leaving-0123"):
        (jobs.folder / name).mkdir()
        (jobs.folder / name / "original").write_bytes(b"x")
    Jobs(jobs.folder, told.append)
    assert [path.name for path in jobs.folder.iterdir()] == [job.id]


def test_a_folder_belongs_to_one_studio_at_a_time(tmp_path):
    release = lock_folder(tmp_path)
    with pytest.raises(StreamstyleError, match=r"streamstyle studio runs already \(process \d+\) with the folder '"):
        lock_folder(tmp_path)
    release()
    lock_folder(tmp_path)()


def test_a_job_waits_for_a_child_that_is_still_ending(tmp_path):
    program = "import sys; from pathlib import Path; from streamstyle.studio.shelf.lock import wait_for_lock\n"
    program += "release = wait_for_lock(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    first = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with first:
        assert first.stdout.readline() == "held\n"

        def wait():
            release = wait_for_lock(tmp_path / "lock")
            release()

        waiting = Background("waits", wait)
        time.sleep(0.2)
        assert waiting.running
        first.kill()
        end = time.monotonic() + 30
        while waiting.running:
            assert time.monotonic() < end
            time.sleep(0.01)
        waiting.join()
