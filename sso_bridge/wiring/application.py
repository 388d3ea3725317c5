"""The WSGI application."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ..config import Settings
from ..core.deadline import Deadline
from ..core.gate import Gate
from ..errors import BridgeError
from ..logs import Log
from ..soap.contract import wsdl
from ..soap.server import Endpoint
from ..tracing import tracing
from ..trail import Trail
from ..web import Observation, WebApplication
from ..web.health import Health
from ..web.page import Page
from .callers import callers
from .measures import measures
from .parts import assemble
from .pseudonyms import pseudonyms
from .trail import trail_file

__all__ = ["application"]

_PATIENCE = 2.0
"""Seconds that a worker waits for the ledger before it serves without."""


def application(
    settings: Settings, folder: Path, *, url: str, metrics_directory: str | None = None
) -> WebApplication:
    """The WSGI application; `url` is the endpoint's public address."""
    observation = Observation(
        Log(settings.log.level, settings.log.format),
        pseudonyms(settings, lambda: parts.ledger),
        multiprocess_directory=metrics_directory,
    )
    file, trail = trail_file(settings), None
    if file is not None:
        trail = Trail(file, observation, lambda link: observation.trail(link.number, link.chain))
        observation.records_in(trail)
    parts = assemble(settings, folder, observation)
    observation.measures(measures(settings, parts, trail))
    checks: dict[str, Callable[[Deadline], None]] = {
        f"source {name}": source.check for name, source in parts.sources.items()
    }
    checks["ledger"] = parts.ledger.check
    checks["password hashes"] = parts.pool.check
    beside = {} if trail is None else {"audit trail": trail.check}
    with suppress(BridgeError):  # so that the first call need not, and the log knows its key
        parts.ledger.check(Deadline(_PATIENCE))
    tracer = tracing() if settings.traces.enabled else None
    if tracer is not None:
        observation.traced_by(tracer)
    server = settings.server
    return WebApplication(
        endpoint=Endpoint(parts.bridge, Gate(parts.bridge, parts.throttle)),
        callers=callers(settings, observation, parts.throttle),
        observation=observation,
        health=Health(checks, beside),
        page=Page(public_url=url),
        contract=wsdl(url),
        max_body_bytes=server.max_body_bytes,
        body_seconds=server.body_seconds,
        call_seconds=server.call_seconds,
    )
