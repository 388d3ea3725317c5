"""How log lines are written: one a line, to standard error, as JSON or for people."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import MutableMapping
from typing import Any

import orjson
import structlog

__all__ = ["configure"]


def configure(level: str, form: str) -> None:
    """Set up this process. Libraries are heard from WARNING on, whatever our own level is:
    below that some of them write what they work on."""
    number = getattr(logging, level.upper())
    processors: list[Any]
    if form == "json":
        processors = [_JsonLine()]
        factory: Any = structlog.BytesLoggerFactory(file=sys.stderr.buffer)
    else:
        processors = [
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ]
        factory = structlog.WriteLoggerFactory(file=sys.stderr)
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=factory,
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s"
    )


class _JsonLine:
    """Makes a line of an event, with its level and the time (UTC, ISO 8601, microseconds).

    One step, since every call writes a line: the steps that structlog has for this take twice as
    long."""

    def __init__(self) -> None:
        self._second = (0, "")
        """The one that it is, and as it is written."""

    def __call__(self, logger: object, level: str, event: MutableMapping[str, Any]) -> bytes:
        now = time.time()
        second, written = self._second
        if second != int(now):
            second = int(now)
            written = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._second = second, written
        event["level"] = level
        event["timestamp"] = f"{written}.{int((now - second) * 1e6):06d}Z"
        try:
            return orjson.dumps(event, default=repr)
        except orjson.JSONEncodeError:  # half a surrogate pair, say
            return json.dumps(event, default=repr).encode()
