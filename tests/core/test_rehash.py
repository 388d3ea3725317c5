"""A login may replace the stored hash by one of the source's scheme; nobody is kept out by it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sso_bridge.core.deadline import Deadline
from sso_bridge.passwords import identify
from tests.people import HASH, TABLE, People, erid_in, refused

Make = Callable[..., People]
REHASH: dict[str, Any] = {"passwords": {"scheme": "django-pbkdf2-sha256", "rehash": True}}


def stored(people: People) -> str:
    return str(people.run("SELECT password FROM users WHERE login = 'bob'")[0][0])


def test_a_login_stores_a_hash_of_the_sources_scheme(make: Make) -> None:
    people = make(source=REHASH)
    people.add("bob")
    first = people.erid("bob")
    assert identify(stored(people)) == "django-pbkdf2-sha256"
    kept = stored(people)
    assert people.erid("bob") == first
    assert stored(people) == kept


def test_a_wrong_password_changes_nothing(make: Make) -> None:
    people = make(source=REHASH)
    people.add("bob")
    assert refused(people.login("bob", "wrong")) == "invalid_login"
    assert stored(people) == HASH


def test_somebody_who_may_not_come_in_keeps_the_hash(make: Make) -> None:
    people = make(source=REHASH)
    people.add("bob", status="gone")
    assert refused(people.login("bob")) == "invalid_login"
    assert stored(people) == HASH


def test_without_rehash_nothing_is_written(make: Make) -> None:
    people = make(source={"passwords": {"scheme": "django-pbkdf2-sha256"}})
    people.add("bob")
    people.erid("bob")
    assert stored(people) == HASH


def test_a_hash_that_does_not_fit_its_column_keeps_nobody_out(make: Make) -> None:
    narrow = TABLE.replace("password TEXT", "password VARCHAR(60) CHECK (length(password) <= 60)")
    people = make(narrow, source=REHASH)
    people.add("bob")
    assert erid_in(people.login("bob"))
    assert stored(people) == HASH
    assert people.alarms == ["source_rejected"]


def test_a_hash_that_changed_meanwhile_is_not_overwritten(make: Make) -> None:
    people = make(source=REHASH)
    people.add("bob")
    source = people.parts.sources["shop"]
    assert not source.replace_hash("1", "something else", "new", Deadline(5))
    assert not source.replace_hash("2", HASH, "new", Deadline(5))
    assert stored(people) == HASH
    assert source.replace_hash("1", HASH, "new", Deadline(5))
    assert stored(people) == "new"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"read_only": True}, "rehash"),
        ({"password": {"columns": ["status", "password"]}}, "rehash"),
    ],
)
def test_a_source_that_cannot_take_a_hash_is_not_configured_to(
    make: Make, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        make(source={**REHASH, **changes}, site={"create": False})
