"""What threads share: a thread that owns a state, a value that all may read, a place for the newest item, and endings."""

import itertools
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar

from streamstyle.errors import SourceError
from streamstyle.frame import Frame
from streamstyle.media.libav import Waiting
from streamstyle.media.places import is_url, quoted
from streamstyle.media.sources.base import Source

Item = TypeVar("Item")
Arguments = ParamSpec("Arguments")
_LOOK_EVERY = 0.2
_MOMENT, _LONGER = 0.2, 1.0


class Owner:
    """One thread owns a state; what others want of it they send, and that thread does it, in the order of sending.

    The first owner is the thread that makes this. What the owner itself sends is done at once.
    """

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], object]] = deque()  # its methods are atomic
        self._thread: threading.Thread | None = threading.current_thread()
        self._busy = False

    def send(self, act: Callable[[], object]) -> None:
        """Have something done by the owner; never waits for another thread.

        Args:
            act: Must not raise but for faults of the program, which end what the owner does.
        """
        if threading.current_thread() is not self._thread:
            self._waiting.append(act)
        elif self._busy:
            act()
        else:
            self._waiting.append(act)
            self.attend()

    def attend(self) -> None:
        """Do what was sent; by the owner, now and then. What others send meanwhile waits: no flood of it holds up a run."""
        self._busy = True
        try:
            for _ in range(len(self._waiting)):
                self._waiting.popleft()()
        finally:
            self._busy = False

    def hand_over(self) -> None:
        """Be the owner no longer; what is sent waits until another thread takes over."""
        self._thread = None

    def take_over(self) -> None:
        """Be the owner; the one before has handed over, or has ended."""
        self._thread = threading.current_thread()


class Owned(Protocol):
    """Has a state that one thread owns."""

    owner: Owner


Whoever = TypeVar("Whoever", bound=Owned)


def sent(
    method: Callable[Concatenate[Whoever, Arguments], object],
) -> Callable[Concatenate[Whoever, Arguments], None]:
    """Make a method one for any thread: the owner does it, at once where it calls itself."""

    @wraps(method)
    def send(self: Whoever, /, *args: Arguments.args, **more: Arguments.kwargs) -> None:
        self.owner.send(lambda: method(self, *args, **more))

    return send


class Slot(Generic[Item]):
    """One place, where the newest replaces what was not taken in time."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._item: Item | None = None
        self._closed = False
        self.dropped = 0

    def put(self, item: Item) -> None:
        """Never waits."""
        with self._condition:
            self.dropped += self._item is not None
            self._item = item
            self._condition.notify()

    def take(self, timeout: float) -> Item | None:
        """The item, or None when none came in time or the slot is closed and empty."""
        with self._condition:
            self._condition.wait_for(lambda: self._item is not None or self._closed, timeout)
            item, self._item = self._item, None
            return item

    def close(self) -> None:
        """Nothing more will be put; what lies in it can still be taken."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    @property
    def finished(self) -> bool:
        """Closed and empty."""
        with self._condition:
            return self._closed and self._item is None


class Background:
    """Work on a thread of its own, which begins at once."""

    def __init__(self, name: str, work: Callable[[], None]) -> None:
        """Begin.

        Args:
            name: Of the thread.
            work: To be done; what it raises is raised again by `join`.
        """
        self._failure: BaseException | None = None

        def guarded() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
                self._failure = error

        self._thread = threading.Thread(target=guarded, name=name)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._thread.is_alive()

    def join(self) -> None:
        """Wait for its end; raises what the work raised."""
        self._thread.join()
        if self._failure is not None:
            raise self._failure


def undisturbed(work: Callable[[], None]) -> None:
    """Do something to its end, even when a signal raises here meanwhile: that is raised afterwards.

    Python's signal handlers raise on the main thread, so the work goes to another one. This thread waits for it, by an
    event: a `join` that is interrupted takes a thread that still runs for ended (in CPython 3.11).
    """
    failures: list[BaseException] = []
    finished = threading.Event()
    turn = threading.Lock()  # whoever takes it does the work, once

    def guarded() -> None:
        if not turn.acquire(blocking=False):
            return
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            failures.append(error)
        finally:
            finished.set()

    thread = threading.Thread(target=guarded, name="finish")
    try:
        thread.start()
        finished.wait()
    finally:
        guarded()  # where the thread could not be started
        finished.wait()
        if thread.ident is not None:
            thread.join()
    if failures:
        raise failures[0]


