"""How connections are made, kept, tried before use, and cut, each within its call's deadline."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final
from weakref import WeakMethod

from sqlalchemy import Connection, event
from sqlalchemy.engine import URL, Engine, ExceptionContext
from sqlalchemy.exc import DisconnectionError, InvalidatePoolError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from ..core.deadline import Deadline
from ..errors import DeadlineExceeded
from .dialects import Dialect
from .watchdog import WATCHDOG, Watch

__all__ = ["GRACE", "Opening"]

GRACE: Final = 0.25
"""Seconds after the deadline until a connection is cut: the server ends a statement at the deadline
by itself, if it can, and then the connection is still good."""
PING_SECONDS: Final = 2.0
"""A pooled connection that does not answer within half of what is left, or within this, is
replaced: a firewall forgets connections without telling either side."""
RECENT_SECONDS: Final = 1.0
"""A connection that was used so short a time ago has all of the call's time to answer: firewalls
take minutes to forget one."""
LEAST_SECONDS: Final = 0.05
"""With less than this left a connection is not even asked for: a server that is a little way off
could not answer in time, and a good connection would be cut."""
DEMOTED_SECONDS: Final = 3.0
"""After an error that says that the server takes no writes, how long the next such error is not
again a reason to replace every connection: it may be meant to take none."""
CONNECT_SECONDS: Final = 10.0
"""How long a driver tries to connect at most, however far the deadline."""
ATTEMPTS: Final = 2
"""How many attempts to connect may run at once, for each connection of the pool: who gave up on
one leaves it to its driver's own limit."""


