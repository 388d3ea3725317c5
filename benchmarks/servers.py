"""Compare HTTP servers for a WSGI application: ``python benchmarks/servers.py``.

Two things are found out by running each server that is installed: what a call costs it (CPU of
the whole process tree, calls per second, keep-alive connections, interleaved rounds, so that a
noisy machine disturbs all alike), and how it behaves with unusual and hostile clients and on
signals.  Servers that are not installed are named and left out.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import server_lifecycle
import server_messages
from server_launch import NAMES, NEEDS
from server_load import run as run_load
from server_process import ServerProcess
from server_standin import REQUEST

CONNECTIONS = 16
WARM_UP = 200
#: Slow clients: the part they are slow with, whether connections are guarded, threads.
SLOW = (
    ("headers", False, 8),
    ("headers", True, 8),
    ("body", False, 8),
    ("body", True, 8),
    ("body", True, 128),
)
Cost = dict[str, list[float]]
Behaviour = dict[str, dict[str, str]]


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=4000, help="calls a round (default 4000)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds (default 5)")
    parser.add_argument("--app", default="server_standin:app", help="module:attribute, WSGI")
    parser.add_argument("--path", default="/", help="path the calls go to")
    parser.add_argument("--body", type=Path, help="file with the request body")
    parser.add_argument("--threads", type=int, default=16, help="threads in each worker")
    parser.add_argument("--servers", nargs="+", choices=NAMES, default=list(NAMES))
    parser.add_argument("--no-behaviour", action="store_true", help="only what a call costs")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    return parser.parse_args()


def split_installed(names: list[str]) -> tuple[list[str], list[str]]:
    """Return the servers that can be run here and those that cannot."""
    there = [n for n in names if all(importlib.util.find_spec(m) for m in NEEDS.get(n, (n,)))]
    return there, [name for name in names if name not in there]


def measure_costs(names: list[str], options: argparse.Namespace, body: Path) -> dict[str, Cost]:
    """Run all servers side by side and load them in turn."""
    arguments = ["--app", options.app, "--threads", str(options.threads)]
    servers: list[ServerProcess] = []
    costs: dict[str, Cost] = {name: {"us": [], "rate": [], "mb": [], "start": []} for name in names}
    try:
        for name in names:
            servers.append(ServerProcess(name, arguments).start())
            costs[name]["start"].append(servers[-1].start_seconds)
        for server in servers:
            run_load(server.port, WARM_UP, CONNECTIONS, options.path, body)
        for turn in range(options.rounds):
            first = turn % len(servers)
            for server in servers[first:] + servers[:first]:
                before = server.cpu_seconds()
                seconds = run_load(server.port, options.calls, CONNECTIONS, options.path, body)
                cost = costs[server.name]
                cost["us"].append((server.cpu_seconds() - before) / options.calls * 1e6)
                cost["rate"].append(options.calls / seconds)
        for server in servers:
            costs[server.name]["mb"].append(server.worker_megabytes())
    finally:
        for server in servers:
            server.stop()
    return costs


def _attempt(check: Callable[[], dict[str, str]], label: str) -> dict[str, str]:
    """Run one check; a check that fails is reported as such and does not stop the others."""
    try:
        return check()
    except (OSError, ValueError, RuntimeError, IndexError) as exc:
        return {label: f"check failed: {type(exc).__name__}"}


def behaviour(name: str) -> dict[str, str]:
    """Run every check on one server."""
    found: dict[str, str] = {}
    server = ServerProcess(name, []).start()
    try:
        for check in server_messages.MESSAGE_CHECKS:
            found |= _attempt(partial(check, server.port), check.__name__)
        found |= _attempt(lambda: server_messages.hang_ups(server), "hang_ups")
    finally:
        server.stop()
    for part, guard, threads in SLOW:
        label = f"64 slow {part}, {threads} threads" + (", guarded" if guard else "")
        try:
            found[label] = server_lifecycle.slow_clients(name, part, guard, threads)
        except (OSError, RuntimeError) as exc:
            found[label] = f"check failed: {type(exc).__name__}"
    found |= _attempt(lambda: server_lifecycle.graceful_stop(name), "graceful_stop")
    return found | _attempt(lambda: server_lifecycle.restarts(name), "restarts")


def print_costs(costs: dict[str, Cost]) -> None:
    """Print what a call costs, cheapest first."""
    best = min(statistics.median(cost["us"]) for cost in costs.values())
    columns = ["server", "CPU µs/call min / median / max", "ratio", "calls/s min / median / max"]
    print("| " + " | ".join([*columns, "worker MB", "start s"]) + " |")
    print("|---|---|---|---|---|---|")
    for name, cost in sorted(costs.items(), key=lambda item: statistics.median(item[1]["us"])):
        us, rate = cost["us"], cost["rate"]
        middle = statistics.median(us)
        print(
            f"| {name} | {min(us):.0f} / {middle:.0f} / {max(us):.0f} | {middle / best:.1f} "
            f"| {min(rate):.0f} / {statistics.median(rate):.0f} / {max(rate):.0f} "
            f"| {cost['mb'][0]:.0f} | {cost['start'][0]:.2f} |"
        )


def print_behaviour(found: Behaviour) -> None:
    """Print one row for each check, one column for each server."""
    print("\n| | " + " | ".join(found) + " |")
    print("|---|" + "---|" * len(found))
    rows = list(dict.fromkeys(label for column in found.values() for label in column))
    for label in rows:
        print(f"| {label} | " + " | ".join(c.get(label, "-") for c in found.values()) + " |")


def versions(names: list[str]) -> str:
    """Name what was compared, and on what."""
    packages = [package for name in names for package in NEEDS.get(name, (name,))]
    listed = ", ".join(f"{package} {importlib.metadata.version(package)}" for package in packages)
    return f"{listed}; Python {platform.python_version()}; {os.cpu_count()} processors"


def main() -> None:
    """Run the comparison."""
    options = parse()
    names, missing = split_installed(options.servers)
    if missing:
        print(f"not installed, left out: {', '.join(missing)}", file=sys.stderr)
    if not names:
        raise SystemExit("none of the servers is installed")
    began = time.monotonic()
    with tempfile.NamedTemporaryFile() as request:
        request.write(options.body.read_bytes() if options.body else REQUEST)
        request.flush()
        costs = measure_costs(names, options, Path(request.name))
    found: Behaviour = {}
    if not options.no_behaviour:
        with ThreadPoolExecutor(len(names)) as pool:
            found = dict(zip(names, pool.map(behaviour, names), strict=True))
    if options.json:
        result = {"versions": versions(names), "left_out": missing, "costs": costs}
        print(json.dumps(result | {"behaviour": found}, indent=2))
        return
    print(f"{versions(names)}; {CONNECTIONS} connections, {options.rounds} rounds of", end=" ")
    print(f"{options.calls} calls\n")
    print_costs(costs)
    if found:
        print_behaviour(found)
    print(f"\n{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
