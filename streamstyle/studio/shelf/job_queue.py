"""The queue at work: one job at a time, each in a child process."""

import asyncio
import logging
import shutil
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Literal

from streamstyle.errors import SinkError
from streamstyle.media.libav import reason
from streamstyle.studio.routes import ApiError
from streamstyle.studio.shelf.child import Child
from streamstyle.studio.shelf.jobs import LOOK, Jobs, StoredJob
from streamstyle.studio.status import ModelChoice

log = logging.getLogger(__name__)

_PROGRAM = "streamstyle.studio.shelf.job_process"
_OUT_OF_MEMORY = -9
"""Exit code of a process that the system ended, most likely for its memory."""


class _Running:
    """The job that is being painted."""

    def __init__(self, job: StoredJob) -> None:
        self.job = job
        self.child: Child | None = None
        self.wish: Literal["none", "cancel", "wait"] = "none"
        self.over = asyncio.Event()

    async def cancel(self) -> None:
        """Have the child end, and wait for it."""
        if self.wish == "none":
            self.wish = "cancel"
        if self.child is not None:
            await self.child.end()
        await self.over.wait()


class JobQueue:
    """Paints what waits. Its methods are for the event loop."""

    def __init__(self, jobs: Jobs, model: ModelChoice, changed: Callable[[], None]) -> None:
        """Nothing is begun.

        Args:
            jobs: What there is.
            model: What paints.
            changed: Called after each change of a job.
        """
        self.jobs = jobs
        self._model, self._changed = model, changed
        self._wake = asyncio.Event()
        self._running: _Running | None = None

    async def run(self) -> None:
        """Paint one job after the other, until cancelled; what is running then waits again."""
        while True:
            job = self.jobs.next_waiting()
            if job is None:
                self._wake.clear()
                await self._wake.wait()
                continue
            try:
                await self._paint(job)
            except Exception:
                log.exception("painting '%s' failed by a fault of the program", job.name)

    def wake(self) -> None:
        """Something may wait that did not before."""
        self._wake.set()
        self._changed()

    async def cancel(self, job: StoredJob) -> None:
        """Let a job be; what was done of it goes.

        Raises:
            ApiError: It is over already.
        """
        if self._running is not None and self._running.job is job:
            await self._running.cancel()
            return
        if job.phase != "waiting":
            raise ApiError(409, "this job is over already; remove it, or paint it again")
        job.phase = "cancelled"
        self.jobs.keep(job)
        self._changed()

    def retry(self, job: StoredJob) -> None:
        """Paint a job that failed or was cancelled; it comes last.

        Raises:
            ApiError: It is neither.
        """
        if job.phase not in {"failed", "cancelled"}:
            raise ApiError(409, "only a job that failed or was cancelled can be painted again")
        job.begin_again()
        self.jobs.keep(job)
        self.jobs.move(job, len(self.jobs.described()))
        self.wake()

    async def remove(self, job: StoredJob) -> None:
        """Take a job away, with its files.

        Raises:
            ApiError: Somebody else did so while it was being cancelled.
        """
        if self._running is not None and self._running.job is job:
            await self._running.cancel()
        folder = self.jobs.forget(self.jobs.get(job.id))
        self._changed()
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    def move(self, job: StoredJob, position: int) -> None:
        """Put a job at another place of the list."""
        self.jobs.move(job, position)
        self._changed()

    async def _paint(self, job: StoredJob) -> None:
        running = self._running = _Running(job)
        job.begin_again()
        job.phase = "running"
        outcome: dict[str, Any] = {}
        try:
            self._keep(job)
            self._changed()
            outcome = await self._work(running)
        except asyncio.CancelledError:
            running.wish = "wait"
            if running.child is not None:
                await running.child.end()
            raise
        except OSError as error:
            outcome = {"error": f"painting cannot be started: {reason(error)}; end other programs, then try again"}
        finally:
            self._conclude(running, outcome)

    async def _work(self, running: _Running) -> dict[str, Any]:
        """Have a child paint the job.

        Returns:
            Its last word: what the result is, or what is wrong.
        """
        job = running.job
        child = running.child = await Child.start(_PROGRAM)
        if running.wish != "none":
            child.ask_to_end()
        await child.say(
            {
                "folder": str(self.jobs.folder / job.id),
                "original": job.original,
                "look": LOOK,
                "name": job.name,
                "model": self._model.model,
                "device": self._model.device,
                "precision": self._model.precision,
            }
        )
        outcome: dict[str, Any] = {}
        while (said := await child.hear()) is not None:
            if "result" in said or "error" in said:
                outcome = said
                continue
            for name in ("kind", "total", "done", "fps", "seconds_left"):
                if name in said:
                    setattr(job, name, said[name])
            job.preview += "preview" in said
            self._changed()
        code = await child.wait()
        if not outcome:
            why = "the computer may have too little memory" if code == _OUT_OF_MEMORY else f"exit code {code}"
            outcome = {"error": f"painting '{job.name}' ended unexpectedly ({why}); try again, or a smaller file"}
        return outcome

    def _conclude(self, running: _Running, outcome: dict[str, Any]) -> None:
        """Write down what has become of a job."""
        job = running.job
        job.fps, job.seconds_left = outcome.get("fps", job.fps), None
        if "result" in outcome:
            job.phase, job.result, job.result_name = "done", outcome["result"], outcome["result_name"]
            job.done = job.total = outcome["frames"]
            job.warnings = outcome["warnings"]
        elif running.wish == "cancel":
            job.phase = "cancelled"
        elif running.wish == "wait":
            job.begin_again()
        else:
            job.phase, job.error = "failed", outcome.get("error", "painting was stopped; try again")
        with suppress(OSError):
            self.jobs.tidy(job)
        self._keep(job)
        self._running = None
        running.over.set()
        self._changed()

    def _keep(self, job: StoredJob) -> None:
        try:
            self.jobs.keep(job)
        except SinkError as error:  # of a full disk: what is painted is there all the same
            log.warning("%s", error)
