"""No test, and no process of tests, waits for ever."""

import contextlib
import faulthandler
import os
import subprocess
import sys

import pytest


class Guard:
    """Ends a process in which nothing happens any more, after it has shown the stacks of its threads.

    pytest-timeout raises its failure out of a handler of SIGALRM: it does not end code that waits in C, masks signals or
    swallows what is raised, and a test that pytest-rerunfailures tries again has no limit at all. This watches from a
    thread of C. pytest-xdist then names the test, has it tried once more, and goes on in another process.
    """

    def __init__(self, config):
        self._errors = os.dup(sys.__stderr__.fileno())
        timeout = float(config.getoption("timeout") or config.getini("timeout") or 0)
        self._idle = self._limit = timeout and 600 + 5 * timeout

    def pytest_sessionstart(self):
        self._begin(self._idle)

    @pytest.hookimpl(optionalhook=True)
    def pytest_timeout_set_timer(self, settings):
        self._limit = settings.timeout + min(settings.timeout, 60)

    def pytest_runtest_logstart(self):
        self._begin(self._limit)

    @pytest.hookimpl(trylast=True)
    def pytest_exception_interact(self):
        self._begin(self._limit)  # pytest has just cancelled it

    def pytest_runtest_logfinish(self):
        self._begin(self._idle)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node, error):
        """Say by what a process died: a negative number is that of a signal; -9 tells of too little memory."""
        if not error:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = node.gateway._io.popen.wait(timeout=10)
            os.write(self._errors, f"\n[{node.gateway.id}] ended with exit code {code}\n".encode())

    def _begin(self, seconds):
        if seconds:
            faulthandler.dump_traceback_later(seconds, exit=True, file=self._errors)


def pytest_configure(config):
    """Every process has a guard: the one that gives out the tests as well."""
    config.pluginmanager.register(Guard(config))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Of --dist loadfile."""
    from tests.scheduling import WholeFiles

    return WholeFiles(config, log) if config.getoption("dist") == "loadfile" else None
