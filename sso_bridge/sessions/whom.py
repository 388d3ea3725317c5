"""Whom a token names: the one value that a user is then looked up by."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, get_args
from uuid import UUID

from ..core.model import Lookup, LookupKind
from ..errors import ConfigurationError, InvalidSession

__all__ = ["check_kind", "check_same_kind", "lookup_of"]

MAX_LENGTH: Final = 255
"""Characters, as for an ERID."""


def lookup_of(kind: LookupKind, value: object) -> Lookup:
    """The look-up for the `value` found in a token or its row: text, a whole number or a UUID.

    Nothing is trimmed or otherwise mended, for that would name somebody else. Raises
    InvalidSession for any other type, no value, or text that cannot be a key."""
    if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
        value = int(value)
    if isinstance(value, (int, UUID)) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_LENGTH:
        raise InvalidSession("the token names no user")
    if value != value.strip() or not value.isprintable():
        raise InvalidSession("the token names its user by an unusable value")
    return Lookup(kind, value)


def check_kind(kind: str) -> None:
    """Raises ConfigurationError unless users can be looked up by `kind`."""
    if kind not in get_args(LookupKind):
        raise ConfigurationError(
            "what a session token names its user by must be subject, login or erid"
        )


def check_same_kind(person: Lookup, kind: LookupKind) -> None:
    """Raises ConfigurationError unless a token that names users by `kind` can name `person`."""
    if person.kind != kind:
        raise ConfigurationError(
            f"tokens of this format name users by {kind}, and one was to be issued by "
            f"{person.kind}; issue in a format that names users by {person.kind}"
        )
