"""Shipping and billing addresses: in the user's row, in a table of their own, or joined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .draft import Draft
from .people import join_name
from .profile import fields_of
from .schema import TableFacts
from .scout import TEXT, Scout
from .words import BILLING_WORDS, COUNTRY_TABLE, ORDERS, SHIPPING_WORDS, fit, is_called, words_of

__all__ = ["AddressesFound", "field_of", "find_addresses", "split_names"]

_OF_PERSON: Final = {
    "first_name": "name1",
    "last_name": "name2",
    "home_phone": "phone_number",
    "fax_phone": "fax_phone",
}
_PLAIN: Final = ("line2", "line3", "city", "postal_code", "state", "company_name")


@dataclass(slots=True)
class AddressesFound:
    """Settings of a source, and remarks by their names."""

    shipping: dict[str, Any] = field(default_factory=dict)
    billing: dict[str, Any] = field(default_factory=dict)
    joins: dict[str, Any] = field(default_factory=dict)
    addresses: dict[str, Any] = field(default_factory=dict)
    remarks: dict[str, list[str]] = field(default_factory=dict)


def find_addresses(
    scout: Scout, users: TableFacts, subject: str, used: set[str], draft: Draft
) -> AddressesFound:
    """The addresses of users: from a table of their own if there is one, else from the row."""
    found = AddressesFound()
    for table in scout.addresses():
        if table is users or table.schema != users.schema or ORDERS & {*words_of(table.name)}:
            continue
        joins: dict[str, Any] = {}
        fields = _fields(scout, table, None, set(), joins)
        if not _is_address(fields):
            continue
        column = scout.reference(table, users, users.columns[subject])
        if column is not None:
            _of_table(found, scout, users, table, column, fields, joins, draft)
            return found
        if _by_reference(found, scout, users, table, fields, draft):
            return found
    _in_row(found, scout, users, used, draft)
    return found


def _of_table(
    found: AddressesFound,
    scout: Scout,
    users: TableFacts,
    table: TableFacts,
    column: str,
    fields: dict[str, Any],
    joins: dict[str, Any],
    draft: Draft,
) -> None:
    settings: dict[str, Any] = {"table": table.name}
    if table.schema is not None:
        settings["schema"] = table.schema
    settings["user"] = column
    which, why, doubt = _which(scout, users, table)
    settings |= which
    if doubt is not None:
        found.remarks["addresses"] = draft.doubt(doubt)
    if table.key is not None:
        fields = {"address_id": table.key.name, **fields}
    fields.pop(column, None)
    found.addresses = {**settings, **({"joins": joins} if joins else {}), "fields": fields}
    draft.choose("addresses", table.shown, why, "doubtful" if doubt else "likely")


def _which(
    scout: Scout, users: TableFacts, table: TableFacts
) -> tuple[dict[str, Any], str, str | None]:
    """How shipping and billing addresses are told apart."""
    sample = scout.sample(table)
    for _, facts in scout.ranked(table, "kind", kinds=TEXT):
        words = sample[facts.name].words
        shipping = [w for w in words if w.casefold() in SHIPPING_WORDS]
        billing = [w for w in words if w.casefold() in BILLING_WORDS]
        if shipping or billing:
            which: dict[str, Any] = {"kind": facts.name}
            which |= {"shipping": shipping[0]} if shipping else {}
            which |= {"billing": billing[0]} if billing else {}
            doubt = None if shipping and billing else f"{facts.name} has words for one kind only"
            return which, f"{facts.name} tells the kind", doubt
    ids = {
        key: one.name
        for key in ("shipping_id", "billing_id")
        if (one := scout.best(users, key)) is not None and one.kind not in ("boolean", "time")
    }
    if not ids and (either := scout.best(users, "address_ref")) is not None:
        key = table.key
        if key is not None and either.kind == key.kind:
            ids = {"shipping_id": either.name, "billing_id": either.name}
    if ids and table.key is not None:
        return {"id": table.key.name, **ids}, "the user's row names the default ones", None
    flags = {
        key: one.name
        for key in ("shipping_flag", "billing_flag")
        if (one := scout.best(table, key, kinds=("boolean", "integer"))) is not None
    }
    if not flags:
        flag = scout.best(table, "default_flag", kinds=("boolean", "integer"))
        both = ("shipping_flag", "billing_flag")
        flags = {} if flag is None else dict.fromkeys(both, flag.name)
    if flags:
        return dict(flags), "flags tell the default ones", None
    return {}, "it refers to users", "nothing tells which address is which: the first is both"


def _by_reference(
    found: AddressesFound,
    scout: Scout,
    users: TableFacts,
    table: TableFacts,
    fields: dict[str, Any],
    draft: Draft,
) -> bool:
    """Addresses that do not know whose they are: the user's row refers to them."""
    key = table.key
    if key is None:
        return False
    for role, section in (("shipping_id", found.shipping), ("billing_id", found.billing)):
        facts = scout.best(users, role) or scout.best(users, "address_ref")
        if facts is None or facts.kind != key.kind:
            continue
        name = "shipping_row" if role == "shipping_id" else "billing_row"
        join: dict[str, Any] = {"table": table.name}
        if table.schema is not None:
            join["schema"] = table.schema
        found.joins[name] = {**join, "on": {key.name: facts.name}}
        own = {k: v for k, v in fields.items() if not _is_joined(v)}
        section |= {k: _prefixed(v, f"{name}.") for k, v in own.items()}
        draft.choose(section_name(role), table.shown, f"{facts.name} refers to it", "likely")
    return bool(found.joins)


def section_name(role: str) -> str:
    """`shipping` or `billing`."""
    return role.partition("_")[0]


