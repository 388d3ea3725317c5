"""What a call costs, beside others that answer the same: `python benchmarks/calls.py`.

Without a command it compares GetUser: it builds the peers that this machine has what is needed
for, checks that all give the same right answer, runs them interleaved, and prints what a call
takes of the processors in the server (its whole process tree), and how many calls a second come
through. The other commands measure what else docs/performance.md promises.

    python benchmarks/calls.py get-user --rounds 9
    python benchmarks/calls.py storm
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

import calls_bridge
import calls_load as load
import calls_world as world
from calls_growth import ENGINES, growth
from calls_logins import login, storm
from calls_measure import (
    CONNECTIONS,
    check,
    heading,
    interleaved,
    print_all,
    running,
    started,
)
from calls_parts import parts
from calls_peers import PEERS, World, bridge
from calls_start import start
from calls_table import Row, costs

ASKED = 2000
"""How many users calls are about."""
WARM_UP = 4 * ASKED
"""So that nearly each of them was asked for in each worker."""


def get_user(options: argparse.Namespace, where: World) -> None:
    """GetUser, all peers."""
    peers = [peer for peer in PEERS if peer.name in options.peers]
    numbers = world.asked(ASKED, where.users)
    scripts = {}
    for peer in peers:
        calls = [
            (peer.call(n, options.key), world.erid(n) if peer.correct else "</") for n in numbers
        ]
        scripts[peer.name] = world.script(where.folder / f"{peer.name}.json", calls)
    with running(peers, where) as servers:
        here = [peer for peer in peers if peer.name in servers]
        for peer in here:
            if peer.correct:
                check(peer, servers[peer.name], numbers[:20])
            load.run(servers[peer.name].port, scripts[peer.name], options.warm_up, CONNECTIONS)
        cost = interleaved(
            {peer.name: (servers[peer.name], scripts[peer.name]) for peer in here},
            options.rounds,
            options.calls,
        )
    base = cost["handwritten"][0] if "handwritten" in cost else None
    rows = [Row(peer.title, *cost[peer.name]) for peer in here]
    print_all(heading(), costs(rows, base))


def validate(options: argparse.Namespace, where: World) -> None:
    """ValidateSession with a signed token and with a stored one, beside GetUser."""
    numbers = world.asked(ASKED, min(where.users, world.STORED))
    kinds = {
        "GetUser": [(world.get_user(n), world.erid(n)) for n in numbers],
        "ValidateSession, signed token": [
            (world.validate_session(calls_bridge.signed(n), world.SITE), world.erid(n))
            for n in numbers
        ],
        "ValidateSession, stored token": [
            (world.validate_session(world.token(n), "stored"), world.erid(n)) for n in numbers
        ],
    }
    with started(bridge(where)) as server:
        loaded = {
            kind: (server, world.script(where.folder / f"validate-{place}.json", calls))
            for place, (kind, calls) in enumerate(kinds.items())
        }
        for _, script in loaded.values():
            load.run(server.port, script, options.warm_up, CONNECTIONS)
        cost = interleaved(loaded, options.rounds, options.calls)
    rows = [Row(kind, *measured) for kind, measured in cost.items()]
    print_all(heading(), costs(rows, cost["GetUser"][0]))


COMMANDS: dict[str, Callable[[argparse.Namespace, World], None]] = {
    "get-user": get_user,
    "validate": validate,
    "login": login,
    "storm": storm,
    "start": start,
    "parts": parts,
}


def main() -> None:
    """Build the users, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("command", nargs="?", choices=[*COMMANDS, "growth"], default="get-user")
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5, help="of each, in turn")
    parser.add_argument("--calls", type=int, default=4000, help="in one round")
    parser.add_argument("--warm-up", type=int, default=WARM_UP, help="calls before all rounds")
    parser.add_argument("--seconds", type=float, default=10.0, help="login, storm: each phase")
    parser.add_argument("--rate", type=float, default=100.0, help="storm: quick calls a second")
    offered = "storm: logins a second, in place of three times what can be verified"
    parser.add_argument("--offered", type=float, default=0.0, help=offered)
    parser.add_argument("--key", choices=("erid", "login"), default="erid")
    names = [peer.name for peer in PEERS]
    parser.add_argument("--peers", nargs="+", choices=names, default=names)
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=ENGINES, help="growth")
    sizes = [10_000, 10_000_000]
    parser.add_argument("--sizes", nargs="+", type=int, default=sizes, help="growth: users")
    parser.add_argument("--folder", type=Path, help="keep users and ledger there, and use them")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sso-bridge-calls-") as name:
        folder = options.folder or Path(name)
        if options.command == "growth":
            growth(options, folder)
        else:
            COMMANDS[options.command](options, calls_bridge.built(folder, options.users))


if __name__ == "__main__":
    main()
