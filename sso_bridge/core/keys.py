"""What can be a key at all: a primary key, a login, an ERID."""

from __future__ import annotations

import unicodedata

from .erid import MAX_LENGTH

__all__ = ["is_plain"]


def is_plain(value: str) -> bool:
    """Whether `value` can be a key: of a sane length and without what XML cannot carry.

    No database is asked for anything else: some would fail, some would match too much."""
    if not 0 < len(value) <= MAX_LENGTH:
        return False
    if value.isascii() and value.isprintable():
        return True
    return not any(unicodedata.category(c) in ("Cc", "Cs") or c in "\ufffe\uffff" for c in value)
