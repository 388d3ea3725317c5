"""One person made known to Digital River: created, or looked at if they are there already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from .client import ShopperClient
from .errors import (
    AlreadyExists,
    NotUnderstood,
    RateLimited,
    Refused,
    ServerFailed,
    TakenErid,
    Unreachable,
    WrongCustomer,
)
from .messages import FIELDS, Shopper

__all__ = ["OUTCOMES", "Barred", "Customer", "Outcome", "Result", "compared", "settle"]

Outcome = Literal["made", "equal", "different", "refused", "unresolved"]
"""What became of a person: created now; there, with what we have; there, with something else; not
taken; not known, since no answer came."""

OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)


@dataclass(frozen=True, slots=True)
class Customer:
    """A user, and what Digital River is to know of them. `shopper` has the ERID of the ledger."""

    source: str
    subject: str
    shopper: Shopper

    @property
    def erid(self) -> str:
        """The ERID of the ledger."""
        assert self.shopper.erid is not None
        return self.shopper.erid


@dataclass(frozen=True, slots=True)
class Barred:
    """A user who is not handed over, and why."""

    source: str
    subject: str
    reason: str


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one. `fields` are those that differ, as the wire spells them, each with our
    value and theirs."""

    outcome: Outcome
    reason: str = ""
    fields: Mapping[str, tuple[str, str]] = field(default_factory=dict, repr=False)


_CROSSED: Final = Result(
    "different", "another customer is answered for this ERID", {FIELDS["erid"]: ("", "")}
)


def settle(
    client: ShopperClient, customer: Customer, *, doubtful: bool, dry_run: bool = False
) -> Result:
    """Make `customer` known unless they are. Nobody who is there is changed.

    `doubtful`: they may have been created before, so they are looked for first. A dry run only
    looks. Raises Refused where the API refuses not the person but whoever asks."""
    try:
        if doubtful or dry_run:
            found = client.look(customer.erid)
            if found is not None:
                return compared(customer.shopper, found)
            if dry_run:
                return Result("made")
        created = client.create(customer.shopper)
        return Result("made") if created.sure else compared(customer.shopper, created.shopper)
    except (TakenErid, AlreadyExists) as conflict:
        return _looked_at(client, customer, conflict)
    except WrongCustomer:
        return _CROSSED
    except (ServerFailed, RateLimited) as error:
        return Result("unresolved", error.reason)
    except (Unreachable, NotUnderstood) as error:
        return Result("unresolved", error.details)
    except Refused as error:
        if error.status in (401, 403):
            raise
        return Result("refused", error.reason)


def _looked_at(client: ShopperClient, customer: Customer, conflict: Refused) -> Result:
    """Who is in the way: the customer with this ERID, or somebody else."""
    try:
        found = client.look(customer.erid)
    except WrongCustomer:
        return _CROSSED
    except (ServerFailed, RateLimited, Unreachable, NotUnderstood):
        return Result("unresolved", conflict.reason)
    if found is None:
        return Result("refused", f"{conflict.reason}, and nobody is found by this ERID")
    return compared(customer.shopper, found)


def compared(ours: Shopper, theirs: Shopper) -> Result:
    """Whether what we have of a customer is what is there. What either has not is not compared;
    of e-mail addresses and user names letter case does not count."""
    there = theirs.filled()
    differing = {
        FIELDS[name]: (value, there[name])
        for name, value in ours.filled().items()
        if name in there and _plain(name, value) != _plain(name, there[name])
    }
    return Result("different" if differing else "equal", fields=differing)


def _plain(name: str, value: str) -> str:
    return value.casefold() if name in ("email", "username") else value
