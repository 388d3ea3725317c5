"""Every kind of finding: how bad it is, and what it is called.

docs/check.md has a section for each; a test compares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["CHECKS", "Check", "Finding", "Severity", "found"]

Severity = Literal["error", "warning", "ok"]


@dataclass(frozen=True, slots=True)
class Check:
    """One kind of finding. `error`: not safe to serve."""

    severity: Severity
    title: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about one place of the configuration. `check` is a name of `CHECKS`. Never holds
    a value of a row."""

    check: str
    severity: Severity
    place: str
    text: str


def found(check: str, place: str, text: str) -> Finding:
    """A finding of that kind."""
    return Finding(check, CHECKS[check].severity, place, text)


CHECKS: Final[dict[str, Check]] = {
    "settings_unsafe": Check("error", "The settings are not safe to serve"),
    "unreachable": Check("error", "The user database does not answer"),
    "table_missing": Check("error", "There is no such table"),
    "column_missing": Check("error", "There is no such column"),
    "right_missing": Check("error", "The database user lacks a right"),
    "rows_hidden": Check("error", "Row-level security may hide rows from the bridge"),
    "statement_refused": Check("error", "The database refuses a statement that calls need"),
    "type_unfit": Check("error", "A column's type cannot be meant"),
    "column_short": Check("error", "A column is too short for what is written to it"),
    "times_unreadable": Check("error", "Times are not of the kind that is declared"),
    "subject_not_unique": Check("error", "Two users may have one primary key"),
    "token_not_unique": Check("error", "Two sessions may have one token"),
    "keys_padded": Check("error", "A CHAR column puts spaces behind what it holds"),
    "filter_stricter": Check("error", "A filter lets more through in the database than it says"),
    "value_missing": Check("error", "A new user's row lacks a value"),
    "hashes_refused": Check("error", "Password hashes that no login computes"),
    "ledger_unusable": Check("error", "The ledger is not to be used"),
    "throttle_unusable": Check("warning", "The Redis of the throttle is not to be used"),
    "settings_risky": Check("warning", "The surroundings are not as safe as they could be"),
    "replica_unusable": Check("warning", "The replica is not to be used"),
    "network_in_clear": Check("warning", "Passwords and people cross the network in clear"),
    "certificate_unchecked": Check("warning", "The database server may be anybody"),
    "rights_wide": Check("warning", "The database user may do more than is needed"),
    "not_provable": Check("warning", "A view or query cannot prove that its keys are unique"),
    "key_not_unique": Check("warning", "Two users may have one login or ERID"),
    "join_not_unique": Check("warning", "A user may have several rows in a joined table"),
    "no_index": Check("warning", "A look-up reads a whole table"),
    "logins_alike": Check("warning", "Users whose logins are the same by login_match"),
    "logins_clash": Check("warning", "A login of one user is another's in another column"),
    "logins_unguarded": Check("warning", "Nothing keeps logins apart by login_match"),
    "collation_wider": Check("warning", "The database takes more logins for one than login_match"),
    "folded_stale": Check("warning", "A folded column that does not hold its login"),
    "erid_column_long": Check("warning", "The ERID column takes longer ERIDs than may be sent"),
    "erids_unusable": Check("warning", "Users without a usable ERID"),
    "field_required": Check("warning", "A column insists on a field that may not be sent"),
    "fingerprint_missing": Check("warning", "Nothing tells a primary key that was given away"),
    "fingerprint_unsteady": Check("warning", "A fingerprint that may change"),
    "guard_open": Check("warning", "The guard lets mixed-up people through"),
    "nobody": Check("warning", "There are no users"),
    "nobody_active": Check("warning", "Nobody could come in"),
    "field_empty": Check("warning", "A field that is empty for everybody"),
    "hashes_none": Check("warning", "No user has a password hash"),
    "hashes_unknown": Check("warning", "Password hashes of no known format"),
    "hashes_weak": Check("warning", "Password hashes that are quick to guess"),
    "not_looked_at": Check("warning", "Something could not be looked at"),
    "reachable": Check("ok", "The database answers"),
    "columns": Check("ok", "All mapped columns are there"),
    "rights": Check("ok", "The database user may do what is needed, and no more"),
    "unique": Check("ok", "A key is unique"),
    "indexes": Check("ok", "Every look-up uses an index"),
    "collation": Check("ok", "What the database ignores in logins"),
    "logins": Check("ok", "No two users' logins are the same"),
    "active": Check("ok", "Who may come in"),
    "hashes": Check("ok", "Which password hashes there are"),
    "login_cost": Check("ok", "What a login costs"),
    "program": Check("ok", "A source in Python"),
    "ledger": Check("ok", "The ledger answers"),
    "throttle": Check("ok", "The Redis of the throttle takes what is counted"),
}
"""Each kind of finding, the worst first."""
