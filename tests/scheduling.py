"""Which process runs which test file, also after a process has died."""

from xdist.scheduler import LoadFileScheduling


class WholeFiles(LoadFileScheduling):
    """`--dist loadfile` that survives a process that dies.

    pytest-xdist 3.8 gives out again all files that the dead process ever had: those that were finished are empty orders,
    over which the others wait for ever, and the test that the process died of kills one process after another.
    """

    def remove_node(self, node):
        """Queue what the process had not finished; all processes are offered it when the next one has collected the tests.

        Returns:
            The test that the process died of, or None if it had nothing to do.
        """
        files = self.assigned_work.pop(node)
        killer = next((test for tests in files.values() for test, done in tests.items() if not done), None)
        if killer is not None:
            files[self._split_scope(killer)][killer] = True
        self.workqueue.update({file: tests for file, tests in files.items() if not all(tests.values())})
        return killer

    def mark_test_pending(self, item):
        """Queue the test that a process died of once more: pytest-rerunfailures asks for it as often as --reruns says."""
        self.workqueue.setdefault(self._split_scope(item), {})[item] = False

    def _reschedule(self, node):
        if node in self.registered_collections:  # a process that is new still collects
            super()._reschedule(node)
