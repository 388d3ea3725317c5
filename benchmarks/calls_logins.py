"""Logins: what they cost beside the hash, and whether they let the quick calls through."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import calls_bare
import calls_bridge
import calls_load as load
import calls_world as world
from calls_measure import CONNECTIONS, heading, print_all, started
from calls_peers import World, bridge
from calls_table import Spread, table
from server_process import ServerProcess

SLOW = ("argon2id", "bcrypt", "pbkdf2")
STORM = ("argon2id", "bcrypt")
TIMES_CAPACITY = 3
WAITING = 6
"""Logins that wait all the time: few enough that hardly one is refused."""
USERS = 200
REFUSED = 500
"""The status of a Fault in SOAP 1.1."""


def login(options: argparse.Namespace, where: World) -> None:
    """Verifications a second through the bridge against the bare library; our part of a login."""
    rows = []
    with started(bridge(where)) as server:
        for scheme in SLOW:
            script = _script(where, scheme)
            load.rate(server.port, script, 3, WAITING)
            bare, through, others = [], [], 0
            for _ in range(options.rounds):
                bare.append(calls_bare.measure(scheme, options.seconds).rate)
                answered, wrong = load.rate(server.port, script, options.seconds, WAITING)
                through.append(answered)
                others += wrong
                _until_idle(server)
            share = Spread([t / b * 100 for t, b in zip(through, bare, strict=True)])
            rates = [Spread(values).text(1) for values in (bare, through)]
            rows.append([scheme, *rates, share.text(1), str(others)])
        own = _own(server, where, options)
    print_all(
        heading(),
        table(
            [
                "scheme",
                "bare library, hashes/s",
                "through the bridge, logins/s",
                "share, %",
                "others",
            ],
            rows,
        ),
        f"A login beside its hash: {own.text()} µs of the processors "
        "(measured with a hash of one iteration, whose own time is taken off)",
    )


def _own(server: ServerProcess, where: World, options: argparse.Namespace) -> Spread:
    """Microseconds of the processors for each login, without the hash."""
    script = _script(where, "quick")
    hashing = calls_bare.measure("quick", 0.5).busy
    load.run(server.port, script, 4 * USERS, CONNECTIONS)
    values = []
    for _ in range(options.rounds):
        before = server.cpu_seconds()
        load.run(server.port, script, options.calls, CONNECTIONS)
        values.append(((server.cpu_seconds() - before) / options.calls - hashing) * 1e6)
    return Spread(values)


def storm(options: argparse.Namespace, where: World) -> None:
    """Quick calls while logins are offered at three times what the machine can verify."""
    numbers = world.asked(500, min(where.users, world.STORED))
    scripts = {
        "GetUser": world.script(
            where.folder / "storm-get.json", [(world.get_user(n), world.erid(n)) for n in numbers]
        ),
        "ValidateSession": world.script(
            where.folder / "storm-validate.json",
            [
                (world.validate_session(calls_bridge.signed(n), world.SITE), world.erid(n))
                for n in numbers
            ],
        ),
    }
    quick, refused = [], []
    for scheme in STORM:
        capacity = calls_bare.measure(scheme, min(options.seconds, 5)).rate
        with started(bridge(where)) as server:
            for script in scripts.values():
                load.run(server.port, script, 2000, CONNECTIONS)
            found = _storm(server, where, scheme, capacity, options, scripts)
        quick += found[0]
        refused.append(found[1])
    phases = ["quiet", "storm", "first second after", "later"]
    print_all(
        heading(),
        f"{options.rate:g} calls a second of each kind; p50 / p99 in milliseconds",
        table(["logins", "call", *phases, "p99, storm to quiet", "wrong"], quick),
        table(
            [
                "logins",
                "offered/s",
                "accepted/s",
                "of the bare library's, %",
                "accepted after p50 / max ms",
                "refused",
                "refused after p50 / p99 / max ms",
            ],
            refused,
        ),
    )


def _storm(
    server: ServerProcess,
    where: World,
    scheme: str,
    capacity: float,
    options: argparse.Namespace,
    scripts: dict[str, Path],
) -> tuple[list[list[str]], list[str]]:
    """Quiet, storm, and quiet again, `options.seconds` each: a row for each quick call, and one
    for the logins."""
    length = options.seconds
    pace = ["--rate", str(options.rate), "--seconds", str(3 * length), "--connections", "256"]
    logins = _script(where, scheme)
    began = time.monotonic()
    quick = {
        name: load.start("open", server.port, script, *pace) for name, script in scripts.items()
    }
    time.sleep(length)
    offered = options.offered or TIMES_CAPACITY * capacity
    storm_pace = ["--rate", str(offered), "--seconds", str(length), "--connections", "256"]
    rain = load.start("open", server.port, logins, *storm_pace)
    told = load.offered(rain)
    first, last = told.results[0][0], told.results[-1][0]
    rows = []
    for name, process in quick.items():
        measured = load.offered(process)
        phases = [
            measured.between(began, first),
            measured.between(first, last),
            measured.between(last, last + 1),
            measured.between(last + 1, last + 10 * length),
        ]
        shown = [_milliseconds(phase.times(), 0.5, 0.99) for phase in phases]
        quiet, stormy = (load.percentile(phase.times(), 0.99) for phase in phases[:2])
        wrong = len(measured.results) - measured.right
        rows.append([scheme, name, *shown, f"{stormy / quiet:.1f}", str(wrong)])
    accepted, refusals = told.times(), told.times(REFUSED)
    answered = max(
        (due + took for due, took, status, _ in told.results if status == 200), default=last
    )
    rate = len(accepted) / (answered - first)
    others = len(told.results) - len(accepted) - len(refusals)
    return rows, [
        scheme,
        f"{offered:.1f}",
        f"{rate:.1f}",
        f"{rate / capacity * 100:.0f}",
        _milliseconds(accepted, 0.5, 1.0),
        f"{len(refusals)}, {others} without an answer",
        _milliseconds(refusals, 0.5, 0.99, 1.0),
    ]


def _milliseconds(times: list[float], *shares: float) -> str:
    return " / ".join(f"{load.percentile(times, share) * 1000:.1f}" for share in shares)


def _script(where: World, scheme: str) -> Path:
    """Logins of users whose password is hashed so."""
    numbers = world.of_scheme(scheme, USERS)
    calls = [(world.sign_in(n), world.erid(n)) for n in numbers]
    return world.script(where.folder / f"login-{scheme}.json", calls)


def _until_idle(server: ServerProcess) -> None:
    """Wait until it has computed what was still waiting."""
    before = -1.0
    while (now := server.cpu_seconds()) - before > 0.02:
        before = now
        time.sleep(0.5)
