"""PostgreSQL's times before and after all others, which Python's have no value for."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, Final

__all__ = ["read_forever"]

_ENDS: Final = {b"infinity": datetime.max, b"-infinity": datetime.min}


def read_forever(connection: Any) -> None:
    """Let a psycopg connection read `infinity` and `-infinity` as the last and first moments that
    Python knows. By itself it fails, and so would every call about a row that has one."""
    from psycopg.types import datetime as usual

    class Moment(usual.TimestampLoader):
        def load(self, data: Any) -> datetime:
            end = _ENDS.get(bytes(data))
            return super().load(data) if end is None else end

    class ZonedMoment(usual.TimestamptzLoader):
        def load(self, data: Any) -> datetime:
            end = _ENDS.get(bytes(data))
            return super().load(data) if end is None else end.replace(tzinfo=UTC)

    class Day(usual.DateLoader):
        def load(self, data: Any) -> date:
            end = _ENDS.get(bytes(data))
            return super().load(data) if end is None else end.date()

    for name, loader in (("timestamp", Moment), ("timestamptz", ZonedMoment), ("date", Day)):
        connection.adapters.register_loader(name, loader)
