"""Values that are computed of cells: each operation, and all of them in their order."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_bridge.config.source import Computed as Declared
from sso_bridge.errors import ConfigurationError
from sso_bridge.sources import Column, Computed
from tests.people import HASH, People

Make = Callable[..., People]
ONE = (Column("a"),)


@pytest.mark.parametrize(
    ("operations", "cell", "expected"),
    [
        ({}, "x", "x"),
        ({}, "", None),
        ({}, None, None),
        ({"default": "?"}, None, "?"),
        ({"default": "?"}, "", "?"),
        ({"default": "?"}, "x", "x"),
        ({"part": "first"}, "  Anna  Maria\tvon Berg ", "Anna"),
        ({"part": "rest"}, "Anna Maria von Berg", "Maria von Berg"),
        ({"part": "last"}, "Anna Maria von Berg", "Berg"),
        ({"part": "but_last"}, "Anna Maria von Berg", "Anna Maria von"),
        ({"part": "first"}, "Anna", "Anna"),
        ({"part": "rest"}, "Anna", None),
        ({"part": "but_last"}, "Anna", None),
        ({"part": "last"}, " \t ", None),
        ({"part": "first", "split": ","}, "Berg , Anna", "Berg"),
        ({"part": "last", "split": ","}, "Berg , Anna", "Anna"),
        ({"part": "rest", "split": ", "}, "a, b, c", "b, c"),
        ({"part": "last", "split": ","}, "Berg,", "Berg"),
        ({"part": "last", "split": "."}, "a+b*c", "a+b*c"),
        ({"part": 1}, "Anna Maria", "Anna"),
        ({"part": 2}, "Anna Maria", "Maria"),
        ({"part": 3}, "Anna Maria", None),
        ({"values": {"m": "male"}}, "m", "male"),
        ({"values": {"m": "male"}}, "M", None),
        ({"values": {"m": "male"}, "default": "?"}, "x", "?"),
        ({"values": {"1": "yes"}}, 1, "yes"),
        ({"letters": "lower"}, "ÉVA", "éva"),
        ({"letters": "upper"}, "straße", "STRASSE"),
        ({"prefix": "+", "suffix": "#"}, "49", "+49#"),
        ({"prefix": "+", "suffix": "#"}, None, None),
        ({"prefix": "+", "default": "none"}, None, "none"),
        ({"letters": "upper", "default": "none"}, None, "none"),
        ({"cast": "integer"}, "0049", "49"),
        ({"cast": "integer"}, " -7.0 ", "-7"),
        ({"cast": "integer"}, Decimal("12.00"), "12"),
        ({"cast": "integer"}, 1.5, None),
        ({"cast": "integer"}, "1e3", "1000"),
        ({"cast": "integer"}, "12 cm", None),
        ({"cast": "integer"}, "NaN", None),
        ({"cast": "integer"}, "Infinity", None),
        ({"cast": "integer"}, True, "1"),
        ({"cast": "integer"}, b"12", "12"),
        ({"cast": "boolean"}, 1, "true"),
        ({"cast": "boolean"}, "Yes ", "true"),
        ({"cast": "boolean"}, "off", "false"),
        ({"cast": "boolean"}, b"\1", "true"),
        ({"cast": "boolean"}, b"\0", "false"),
        ({"cast": "boolean"}, False, "false"),
        ({"cast": "boolean"}, "maybe", None),
        ({"cast": "date"}, datetime(2020, 1, 2, 23, 59, tzinfo=UTC), "2020-01-02"),
        ({"cast": "date"}, date(2020, 1, 2), "2020-01-02"),
        ({"cast": "date"}, "2020-01-02 03:04:05", "2020-01-02"),
        ({"cast": "date"}, "2020-01-02", "2020-01-02"),
        ({"cast": "date"}, "2.1.2020", None),
        ({"cast": "date"}, "0000-00-00", None),
        ({"cast": "hex"}, b"\x00\xff", "00ff"),
        ({"cast": "hex"}, "already", "already"),
        ({"cast": "html"}, "O&#039;Neil &amp; S&ouml;hne", "O'Neil & Söhne"),
        ({}, True, "true"),
        ({}, Decimal("1.50"), "1.50"),
        ({}, "é".encode(), "é"),
        ({}, b"\xff", "ff"),
        ({}, datetime(2020, 1, 2, 3, 4, 5), "2020-01-02T03:04:05"),
        ({"cast": "integer", "values": {"7": "seven"}, "letters": "upper"}, "007", "SEVEN"),
        ({"part": "first", "values": {"de": "German"}, "suffix": "!"}, "de AT", "German!"),
    ],
    ids=str,
)
def test_each_operation(operations: dict[str, Any], cell: object, expected: str | None) -> None:
    assert Computed(columns=ONE, **operations).compute([cell]) == expected


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (("Am Markt", "7", "b"), "Am Markt 7 b"),
        (("Am Markt", None, "b"), "Am Markt b"),
        (("", "7", None), "7"),
        ((None, "", None), None),
        ((None, 0, False), "0 false"),
    ],
)
def test_columns_that_hold_nothing_are_left_out(
    cells: tuple[object, ...], expected: str | None
) -> None:
    columns = tuple(Column(name) for name in "abc")
    assert Computed(columns=columns, separator=" ").compute(cells) == expected


OPERATIONS = st.fixed_dictionaries(
    {},
    optional={
        "separator": st.sampled_from(["", " ", ", ", "·"]),
        "cast": st.sampled_from(["text", "integer", "boolean"]),
        "part": st.sampled_from(["first", "rest", "last", "but_last", 1, 2]),
        "values": st.dictionaries(st.sampled_from(["a", "b b", "1", "true"]), st.text(max_size=3)),
        "letters": st.sampled_from(["lower", "upper"]),
        "prefix": st.sampled_from(["", "+", "Ä"]),
        "suffix": st.sampled_from(["", "%"]),
        "default": st.one_of(st.none(), st.text(max_size=3)),
    },
)
CELLS = st.lists(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.text("ab1é ,\t", max_size=8)),
    min_size=1,
    max_size=3,
)


@given(OPERATIONS, CELLS, st.sampled_from([None, ",", " "]))
def test_all_operations_in_their_order(
    operations: dict[str, Any], cells: list[object], split: str | None
) -> None:
    columns = tuple(Column(str(place)) for place in range(len(cells)))
    computed = Computed(columns=columns, split=split, **operations)
    assert computed.compute(cells) == expected(cells, split=split, **operations)


def expected(
    cells: list[object],
    *,
    split: str | None,
    separator: str = "",
    cast: str = "text",
    part: str | int | None = None,
    values: dict[str, str] | None = None,
    letters: str | None = None,
    prefix: str = "",
    suffix: str = "",
    default: str | None = None,
) -> str | None:
    """What the documentation says, step by step."""
    kept: list[str] = []
    for cell in cells:
        if cell is None or cell == "":
            continue
        text = {True: "true", False: "false"}[cell] if isinstance(cell, bool) else f"{cell}"
        if cast == "integer" and not isinstance(cell, (bool, int)):
            text = text.strip()
            if not re.fullmatch(r"\d+", text, re.ASCII):
                continue
            text = text.lstrip("0") or "0"
        elif cast == "integer":
            text = f"{cell:d}"
        elif cast == "boolean":
            if text not in ("true", "false", "1", "0") and text.strip() not in ("1",):
                continue
            text = "true" if text.strip() in ("true", "1") else "false"
        kept.append(text)
    value = separator.join(kept)
    if part is not None:
        pattern = r"\s+" if split is None else re.escape(split)
        words = [word.strip() for word in re.split(pattern, value) if word.strip()]
        if part == "first" or part == 1:
            del words[1:]
        elif part == 2:
            words = words[1:2]
        elif part == "rest":
            del words[:1]
        elif part == "last":
            del words[:-1]
        else:
            del words[-1:]
        value = (" " if split is None else split).join(words)
    if values is not None:
        value = values.get(value, "")
    if value == "":
        return default
    if letters is not None:
        value = getattr(value, letters)()
    return prefix + value + suffix


def test_values_are_computed_in_every_place(make: Make) -> None:
    """In profile, address, attribute and password; the same on every engine."""
    table = """
        CREATE TABLE users (
            id INTEGER PRIMARY KEY AUTOINCREMENT, login TEXT UNIQUE, algorithm TEXT, password TEXT,
            status TEXT, full_name TEXT, street TEXT, house INTEGER, sex TEXT, vip BOOLEAN,
            born DATE, tag BLOB
        )"""
    source = {
        "password": {"columns": ["algorithm", "password"]},
        "profile": {
            "first_name": {"column": "full_name", "part": "first"},
            "last_name": {"column": "full_name", "part": "rest", "letters": "upper"},
            "locale": {"value": "de_DE"},
            "email": {"column": "login", "letters": "lower", "suffix": "@example.com"},
        },
        "billing": {
            "line1": {"columns": ["street", "house"], "separator": " "},
            "country_a2": {"column": "sex", "map": {"f": "AT"}, "default": "DE"},
        },
        "attributes": {
            "vip": {"column": "vip", "cast": "boolean", "type": "boolean"},
            "born": {"column": "born", "cast": "date", "type": "date"},
            "tag": {"column": "tag", "cast": "hex"},
            "origin": {"value": "crm"},
        },
    }
    people = make(table, source=source, site={"create": False})
    people.add(
        "Bob", algorithm=HASH[:4], password=HASH[4:], status="active", full_name="Bob van Baker",
        street="Am Markt", house=7, vip=True, born="2020-01-02", tag=b"\x00\xff",
    )  # fmt: skip
    answer = people.get(login_id="Bob")
    profile = answer.profile
    assert (profile.first_name, profile.last_name) == ("Bob", "VAN BAKER")
    assert (profile.locale, profile.email) == ("de_DE", "bob@example.com")
    assert profile.billing_address.line1 == "Am Markt 7"
    assert profile.billing_address.country_a2 == "DE"
    expected_attributes = {
        "vip": ("true", "boolean"),
        "born": ("2020-01-02", "date"),
        "tag": ("00ff", "string"),
        "origin": ("crm", "string"),
    }
    assert {a.name: (a.value, a.data_type) for a in answer.attributes} == expected_attributes
    login = people.login("Bob")
    assert {a.name: (a.value, a.data_type) for a in login.attributes} == expected_attributes


@pytest.mark.parametrize(
    "declared",
    [
        {},
        {"value": "x", "column": "a"},
        {"column": "a", "columns": ["b"]},
        {"value": "x", "letters": "upper"},
        {"column": "a", "split": ","},
        {"column": "a", "separator": ","},
        {"column": "a", "part": 0},
        {"column": "a", "part": "second"},
        {"column": "a", "cast": "float"},
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_refused(declared: dict[str, Any]) -> None:
    with pytest.raises((ConfigurationError, ValueError)):
        Declared.model_validate(declared)
