"""The proof of `shopper provision`: it is killed again and again on its way through many users, in
front of an API that fails, and in the end everybody is there once, with the right ERID.

    python -m tests.provision --users 100000 --kills 5 --rate 2000"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sso_bridge import wiring
from sso_bridge.config import load
from sso_bridge.core.deadline import Deadline
from tests.proofs.verdict import Verdict, none_shared, verdict
from tests.running import demo_in

__all__ = ["Lengths", "RunningApi", "prove", "running_api", "with_shopper"]

START_SECONDS: Final = 60.0
KEY, SECRET = "proof", "a secret of the proof"


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long a proof is. `rate` is in calls a second, the shares of faults from 0 to 1."""

    users: int
    kills: int
    rate: int
    errors: float = 0.01
    drops: float = 0.01
    quotas: float = 0.0001


@dataclass(frozen=True, slots=True)
class RunningApi:
    """`sso-bridge harness api` as a process of its own."""

    process: subprocess.Popen[str]
    url: str

    def state(self) -> dict[str, int]:
        """What it counted."""
        with urllib.request.urlopen(f"{self.url}/harness/state", timeout=START_SECONDS) as answer:
            state: dict[str, int] = json.load(answer)
        return state


@contextmanager
def running_api(data: Path, *options: str) -> Iterator[RunningApi]:
    """An API on a free port, with its shoppers in the file `data`, until the block ends."""
    words = ["harness", "api", "--port", "0", "--data", str(data), *options]
    process = subprocess.Popen(
        [sys.executable, "-m", "sso_bridge", *words], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "http://" in line, f"it said no address: {line!r}"
        yield RunningApi(process, line.split()[-1])
    finally:
        process.kill()
        process.wait()


def with_shopper(config: Path, url: str, rate: float) -> None:
    """Let the configuration say where the API is."""
    with config.open("a", encoding="utf-8") as file:
        file.write(
            f'\n[shopper]\nbase_url = "{url}"\napi_key_env = "PROOF_API_KEY"\n'
            f'api_secret_env = "PROOF_API_SECRET"\ncalls_per_second = {rate:.1f}\n'
            'currency = "USD"\n'
        )


def prove(folder: Path, lengths: Lengths) -> tuple[Mapping[str, Any], Sequence[Verdict]]:
    """The figures, and a verdict for each promise."""
    config = demo_in(folder)
    settle(folder / "users.db", lengths.users)
    api_data = folder / "api.db"
    faults = [f"--{kind}={getattr(lengths, kind)}" for kind in ("errors", "drops", "quotas")]
    began = time.monotonic()
    options = (f"--client={KEY}:{SECRET}", f"--rate={lengths.rate}", "--seed=7", *faults)
    with running_api(api_data, *options) as api:
        with_shopper(config, api.url, lengths.rate)
        killed = [
            _kill_at(config, api, (turn + 1) * lengths.users // (lengths.kills + 2))
            for turn in range(lengths.kills)
        ]
        last = subprocess.run(
            _command(config), env=_environment(), capture_output=True, text=True, check=False
        )
        state = api.state()
    seconds = time.monotonic() - began
    people, shoppers = _recorded(config), _shoppers(api_data)
    figures = {
        "users": f"{lengths.users:,}",
        "kills": f"{sum(killed)}",
        "calls": f"{state['calls']:,}",
        "busiest second": state["busiest_second"],
        "calls a second": f"{state['calls'] / seconds:.0f}",
        "seconds": f"{seconds:.0f}",
    }
    return figures, [
        verdict("it was killed on its way each time", [] if all(killed) else [f"{killed}"]),
        verdict(
            "the last run ends well",
            [] if last.returncode == 0 else [f"exit {last.returncode}", last.stdout, last.stderr],
        ),
        verdict(
            "there are exactly as many shoppers as users",
            [] if len(shoppers) == len(people) == lengths.users else [f"{len(shoppers):,}"],
        ),
        verdict("everybody has the ERID of the ledger", _strangers(people, shoppers)),
        none_shared("no two share one", [("api", who, erid) for who, erid in shoppers]),
        verdict(
            "no second held more calls than allowed",
            []
            if state["busiest_second"] <= lengths.rate and not state["refused_for_rate"]
            else [str(state)],
        ),
    ]


def settle(users: Path, count: int) -> None:
    """Make the demo's users `count` in all."""
    with closing(sqlite3.connect(users)) as connection, connection:
        there = connection.execute("SELECT count(*), max(password_hash) FROM users").fetchone()
        connection.executemany(
            "INSERT INTO users (email, password_hash, status, first_name, last_name, created_at)"
            " VALUES (?, ?, 'active', ?, 'Proof', datetime('now'))",
            [(f"user{n}@example.com", there[1], f"Pat {n}") for n in range(count - there[0])],
        )


def _kill_at(config: Path, api: RunningApi, shoppers: int) -> bool:
    """Run until so many are there, then SIGKILL; whether it was under way then."""
    process = subprocess.Popen(_command(config), env=_environment(), stdout=subprocess.DEVNULL)
    try:
        while api.state()["shoppers"] < shoppers and process.poll() is None:
            time.sleep(0.02)
        return process.poll() is None
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        process.wait()


def _command(config: Path) -> list[str]:
    return [sys.executable, "-m", "sso_bridge", "shopper", "provision", "--config", str(config)]


def _environment() -> dict[str, str]:
    return {**os.environ, "PROOF_API_KEY": KEY, "PROOF_API_SECRET": SECRET}


def _recorded(config: Path) -> dict[str, str]:
    """The ERID in the ledger of each user, by e-mail address."""
    with _secrets_known():
        settings, _ = load(config)
    register = wiring.register(settings, config.parent)
    with closing(sqlite3.connect(config.parent / "users.db")) as connection:
        emails = {
            str(key): email for key, email in connection.execute("SELECT id, email FROM users")
        }
    deadline = Deadline(3600.0)
    return {emails[b.person.subject]: b.erid for some in register.bindings(deadline) for b in some}


@contextmanager
def _secrets_known() -> Iterator[None]:
    """The secrets of the proof in this process's environment, for the length of the block."""
    before = dict(os.environ)
    os.environ.update(_environment())
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _shoppers(data: Path) -> list[tuple[str, str]]:
    """E-mail address and ERID of everybody at the API."""
    with closing(sqlite3.connect(data)) as connection:
        return connection.execute("SELECT email, erid FROM shopper").fetchall()


def _strangers(people: Mapping[str, str], shoppers: Sequence[tuple[str, str]]) -> Iterator[str]:
    for email, erid in shoppers:
        if people.get(email) != erid:
            yield f"{email} is there with {erid}, and in the ledger with {people.get(email)}"


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Provisioning, killed on its way, is complete.")
    defaults = {"users": 100_000, "kills": 5, "rate": 2000}
    for name, default in defaults.items():
        parser.add_argument(f"--{name}", type=int, default=default, help=f"by default {default}")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sso-bridge-provision-") as folder:
        figures, verdicts = prove(Path(folder), Lengths(given.users, given.kills, given.rate))
    print("; ".join(f"{name}: {value}" for name, value in figures.items()))
    for one in verdicts:
        print("\n".join(one.lines()))
    return int(not all(one.kept for one in verdicts))


if __name__ == "__main__":
    sys.exit(main())
