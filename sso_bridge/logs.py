"""How log lines are written: one a line, to standard error, as JSON or for people."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

import structlog

__all__ = ["configure"]


def configure(level: str, form: str) -> None:
    """Set up this process. Libraries are heard from WARNING on, whatever our own level is:
    below that some of them write what they work on."""
    number = getattr(logging, level.upper())
    renderer: Any = (
        structlog.processors.JSONRenderer(serializer=_json)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s"
    )


_ENCODER = json.JSONEncoder(default=repr)


def _json(event: dict[str, Any], **_: Any) -> str:
    """A line; json.dumps would make an encoder for each."""
    return _ENCODER.encode(event)
