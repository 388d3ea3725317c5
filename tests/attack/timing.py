"""Does the time of a refused login tell who has an account? `python -m tests.attack.timing`

A server of its own is asked over HTTP, with wrong passwords, for people of several kinds. A block
has one login of each kind, in random order, so that what else the machine does falls on all alike;
each kind is compared with logins of nobody, by the quantile where times are short ("box test"), and
block by block, by Wilcoxon's signed-rank test.
"nobody again" shows what the test says where there is no difference. Exits with 1 if a kind is told
from nobody that should not be."""

from __future__ import annotations

import math
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import bcrypt
import click

from sso_bridge import demo
from tests.running import RunningServer, edited, running_server
from tests.survival.client import Connection, request
from tests.survival.messages import envelope, login

__all__ = ["DIFFERENT", "NOBODY", "SAME", "Comparison", "compared", "configuration", "measured"]

NOBODY: Final = "nobody"
SAME: Final = ("nobody again", "wrong password", "inactive", "no hash", "locked", "unknown hash")
"""Kinds of people who must not be told from nobody."""
DIFFERENT: Final = "another scheme"
"""A user whose hash is not of the scheme that most have, and so takes another time."""

PEOPLE: Final = 200
"""Of each kind, so that none is in a cache more than others."""


LOW: Final = 0.15
"""The quantile that is compared: what else the machine does makes times longer, never shorter, so
that the short ones say most."""
_NEAR: Final = 0.1


@dataclass(frozen=True, slots=True)
class Comparison:
    """One kind against nobody; times in microseconds.

    `shift` is how much later its `LOW` quantile is, `error` the standard error of that. `rank_z` is
    how far Wilcoxon's sum is from what chance gives, in standard deviations."""

    kind: str
    shift: float
    error: float
    rank_z: float

    @property
    def low_z(self) -> float:
        """`shift` in standard errors; for a thousand blocks or more, since fewer do not tell how
        large those are."""
        return self.shift / self.error

    @property
    def detectable(self) -> float:
        """The shift that four of five such measurements would find, at the 1 % level."""
        return (2.576 + 0.842) * self.error


def configuration(folder: Path, rounds: int, *, more: int = 2) -> Path:
    """A demo with `PEOPLE` of each kind; most have a bcrypt hash of 2 to the power of `rounds`, and
    those of `DIFFERENT` one that costs so many times more, as a power of two again."""
    config = demo.prepare(folder)
    usual = bcrypt.hashpw(b"right password", bcrypt.gensalt(rounds)).decode()
    other = bcrypt.hashpw(b"right password", bcrypt.gensalt(rounds + more)).decode()
    stored = {
        "wrong password": (usual, "active"),
        "inactive": (usual, "closed"),
        "no hash": ("", "active"),
        "locked": ("!", "active"),
        "unknown hash": ("da39a3ee5e6b4b0d3255bfef95601890afd80709", "active"),
        DIFFERENT: (other, "active"),
    }
    rows = [
        (_login(kind, number), *of, "2024-01-01")
        for kind, of in stored.items()
        for number in range(PEOPLE)
    ]
    with closing(sqlite3.connect(folder / "users.db")) as users, users:
        users.execute("DELETE FROM users")
        users.executemany(
            "INSERT INTO users (email, password_hash, status, created_at) VALUES (?, ?, ?, ?)", rows
        )
    config = edited(config, ('format = "console"', 'format = "json"'))
    with config.open("a", encoding="utf-8") as text:
        text.write("\n[throttle.logins]\nenabled = false\n")
    return config


def _login(kind: str, number: int) -> str:
    """All of one length."""
    return f"{kind.replace(' ', '-'):.<16}{number:04}@example.com"


def measured(server: RunningServer, blocks: int, dice: random.Random) -> dict[str, list[float]]:
    """Microseconds that a login of each kind took, in as many blocks."""
    kinds = [NOBODY, *SAME, DIFFERENT]
    took: dict[str, list[float]] = {kind: [] for kind in kinds}
    with Connection(server) as connection:
        for block in range(-20, blocks):  # the first are to warm up
            dice.shuffle(kinds)
            for kind in kinds:
                name = _login(kind, dice.randrange(PEOPLE))
                sent = request(envelope(login(name, "wrong password")))
                begun = time.perf_counter()
                connection.send(sent)
                reply = connection.reply()
                seconds = time.perf_counter() - begun
                assert reply.value("errorMessage") == "Invalid login", reply
                if block >= 0:
                    took[kind].append(seconds * 1e6)
    return took


def compared(took: Mapping[str, Sequence[float]]) -> list[Comparison]:
    """Each kind against nobody."""
    nobody, error = _low(took[NOBODY])
    found = []
    for kind, times in took.items():
        if kind != NOBODY:
            low, its_error = _low(times)
            rank_z = _rank_z([a - b for a, b in zip(times, took[NOBODY], strict=True)])
            found.append(Comparison(kind, low - nobody, math.hypot(error, its_error), rank_z))
    return found


def _low(times: Sequence[float]) -> tuple[float, float]:
    """The `LOW` quantile and its standard error, by how dense the times are there."""
    ranked, count = sorted(times), len(times)
    below, at, above = (
        ranked[round(share * (count - 1))] for share in (LOW - _NEAR, LOW, LOW + _NEAR)
    )
    sparsity = (above - below) / (2 * _NEAR)
    return at, sparsity * math.sqrt(LOW * (1 - LOW) / count)


def _rank_z(differences: Sequence[float]) -> float:
    count = len(differences)
    positive = sum(n for n, one in enumerate(sorted(differences, key=abs), start=1) if one > 0)
    expected = count * (count + 1) / 4
    return (positive - expected) / math.sqrt(count * (count + 1) * (2 * count + 1) / 24)


@click.command()
@click.option("--blocks", default=2000, show_default=True, help="Logins of each kind.")
@click.option("--rounds", default=8, show_default=True, help="Cost of bcrypt, a power of two.")
@click.option("--seed", default=1, show_default=True)
def main(blocks: int, rounds: int, seed: int) -> None:
    """Measure, and say which kinds of people are told from nobody."""
    with (
        tempfile.TemporaryDirectory(prefix="sso-bridge-timing-") as folder,
        running_server(configuration(Path(folder), rounds)) as server,
    ):
        took = measured(server, blocks, random.Random(seed))
    limit = statistics.NormalDist().inv_cdf(1 - 0.01 / 2 / len(SAME) / 2)
    click.echo(f"nobody: {_low(took[NOBODY])[0] / 1000:.2f} ms; {blocks} logins of each kind")
    click.echo(f"{'against nobody':16}{'shift µs':>9}{'±':>7}{'would find':>12}{'rank z':>8}")
    told = []
    for one in compared(took):
        is_told = max(abs(one.low_z), abs(one.rank_z)) > limit
        click.echo(
            f"{one.kind:16}{one.shift:9.1f}{1.96 * one.error:7.1f}{one.detectable:12.1f}"
            f"{one.rank_z:8.2f}  {'told apart' if is_told else 'not told apart'}"
        )
        if is_told and one.kind != DIFFERENT:
            told.append(one.kind)
    sys.exit(1 if told else 0)


if __name__ == "__main__":
    main()
