"""A database with a bounded pool, a deadline on every step and no driver error that escapes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
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
from ..errors import ConfigurationError, DeadlineExceeded, Unavailable
from .dialects import dialect_of, with_driver
from .failures import describe
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
    details ("source 'shop'"). `pool_size` connections are open at most; a call that finds
    none free waits until its deadline. `call_seconds` bounds any single statement on
    engines that take such a bound when connecting, for calls whose deadline is later.
    `durable` asks SQLite for a write-ahead log with a full sync: set it for a file that
    belongs to the bridge. `create` lets SQLite make a file that is missing."""

    def __init__(
        self,
        url: str,
        *,
        what: str,
        unavailable: type[Unavailable] = Unavailable,
        pool_size: int = 8,
        call_seconds: float = 5.0,
        durable: bool = False,
        create: bool = False,
    ) -> None:
        self.what = what
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
        self._free = threading.BoundedSemaphore(pool_size)
        event.listen(
            self.engine,
            "connect",
            lambda connection, record: self._dialect.on_connect(connection, record, durable),
        )
        self._opening = Opening(self.engine, self._dialect, parsed, what=what, pool_size=pool_size)

    @contextmanager
    def connection(self, deadline: Deadline, *, write: bool = False) -> Iterator[Connection]:
        """A connection for the time of the block; `write` makes the block one transaction. It is
        cut soon after the deadline if the server has not ended what it does by then.

        Raises DeadlineExceeded, or the error given as `unavailable` for anything that the
        driver raises, save IntegrityError, which the block may catch or let through. What an
        engine refuses to write is an IntegrityError too, once it has left the block, whatever
        the driver calls it."""
        if not self._free.acquire(timeout=deadline.left()):
            raise DeadlineExceeded(f"{self.what}: no connection became free in time")
        opened = False
        try:
            with self._opening.connection(deadline) as connection:
                opened = True
                self._dialect.limit(connection, deadline.left(), write)
                yield connection
                if write:
                    deadline.left()
                    connection.commit()
        except IntegrityError:
            raise
        except SQLAlchemyError as error:
            if deadline.is_over():
                raise DeadlineExceeded(f"{self.what}: no answer in time") from None
            if write and isinstance(error, DBAPIError) and self._dialect.refuses(error):
                raise IntegrityError(
                    None, None, error.orig or error, hide_parameters=True
                ) from None
            outage = self._unavailable(f"{self.what}: {describe(error, connecting=not opened)}")
            outage.may_be_repeated = isinstance(error, DBAPIError) and self._dialect.is_deadlock(
                error
            )
            raise outage from None
        except (OverflowError, ValueError) as error:  # some drivers let these through
            raise self._unavailable(f"{self.what}: {type(error).__name__}") from None
        # A file that is missing; an unknown parameter; a thread that cannot be started.
        except (OSError, TypeError, RuntimeError) as error:
            if opened:
                raise
            raise self._unavailable(f"{self.what}: {describe(error, connecting=True)}") from None
        finally:
            self._free.release()

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

    def is_missing(self) -> bool:
        """Whether it is known, without connecting, that there is no such database."""
        return self._dialect.is_missing(self._url)

    def file_identity(self) -> object:
        """What tells the file of this database from another that takes its place; None for a file
        that is gone, and for an engine without one."""
        return self._dialect.file_identity(self._url)

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()
