"""What is wrong with one value, and the forms in which values are compared.

Values of plain ASCII, which most are, take a short way that gives the same result."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from ..core import erid as erids
from ..core.erid import EridRule
from ..core.keys import is_plain
from ..passwords.schemes import SCHEMES, Limits, Scheme, UnusableHash, read
from ..passwords.shape import is_locked, shape

__all__ = [
    "bare",
    "changing_faults",
    "erid_faults",
    "folded",
    "login_fault",
    "password",
    "shown",
    "usable_key",
]

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_NOT_ERID = frozenset({"Cc", "Cs", "Cn"})
_LIMITS = Limits()


def usable_key(value: str) -> bool:
    """`core.keys.is_plain`. What is printable has nothing in it that is not plain."""
    return (0 < len(value) <= erids.MAX_LENGTH and value.isprintable()) or is_plain(value)


def login_fault(login: str | None) -> str | None:
    """The check that `login` fails, None if it is one that can be sent and typed."""
    if not login or login.isspace():
        return "login_missing"
    if not usable_key(login):
        return "login_unusable"
    return "login_spaces" if login != login.strip() else None


def folded(login: str) -> str:
    """`login` without letter case, in all scripts."""
    return login.casefold()


def bare(login: str) -> str:
    """`login` without letter case and accents; equal for all that are equal when `folded`."""
    if login.isascii():
        return login.lower()
    return unicodedata.normalize("NFD", login.casefold()).translate(_UNMARKED).casefold()


class _Unmarked(dict[int, int | None]):
    """Maps combining marks to nothing and all else to itself; learns as it is asked."""

    def __missing__(self, code: int) -> int | None:
        kept = self[code] = None if unicodedata.combining(chr(code)) else code
        return kept


_UNMARKED = _Unmarked()


def erid_faults(erid: str | None, canonical: str, rule: EridRule) -> list[str]:
    """The checks that make `erid` unusable; empty where `rule` lets it pass.

    `canonical` is its canonical form."""
    if erid is None:
        return ["erid_missing"]
    if not canonical:
        return ["erid_blank"]
    faults = []
    if len(erid) > rule.max_length or len(canonical) > erids.MAX_LENGTH:
        faults.append("erid_too_long")
    if erid != erid.strip():
        faults.append("erid_spaces")
    if not erid.isprintable() and any(unicodedata.category(c) in _NOT_ERID for c in erid):
        faults.append("erid_control")
    if not faults and rule.pattern is not None and re.fullmatch(rule.pattern, erid) is None:
        faults.append("erid_pattern")
    return faults


def changing_faults(
    erid: str, login: str | None, first_name: str | None, last_name: str | None
) -> list[str]:
    """The checks that find something in `erid` that changes."""
    faults = []
    if "@" in erid and _EMAIL.fullmatch(erid.strip()):
        faults.append("erid_email")
    looked = erid.casefold()
    if login and login.casefold() == looked:
        faults.append("erid_login")
    if (first_name or last_name) and _is_name(looked, first_name or "", last_name or ""):
        faults.append("erid_name")
    return faults


def _is_name(erid: str, first_name: str, last_name: str) -> bool:
    """Whether `erid`, in no letter case, is one or both of the names, however written."""
    first, last = first_name.strip().casefold(), last_name.strip().casefold()
    names = [name for name in (first, last) if name]
    if not erid.strip().startswith(tuple(names)):
        return False
    letters = "".join(c for c in erid if c.isalnum())
    both = ("".join(c for c in name if c.isalnum()) for name in (first, last))
    one, other = both
    return letters in {name for name in (one, other, one + other, other + one) if name}


def password(
    stored: str | None, schemes: Sequence[Scheme] = SCHEMES, limits: Limits = _LIMITS
) -> tuple[str, str | None]:
    """What the summary counts `stored` as, and the check that it fails or None."""
    if stored is None or is_locked(stored):
        return "none", "password_missing"
    try:
        found = read(stored, limits, schemes)
    except UnusableHash as error:
        return error.scheme, "password_unusable"
    if found is None:
        return f"unknown: {shape(stored)}", "password_unknown"
    return found.scheme, None


def shown(value: str) -> str:
    """`value` fit for a report: what is not printed is �, and what is too long is cut."""
    cut = value if len(value) <= erids.MAX_LENGTH else value[: erids.MAX_LENGTH] + "…"
    return cut if cut.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in cut)
