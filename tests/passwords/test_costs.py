"""What a stored hash may cost, and what it does cost."""

from __future__ import annotations

import pytest

from sso_bridge.passwords import HashPool, Limits, cost_of

from .hashes import HASHES
from .rooms import Room


def test_the_defaults_are_those_of_the_settings() -> None:
    assert Limits.of(2.5, 256) == Limits()


def test_limits_are_the_seconds_at_reference_speeds() -> None:
    assert Limits.of(1.0, 64) == Limits(
        memory_kib=65_536,
        argon2_work_kib=1_048_576,
        bcrypt_cost=14,
        scrypt_work=2_097_152,
        pbkdf2_iterations=2_000_000,
        crypt_rounds=2_000_000,
        digest_rounds=1_000_000,
    )
    assert Limits.of(0.001, 1).bcrypt_cost == 4
    assert Limits.of(60.0, 1).bcrypt_cost == 19


@pytest.mark.parametrize("scheme", sorted({row.scheme for row in HASHES}))
def test_every_scheme_has_a_cost(scheme: str) -> None:
    seconds = cost_of(next(row.stored for row in HASHES if row.scheme == scheme))
    assert seconds is not None
    assert 0 < seconds < 5


def test_a_dearer_hash_costs_more() -> None:
    cheap = cost_of("$5$rounds=1000$salt$" + "A" * 43)
    dear = cost_of("$5$rounds=100000$salt$" + "A" * 43)
    assert cheap is not None
    assert dear is not None
    assert dear > cheap * 10


@pytest.mark.parametrize("stored", ["", "!", "hunter2", "$2b$31$" + "." * 53, "$6$corrupt"])
def test_what_no_login_computes_has_no_cost(stored: str) -> None:
    assert cost_of(stored) is None


def test_a_source_has_limits_of_its_own(pool: HashPool) -> None:
    stored = "$5$rounds=5000$salt$" + "A" * 43
    assert Room(pool).hashes.cost_of(stored) is not None
    assert Room(pool, limits=Limits(crypt_rounds=4999)).hashes.cost_of(stored) is None
