"""The hashes that say what most users have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final

import pytest

from sso_bridge.core.deadline import Deadline
from tests.people import TABLE, People

OLD: Final = "$P$B" + "o" * 30
NEW: Final = "$2b$10$" + "n" * 53
GAP: Final = 1000
"""Between one user's number and the next."""


def filled(people: People, old: int, new: int, *, key: str = "{}") -> People:
    """Users, the first of them with old hashes and the others with new ones."""
    rows = ", ".join(
        f"('{key.format(n * GAP)}', 'u{n}', '{OLD if n < old else NEW}')" for n in range(old + new)
    )
    people.run(f"INSERT INTO users (id, login, password) VALUES {rows}")
    return people


def sample(people: People, count: int = 200) -> Counter[str]:
    return Counter(people.parts.sources["shop"].password_hashes(count, Deadline(10)))


def test_it_is_of_old_and_new_users_alike(make: Callable[..., People]) -> None:
    found = sample(filled(make(), old=400, new=600))
    assert found.total() == 200
    assert 60 <= found[OLD] <= 100


@pytest.mark.parametrize("users", [0, 1, 7, 150])
def test_it_has_each_of_few_users_once_at_most(make: Callable[..., People], users: int) -> None:
    found = sample(filled(make(), old=users, new=0) if users else make())
    assert found.total() <= users
    assert found.total() >= min(users, 1)


def test_it_is_of_anybody_where_keys_are_no_numbers(make: Callable[..., People]) -> None:
    people = make(TABLE.replace("INTEGER PRIMARY KEY AUTOINCREMENT", "VARCHAR(40) PRIMARY KEY"))
    assert sample(filled(people, old=5, new=5, key="k{}")) == {OLD: 5, NEW: 5}


def test_a_user_without_a_hash_is_not_in_it(make: Callable[..., People]) -> None:
    people = make()
    people.add("none", password=None)
    people.add("bob", password=NEW)
    assert sample(people) == {NEW: 1}
