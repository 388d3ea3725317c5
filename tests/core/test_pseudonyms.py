"""What people are called in the log: the same for one, something else for another, no name."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sso_bridge.core.pseudonyms import Pseudonyms

TEXTS = st.text(max_size=40)


def under(key: bytes) -> Pseudonyms:
    return Pseudonyms(lambda: key)


@given(TEXTS, TEXTS, st.binary(min_size=1, max_size=200))
def test_two_nodes_with_one_key_agree_and_two_people_differ(
    one: str, other: str, key: bytes
) -> None:
    assert under(key).erid(one) == under(key).erid(one)
    assert (under(key).erid(one) == under(key).erid(other)) == (one == other)
    assert under(key).erid(one) != under(key + b"x").erid(one)
    assert under(key).erid(one) != under(key).login(one)


def test_the_letter_case_of_a_login_does_not_count_and_that_of_an_erid_does() -> None:
    known = under(b"key")
    assert known.login("Demo@Example.COM") == known.login("demo@example.com")
    assert known.erid("A1") != known.erid("a1")


def test_nobody_has_no_pseudonym_and_nobody_else_has_one_without_a_key() -> None:
    keys: list[bytes | None] = [None, b"key"]
    known = Pseudonyms(lambda: keys.pop(0))
    assert known.erid(None) == ""
    assert known.erid("1") == ""
    assert known.erid("1") == under(b"key").erid("1") != ""
