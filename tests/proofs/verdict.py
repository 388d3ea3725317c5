"""What a proof says at its end, and the command line that the proofs share."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests.services import MariaDB, PostgreSQL, SqlService

__all__ = [
    "ENGINES",
    "Claimed",
    "Verdict",
    "engine_options",
    "none_shared",
    "one_each",
    "run",
    "server_of",
    "verdict",
]

ENGINES: Final = ("sqlite", "postgresql", "mariadb")
_SHOWN: Final = 5

Claimed = tuple[str, str, str]
"""Source, login, and the ERID that an answer gave them."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One promise, and what was found that breaks it: nothing, if it was kept."""

    promise: str
    offences: tuple[str, ...] = ()

    @property
    def kept(self) -> bool:
        """Whether nothing breaks it."""
        return not self.offences

    def lines(self) -> Iterator[str]:
        """PASS or FAIL, and the first offences."""
        yield f"{'PASS' if self.kept else 'FAIL'}  {self.promise}"
        for offence in self.offences[:_SHOWN]:
            yield f"        {offence}"
        if len(self.offences) > _SHOWN:
            yield f"        and {len(self.offences) - _SHOWN} more"


def verdict(promise: str, offences: Iterable[str]) -> Verdict:
    """The verdict on a promise, given all that breaks it."""
    return Verdict(promise, tuple(offences))


def one_each(promise: str, claims: Iterable[Claimed]) -> Verdict:
    """Whether everybody was named by one ERID alone."""
    erids: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for source, login, erid in claims:
        erids[source, login].add(erid)
    return verdict(
        promise,
        (f"{s}/{u} has {sorted(found)}" for (s, u), found in erids.items() if len(found) > 1),
    )


def none_shared(promise: str, claims: Iterable[Claimed]) -> Verdict:
    """Whether no ERID, nor two that could be mistaken for each other, name two people."""
    people: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for source, login, erid in claims:
        people[unicodedata.normalize("NFKC", erid).casefold()].add((source, login))
    return verdict(
        promise,
        (f"{erid} is shared by {sorted(who)}" for erid, who in people.items() if len(who) > 1),
    )


@contextmanager
def server_of(engine: str, *, durable: bool) -> Iterator[SqlService | None]:
    """A server of our own; None for SQLite, which has none."""
    if engine == "sqlite":
        yield None
        return
    kind = {"postgresql": PostgreSQL, "mariadb": MariaDB}[engine]
    with kind(private=True, durable=durable) as server:
        yield server


def engine_options(description: str, lengths: Mapping[str, int]) -> argparse.ArgumentParser:
    """The options that every proof has, and one for each length with its default."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--engine", choices=(*ENGINES, "all"), default="all")
    parser.add_argument("--seed", type=int, default=1)
    for name, default in lengths.items():
        parser.add_argument(f"--{name}", type=int, default=default, help=f"by default {default}")
    return parser


def run(
    options: argparse.Namespace,
    proof: Callable[[str, Path, SqlService | None], tuple[Mapping[str, Any], Sequence[Verdict]]],
    *,
    durable: bool,
) -> int:
    """Run a proof on the engines that were asked for and print what it did: the exit status."""
    failed = False
    for engine in ENGINES if options.engine == "all" else (options.engine,):
        began = time.monotonic()
        try:
            with (
                tempfile.TemporaryDirectory(prefix="sso-bridge-proof-") as folder,
                server_of(engine, durable=durable) as server,
            ):
                figures, verdicts = proof(engine, Path(folder), server)
        except (pytest.skip.Exception, pytest.fail.Exception) as why:
            figures, verdicts = {}, [Verdict("it can be run here", (str(why),))]
        seconds = time.monotonic() - began
        facts = {"engine": engine, **figures, "seconds": f"{seconds:.0f}"}
        print("; ".join(f"{name}: {value}" for name, value in facts.items()))
        for one in verdicts:
            print("\n".join(one.lines()))
        sys.stdout.flush()
        failed = failed or not all(v.kept for v in verdicts)
    return int(failed)
