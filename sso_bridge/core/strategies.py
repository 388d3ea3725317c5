"""Where the ERID of a person who has none yet comes from.

A strategy proposes; the ledger decides, and what it has once recorded stays, whatever strategy
its source follows later."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Protocol

from ..errors import IdentityAlarm
from . import erid as erids
from .alarms import ERID_MISSING
from .model import Record

__all__ = ["COLUMN", "Column", "Derived", "Imported", "Minted", "Strategy"]

COLUMN = "column"


class Strategy(Protocol):
    """One way to come by an ERID."""

    @property
    def name(self) -> str:
        """The name in the configuration."""

    @property
    def origin(self) -> str:
        """What the ledger records of an ERID that it proposes."""

    def propose(self, record: Record) -> str | None:
        """The ERID of a user who has none yet; None if the column has none.

        Raises IdentityAlarm if one must not be made up."""

    def newborn(self, record: Record, minted: str) -> str | None:
        """The same for an account that was made a moment ago with `minted` at hand."""


@dataclass(frozen=True, slots=True)
class Column:
    """The client's own column has it."""

    name: str = field(default=COLUMN, init=False)
    origin: str = field(default=COLUMN, init=False)

    def propose(self, record: Record) -> str | None:
        """What the column holds."""
        return record.erid

    def newborn(self, record: Record, minted: str) -> str | None:
        """What the column holds: `minted`, if the database kept it."""
        return record.erid


@dataclass(frozen=True, slots=True)
class Minted:
    """Made at random, once."""

    name: str = field(default="minted", init=False)
    origin: str = field(default="minted", init=False)

    def propose(self, record: Record) -> str | None:
        """A random UUID."""
        return erids.mint()

    def newborn(self, record: Record, minted: str) -> str | None:
        """`minted`."""
        return minted


@dataclass(frozen=True, slots=True)
class Derived:
    """A keyed hash of the primary key: the same on every node, with no ledger to ask."""

    source: str
    secret: bytes = field(repr=False)
    name: str = field(default="derived", init=False)
    origin: str = field(default="derived", init=False)

    def propose(self, record: Record) -> str | None:
        """The first 160 bits of an HMAC-SHA256 over the source's name and the key, as hex."""
        message = f"{self.source}\0{record.subject}".encode()
        return hmac.digest(self.secret, message, hashlib.sha256)[:20].hex()

    def newborn(self, record: Record, minted: str) -> str | None:
        """As for everybody."""
        return self.propose(record)


@dataclass(frozen=True, slots=True)
class Imported:
    """Digital River knows it already, and `erid import` has put it into the ledger.

    `mints` says that whoever was not imported is new, and gets a random UUID."""

    mints: bool = False
    name: str = field(default="imported", init=False)
    origin: str = field(default="minted", init=False)

    def propose(self, record: Record) -> str | None:
        """A random UUID, if those who were not imported are known to be new."""
        if not self.mints:
            raise IdentityAlarm(ERID_MISSING, "none was imported for the user")
        return erids.mint()

    def newborn(self, record: Record, minted: str) -> str | None:
        """`minted`: a new account cannot have been known before."""
        return minted
