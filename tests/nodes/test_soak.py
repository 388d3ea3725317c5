"""A soak of a few seconds, and that growth is noticed."""

from __future__ import annotations

import os
import random
import threading
from pathlib import Path

import pytest

from tests.nodes.growth import grown, growth, usage
from tests.nodes.proxies import Nginx
from tests.nodes.soak import Lengths, lines, soak
from tests.services import PostgreSQL, Redis

pytestmark = pytest.mark.xdist_group("nodes")
SHORT = Lengths(measured=1.0, soaked=3.0, minute=1.0, users=300)


def test_a_soak_measures_everything(tmp_path: Path, postgresql: PostgreSQL, redis: Redis) -> None:
    seen = soak(Nginx, postgresql, redis, tmp_path, SHORT)
    assert seen.most > 1
    assert len(seen.minutes) >= 2
    for minute in seen.minutes:
        assert minute.connections > 0
        assert len(minute.used) == 3
        assert all(
            u.megabytes > 1 and u.descriptors > 3 and u.threads for u in minute.used.values()
        )
    assert all(one.kept for one in seen.verdicts[:1]), seen.verdicts
    assert sum(line.startswith("| ") for line in lines(seen)) == 2 + len(seen.minutes)


def noisy(begins: float, ends: float, noise: float, count: int = 30) -> list[float]:
    dice = random.Random(5)
    step = (ends - begins) / (count - 1)
    return [begins + n * step + dice.uniform(-noise, noise) for n in range(count)]


def test_growth_is_told_from_noise() -> None:
    assert growth(noisy(100, 100, 1)) == pytest.approx(0, abs=2)
    assert growth(noisy(100, 130, 1)) == pytest.approx(30, abs=2)
    outliers = noisy(100, 100, 1)
    outliers[25:27] = [1000, 1000]
    assert growth(outliers) == pytest.approx(0, abs=2)


@pytest.mark.parametrize(
    ("what", "begins", "ends"),
    [
        ("MB", 100, 115),
        ("descriptors", 60, 75),
        ("threads", 20, 30),
        ("connections", 8, 14),
        ("median ms", 3, 6),
        ("99 % ms", 20, 80),
    ],
)
def test_what_grows_is_named(what: str, begins: float, ends: float) -> None:
    steady = {("node", what): noisy(begins, begins, begins / 50)}
    assert not list(grown(steady))
    (told,) = grown({("node", what): noisy(begins, ends, begins / 50)})
    assert told.startswith(f"node: {what} grew by ")


def test_what_a_process_has_is_counted(tmp_path: Path) -> None:
    before = usage([os.getpid()])
    with (tmp_path / "a").open("w"), (tmp_path / "b").open("w"):
        ends = threading.Event()
        thread = threading.Thread(target=ends.wait)
        thread.start()
        kept = bytearray(b"x" * 30_000_000)
        after = usage([os.getpid()])
        ends.set()
        thread.join()
    assert after.descriptors - before.descriptors == 2
    assert after.threads - before.threads == 1
    assert after.megabytes - before.megabytes > 20
    assert kept
    assert usage([2**22 + 1]) == (0, 0, 0)
