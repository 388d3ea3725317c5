"""The WSGI application."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..config import Settings
from ..core.deadline import Deadline
from ..core.gate import Gate
from ..logs import Log
from ..soap.contract import wsdl
from ..soap.server import Endpoint
from ..web import Observation, WebApplication
from ..web.health import Health
from ..web.page import Page
from .callers import callers
from .parts import assemble
from .pseudonyms import pseudonyms

__all__ = ["application"]


def application(
    settings: Settings, folder: Path, *, url: str, metrics_directory: str | None = None
) -> WebApplication:
    """The WSGI application; `url` is the endpoint's public address."""
    observation = Observation(
        Log(settings.log.level, settings.log.format),
        pseudonyms(settings, lambda: parts.ledger),
        multiprocess_directory=metrics_directory,
    )
    parts = assemble(settings, folder, observation)
    checks: dict[str, Callable[[Deadline], None]] = {
        f"source {name}": source.check for name, source in parts.sources.items()
    }
    checks["ledger"] = parts.ledger.check
    server = settings.server
    return WebApplication(
        endpoint=Endpoint(parts.bridge, Gate(parts.bridge, parts.throttle)),
        callers=callers(settings, observation),
        observation=observation,
        health=Health(checks),
        page=Page(public_url=url),
        contract=wsdl(url),
        max_body_bytes=server.max_body_bytes,
        body_seconds=server.body_seconds,
        call_seconds=server.call_seconds,
    )
