"""What an operator declares about the table that a client keeps its session tokens in."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from sqlalchemy import (
    ColumnElement,
    Select,
    TableClause,
    bindparam,
    column,
    select,
    table,
)
from sqlalchemy.types import NullType

from ..core.model import LookupKind
from ..database.moments import TIME_KINDS, TimeKind
from ..errors import ConfigurationError
from .whom import check_kind

__all__ = ["Hashing", "RevokedKind", "TokenTable"]

Hashing = Literal["plain", "sha256"]
RevokedKind = Literal["boolean", "timestamp"]

MAX_TOKEN: Final = 4096
"""Characters. A longer token is in no table."""

_SENDABLE: Final = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenTable:
    """Where tokens are kept and what each column means, as the operator declares it.

    `hashing` is how the token is stored: as it is, or as the SHA-256 of it in hexadecimal,
    in either letter case. `names` says what `user_column` holds. `revoked_kind` is
    `boolean` (true or 1 is revoked, NULL is refused) or `timestamp` (any value is revoked,
    NULL is not). `site_column` must hold the very site. `max_age_seconds` counts from
    `created_column`. A NULL expiry is refused unless `no_expiry_is_valid`; that switch is
    also what lets a table without any time column be used. An expiry that cannot be read
    is always refused.

    Raises ConfigurationError for a declaration that is incomplete or contradicts itself."""

    table: str
    token_column: str
    hashing: Hashing
    user_column: str
    names: LookupKind
    schema: str | None = None
    expiry_column: str | None = None
    expiry_kind: TimeKind = "detect"
    no_expiry_is_valid: bool = False
    revoked_column: str | None = None
    revoked_kind: RevokedKind = "boolean"
    site_column: str | None = None
    created_column: str | None = None
    created_kind: TimeKind = "detect"
    max_age_seconds: int | None = None

    def __post_init__(self) -> None:
        check_kind(self.names)
        _one_of("hashing", self.hashing, get_args(Hashing))
        _one_of("revoked_kind", self.revoked_kind, get_args(RevokedKind))
        _one_of("expiry_kind", self.expiry_kind, tuple(TIME_KINDS))
        _one_of("created_kind", self.created_kind, tuple(TIME_KINDS))
        if not (self.table and self.token_column and self.user_column):
            raise ConfigurationError("session table: name the table, its token and user columns")
        if (self.created_column is None) != (self.max_age_seconds is None):
            raise ConfigurationError(
                "session table: created_column and max_age_seconds go together; set both or none"
            )
        if self.max_age_seconds is not None and self.max_age_seconds <= 0:
            raise ConfigurationError("session table: max_age_seconds must be more than 0")
        if not (self.expiry_column or self.created_column or self.no_expiry_is_valid):
            raise ConfigurationError(
                "session table: tokens would never expire; name expiry_column, or created_column "
                "with max_age_seconds, or set no_expiry_is_valid = true"
            )

    def stored_forms(self, token: str) -> tuple[str, ...]:
        """How `token` may stand in the table; empty if it cannot be in any.

        A plain token is visible ASCII only: of anything else a database may make something
        else, or an error. A hash may be written in small or capital letters."""
        if not 0 < len(token) <= MAX_TOKEN:
            return ()
        if self.hashing == "plain":
            return (token,) if _SENDABLE.fullmatch(token) else ()
        try:
            digest = hashlib.sha256(token.encode()).hexdigest()
        except UnicodeEncodeError:
            return ()
        return (digest, digest.upper())

    def clause(self) -> TableClause:
        """The table and its declared columns for SQLAlchemy Core; the database is not asked."""
        names = dict.fromkeys(self._columns().values())
        return table(self.table, *(column(name) for name in names), schema=self.schema)

    def query(self, limit: int) -> Select[Any]:
        """Up to `limit` rows that the database takes to be a token's: `form` and `other_form`
        are its stored forms. Its columns are those of `meanings`, in that order.

        Parameters have no type, so that PostgreSQL compares them in the column's own."""
        clause = self.clause()
        chosen: list[ColumnElement[Any]] = [
            clause.c[name].label(meaning) for meaning, name in self._columns().items()
        ]
        forms = [bindparam(name, type_=NullType()) for name in ("form", "other_form")]
        return select(*chosen).where(clause.c[self.token_column].in_(forms)).limit(limit)

    def meanings(self) -> tuple[str, ...]:
        """What each column of `query` means."""
        return tuple(self._columns())

    def _columns(self) -> dict[str, str]:
        """The declared columns, by what they mean."""
        declared = {
            "token": self.token_column,
            "whom": self.user_column,
            "expiry": self.expiry_column,
            "revoked": self.revoked_column,
            "site": self.site_column,
            "created": self.created_column,
        }
        return {meaning: name for meaning, name in declared.items() if name}


def _one_of(key: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ConfigurationError(f"session table: {key} must be one of {', '.join(allowed)}")
