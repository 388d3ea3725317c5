"""What may be an external reference ID, and when two of them are the same one to a reader."""

from __future__ import annotations

import unicodedata
import uuid

from ..errors import IdentityAlarm
from .alarms import ERID_MISSING, ERID_UNUSABLE

__all__ = ["MAX_LENGTH", "canonical", "check", "mint"]

MAX_LENGTH = 255
"""Characters. The bound is ours: no limit of Digital River's is published."""

_INVISIBLE = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})


def canonical(erid: str) -> str:
    """The form in which ERIDs are unique: what a person or another system may mix up is one.

    Compatibility forms, letter case, white space and invisible characters do not count."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", erid).casefold())
    return "".join(c for c in folded if unicodedata.category(c) not in _INVISIBLE)


def check(erid: str | None) -> str:
    """`erid` itself, if it can be sent and told apart from others.

    Raises IdentityAlarm for one that is absent, blank, too long, not plain characters or
    wrapped in white space. No value is ever trimmed or otherwise mended: it would then be
    another ERID."""
    if erid is None or not canonical(erid):
        raise IdentityAlarm(ERID_MISSING, "the user has no ERID")
    if len(erid) > MAX_LENGTH:
        raise IdentityAlarm(ERID_UNUSABLE, f"longer than {MAX_LENGTH} characters")
    if erid != erid.strip():
        raise IdentityAlarm(ERID_UNUSABLE, "begins or ends with white space")
    if any(unicodedata.category(c) in ("Cc", "Cs", "Cn") for c in erid):
        raise IdentityAlarm(ERID_UNUSABLE, "has a control or unassigned character")
    return erid


def mint() -> str:
    """A new ERID: a random UUID, which says nothing about the person and never changes."""
    return str(uuid.uuid4())
