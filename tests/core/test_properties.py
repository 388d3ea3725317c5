"""What holds for every ERID, login and key, not only for those we thought of."""

from __future__ import annotations

import unicodedata
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import types

from sso_bridge.core import erid
from sso_bridge.core.logins import LoginRule
from sso_bridge.errors import IdentityAlarm
from sso_bridge.sources.fields import text_of
from sso_bridge.sources.keys import comparable, stored_forms, subject_text

TRICKY = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("aAeEſKİıß\u0301\u0308\u200b\u200d\ufe0f\u034f\u3164\uffa0ﬁ１Ａ \u2028"),
    ),
    max_size=12,
)


@given(TRICKY)
def test_a_canonical_erid_is_its_own_canonical_form(text: str) -> None:
    assert erid.canonical(erid.canonical(text)) == erid.canonical(text)


@given(TRICKY, st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_how_an_erid_is_composed_does_not_count(text: str, form: str) -> None:
    written = unicodedata.normalize(form, text)  # type: ignore[arg-type]
    assert erid.canonical(written) == erid.canonical(text)


@given(TRICKY, TRICKY, st.sampled_from(" \t\u00a0\u200b\u200d\ufeff\u2028\ufe0f\u034f\u3164"))
def test_an_invisible_character_anywhere_in_an_erid_does_not_count(
    before: str, after: str, unseen: str
) -> None:
    assert erid.canonical(before + unseen + after) == erid.canonical(
        erid.canonical(before) + erid.canonical(after)
    )


@given(TRICKY)
def test_letter_case_of_an_erid_does_not_count(text: str) -> None:
    assert erid.canonical(text.casefold()) == erid.canonical(text)


@given(TRICKY)
def test_an_erid_that_is_accepted_is_not_mended(text: str) -> None:
    try:
        accepted = erid.EridRule().check(text)
    except IdentityAlarm:
        return
    assert accepted == text == text.strip()
    assert 0 < len(erid.canonical(text)) <= erid.MAX_LENGTH


def test_a_minted_erid_is_accepted_and_never_the_same() -> None:
    minted = {erid.EridRule().check(erid.mint()) for _ in range(1000)}
    assert len({erid.canonical(one) for one in minted}) == 1000


@given(TRICKY, TRICKY)
def test_the_exact_rule_is_equality(one: str, other: str) -> None:
    assert LoginRule.EXACT.same(one, other) == (one == other)


@given(TRICKY)
def test_the_ascii_rule_folds_a_to_z_and_nothing_else(login: str) -> None:
    rule = LoginRule.ASCII_CASE
    folded = rule.canonical(login)
    assert rule.canonical(folded) == folded
    assert len(folded) == len(login)
    for before, after in zip(login, folded, strict=True):
        assert after == (before.lower() if before.isascii() else before)
    assert rule.same(login, folded)


@pytest.mark.parametrize(
    ("other", "ascii_letter"),
    [("\u0130", "i"), ("\u0131", "i"), ("\u017f", "s"), ("\u212a", "k"), ("\uff42", "b")],
)
def test_the_ascii_rule_takes_no_other_letter_for_an_ascii_one(
    other: str, ascii_letter: str
) -> None:
    assert not LoginRule.ASCII_CASE.same(other, ascii_letter)
    assert not LoginRule.ASCII_CASE.same(other, ascii_letter.upper())


@given(st.integers(-(2**63), 2**63 - 1))
def test_a_key_of_integers_leads_back_to_its_text(number: int) -> None:
    assert comparable(types.BigInteger(), subject_text(number)) == [number]


@given(TRICKY)
def test_no_two_texts_are_one_integer_uuid_or_bytes(text: str) -> None:
    for kind in (types.Integer(), types.Uuid(), types.LargeBinary()):
        assert all(subject_text(cell) == text for cell in comparable(kind, text))


@given(st.uuids(), st.binary(max_size=20))
def test_a_key_of_uuids_or_bytes_leads_back_to_its_text(one: uuid.UUID, raw: bytes) -> None:
    assert comparable(types.Uuid(), subject_text(one)) == [one]
    assert comparable(types.LargeBinary(), subject_text(raw)) == [raw]


@given(st.binary(max_size=20))
def test_bytes_that_hold_a_login_are_looked_up_by_its_text(raw: bytes) -> None:
    assert raw in stored_forms(types.LargeBinary(), text_of(raw))


@given(st.text(max_size=40))
def test_text_is_compared_as_it_is(text: str) -> None:
    assert comparable(types.String(), text) == [text]
    assert comparable(types.NullType(), text) == [text]
