"""How the parts of a worker stand, for the metrics."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cryptography import x509

from ..config import Settings
from ..database import Database
from ..passwords import HashPool
from ..trail import Trail
from ..web import Measure, Reading
from .parts import Parts

__all__ = ["measures"]


def measures(settings: Settings, parts: Parts, trail: Trail | None) -> list[Measure]:
    """What can be asked for numbers at any time, without waiting for anybody."""
    databases = {**{f"source {name}": d for name, d in parts.databases.items()}}
    databases["ledger"] = parts.ledger.database
    found: list[Measure] = [lambda: _databases(databases.items()), lambda: _hashes(parts.pool)]
    if trail is not None:
        found.append(lambda: _trail(trail))
    expires = _expiry(settings.server.tls_certificate)
    if expires is not None:
        found.append(lambda: [("sso_bridge_certificate_expires_seconds", (), expires)])
    return found


def _databases(databases: Iterable[tuple[str, Database]]) -> Iterable[Reading]:
    for name, database in databases:
        used, kept, waiting = database.state()
        yield "sso_bridge_database_limit", (name,), float(database.pool_size)
        for state, count in (("used", used), ("kept", kept), ("awaited", waiting)):
            yield "sso_bridge_database_connections", (name, state), float(count)


def _hashes(pool: HashPool) -> Iterable[Reading]:
    running, waiting, refused = pool.state()
    yield "sso_bridge_hash_jobs", ("running",), float(running)
    yield "sso_bridge_hash_jobs", ("waiting",), float(waiting)
    yield "sso_bridge_hash_refused_total", (), float(refused)


def _trail(trail: Trail) -> Iterable[Reading]:
    yield "sso_bridge_trail_records_total", (), float(trail.written)
    yield "sso_bridge_trail_lost_total", (), float(trail.lost)
    yield "sso_bridge_trail_waiting", (), float(trail.waiting)


def _expiry(certificate: Path | None) -> float | None:
    """When the first one in the file expires, Unix time; None if that cannot be told."""
    try:
        data = b"" if certificate is None else certificate.read_bytes()
        return x509.load_pem_x509_certificate(data).not_valid_after_utc.timestamp()
    except (OSError, ValueError):
        return None
