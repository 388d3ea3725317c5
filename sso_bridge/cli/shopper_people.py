"""Who is to be known to Digital River, and as what: users with the ERIDs of the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ..core.alarms import ALARMS, ERID_CHANGED
from ..core.deadline import Deadline
from ..core.keys import is_plain
from ..core.model import Binding, Lookup, Person, Record
from ..errors import ConfigurationError, IdentityAlarm
from .assigning import STEP_SECONDS, Tally, assign_to, pages_of
from .key_file import batches_of, rows_of, user_of

if TYPE_CHECKING:
    from ..config import Settings
    from ..config.shopper import Shopper as ShopperSettings
    from ..core.site import Source
    from ..shopper import Pace, Shopper, ShopperClient
    from ..shopper.customers import Barred, Customer
    from ..wiring import Parts

__all__ = ["Crowd", "client_of", "shopper_of"]


def client_of(settings: Settings, pace: Pace | None = None) -> ShopperClient:
    """A client as configured; raises ConfigurationError if key or secret are missing."""
    from ..shopper import Credentials, Pace, ShopperClient

    given = settings.shopper
    for key, secret in (("api_key", given.api_key), ("api_secret", given.api_secret)):
        if secret is None:
            raise ConfigurationError(
                f"shopper.{key}: is missing; set shopper.{key}_env or shopper.{key}_file"
            )
    assert given.api_key is not None and given.api_secret is not None
    return ShopperClient(
        given.base_url,
        Credentials(given.api_key, given.api_secret),
        pace=pace or Pace(given.calls_per_second),
        timeout=given.timeout_seconds,
        attempts=given.attempts,
        connections=given.connections,
    )


def shopper_of(record: Record, erid: str, settings: ShopperSettings) -> Shopper:
    """What Digital River is to know of a user."""
    from ..shopper import Shopper

    profile = record.profile
    return Shopper(
        erid=erid,
        username=record.login if settings.send_username else None,
        first_name=profile.first_name or None,
        last_name=profile.last_name or None,
        email=profile.email or None,
        locale=profile.locale or settings.locale,
        currency=settings.currency,
    )


class Crowd:
    """The users of one source, with the ERIDs that the ledger has for them."""

    def __init__(
        self, settings: Settings, folder: Path, name: str, *, active_only: bool, dry_run: bool
    ) -> None:
        from .. import wiring
        from ..observing import Silent

        self._settings, self._folder = settings, folder
        self._parts: Parts = wiring.assemble(settings, folder, Silent())
        self._register = wiring.register(settings, folder)
        self._declared: Source = self._parts.declared[name]
        self._users = self._parts.sources[name]
        self._active_only, self._dry_run = active_only, dry_run
        self.tally = Tally()
        """Who has no ERID, or no key to be known by."""
        self.left_out: Counter[str] = Counter()

    def everybody(self) -> Iterator[Sequence[Record]]:
        """All rows, in pages."""
        return pages_of(self._settings, self._folder, self._declared.name)

    def named(self, file: IO[str]) -> Iterator[Sequence[Record]]:
        """The rows that the lines of `file` name; lines that name nobody are counted."""
        for lines in batches_of(rows_of(file, self._declared.name, self.tally)):
            found = [r for number, row in lines if (r := self._line(number, row)) is not None]
            yield list({record.subject: record for record in found}.values())

    def batches(self, pages: Iterator[Sequence[Record]]) -> Iterator[Sequence[Customer | Barred]]:
        """Everybody as they are to be known, or why they are not handed over."""
        self._parts.ledger.open(Deadline(STEP_SECONDS))
        for page in pages:
            mine = [r for r in page if r.active] if self._active_only else page
            self.left_out["inactive"] += len(page) - len(mine)
            bindings = assign_to(
                mine, self._declared, self._users, self._register, self.tally,
                dry_run=self._dry_run,
            )  # fmt: skip
            people = dict.fromkeys(Person(self._declared.name, r.subject) for r in mine)
            yield [one for p in people if is_plain(p.subject) for one in self._one(p, bindings)]

    def _one(
        self, person: Person, bindings: Mapping[Person, Binding]
    ) -> Iterator[Customer | Barred]:
        """One person, unless they have no ERID (that was counted) or are gone meanwhile."""
        from ..core.directory import Found
        from ..core.site import Site
        from ..shopper.customers import Barred, Customer

        binding = bindings.get(person)
        if binding is None:
            return
        deadline = Deadline(STEP_SECONDS)
        try:
            record = self._users.find(Lookup("subject", person.subject), deadline, profile=True)
            if record is None:
                self.left_out["gone"] += 1
                return
            found = Found(Site(id="", source=self._declared), record)
            self._parts.guard.confirm(found, binding, deadline, seals=not self._dry_run)
            if self._declared.trusts_column and record.erid != binding.erid:
                raise IdentityAlarm(ERID_CHANGED)
        except IdentityAlarm as alarm:
            yield Barred(person.source, person.subject, ALARMS[alarm.kind])
        else:
            shopper = shopper_of(record, binding.erid, self._settings.shopper)
            yield Customer(person.source, person.subject, shopper)

    def _line(self, number: int, row: Mapping[str, str]) -> Record | None:
        try:
            record = user_of(row, self._users, Deadline(STEP_SECONDS))
        except IdentityAlarm as alarm:
            self.tally.add("refused", f"line {number}", ALARMS[alarm.kind])
            return None
        if record is None:
            self.tally.add("refused", f"line {number}", "no user has that key")
        return record
