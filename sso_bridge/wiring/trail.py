"""The audit trail, from its settings: for the server, and for commands."""

from __future__ import annotations

from ..config import Settings
from ..errors import ConfigurationError
from ..trail import Chain, OtherKey, TrailFile
from .declared import secret_of

__all__ = ["trail_chain", "trail_file"]


def trail_chain(settings: Settings) -> Chain:
    """How records are chained."""
    return Chain(secret_of("trail.key", settings.trail.key))


def trail_file(settings: Settings) -> TrailFile | None:
    """The file, None if none is configured. Raises ConfigurationError if it cannot be written
    or has another key, and leaves nothing open, so that processes may be forked afterwards."""
    path = settings.trail.file
    if path is None:
        return None
    file = TrailFile(path, trail_chain(settings), settings.trail.rotate_megabytes * 1_000_000)
    try:
        file.check()
    except OSError as error:
        raise ConfigurationError(
            f"trail.file: cannot write {path}: {error.strerror}; its folder must be there, and "
            "belong to whoever runs this"
        ) from None
    except OtherKey:
        raise ConfigurationError(
            f"trail.key: {path} was begun with another key, and nobody could verify it then; give "
            "the one of before, or name another trail.file with the new one"
        ) from None
    finally:
        file.close()
    return file
