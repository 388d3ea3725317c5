"""Calls without a pause while a server is told to read its configuration again, and what became
of each of them.

    python -m tests.survival.reloads --reloads 10

Four kinds of clients, several of each: GetUser and Login, on a connection for each call and on one
that is kept. Another pair keeps a connection and lets it rest between two calls, not as long as the
server would end it for. Time is left enough for a machine that is busy otherwise. A call is right,
or wrong (another person, no person, another status), or was dropped: the connection could not be
made, or ended before its answer. The server ends a connection on which it hears nothing for
`server.body_seconds`, which is also what a client looks like that gets no processor for so long. So
what was dropped is told with how long its connection had rested, and for how long all of the
clients stood still."""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.running import running_server

from .client import request
from .messages import LOGIN, PASSWORD, envelope, get_user, login

__all__ = ["Outcome", "calls_during", "patient"]

_PATIENCE = 60.0
_PULSE = 0.05


@dataclass
class Outcome:
    """What became of the calls, by kind of client."""

    right: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    opened: Counter[str] = field(default_factory=Counter)
    """Connections."""
    slowest: float = 0.0
    """Seconds."""
    stood_still: float = 0.0
    """The longest time, in seconds, for which no client could do anything."""


class _Client:
    """One client: calls, one after the other."""

    def __init__(
        self,
        outcome: Outcome,
        address: tuple[str, int],
        kind: str,
        body: str,
        sign: bytes,
        longest_rest: float,
    ) -> None:
        self._longest_rest = longest_rest
        self._outcome, self._address, self._kind, self._sign = outcome, address, kind, sign
        self._keeps = "kept" in kind or "resting" in kind
        headers = {} if self._keeps else {"Connection": "close"}
        self._request = request(envelope(body), headers=headers)
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._answers = 0
        self._rests_since = 0.0

    async def run(self, until: Callable[[], bool]) -> None:
        while not until():
            if "resting" in self._kind:
                await asyncio.sleep(random.uniform(0.1, self._longest_rest))
            begun = time.monotonic()
            try:
                await asyncio.wait_for(self._call(), _PATIENCE)
            except (TimeoutError, OSError, EOFError) as error:
                self._outcome.dropped.append(
                    f"{self._kind}: {type(error).__name__} {error}, "
                    f"{time.monotonic() - begun:.2f} s after it was asked, {self._past(begun)}"
                )
                self._close()
            self._outcome.slowest = max(self._outcome.slowest, time.monotonic() - begun)
        self._close()

    async def _call(self) -> None:
        if self._reader is not None and self._reader.at_eof():
            self._close()  # the server let it go while it rested
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(*self._address)
            self._outcome.opened[self._kind] += 1
        reader, writer = self._reader, self._writer
        assert reader is not None
        writer.write(self._request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
        body = await reader.readexactly(length)
        self._answers, self._rests_since = self._answers + 1, time.monotonic()
        if head.startswith(b"http/1.1 200") and self._sign in body:
            self._outcome.right[self._kind] += 1
        else:
            self._outcome.wrong.append(f"{self._kind}: {head!r} {body!r}")
        if not self._keeps or b"connection: close" in head:
            self._close()

    def _past(self, begun: float) -> str:
        """What the connection had been through when a call was begun on it."""
        if not self._answers:
            return "on a new connection"
        return f"{begun - self._rests_since:.2f} s after answer {self._answers} on its connection"

    def _close(self) -> None:
        if self._writer is not None:
            with suppress(OSError):
                self._writer.close()
        self._reader = self._writer = None
        self._answers = 0


def _clients(
    outcome: Outcome, address: tuple[str, int], each: int, longest_rest: float
) -> Iterator[_Client]:
    asked = (
        ("GetUser", get_user(), b"<firstName>Bo</firstName>"),
        ("Login", login(LOGIN, PASSWORD), b"<successful>true</successful>"),
    )
    for operation, body, sign in asked:
        for manner in ("one call a connection", "kept connection", "resting connection"):
            for _ in range(each):
                kind = f"{operation}, {manner}"
                yield _Client(outcome, address, kind, body, sign, longest_rest)


async def calls_during(
    address: tuple[str, int],
    busy: Callable[[], Awaitable[None]],
    *,
    each: int = 2,
    longest_rest: float = 1.5,
) -> Outcome:
    """What became of the calls that `each` clients of a kind made until `busy` returned. A
    connection rests for `longest_rest` seconds at most."""
    outcome, over = Outcome(), False
    running = [
        asyncio.create_task(client.run(lambda: over))
        for client in _clients(outcome, address, each, longest_rest)
    ]
    pulse = asyncio.create_task(_pulse(outcome))
    try:
        await busy()
    finally:
        over = True
        await asyncio.gather(*running)
        pulse.cancel()
    return outcome


async def _pulse(outcome: Outcome) -> None:
    """Find out for how long the clients stand still."""
    while True:
        begun = time.monotonic()
        await asyncio.sleep(_PULSE)
        still = time.monotonic() - begun - _PULSE
        outcome.stood_still = max(outcome.stood_still, still)


def patient(config: Path) -> Path:
    """The configuration, where no login is refused because hashes take long."""
    text = config.read_text().replace('level = "debug"', 'level = "info"')
    text = text.replace("call_seconds = 5", "call_seconds = 60")
    config.write_text(f"{text}\n[hashing]\nwait_seconds = 60\n")
    return config


async def _measure(reloads: int, pause: float, workers: int) -> bool:
    from .conftest import configuration

    with tempfile.TemporaryDirectory(prefix="sso-bridge-reloads-") as folder:
        config = patient(configuration(Path(folder)))
        with running_server(config, "--workers", str(workers)) as server:

            async def busy() -> None:
                await asyncio.sleep(1.0)
                for _ in range(reloads):
                    server.process.send_signal(1)
                    await asyncio.sleep(pause)

            begun = time.monotonic()
            outcome = await calls_during((server.host, server.port), busy)
            seconds = time.monotonic() - begun
            reloaded = server.log_text().count('"event":"reloaded"')
            alive = server.process.poll() is None
    for kind, right in sorted(outcome.right.items()):
        print(f"{kind:32} {right:7} right on {outcome.opened[kind]:6} connections")
    print(
        f"{sum(outcome.right.values())} right, {len(outcome.wrong)} wrong, "
        f"{len(outcome.dropped)} dropped in {seconds:.0f} s; slowest {outcome.slowest:.2f} s; "
        f"the clients stood still for {outcome.stood_still:.2f} s at most; "
        f"{reloaded} of {reloads} reloads done; server {'runs' if alive else 'ENDED'}"
    )
    for text, times in Counter([*outcome.dropped, *outcome.wrong]).most_common(12):
        print(f"  {times} x {text[:200]}")
    return alive and not outcome.dropped and not outcome.wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--reloads", type=int, default=10)
    parser.add_argument("--pause", type=float, default=2.0, help="Seconds between two.")
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    sys.exit(not asyncio.run(_measure(asked.reloads, asked.pause, asked.workers)))


if __name__ == "__main__":
    main()
