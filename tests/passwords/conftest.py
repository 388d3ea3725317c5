from __future__ import annotations

from collections.abc import Iterator

import pytest

from sso_bridge.passwords import HashPool

from .rooms import Room


@pytest.fixture(scope="session")
def pool() -> Iterator[HashPool]:
    pool = HashPool(workers=2, waiting=20)
    yield pool
    pool.close()


@pytest.fixture
def room(pool: HashPool) -> Room:
    return Room(pool)