def reached(
    place: str,
    open_it: Callable[[], Item],
    *,
    undo: Callable[[Item], object] = lambda _item: None,
    wanted: Callable[[], bool] = lambda: True,
) -> Item:
    """Open something, or read of it; where that is in the network, a signal that raises here does not wait for an answer.

    That is then done on another thread, since libav does not see signals. When nobody wants it any more the thread is told
    to give up, and left behind where even that takes long: it does not keep the program from ending.

    Args:
        place: A path, an address, or the name of a camera.
        open_it: Opens it; what it raises is raised here.
        undo: Closes what was opened when nobody wanted it any more.
        wanted: Asked now and then.

    Raises:
        SourceError: It is no longer wanted.
    """
    if not is_url(place):
        return open_it()
    opened: list[Item] = []
    failures: list[BaseException] = []
    finished, left = threading.Event(), threading.Event()

    def guarded() -> None:
        try:
            opened.append(open_it())
            if left.is_set():
                undo(opened.pop())
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            failures.append(error)
        finally:
            finished.set()
            _hurried.discard(thread)

    thread = threading.Thread(target=guarded, name="connect", daemon=True)
    try:
        thread.start()
        while not finished.wait(_LOOK_EVERY):  # on Windows, a wait without an end cannot be interrupted
            if not wanted():
                raise SourceError(f"{quoted(place)} is no longer wanted")
    except BaseException:
        left.set()
        _hurry([thread])
        finished.wait(_LONGER)
        if opened:
            undo(opened.pop())
        raise
    if failures:
        raise failures[0]
    return opened[0]


class Reached(Source):
    """A source in the network that is read where signals arrive: they do not wait for its next frame."""

    def __init__(self, inner: Source) -> None:
        """Read from another one; whoever has opened it lets go of it."""
        self._inner, self.info, self.warnings, self.has_sound = inner, inner.info, inner.warnings, inner.has_sound

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a live source has
        return getattr(self._inner, name)

    def __iter__(self) -> Iterator[Frame]:
        """Its frames."""
        frames = iter(self._inner)
        if threading.current_thread() is not threading.main_thread():
            yield from frames
            return
        while (frame := reached(self.info.name, lambda: next(frames, None))) is not None:
            yield frame

    def close(self) -> None:
        """Close it."""
        self._inner.close()


_hurried: set[threading.Thread] = set()
"""That are to wait for the network no longer."""
_leaps = itertools.count(1e9, 1e6)
"""Times for them: later than any before, by more than anybody waits."""


def _hurry(threads: Iterable[threading.Thread]) -> None:
    """Let what threads read of the network, or open there, fail at once, until they have ended."""
    _hurried.difference_update([thread for thread in _hurried if not thread.is_alive()])
    _hurried.update(thread for thread in threads if thread.is_alive())
    Waiting.monotonic = _hurrying if _hurried else time.monotonic


def _hurrying() -> float:
    return next(_leaps) if threading.current_thread() in _hurried else time.monotonic()


def join(threads: Iterable[threading.Thread]) -> None:
    """Wait for the end of those that were started; for the network they wait a moment at most."""
    begun = [thread for thread in threads if thread.ident is not None]  # a signal may have come before
    end = time.monotonic() + _MOMENT
    for thread in begun:
        thread.join(max(0.0, end - time.monotonic()))
    _hurry(begun)
    for thread in begun:
        thread.join()
    _hurry([])


def at_end_of_input(descriptor: int, act: Callable[[], object]) -> None:
    """Do something, on another thread, at the end of what can be read: whoever wrote there has ended.

    Args:
        descriptor: Of a pipe; what still comes is thrown away.
        act: What to do; not done where the program ends before.
    """

    def wait() -> None:
        while os.read(descriptor, 4096):
            pass
        act()

    threading.Thread(target=wait, name="end of input", daemon=True).start()
