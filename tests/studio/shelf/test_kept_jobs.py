"""Jobs on the disk: what a start makes of what it finds."""

import json

import pytest

from streamstyle.errors import StreamstyleError
from streamstyle.look.recipe import Recipe
from streamstyle.studio.shelf.jobs import Jobs
from streamstyle.studio.shelf.lock import FolderLock
from tests.studio.shelf.clients import photo


@pytest.fixture
def told():
    return []


@pytest.fixture
def jobs(tmp_path, told):
    return Jobs(tmp_path, told.append)


def added(jobs, name="a.jpg"):
    with jobs.upload(name, None) as upload:
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
    lock = FolderLock(tmp_path)
    with pytest.raises(StreamstyleError, match=r"streamstyle studio runs already \(process \d+\) with the folder '"):
        FolderLock(tmp_path)
    lock.release()
    FolderLock(tmp_path).release()