def _in_row(
    found: AddressesFound, scout: Scout, users: TableFacts, used: set[str], draft: Draft
) -> None:
    groups = split_names([name for name in users.columns if name not in used])
    joins: dict[str, Any] = {}
    shipping = _fields(scout, users, groups["shipping"], used, joins)
    billing = _fields(scout, users, groups["billing"], used, joins)
    plain = _fields(scout, users, groups[""], used, joins)
    for section, fields in (("shipping", shipping), ("billing", billing)):
        if not _is_address(fields) and _is_address(plain):
            fields = plain
        if _is_address(fields):
            getattr(found, section).update(fields)
            draft.choose(section, "columns of the user's row", "they are called so", "likely")
        if fields is plain and _is_address(plain):
            found.remarks[section] = ["# There is one address in the row; it is sent as both."]
    found.joins |= {name: join for name, join in joins.items() if _uses(found, name)}


def split_names(names: list[str]) -> dict[str, dict[str, str]]:
    """Names without the words that say which address they are of, by those: `shipping`, `billing`
    and "" for those without such a word."""
    groups: dict[str, dict[str, str]] = {"": {}, "shipping": {}, "billing": {}}
    for name in names:
        parts = words_of(name)
        for group, known in (("shipping", SHIPPING_WORDS), ("billing", BILLING_WORDS)):
            rest = [part for part in parts if part not in known]
            if len(rest) < len(parts) and rest:
                groups[group][name] = "_".join(rest)
                break
            first = parts[0] if parts else ""
            stems = [w for w in known if len(w) > 3 and first.startswith(w) and first != w]
            if stems:
                without = first[len(max(stems, key=len)) :]
                groups[group][name] = "_".join([without, *parts[1:]])
                break
        else:
            groups[""][name] = name
    return groups


def _fields(
    scout: Scout,
    table: TableFacts,
    names: Mapping[str, str] | None,
    used: set[str],
    joins: dict[str, Any],
) -> dict[str, Any]:
    """The fields of one address."""
    fields: dict[str, Any] = {}
    of_person, _ = fields_of(scout, table, names, used)
    for theirs, ours in _OF_PERSON.items():
        if theirs in of_person:
            fields[ours] = of_person[theirs]
    street = scout.best(table, "line1", kinds=TEXT, names=names, without=used)
    house = scout.best(table, "house", names=names, without=used)
    if street is not None:
        fields["line1"] = street.name
        if house is not None:
            fields["line1"] = {"columns": [street.name, house.name], "separator": " "}
    for role in _PLAIN:
        facts = scout.best(table, role, kinds=(*TEXT, "integer"), names=names, without=used)
        if facts is not None and (facts.kind in TEXT or role == "postal_code"):
            fields[role] = facts.name
    fields |= _country(scout, table, names, used, joins)
    return fields


def _country(
    scout: Scout,
    table: TableFacts,
    names: Mapping[str, str] | None,
    used: set[str],
    joins: dict[str, Any],
) -> dict[str, Any]:
    facts = scout.best(table, "country", names=names, without=used)
    if facts is None:
        return {}
    shapes = scout.sample(table)[facts.name]
    if facts.kind in TEXT and shapes.mostly("country_2"):
        return {"country_a2": facts.name}
    if facts.kind in TEXT and shapes.mostly("country_3"):
        return {"country": facts.name}
    if facts.kind in TEXT and (shapes.given or fit(facts.name, "iso2") >= 1.0):
        short = fit(facts.name, "iso2") >= 1.0 or shapes.width == 2
        return {"country_a2" if short else "country_name": facts.name}
    if facts.kind in TEXT:
        return {"country_name": facts.name}
    other = scout.referred(table, facts.name) or next(
        (t for t in scout.tables if is_called(t.name, COUNTRY_TABLE) and t.schema == table.schema),
        None,
    )
    if other is None or other.key is None or other.key.kind != facts.kind:
        return {}
    sample = scout.sample(other)
    codes = [c for c in other.columns.values() if c.kind in TEXT]
    code = next((c for c in codes if sample[c.name].mostly("country_2")), None)
    code = code or scout.best(other, "iso2", kinds=TEXT)
    if code is None:
        return {}
    name = join_name(other, {*joins, *scout.taken})
    on: dict[str, Any] = {"table": other.name}
    if other.schema is not None:
        on["schema"] = other.schema
    joins[name] = {**on, "on": {other.key.name: facts.name}}
    return {"country_a2": f"{name}.{code.name}"}


def field_of(name: str) -> str | None:
    """The field of an address that a named value is."""
    for role, ours in (
        ("first_name", "name1"),
        ("last_name", "name2"),
        ("home_phone", "phone_number"),
        ("line1", "line1"),
        *((role, role) for role in _PLAIN),
        ("country", "country_a2"),
        ("email", "email"),
    ):
        if fit(name, role) >= 1.0:
            return ours
    return None


def _is_address(fields: Mapping[str, Any]) -> bool:
    return len({"line1", "city", "postal_code"} & fields.keys()) >= 2


def _is_joined(value: Any) -> bool:
    return isinstance(value, str) and "." in value


def _prefixed(value: Any, prefix: str) -> Any:
    if isinstance(value, str):
        return prefix + value
    key = "columns" if "columns" in value else "column"
    named = value[key]
    return {**value, key: [prefix + n for n in named] if key == "columns" else prefix + named}


def _uses(found: AddressesFound, join: str) -> bool:
    cells = [*found.shipping.values(), *found.billing.values()]
    return any(isinstance(v, str) and v.startswith(f"{join}.") for v in cells)
