"""A ledger on any engine in a few lines, what is in it, and what was said to its database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import NullPool, create_engine, event, inspect, text

from sso_bridge.core.deadline import Deadline
from sso_bridge.core.model import Person
from sso_bridge.database import Database
from sso_bridge.errors import LedgerUnavailable
from sso_bridge.ledger import Declared, Memory, Register, SourceDeclared, SqlLedger, administration
from sso_bridge.ledger.schema import METADATA

KEY = b"0123456789abcdef0123456789abcdef"
DECLARED = Declared({"shop": SourceDeclared(), "club": SourceDeclared()})
BOB, EVE, ANN = Person("shop", "1"), Person("shop", "2"), Person("shop", "3")


def soon() -> Deadline:
    return Deadline(30)


class Room:
    """The ledger at one URL. Everything it opens is closed by `close`."""

    def __init__(self, url: str, declared: Declared = DECLARED) -> None:
        self.url, self.declared = url, declared
        self._databases: list[Database] = []

    def database(self, *, create: bool = False, seconds: float = 30.0) -> Database:
        database = Database(
            self.url,
            what="ledger",
            unavailable=LedgerUnavailable,
            call_seconds=seconds,
            durable=True,
            create=create,
        )
        self._databases.append(database)
        return database

    def create(self, declared: Declared | None = None) -> Room:
        """Make the ledger, and become it."""
        self.declared = declared or self.declared
        administration.create(self.database(create=True), self.declared, soon())
        return self

    def upgrade(self) -> tuple[str, str]:
        return administration.upgrade(self.database(), self.declared, soon())

    def node(
        self,
        declared: Declared | None = None,
        *,
        most: int = 1000,
        watch_seconds: float = 0.0,
        memory: Memory | None = None,
        seconds: float = 30.0,
    ) -> SqlLedger:
        """The ledger as one process of a server has it. By default it looks at the counter
        before everything that it does."""
        kept = Memory(most, watch_seconds) if memory is None else memory
        return SqlLedger(self.database(seconds=seconds), declared or self.declared, memory=kept)

    def register(self, declared: Declared | None = None) -> Register:
        return Register(self.database(), declared or self.declared)

    def run(self, statement: str, **values: object) -> list[tuple[Any, ...]]:
        """What a statement gives, through a connection of its own."""
        engine = create_engine(self.url, poolclass=NullPool)
        with engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return [tuple(row) for row in result] if result.returns_rows else []

    def entries(self) -> list[Mapping[str, Any]]:
        """The rows of the history, in order."""
        engine = create_engine(self.url, poolclass=NullPool)
        with engine.connect() as connection:
            found = connection.execute(text("SELECT * FROM sso_bridge_entry ORDER BY id"))
            return [dict(row._mapping) for row in found]

    def dump(self) -> str:
        """Every cell of every table."""
        engine = create_engine(self.url, poolclass=NullPool)
        with engine.connect() as connection:
            names = inspect(connection).get_table_names()
            rows = [
                f"{name}: {tuple(row)!r}"
                for name in sorted(names)
                for row in connection.execute(text(f"SELECT * FROM {name}"))
            ]
        return "\n".join(rows)

    def tables(self) -> set[str]:
        engine = create_engine(self.url, poolclass=NullPool)
        with engine.connect() as connection:
            return set(inspect(connection).get_table_names())

    def close(self) -> None:
        for database in self._databases:
            database.close()


@contextmanager
def statements(ledger: SqlLedger | Register | Database) -> Iterator[list[str]]:
    """What is said meanwhile about the ledger's tables."""
    database = ledger if isinstance(ledger, Database) else ledger._database
    said: list[str] = []

    def note(
        connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
    ) -> None:
        if any(name in statement for name in METADATA.tables):
            said.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield said
    event.remove(database.engine, "before_cursor_execute", note)
