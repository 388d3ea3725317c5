"""The files through which the workers of a server share what they count.

prometheus_client maps them into memory. A page of theirs that the disk has no room for ends the
process that writes to it (SIGBUS), in the middle of a call, so room is taken beforehand."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from prometheus_client import values

__all__ = ["take_room"]

_ROOM: Final = {
    "counter": 1 << 18,
    "histogram": 1 << 18,
    "gauge_max": 1 << 16,
    "gauge_livesum": 1 << 16,
    "gauge_liveall": 1 << 16,
    "gauge_livemostrecent": 1 << 16,
}
"""Bytes of each kind of file; all metrics with all their labels take less than half."""
_SHARED: Final = values.ValueClass


def take_room(folder: str) -> bool:
    """Whether there is room in `folder` for what this process counts; to be called before it has
    any metric. If not, it counts for itself alone, and nobody who asks another sees it."""
    if not hasattr(os, "posix_fallocate"):
        return True
    files = {Path(folder, f"{kind}_{os.getpid()}.db"): size for kind, size in _ROOM.items()}
    try:
        for file, size in files.items():
            with file.open("ab") as opened:
                os.posix_fallocate(opened.fileno(), 0, size)
    except OSError:
        for file in files:
            with suppress(OSError):
                file.unlink()
        values.ValueClass = values.MutexValue
        return False
    values.ValueClass = _SHARED
    return True
