"""What an operator's command leaves in the audit trail."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.deadline import Deadline
from ..errors import BridgeError

if TYPE_CHECKING:
    from ..config import Settings

__all__ = ["recorded"]

_SECONDS = 5.0


@contextmanager
def recorded(
    settings: Settings, folder: Path, command: str, **facts: Any
) -> Iterator[dict[str, Any]]:
    """Write one record when the block has ended: which command, by whom, and what it came to. What
    the block gives is put into it; `erid`, and that alone, may be personal data. None is written
    where no trail is configured.

    Raises ConfigurationError, and the block does not begin, if the trail cannot be written."""
    from .. import wiring

    file = wiring.trail_file(settings)
    outcome = "done"
    try:
        yield facts
    except SystemExit as end:
        outcome = "done" if not end.code else "refused"
        raise
    except BaseException as error:
        outcome = type(error).__name__
        raise
    finally:
        if file is not None:
            told = {"node": socket.gethostname(), "command": command, "by": _who()}
            person = _person(settings, folder, facts.pop("erid", None))
            try:
                file.append([("command", {**told, **facts, "person": person, "outcome": outcome})])
                file.sync()
            except OSError as error:
                raise BridgeError(
                    f"trail.file: it was done, and is not in the trail: {error.strerror}"
                ) from None
            finally:
                file.close()


def _who() -> str:
    """The user of the system, and who became that user with sudo."""
    name = os.environ.get("SUDO_USER", "")
    with suppress(OSError, KeyError, ImportError):
        mine = getpass.getuser()
        name = f"{name} as {mine}" if name else mine
    return name


def _person(settings: Settings, folder: Path, erid: str | None) -> str:
    """The pseudonym of an ERID; "" if there is none, or the ledger does not answer now."""
    from .. import wiring
    from ..observing import Silent

    if erid is None:
        return ""
    parts = wiring.assemble(settings, folder, Silent())
    with suppress(BridgeError):
        parts.ledger.check(Deadline(_SECONDS))
    return wiring.pseudonyms(settings, lambda: parts.ledger).erid(erid)
