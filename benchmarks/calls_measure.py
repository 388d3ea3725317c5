"""How a server is started, asked, and measured in turn with others."""

from __future__ import annotations

import http.client
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import calls_load as load
import calls_world as world
from calls_peers import PEERS, ROOT, NotHere, Peer, World
from calls_table import Spread
from server_process import ServerProcess

CONNECTIONS = 16
Loaded = tuple[ServerProcess, Path]
"""A server, and the file of calls that it gets."""
Cost = tuple[Spread, Spread]
"""Microseconds of the processors for each call, and calls/s."""


@contextmanager
def started(server: ServerProcess) -> Iterator[ServerProcess]:
    """`server`, running until the end of the block."""
    with ExitStack() as stack:
        stack.callback(stop, server)
        yield server.start()


def stop(server: ServerProcess) -> None:
    """Stop one that may have failed to start."""
    if hasattr(server, "process"):
        server.stop()


@contextmanager
def running(peers: Sequence[Peer], where: World) -> Iterator[dict[str, ServerProcess]]:
    """The servers that can be had, started; the others are told of on standard error."""
    servers: dict[str, ServerProcess] = {}
    with ExitStack() as stack:
        for peer in peers:
            try:
                server = peer.make(where)
            except NotHere as why:
                print(f"left out: {peer.name}: {why}", file=sys.stderr)
                continue
            servers[peer.name] = stack.enter_context(started(server))
        yield servers


def asked_once(port: int, body: bytes) -> tuple[int, bytes]:
    """One call's status and answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    head, _, _ = world.http(body).partition(b"\r\n\r\n")
    fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    connection.request("POST", world.PATH, body, fields)
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def check(peer: Peer, server: ServerProcess, numbers: Sequence[int]) -> None:
    """Raises ValueError unless it answers these users, by either key, as it must."""
    for number in numbers:
        for key in ("erid", "login"):
            status, body = asked_once(server.port, peer.call(number, key))
            if status != 200 or world.decoded(body) != world.profile_of(number):
                raise ValueError(
                    f"{peer.name} answers user {number} by {key} wrongly, status {status}:\n"
                    f"{body.decode(errors='replace')}\n{server.output()[-1000:]}"
                )


def check_bridge(server: ServerProcess, numbers: Sequence[int]) -> None:
    """The same of the bridge."""
    check(next(peer for peer in PEERS if peer.name == "bridge"), server, numbers)


def interleaved(servers: Mapping[str, Loaded], rounds: int, calls: int) -> dict[str, Cost]:
    """Load each in turn, `rounds` times: microseconds of the processors a call, and calls/s."""
    busy: dict[str, list[float]] = {name: [] for name in servers}
    rate: dict[str, list[float]] = {name: [] for name in servers}
    names = list(servers)
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            server, script = servers[name]
            before = server.cpu_seconds()
            seconds = load.run(server.port, script, calls, CONNECTIONS)
            busy[name].append((server.cpu_seconds() - before) / calls * 1e6)
            rate[name].append(calls / seconds)
    return {name: (Spread(busy[name]), Spread(rate[name])) for name in names}


def print_all(*parts: str | list[str]) -> None:
    """Lines and tables, an empty line between them."""
    print("\n\n".join(part if isinstance(part, str) else "\n".join(part) for part in parts))


def heading() -> str:
    """Machine, commit and command: what belongs to every table."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    command = " ".join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]])
    return (
        f"{os.cpu_count()} × {model}, Python {platform.python_version()}, "
        f"commit {_commit()}; `{command}`"
    )


def _commit() -> str:
    """What is checked out, with `-dirty` if it was changed since; "unknown" outside of git."""
    if not shutil.which("git"):
        return "unknown"
    command = ["git", "describe", "--always", "--dirty"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
