"""The WSGI application, and who may call it."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from pathlib import Path

from ..config import Settings
from ..config import model as settings_of
from ..core.call import Caller
from ..core.deadline import Deadline
from ..core.gate import Gate
from ..core.ports import Observer
from ..logs import Log
from ..passwords import MAKERS, HashPool, PasswordHashes
from ..soap.contract import wsdl
from ..soap.server import Endpoint
from ..web import Callers, Credential, Observation, WebApplication
from ..web.health import Health
from ..web.page import Page
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
        endpoint=Endpoint(parts.bridge, Gate(parts.directory)),
        callers=_callers(settings, observation),
        observation=observation,
        health=Health(checks),
        page=Page(public_url=url),
        contract=wsdl(url),
        max_body_bytes=server.max_body_bytes,
        body_seconds=server.body_seconds,
        call_seconds=server.call_seconds,
    )


def _callers(settings: Settings, observer: Observer) -> Callers:
    """Who may call. Their hashes have a pool of their own: a stranger who guesses at them
    must not take the place of shoppers who sign in."""
    hashes = PasswordHashes(
        pool=HashPool(1, 4),
        observer=observer,
        sample=lambda count, deadline: [],
        maker=MAKERS["argon2id"](),
    )
    call_seconds = settings.server.call_seconds

    def verifier(declared: settings_of.Caller) -> Callable[[str], bool]:
        if declared.password is not None:
            secret = declared.password.get_secret_value().encode()
            return lambda sent: hmac.compare_digest(secret, sent.encode())
        assert declared.password_hash is not None
        stored = declared.password_hash.get_secret_value()
        return lambda sent: hashes.verify(sent, stored, Deadline(call_seconds))

    return Callers(
        [Credential(Caller(name), c.user, verifier(c)) for name, c in settings.callers.items()]
    )
