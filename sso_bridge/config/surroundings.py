"""What is around the settings: the files that they are in, the disk, the user, the clock. Some of
it makes settings unsafe that are good by themselves; some is only worth a warning."""

from __future__ import annotations

import ctypes
import os
import re
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509

from .model import Settings
from .safety import is_loopback

__all__ = ["Hazard", "file_system", "hazards", "is_synchronised"]

_REMOTE: Final = frozenset(
    (
        *("9p", "afs", "beegfs", "ceph", "cifs", "davfs", "gfs2", "glusterfs", "gpfs", "lustre"),
        *("ncpfs", "nfs", "nfs4", "ocfs2", "smb3", "smbfs", "vboxsf"),
        *("fuse.cephfs", "fuse.gcsfuse", "fuse.glusterfs", "fuse.rclone", "fuse.s3fs"),
        "fuse.sshfs",
    )
)
_FLEETING: Final = frozenset(("overlay", "ramfs", "tmpfs"))
_SQLITE: Final = re.compile(r"sqlite(?:\+\w+)?:///([^?]+)")
_SPARE_DESCRIPTORS: Final = 128
_ENDS_SOON: Final = timedelta(days=14)
_TIME_ERROR: Final = 5
"""What adjtimex(2) returns of a clock that nobody keeps right."""


@dataclass(frozen=True, slots=True)
class Hazard:
    """Something that should be otherwise; `text` says what to do. `refused`: nothing is served."""

    place: str
    text: str
    refused: bool = False


def hazards(settings: Settings, folder: Path, *, serving: bool = True) -> Iterator[Hazard]:
    """All that are found. `folder` is where relative paths of databases start; `serving` says
    whether this process is the server. What a machine of one's own may well be like is told of only
    where the server listens beyond loopback."""
    yield from _files(settings)
    yield from _ledger_file(settings, folder)
    yield from _used_tokens(settings)
    if not is_loopback(settings.server.host):
        yield from _guessing(settings)
        yield from _address(settings)
        yield from _certificate(settings)
        yield from _clock()
        if serving:
            yield from _process(settings)


def _files(settings: Settings) -> Iterator[Hazard]:
    """Who else may read or write what the settings are read from."""
    for path in settings.files:
        if _others_may(path, stat.S_IWOTH):
            yield Hazard(str(path), "every user of this machine may change it: chmod o-w", True)
    key = settings.server.tls_key
    for path in (*settings.files[1:], *([key] if key else [])):
        if _others_may(path, stat.S_IROTH):
            yield Hazard(
                str(path), "every user of this machine may read this secret: chmod o-r (and chgrp)"
            )


def _others_may(path: Path, what: int) -> bool:
    """Whether whoever is neither owner nor in the group may do that with a file."""
    try:
        file = path.resolve(strict=True)
        reached = all(folder.stat().st_mode & stat.S_IXOTH for folder in file.parents)
        return reached and bool(file.stat().st_mode & what)
    except OSError:
        return False


def _ledger_file(settings: Settings, folder: Path) -> Iterator[Hazard]:
    """A ledger in SQLite is as good as the disk that it is on."""
    found = _SQLITE.match(settings.ledger.url.get_secret_value())
    if found is None:
        return
    kind = file_system(folder / found[1])
    if kind in _REMOTE:
        yield Hazard(
            "ledger.url",
            f"is a SQLite file on a network's disk ({kind}), where locks do not hold what it "
            "promises: use a local disk, or PostgreSQL or MariaDB",
            True,
        )
    if is_loopback(settings.server.host):
        return
    if kind in _FLEETING:
        yield Hazard(
            "ledger.url",
            f"is a SQLite file on {kind}, which may be gone with the container or at the next "
            "start: use a disk that stays, or PostgreSQL or MariaDB",
        )
    if settings.server.allow_plain_http:
        yield Hazard(
            "ledger.url",
            "is a SQLite file, and a proxy is in front: right for one node. A second one needs "
            "the same ledger, on PostgreSQL or MariaDB",
        )


def file_system(path: Path, mounts: str | None = None) -> str:
    """The kind of file system that `path` is on, by the text of /proc/self/mountinfo; "" where that
    cannot be known."""
    try:
        text = Path("/proc/self/mountinfo").read_text() if mounts is None else mounts
        place = path.resolve()
    except (OSError, RuntimeError):
        return ""
    kind, longest = "", -1
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) < 5 or not after:
            continue
        mounted = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), fields[4])
        if place.is_relative_to(mounted) and len(mounted) >= longest:
            kind, longest = after.split(" ")[0], len(mounted)
    return kind


def _used_tokens(settings: Settings) -> Iterator[Hazard]:
    """Whether a UsernameToken is good once."""
    workers = settings.server.workers
    sent = any(
        one.username_token_type != "text" for one in settings.callers.values() if one.username_token
    )
    if sent and workers > 1 and settings.throttle.storage == "memory":
        yield Hazard(
            "throttle.storage",
            f"is memory, so a UsernameToken that was overheard is good once in each of the "
            f"{workers} workers: use redis",
        )


def _guessing(settings: Settings) -> Iterator[Hazard]:
    if not settings.throttle.logins.enabled:
        yield Hazard(
            "throttle.logins.enabled",
            "is false, so passwords may be guessed as fast as hashes are computed: leave it out",
        )


def _address(settings: Settings) -> Iterator[Hazard]:
    url = settings.server.public_url
    if url is None:
        yield Hazard(
            "server.public_url",
            "is not set, so the WSDL shows the address that is listened on: set it to the "
            "address as Digital River sees it",
        )
    elif not url.startswith("https://"):
        yield Hazard(
            "server.public_url",
            "is not https://: the WSDL would have passwords sent in clear",
        )


def _certificate(settings: Settings) -> Iterator[Hazard]:
    path = settings.server.tls_certificate
    if path is None:
        return
    try:
        ends = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    except ValueError:  # OpenSSL took it, and is less strict about what it does not need
        return
    left = ends - datetime.now(UTC)
    if left < _ENDS_SOON:
        said = "has ended" if left < timedelta() else "ends"
        yield Hazard("server.tls_certificate", f"{said} on {ends:%Y-%m-%d}: put a new one there")


def _process(settings: Settings) -> Iterator[Hazard]:
    """What this process is, and may do."""
    if sys.platform != "linux":
        return
    import resource

    if os.geteuid() == 0:
        yield Hazard(
            "process",
            "runs as root, so a hole in it is one in the whole machine: run it as a user of its "
            "own, as deploy/systemd/sso-bridge.service does",
        )
    server = settings.server
    pools = settings.ledger.pool_size + sum(
        getattr(source, "pool_size", 0) for source in settings.sources.values()
    )
    needed = max(256, server.threads) + pools + _SPARE_DESCRIPTORS
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= allowed < needed:
        yield Hazard(
            "process",
            f"may have {allowed} files and connections, and a worker may need {needed}: raise it "
            "(LimitNOFILE= of systemd, ulimit -n), or lower server.threads",
        )


def _clock() -> Iterator[Hazard]:
    if sys.platform == "linux" and is_synchronised() is False:
        yield Hazard(
            "machine",
            "its clock is not synchronised, and tokens and leases end by it: set up chrony or "
            "systemd-timesyncd",
        )


def is_synchronised() -> bool | None:
    """Whether the kernel says that its clock is kept right; None where it does not say."""
    nothing = ctypes.create_string_buffer(512)  # `struct timex` that changes nothing; it is smaller
    try:
        state = ctypes.CDLL(None).adjtimex(nothing)
    except (AttributeError, OSError):
        return None
    return None if state < 0 else bool(state != _TIME_ERROR)
