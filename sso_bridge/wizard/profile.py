"""Names, telephone and language of users: in their row, in a joined one, or in named values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .draft import Draft
from .people import Stored, join_name
from .samples import Shapes
from .schema import TableFacts
from .scout import SURE, TEXT, Scout
from .words import LANGUAGES

__all__ = ["Found", "fields_of", "find_profile"]

_NAMES = ("first_name", "last_name", "home_phone", "fax_phone")


@dataclass(slots=True)
class Found:
    """Settings of a source: the section `profile`, and what it needs."""

    profile: dict[str, Any] = field(default_factory=dict)
    joins: dict[str, Any] = field(default_factory=dict)
    remarks: dict[str, list[str]] = field(default_factory=dict)


def find_profile(
    scout: Scout,
    users: TableFacts,
    subject: str,
    used: set[str],
    password: Stored | None,
    draft: Draft,
) -> Found:
    """What is known of a user. `used` are columns that have another meaning."""
    found = Found()
    _take(found, scout, users, "", used, draft)
    for other, column in scout.references(users, subject):
        missing = {"first_name", "last_name", "home_phone"} - found.profile.keys()
        if not missing or not other.columns[column].unique:
            continue
        name = join_name(other, {*found.joins, *scout.taken})
        before = len(found.profile)
        taken = {column, *other.primary_key}
        if password is not None and password.join is not None and password.join[0] is other:
            taken |= password.columns()
        _take(found, scout, other, f"{name}.", taken, draft)
        if len(found.profile) > before:
            join: dict[str, Any] = {"table": other.name}
            if other.schema is not None:
                join["schema"] = other.schema
            found.joins[name] = {**join, "on": {column: subject}}
            draft.choose(f"joins.{name}", other.shown, "one row for each user", "likely")
    return found


def _take(
    found: Found, scout: Scout, table: TableFacts, prefix: str, used: set[str], draft: Draft
) -> None:
    """Fill what is not known yet from `table`."""
    sample = scout.sample(table)
    fields, doubt = fields_of(scout, table, None, used)
    for key, value in fields.items():
        if key not in found.profile:
            found.profile[key] = _prefixed(value, prefix)
            if doubt and key in ("first_name", "last_name") and isinstance(value, dict):
                if key == "first_name":
                    found.remarks[key] = draft.doubt(doubt)
                draft.choose(f"profile.{key}", f"part of {prefix}{value['column']}", "", "doubtful")
                continue
            shown = value if isinstance(value, str) else value["column"]
            draft.choose(f"profile.{key}", f"{prefix}{shown}", "it is called so", "likely")
    if "locale" not in found.profile:
        facts = scout.best(table, "locale", without=used)
        if facts is not None:
            locale, text = _locale(facts.name, facts.kind in TEXT, sample[facts.name])
            if locale is not None:
                found.profile["locale"] = _prefixed(locale, prefix)
                draft.choose("profile.locale", f"{prefix}{facts.name}", "it is called so", "likely")
            if text is not None:
                found.remarks.setdefault("locale", []).extend(draft.doubt(text))


def fields_of(
    scout: Scout, table: TableFacts, names: Mapping[str, str] | None, used: set[str]
) -> tuple[dict[str, Any], str | None]:
    """First and last name and telephone of a table, and a doubt about the names."""
    chosen: dict[str, str] = {}
    for role in (*_NAMES, "full_name"):
        taken = {*used, *chosen.values()}
        least = SURE if role != "full_name" else 1.0
        facts = scout.best(table, role, kinds=TEXT, names=names, least=least, without=taken)
        if facts is not None and not scout.sample(table)[facts.name].mostly("email", 0.5):
            chosen[role] = facts.name
    full = chosen.pop("full_name", None)
    fields: dict[str, Any] = dict(chosen)
    if full is None or {"first_name", "last_name"} <= fields.keys():
        return fields, None
    if "first_name" in fields:
        fields["last_name"] = full
    elif "last_name" in fields:
        fields["first_name"] = full
    else:
        fields["first_name"] = {"column": full, "part": "first"}
        fields["last_name"] = {"column": full, "part": "rest"}
        return fields, (
            f"{full} has the whole name: its first word is taken for the first name, the rest for "
            "the last"
        )
    return fields, None


def _locale(name: str, is_text: bool, shapes: Shapes) -> tuple[Any, str | None]:
    """A value for the locale, and a doubt."""
    if is_text and (shapes.mostly("locale") or not shapes.given):
        return name, None
    languages = sorted(word for word in shapes.words if word.casefold() in LANGUAGES)
    if is_text and languages and shapes.mostly("language", 0.5):
        table = {word: LANGUAGES[word.casefold()] for word in languages}
        return {"column": name, "map": table}, "which countries these languages are meant for"
    return None, f"{name} is no locale such as de_DE; say with `map` what its values mean"


def _prefixed(value: Any, prefix: str) -> Any:
    if isinstance(value, str):
        return prefix + value
    return {**value, "column": prefix + value["column"]}
