"""Reading a configuration for a server: at its start, and again while it serves."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from .config import Settings, load
from .config.safety import safe_to_serve
from .config.surroundings import hazards
from .errors import ConfigurationError

__all__ = ["changes", "check_changes", "settings_to_serve"]

_FIXED: Final = ("server.host", "server.port", "server.workers")
"""What is decided when the server starts: the sockets, and how many there are."""


def settings_to_serve(config: Path, given: Mapping[str, object]) -> Settings:
    """The settings in the file; `given` are those of [server] that the command line has in their
    place. Warnings go to standard error.

    Raises ConfigurationError, also for what must not be served to a network."""
    settings, warnings = load(config)
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
    server = settings.server.model_copy(
        update={name: value for name, value in given.items() if value is not None}
    )
    settings = settings.model_copy(update={"server": server})
    safe_to_serve(settings)
    found = list(hazards(settings, config.absolute().parent))
    if refused := [f"{one.place}: {one.text}" for one in found if one.refused]:
        raise ConfigurationError("\n".join(refused))
    for one in found:
        print(f"warning: {one.place}: {one.text}", file=sys.stderr)
    return settings


def check_changes(old: Settings, new: Settings) -> None:
    """Raises ConfigurationError if a running server cannot take over what changed."""
    changed = list(changes(old, new))
    fixed = [name for name in changed if name in _FIXED]
    if old.trail.file is not None and "trail.key" in changed and "trail.file" not in changed:
        raise ConfigurationError(
            "trail.key cannot change in the middle of a trail, which nobody could verify then: "
            "name another trail.file with it"
        )
    if fixed:
        raise ConfigurationError(
            f"{', '.join(fixed)} cannot change while the server runs: restart it, or change back"
        )


def changes(old: object, new: object, name: str = "") -> Iterator[str]:
    """The names of settings that differ, such as "callers.one.password"; no values."""
    if isinstance(old, BaseModel) and type(old) is type(new):
        for key in type(old).model_fields:
            yield from changes(getattr(old, key), getattr(new, key), f"{name}.{key}".lstrip("."))
    elif isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from changes(old.get(key), new.get(key), f"{name}.{key}")
    elif old != new:
        yield name
