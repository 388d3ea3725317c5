"""Named values: tables with a row for each value of a user."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .addresses import field_of, split_names
from .draft import Draft
from .people import join_name
from .schema import TableFacts
from .scout import TEXT, Scout
from .words import fit

__all__ = ["PairsFound", "find_pairs"]

_PROFILE = ("first_name", "last_name", "home_phone", "fax_phone", "locale")


@dataclass(slots=True)
class PairsFound:
    """Settings of a source: the section `pairs`, and what is made of the values."""

    pairs: dict[str, Any] = field(default_factory=dict)
    profile: dict[str, Any] = field(default_factory=dict)
    shipping: dict[str, Any] = field(default_factory=dict)
    billing: dict[str, Any] = field(default_factory=dict)


def find_pairs(
    scout: Scout, users: TableFacts, subject: str, taken: set[str], draft: Draft
) -> PairsFound:
    """The first table of named values that has one of ours. `taken` are names of joins."""
    for table, user in scout.references(users, subject):
        name = scout.best(table, "pair_name", kinds=TEXT, without=(user,))
        if name is None:
            continue
        value = scout.best(table, "pair_value", kinds=TEXT, without=(user, name.name))
        if value is None:
            continue
        found = _values(scout, table, name.name, join_name(table, taken))
        if not (found.profile or found.shipping or found.billing):
            continue
        called = join_name(table, taken)
        settings: dict[str, Any] = {"table": table.name}
        if table.schema is not None:
            settings["schema"] = table.schema
        settings |= {"user": user, "name": name.name, "value": value.name}
        if table.key is not None and table.key.kind in ("integer", "text"):
            settings["order"] = table.key.name
        found.pairs[called] = settings
        scout.taken.add(called)
        n = len(found.profile) + len(found.shipping) + len(found.billing)
        draft.choose(f"pairs.{called}", table.shown, f"{n} of its names are known", "likely")
        return found
    return PairsFound()


def _values(scout: Scout, table: TableFacts, column: str, called: str) -> PairsFound:
    found = PairsFound()
    names = scout.names_in(table, column, _is_known)
    groups = split_names(list(names))
    for name, plain in groups[""].items():
        for role in _PROFILE:
            if fit(plain, role) >= 1.0:
                found.profile.setdefault(role, f"{called}.{name}")
    for group, section in (("shipping", found.shipping), ("billing", found.billing)):
        for name, plain in groups[group].items():
            field_name = field_of(plain)
            if field_name is not None:
                section.setdefault(field_name, f"{called}.{name}")
    if "home_phone" not in found.profile and "phone_number" in found.billing:
        found.profile["home_phone"] = found.billing["phone_number"]
    return found


def _is_known(name: str) -> bool:
    """Whether it is a name of ours, of no one's."""
    if not name.isascii() or len(name) > 60:
        return False
    groups = split_names([name])
    if name in groups[""]:
        return any(fit(name, role) >= 1.0 for role in _PROFILE)
    return any(field_of(plain) for g in ("shipping", "billing") for plain in groups[g].values())