class Opening:
    """Opens the connections of `engine`, and keeps those that are in nobody's hands: to give them
    back to SQLAlchemy's pool, and to take them out again, takes longer than a look-up does.

    Connections that nobody gave back are held by SQLAlchemy for ever, and hold their engine. The
    engine therefore does not hold this object, so that they are closed with it.

    Use it for every connection: those that are asked of the engine itself are tried before use, but
    nothing bounds how long they take."""

    def __init__(
        self, engine: Engine, dialect: Dialect, url: URL, *, what: str, pool_size: int
    ) -> None:
        self._engine = engine
        self._dialect = dialect
        self._url = url
        self._what = what
        self._attempts = threading.BoundedSemaphore(ATTEMPTS * pool_size)
        self._call = _Call()
        self._demoted_until = -math.inf
        self._resting: list[Connection] = []
        self._era = 0
        if dialect.remote:
            event.listen(engine, "do_connect", _weakly(self._connect))
            event.listen(engine, "checkout", _weakly(self._try))
            event.listen(engine, "checkin", self._let_go)
            event.listen(engine, "handle_error", _weakly(self._failed))

    def connection(self, deadline: Deadline) -> Connection:
        """A connection that answers, to be closed by whoever asks. It is cut soon after the
        deadline, whatever is done with it then. Raises DeadlineExceeded, or an error of SQLAlchemy
        or of the driver. To be asked for when none is kept (`rested`)."""
        self._call.deadline, self._call.watches = deadline, []
        era = self._era
        try:
            connection = self._engine.connect()
            connection.info["era"] = era
            return connection
        except BaseException:
            for watch in self._call.watches:
                WATCHDOG.let_go(watch)
            raise
        finally:
            self._call.deadline, self._call.watches = None, []

    @property
    def resting(self) -> int:
        """How many are kept now."""
        return len(self._resting)

    def rests(self, connection: Connection) -> bool:
        """Keep a connection that nobody needs now, with nothing open in it. False if it is not good
        any more, or is not to be kept; then it is still the caller's. One that was given options is
        not: they would be the next caller's."""
        if connection.get_execution_options() or connection.invalidated:
            return False
        info = connection.info
        if info.get("era") != self._era:
            return False
        try:
            if connection.in_transaction():
                connection.rollback()
            else:
                self._dialect.rest(connection)
        except (SQLAlchemyError, self._engine.dialect.loaded_dbapi.Error):
            return False
        watch = info.get("watch")
        if watch is not None and not WATCHDOG.move(watch, math.inf):
            return False
        info["rested_at"] = time.monotonic()
        self._resting.append(connection)
        return True

    def rested(self, deadline: Deadline) -> Connection | None:
        """One of those that are kept, for the caller; None if there is none.

        Raises DeadlineExceeded if there is too little time left to ask a server."""
        if self._dialect.remote and deadline.left() < LEAST_SECONDS:
            raise DeadlineExceeded(f"{self._what}: too little time is left to ask")
        return self._taken()

    def _taken(self) -> Connection | None:
        try:
            return self._resting.pop()
        except IndexError:
            return None

    def wakes(self, connection: Connection, begin: Callable[[], None], deadline: Deadline) -> bool:
        """Whether a connection that rested still answers to `begin`; if not it is closed, and so
        are all others, unless it had little time, which says nothing of them. From then on it is
        cut soon after the deadline."""
        if not self._dialect.remote:
            begin()
            return True
        left, now, info = deadline.left(), time.monotonic(), connection.info
        is_recent = now - info["rested_at"] < RECENT_SECONDS
        patience = left if is_recent else min(left / 2, PING_SECONDS)
        watch: Watch | None = info.get("watch")
        try:
            if watch is not None:
                WATCHDOG.move(watch, now + patience)
            begin()
            if watch is None or WATCHDOG.move(watch, now + left + GRACE):
                return True
        except (SQLAlchemyError, self._engine.dialect.loaded_dbapi.Error):
            pass
        had_little = watch is not None and watch.was_cut and patience < PING_SECONDS
        _end(connection)
        if not had_little:
            self.forget()
        return False

    def forget(self) -> None:
        """Close all that are kept, and keep none that was opened before now."""
        self._era += 1
        while (connection := self._taken()) is not None:
            _end(connection)

    def _connect(
        self,
        dialect: Any,
        record: ConnectionPoolEntry,
        arguments: Sequence[Any],
        parameters: dict[str, Any],
    ) -> Any:
        """A new connection of the driver; None lets SQLAlchemy make it."""
        deadline = self._call.deadline
        if deadline is None:
            return None
        left = deadline.left()
        ends = time.monotonic() + left + GRACE
        limits = self._dialect.attempt_args(self._url, min(left, CONNECT_SECONDS))
        connection = self._attempt(
            lambda: dialect.connect(*arguments, **{**parameters, **limits}), deadline
        )
        try:
            self._watch(connection, record, ends)
        except BaseException:
            connection.close()
            raise
        return connection

    def _attempt(self, connect: Callable[[], Any], deadline: Deadline) -> Any:
        """What `connect` returns or raises, from a thread of its own: name servers, several
        addresses and handshakes have limits of their own at best, and they add up."""
        left = deadline.left()
        ends = time.monotonic() + left
        if not self._attempts.acquire(timeout=left):
            raise DeadlineExceeded(f"{self._what}: too many attempts to connect hang")
        attempt = _Attempt(connect, self._attempts.release)
        try:
            attempt.start()
        except BaseException:
            self._attempts.release()
            raise
        try:
            return attempt.outcome(max(0.0, ends - time.monotonic()))
        except TimeoutError:
            raise DeadlineExceeded(f"{self._what}: no connection could be made in time") from None

    def _try(self, connection: Any, record: ConnectionPoolEntry, proxy: object) -> None:
        """See whether a pooled connection is still good. If not, the pool makes another, and
        replaces all that are older as they are asked for; only this one if it had little time to
        answer, which says nothing of the others."""
        if "watch" in record.info:
            return  # made for this very call
        deadline = self._call.deadline
        patience = PING_SECONDS if deadline is None else min(deadline.left() / 2, PING_SECONDS)
        try:
            good = self._answers(connection, record, deadline, patience)
        except self._engine.dialect.loaded_dbapi.Error:
            good = False
        if good:
            return
        watch = record.info.get("watch")
        if watch is not None and watch.was_cut and patience < PING_SECONDS:
            raise DisconnectionError
        raise InvalidatePoolError

    def _answers(
        self,
        connection: Any,
        record: ConnectionPoolEntry,
        deadline: Deadline | None,
        patience: float,
    ) -> bool:
        """Whether it does, within `patience`. From then on it is watched until the deadline."""
        if deadline is None:
            return bool(self._engine.dialect.do_ping(connection))
        left = deadline.left()
        now = time.monotonic()
        watch = self._watch(connection, record, now + patience)
        good = bool(self._engine.dialect.do_ping(connection))
        return good and (watch is None or WATCHDOG.move(watch, now + left + GRACE))

    def _watch(self, connection: Any, record: ConnectionPoolEntry, at: float) -> Watch | None:
        self._let_go(connection, record)
        number = self._dialect.socket_of(connection)
        if number is None:
            record.info["watch"] = None
            return None
        watch = record.info["watch"] = WATCHDOG.watch(number, at)
        self._call.watches.append(watch)
        return watch

    @staticmethod
    def _let_go(connection: object, record: ConnectionPoolEntry) -> None:
        """Before anybody else gets the connection."""
        watch = record.info.pop("watch", None)
        if watch is not None:
            WATCHDOG.let_go(watch)

    def _failed(self, context: ExceptionContext) -> None:
        """Whether the connection, and all the others, are replaced after an error."""
        now = time.monotonic()
        if now >= self._demoted_until and self._dialect.was_demoted(context.original_exception):
            self._demoted_until = now + DEMOTED_SECONDS
            context.is_disconnect = True  # another server may be the one that is written to
        connection = context.connection
        if connection is not None and not (connection.invalidated or connection.closed):
            watch = connection.info.get("watch")
            if watch is not None and watch.was_cut:
                context.invalidate_pool_on_disconnect = False  # it says nothing of the others
        if context.is_disconnect and context.invalidate_pool_on_disconnect:
            self.forget()


