"""What is wrong with one value is the same to the audit as to the bridge."""

from __future__ import annotations

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sso_bridge.audit import values
from sso_bridge.core import keys
from sso_bridge.core.erid import EridRule, canonical
from sso_bridge.core.logins import LoginRule
from sso_bridge.errors import IdentityAlarm
from tests.audit.crowds import HASH

TEXTS = st.text(st.characters(), max_size=300) | st.text(string.printable, max_size=300)


@given(TEXTS)
@example("\ufffe")
@example("\ud800")
@example("\u200b")
@example("x" * 256)
def test_a_key_is_usable_if_the_bridge_takes_it(value: str) -> None:
    assert values.usable_key(value) == keys.is_plain(value)


@given(TEXTS | st.none(), st.integers(1, 255), st.sampled_from([None, "[a-z]*", ".*"]))
@example("\ufdfa" * 100, 255, None)
@example("\u0378", 255, None)
@example("a\n", 255, None)
def test_an_erid_has_a_fault_if_the_bridge_refuses_it(
    erid: str | None, longest: int, pattern: str | None
) -> None:
    rule = EridRule(longest, pattern)
    faults = values.erid_faults(erid, canonical(erid or ""), rule)
    try:
        rule.check(erid)
    except IdentityAlarm:
        assert faults
    else:
        assert not faults


@given(TEXTS, TEXTS)
@example("Straße", "STRASSE")
@example("É", "e\u0301")
@example("K", "\u212a")
def test_logins_that_are_one_by_a_narrow_rule_are_one_by_a_wide_one(one: str, other: str) -> None:
    if LoginRule.ASCII_CASE.same(one, other):
        assert values.folded(one) == values.folded(other)
    if values.folded(one) == values.folded(other):
        assert values.bare(one) == values.bare(other)


def test_accents_are_left_out_in_any_script() -> None:
    assert values.bare("JOSÉ") == values.bare("jose\u0301") == "jose"
    assert values.bare("Ёлка") == values.bare("елка")
    assert values.bare("a") != values.bare("b")


@pytest.mark.parametrize(
    ("erid", "login", "first", "last", "faults"),
    [
        ("bob@example.com", "eve", None, None, ["erid_email"]),
        ("bob@example.com", "BOB@example.com", None, None, ["erid_email", "erid_login"]),
        ("Bob", None, "bob", None, ["erid_name"]),
        ("bob smith", None, "Bob", "Smith", ["erid_name"]),
        ("SMITH, Bob", None, "Bob", "Smith", ["erid_name"]),
        ("bob.smith2", None, "Bob", "Smith", []),
        ("bobby", "bob", "Bob", "", []),
        ("@", "", " ", "", []),
        ("a@b", None, None, None, []),
    ],
)
def test_an_erid_that_will_change_is_known_by_its_looks(
    erid: str, login: str | None, first: str | None, last: str | None, faults: list[str]
) -> None:
    assert values.changing_faults(erid, login, first, last) == faults


@pytest.mark.parametrize(
    ("stored", "counted", "fault"),
    [
        (None, "none", "password_missing"),
        ("", "none", "password_missing"),
        ("!locked", "none", "password_missing"),
        (HASH, "bcrypt", None),
        (HASH[:-1], "bcrypt", "password_unusable"),
        (HASH.replace("$12$", "$31$"), "bcrypt", "password_unusable"),
        ("0123456789abcdef" * 2, "bare-md5", "password_unusable"),
        ("0123456789" * 4 + "01", "unknown: 42 hex digits", "password_unknown"),
        ("open sesame", "unknown: text of no known form", "password_unknown"),
    ],
)
def test_a_password_is_counted_by_its_format(
    stored: str | None, counted: str, fault: str | None
) -> None:
    assert values.password(stored) == (counted, fault)


@given(TEXTS)
def test_what_is_shown_can_be_printed(value: str) -> None:
    assert values.shown(value).isprintable()
    assert len(values.shown(value)) <= 256
