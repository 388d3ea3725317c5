"""A database with a bounded pool, a deadline on every step and no driver error that escapes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from queue import Empty, SimpleQueue
from threading import get_ident
from typing import TypeVar

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    IntegrityError,
    NoSuchModuleError,
    SQLAlchemyError,
)

from ..core.deadline import Deadline
from ..core.turn import TURN
from ..errors import ConfigurationError, DeadlineExceeded, Unavailable
from .dialects import dialect_of, with_driver
from .failures import as_sqlalchemy, describe
from .opening import Opening

__all__ = ["Database"]

T = TypeVar("T")

# At DEBUG SQLAlchemy logs every row it fetches, which `hide_parameters` does not cover: hashes,
# tokens, addresses. A root logger that is set to DEBUG must not bring that about.
logging.getLogger("sqlalchemy").setLevel(logging.WARNING)
# Of a connection that died in use the call tells; the pool would add a traceback of its own.
logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)


class Database:
    """One database URL and the connections to it.

    `unavailable` is the error that an outage becomes, and `what` names the database in its
    details ("source 'shop'"). `phase` is what a call's time is noted under. `pool_size`
    connections are open at most; a call that finds none free waits until its deadline.
    `call_seconds` bounds any single statement on engines that take such a bound when connecting,
    for calls whose deadline is later. `durable` asks SQLite for a write-ahead log with a full
    sync: set it for a file that belongs to the bridge. `create` lets SQLite make a file that is
    missing."""

    def __init__(
        self,
        url: str,
        *,
        what: str,
        unavailable: type[Unavailable] = Unavailable,
        phase: str = "source",
        pool_size: int = 8,
        call_seconds: float = 5.0,
        durable: bool = False,
        create: bool = False,
    ) -> None:
        self.what = what
        self.phase = phase
        self._unavailable = unavailable
        try:
            parsed = with_driver(make_url(url))
            self._dialect = dialect_of(parsed)
            self._url = parsed = self._dialect.checked(parsed)
            self.engine: Engine = create_engine(
                parsed if create else self._dialect.existing(parsed),
                hide_parameters=True,
                pool_size=pool_size,
                max_overflow=0,
                pool_timeout=call_seconds,
                connect_args=self._dialect.connect_args(parsed, call_seconds),
            )
        except ConfigurationError as error:
            raise ConfigurationError(f"{what}: {error}") from None
        except (ArgumentError, NoSuchModuleError, TypeError, ValueError) as error:
            raise ConfigurationError(
                f"{what}: the database URL is not one that SQLAlchemy knows "
                f"({type(error).__name__}); write it as dialect+driver://user@host/name"
            ) from None
        except ImportError as error:
            raise ConfigurationError(
                f"{what}: the driver {error.name!r} is not installed; {self._dialect.remedy}"
            ) from None
        self.waits = self._dialect.remote
        """Whether another process answers, and other calls may use the time."""
        self.pool_size = pool_size
        self._waiting: set[int] = set()
        """The threads that wait for a connection to become free."""
        self._free: SimpleQueue[None] = SimpleQueue()
        for _ in range(pool_size):
            self._free.put(None)
        ours = self._dialect  # nothing that the engine holds may hold this object: see `Opening`
        event.listen(
            self.engine,
            "connect",
            lambda connection, record: ours.on_connect(connection, record, durable),
        )
        self._opening = Opening(self.engine, self._dialect, parsed, what=what, pool_size=pool_size)

    def connection(
        self, deadline: Deadline, *, write: bool = False
    ) -> AbstractContextManager[Connection]:
        """A connection for the time of the block; `write` makes the block one transaction. It is
        cut soon after the deadline if the server has not ended what it does by then.

        Raises DeadlineExceeded, or the error given as `unavailable` for anything that the
        driver raises, save IntegrityError, which the block may catch or let through. What an
        engine refuses to write is an IntegrityError too, once it has left the block, whatever
        the driver calls it."""
        return _Block(self, deadline, write)

    def _open(self, deadline: Deadline, write: bool) -> Connection:
        """A connection whose statements are held to the deadline; give it back with `_close`."""
        try:
            self._free.get_nowait()
        except Empty:
            self._wait(deadline)
        connection = None
        try:

            def begin() -> None:
                assert connection is not None
                self._dialect.limit(connection, deadline.left(), write)

            # Of those that rested only one is tried: each that hangs costs half of the time left.
            connection = self._opening.rested(deadline)
            if connection is not None and self._opening.wakes(connection, begin, deadline):
                return connection
            connection = self._opening.connection(deadline)
            begin()
            return connection
        except BaseException as error:
            self._close(connection)
            told = self._told(error, deadline, write, opened=connection is not None)
            if told is error:
                raise
            raise told from None

    def _wait(self, deadline: Deadline) -> None:
        """Until a connection is free for this call; raises DeadlineExceeded."""
        self._waiting.add(get_ident())
        try:
            self._free.get(timeout=deadline.left())
        except Empty:
            raise DeadlineExceeded(f"{self.what}: no connection became free in time") from None
        finally:
            self._waiting.discard(get_ident())

    def _close(self, connection: Connection | None, *, failed: bool = True) -> None:
        try:
            if connection is None:
                return
            if failed or not self._opening.rests(connection):
                connection.close()
        finally:
            self._free.put(None)

    def _told(
        self, error: BaseException, deadline: Deadline, write: bool, *, opened: bool
    ) -> BaseException:
        """What an error is to the rest of the program; many are what they are."""
        if isinstance(error, self.engine.dialect.loaded_dbapi.Error):
            error = as_sqlalchemy(error, self.engine.dialect)
        if isinstance(error, IntegrityError):
            return error
        if isinstance(error, SQLAlchemyError):
            if deadline.is_over():
                return DeadlineExceeded(f"{self.what}: no answer in time")
            if not isinstance(error, DBAPIError):
                return self._unavailable(f"{self.what}: {describe(error, connecting=not opened)}")
            if write and self._dialect.refuses(error):
                return IntegrityError(None, None, error.orig or error, hide_parameters=True)
            outage = self._unavailable(f"{self.what}: {describe(error, connecting=not opened)}")
            outage.may_be_repeated = self._dialect.is_deadlock(error)
            return outage
        if isinstance(error, (OverflowError, ValueError)):  # some drivers let these through
            return self._unavailable(f"{self.what}: {type(error).__name__}")
        # A file that is missing; an unknown parameter; a thread that cannot be started.
        if isinstance(error, (OSError, TypeError, RuntimeError)) and not opened:
            return self._unavailable(f"{self.what}: {describe(error, connecting=True)}")
        return error

    def write(self, deadline: Deadline, work: Callable[[Connection], T]) -> T:
        """What `work` returns, in one transaction, which is begun again if it was undone for the
        sake of another. Raises as `connection`, and whatever `work` does."""
        while True:
            try:
                with self.connection(deadline, write=True) as connection:
                    return work(connection)
            except Unavailable as error:
                if not error.may_be_repeated:
                    raise

    def queue(self, connection: Connection, texts: Sequence[str]) -> None:
        """Say first thing in a transaction which texts must be nobody else's: of transactions that
        name one in common, and each look for it once they have written it, one at most succeeds
        without seeing the other's. One may be undone for that, with an error that may be
        repeated."""
        self._dialect.queue(connection, texts)

    def state(self) -> tuple[int, int, int]:
        """How many connections calls have now, how many more are kept for the next ones, and how
        many calls wait for one."""
        used = max(0, self.pool_size - self._free.qsize())
        return used, self._opening.resting, len(self._waiting)

    def is_missing(self) -> bool:
        """Whether it is known, without connecting, that there is no such database."""
        return self._dialect.is_missing(self._url)

    def file_identity(self) -> object:
        """What tells the file of this database from another that takes its place; None for a file
        that is gone, and for an engine without one."""
        return self._dialect.file_identity(self._url)

    def close(self) -> None:
        """Close every pooled connection."""
        self._opening.forget()
        self.engine.dispose()


class _Block:
    """The time for which a call has a connection."""

    __slots__ = ("_begun", "_connection", "_database", "_deadline", "_had_turn", "_write")

    def __init__(self, database: Database, deadline: Deadline, write: bool) -> None:
        self._database, self._deadline, self._write = database, deadline, write
        self._had_turn = False

    def __enter__(self) -> Connection:
        if self._database.waits:
            self._had_turn = TURN.give_back()
        self._begun = time.monotonic()
        try:
            self._connection = self._database._open(self._deadline, self._write)
        except BaseException:
            self._deadline.took(self._database.phase, self._begun)
            raise
        return self._connection

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        raised, failed = error, True
        try:
            try:
                if self._write and error is None:
                    self._deadline.left()
                    self._connection.commit()
                failed = error is not None
            finally:
                self._database._close(self._connection, failed=failed)
                now = self._deadline.took(self._database.phase, self._begun)
                if self._had_turn:
                    TURN.take()
                    self._deadline.took("turn", now)
        except BaseException as later:
            raised = later
        if raised is None:
            return
        told = self._database._told(raised, self._deadline, self._write, opened=True)
        if told is not error:
            raise told from None