def _weakly(method: Callable[..., Any]) -> Callable[..., Any]:
    """`method`, which does nothing once its object is gone."""
    reference = WeakMethod(method)

    def call(*arguments: Any) -> Any:
        found = reference()
        return None if found is None else found(*arguments)

    return call


def _end(connection: Connection) -> None:
    """Close a connection without asking the server for anything."""
    with suppress(SQLAlchemyError):
        connection.invalidate()
        connection.close()


class _Call(threading.local):
    """The call that this thread opens a connection for."""

    deadline: Deadline | None = None

    def __init__(self) -> None:
        self.watches: list[Watch] = []


class _Attempt(threading.Thread):
    """Connects. Whoever waits may give up; a connection that comes later is closed."""

    def __init__(self, connect: Callable[[], Any], ended: Callable[[], None]) -> None:
        super().__init__(name="database-connect", daemon=True)
        self._connect = connect
        self._ended = ended
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._given_up = False
        self._connection: Any = None
        self._error: BaseException | None = None

    def run(self) -> None:
        """Connect, unless nobody waits any more."""
        try:
            connection = self._connect()
        except BaseException as error:
            self._error = error
        else:
            with self._lock:
                unwanted = self._given_up
                if not unwanted:
                    self._connection = connection
            if unwanted:
                connection.close()
        finally:
            self._ended()
            self._done.set()

    def outcome(self, seconds: float) -> Any:
        """The connection; raises TimeoutError after so many seconds, or why there is none."""
        try:
            self._done.wait(seconds)
        finally:
            with self._lock:
                self._given_up = self._connection is None
        if self._error is not None:
            raise self._error
        if self._connection is None:
            raise TimeoutError
        return self._connection
