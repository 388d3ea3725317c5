"""Load generator of `calls.py`: a process of its own, so that its time is never the server's.

    calls_load.py closed PORT FILE --calls N --connections C --offset O
    calls_load.py open PORT FILE --rate R --seconds S --connections C

`closed` sends the next call of a connection when its answer is complete. `open` sends calls when
they are due, however late answers are, on as many connections as that takes; if C are not enough
a call waits, and its time counts from when it was due in any case. FILE holds calls and what
each answer must hold; a wrong answer ends a closed run that counts calls. Prints JSON."""

from __future__ import annotations

import argparse
import itertools
import json
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
PATIENCE = 60.0
PAUSE = 0.02
"""Seconds after a refusal: whoever comes again at once is only a burden."""

Call = tuple[bytes, bytes]


class Client:
    """One keep-alive connection with one call on it at a time."""

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection((HOST, port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.due = 0.0
        self._wanted = b""
        self._answer = b""
        self._length = -1

    def send(self, call: Call, due: float = 0.0) -> None:
        """Send a call that was due at that time."""
        message, self._wanted = call
        self.due, self._answer, self._length = due, b"", -1
        self.sock.sendall(message)

    def receive(self) -> tuple[int, bool] | None:
        """Take what is there: None until the answer is complete, then its status and whether it
        is the right one. Raises ConnectionError if it breaks off."""
        piece = self.sock.recv(65536)
        if not piece:
            raise ConnectionError(f"closed after {self._answer[:80]!r}")
        self._answer += piece
        if self._length < 0 and not self._read_head():
            return None
        if self._length >= 0 and len(self._answer) < self._length:
            return None
        if self._length == 0 and not self._answer.endswith(b"0\r\n\r\n"):
            return None  # chunked
        return int(self._answer[9:12]), self._wanted in self._answer

    def _read_head(self) -> bool:
        end = self._answer.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = self._answer[:end].lower()
        at = head.find(b"content-length:")
        self._length = end + 4 + int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        return True


def closed(
    port: int, calls: Iterator[Call], count: int, connections: int, seconds: float
) -> dict[str, Any]:
    """Make `count` calls, all of which must be answered rightly; or, if `seconds` is not 0, as
    many as fit in, and other answers are counted apart.

    When the first was sent, the first and the last rightly answered, and how many of each."""
    selector = selectors.DefaultSelector()
    clients = [Client(port) for _ in range(min(connections, count))]
    began = last = time.monotonic()
    for client in clients:
        selector.register(client.sock, selectors.EVENT_READ, client)
        client.send(next(calls))
    sent, done, wrong, first = len(clients), 0, 0, 0.0
    while done < count and (not seconds or time.monotonic() < began + seconds):
        ready = selector.select(PATIENCE)
        if not ready:
            raise TimeoutError(f"no answer for {PATIENCE} s")
        for key, _ in ready:
            result = key.data.receive()
            if result is None:
                continue
            if result == (200, True):
                done, last = done + 1, time.monotonic()
                first = first or last
            elif seconds:
                wrong += 1
                time.sleep(PAUSE)
            else:
                raise ValueError(f"a wrong answer, status {result[0]}")
            if sent < count:
                key.data.send(next(calls))
                sent += 1
    return {"began": began, "first": first, "ended": last, "done": done, "wrong": wrong}


def paced(
    port: int, calls: Iterator[Call], rate: float, seconds: float, connections: int
) -> list[list[float]]:
    """Offer `rate` calls a second; of each when it was due, how long it took, its status (0 if
    there was no answer), and 1 if it was the right answer."""
    selector = selectors.DefaultSelector()
    idle: list[Client] = []
    results: list[list[float]] = []
    began = time.monotonic()
    count, sent, waiting = max(1, round(rate * seconds)), 0, 0
    while sent < count or waiting:
        now = time.monotonic()
        while sent < count and waiting < connections and began + sent / rate <= now:
            client = idle.pop() if idle else _connected(port, selector)
            client.send(next(calls), began + sent / rate)
            sent, waiting = sent + 1, waiting + 1
        more = sent < count and waiting < connections
        pause = began + sent / rate - time.monotonic() if more else 1.0
        for key, _ in selector.select(max(pause, 0)):
            client = key.data
            try:
                result = client.receive()
            except OSError:
                selector.unregister(client.sock)
                client.sock.close()
                if client in idle:
                    idle.remove(client)
                    continue
                result = (0, False)
            else:
                if result is None:
                    continue
                idle.append(client)
            waiting -= 1
            results.append([client.due, time.monotonic() - client.due, *map(float, result)])
        if (sent < count or waiting) and time.monotonic() > began + seconds + PATIENCE:
            raise TimeoutError(f"{waiting} calls were not answered, {count - sent} not sent")
    return results


def _connected(port: int, selector: selectors.BaseSelector) -> Client:
    client = Client(port)
    selector.register(client.sock, selectors.EVENT_READ, client)
    return client


def run(port: int, file: Path, count: int, connections: int) -> float:
    """Two closed load processes; the seconds from the first call to the last answer."""
    share = ["--calls", str(count // 2), "--connections", str(connections // 2)]
    outputs = _finished([start("closed", port, file, *share, "--offset", str(n)) for n in (0, 1)])
    return float(max(o["ended"] for o in outputs) - min(o["began"] for o in outputs))


def rate(port: int, file: Path, seconds: float, connections: int) -> tuple[float, int]:
    """Right answers a second while as many calls as connections wait for one all the time, and
    how many others there were."""
    share = ["--calls", str(10**9), "--seconds", str(seconds)]
    process = start("closed", port, file, *share, "--connections", str(connections))
    (output,) = _finished([process])
    if output["done"] < 2:
        raise RuntimeError(f"not two right answers in {seconds:g} s, {output['wrong']} others")
    return (output["done"] - 1) / (output["ended"] - output["first"]), output["wrong"]


@dataclass(frozen=True)
class Offered:
    """A paced run's calls, by when they were due."""

    results: list[list[float]]

    def times(self, status: int = 200) -> list[float]:
        """Seconds of those that had this status."""
        return sorted(seconds for _, seconds, found, _ in self.results if found == status)

    def between(self, first: float, last: float) -> Offered:
        """Only those that were due then."""
        return Offered([result for result in self.results if first <= result[0] < last])

    @property
    def right(self) -> int:
        """How many had the right answer."""
        return sum(1 for result in self.results if result[3])


def offered(process: subprocess.Popen[str]) -> Offered:
    """What a process that `start("open", …)` gave has measured."""
    return Offered(sorted(_finished([process])[0]))


def start(kind: str, port: int, file: Path, *options: str) -> subprocess.Popen[str]:
    """One load process."""
    return subprocess.Popen(
        [sys.executable, __file__, kind, str(port), str(file), *options],
        stdout=subprocess.PIPE,
        text=True,
    )


def _finished(processes: list[subprocess.Popen[str]]) -> list[Any]:
    outputs = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        raise RuntimeError("the load failed")
    return [json.loads(output) for output in outputs]


def percentile(times: list[float], share: float) -> float:
    """The time that `share` of the sorted `times` do not exceed."""
    return times[min(len(times) - 1, int(len(times) * share))] if times else float("nan")


def main() -> None:
    """Be one load process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=("closed", "open"))
    parser.add_argument("port", type=int)
    parser.add_argument("file", type=Path)
    parser.add_argument("--calls", type=int, default=1)
    parser.add_argument("--connections", type=int, required=True)
    parser.add_argument("--rate", type=float, default=1.0)
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--offset", type=int, default=0, help="0 or 1: which half of the file")
    options = parser.parse_args()
    lines = json.loads(options.file.read_text(encoding="utf-8"))
    known = [(message.encode("latin-1"), wanted.encode()) for message, wanted in lines]
    first = options.offset * len(known) // 2
    calls = itertools.cycle(known[first:] + known[:first])
    if options.kind == "closed":
        result = closed(options.port, calls, options.calls, options.connections, options.seconds)
        print(json.dumps(result))
    else:
        print(
            json.dumps(
                paced(options.port, calls, options.rate, options.seconds, options.connections)
            )
        )


if __name__ == "__main__":
    main()
