"""Writes the trail for one process, in a thread, so that no call waits long for a disk."""

from __future__ import annotations

import atexit
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from ..core.alarms import TRAIL_INCOMPLETE
from ..core.deadline import Deadline
from ..core.ports import Observer
from ..errors import Unavailable
from .chain import Link
from .file import Record, TrailFile

__all__ = ["Trail"]

PATIENCE: Final = 0.25
"""Seconds that an answer waits for its record at most."""
HANGS_SECONDS: Final = 5.0
"""Seconds after which a write is taken for one that never ends."""
_GATHERS: Final = 0.02
"""Seconds that records which nobody waits for are gathered."""
_SYNC_SECONDS: Final = 1.0
_RETRY_SECONDS: Final = 1.0
_ANCHOR_SECONDS: Final = 3600.0
_MOST_WAITING: Final = 10_000


class TrailUnavailable(Unavailable):
    """The trail cannot be written now. Calls go on."""

    text = "The audit trail cannot be written"


class Trail:
    """Implements `core.ports.Trail` over a file. Its thread starts with the first record, so it may
    be made before a process forks.

    What cannot be written is kept and tried again, 10,000 records at most. More are lost; how many
    is a record of its own, and an alarm. `anchor` hears, once an hour at most, where the trail
    stands: what is kept elsewhere, as a log is, shows if somebody makes the whole trail anew."""

    def __init__(
        self, file: TrailFile, observer: Observer, anchor: Callable[[Link], None] | None = None
    ) -> None:
        self._file, self._observer, self._anchor = file, observer, anchor
        self._waiting: deque[tuple[Record, threading.Lock | None]] = deque()
        self._there, self._urgent = threading.Event(), threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._node = socket.gethostname()
        self._failing = ""
        self._since: float | None = None
        """When the write that is under way began."""
        self._unsaid = 0
        self._synced = self._anchored = 0.0
        self.written = 0
        """Records so far."""
        self.lost = 0
        """Records that there was no room for."""

    @property
    def waiting(self) -> int:
        """Records that are not written yet."""
        return len(self._waiting)

    def note(self, event: str, *, wait: bool, **facts: Any) -> None:
        """See `core.ports.Trail`."""
        if len(self._waiting) >= _MOST_WAITING:
            self._lose()
            return
        done = None
        if wait and not self._failing:
            done = threading.Lock()
            done.acquire()
        self._waiting.append(((event, {"node": self._node, **facts}), done))
        if self._thread is None:
            self._start()
        if done is not None:
            self._urgent.set()
        self._there.set()
        if done is not None and not done.acquire(timeout=PATIENCE):
            self._look_whether_it_hangs()

    def check(self, deadline: Deadline) -> None:
        """Raises TrailUnavailable if what was noted last could not be written."""
        self._look_whether_it_hangs()
        if self._failing:
            raise TrailUnavailable(f"trail: {self._failing}")

    def close(self) -> None:
        """Write what is left, if that is possible now."""
        self._closing = True
        self._there.set()
        self._urgent.set()
        if self._thread is not None:
            self._thread.join(2 * _RETRY_SECONDS)
        atexit.unregister(self.close)

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="trail", daemon=True)
                with suppress(RuntimeError):  # no thread can be had; the next record tries again
                    thread.start()
                    self._thread = thread
                    atexit.register(self.close)

    def _run(self) -> None:
        while not self._closing or (self._waiting and not self._failing):
            self._there.wait()
            self._urgent.wait(_GATHERS)
            self._there.clear()
            self._urgent.clear()
            while self._waiting and self._written():
                pass
            self._after()
            if self._failing and not self._closing:
                time.sleep(_RETRY_SECONDS)
                self._there.set()

    def _written(self) -> bool:
        """Write what waits; whether all that could be taken at once was written."""
        taken = list(self._waiting)
        records = [record for record, _ in taken]
        unsaid = self._unsaid
        if unsaid:
            records.insert(0, ("lost", {"records": unsaid}))
        self._since = time.monotonic()
        try:
            count, why = self._file.append(records), "there is no room for all"
        except OSError as error:
            count, why = 0, error.strerror or type(error).__name__
        finally:
            self._since = None
        if unsaid and count:
            self._unsaid -= unsaid
            count, records = count - 1, records[1:]
        self.written += count
        for _ in range(count):
            _, done = self._waiting.popleft()
            if done is not None:
                done.release()
        complete = count == len(taken)
        self._fail("" if complete else why)
        return complete

    def _look_whether_it_hangs(self) -> None:
        """A disk may neither take a record nor refuse it. Then nobody waits any more."""
        since = self._since
        if since is not None and time.monotonic() - since > HANGS_SECONDS:
            self._fail("the disk does not answer")

    def _fail(self, why: str) -> None:
        begins = bool(why) and not self._failing
        self._failing = why
        if begins:
            self._observer.alarm(TRAIL_INCOMPLETE, why)

    def _lose(self) -> None:
        with self._starting:
            self.lost += 1
            self._unsaid += 1

    def _after(self) -> None:
        """What is worth doing now and then."""
        now = time.monotonic()
        if now - self._synced >= _SYNC_SECONDS:
            self._synced = now
            with suppress(OSError):
                self._file.sync()
        due = now - self._anchored >= _ANCHOR_SECONDS or not self._anchored
        if due and self._anchor is not None and not self._failing:
            self._anchored = now
            self._anchor(self._file.link)
