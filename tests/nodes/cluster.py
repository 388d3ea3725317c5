"""Several nodes on one town: `sso-bridge serve` on addresses of its own each."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Self

from sso_bridge.config import toml
from tests.proofs.town import SOURCES, Town
from tests.services import children

__all__ = ["CALLER", "CLIENT", "PORT", "SIGNED_WITH", "Cluster", "Node", "loopback"]

PORT: Final = 8080
CALLER: Final = ("digital-river", "a long and dull caller password")
CLIENT: Final = "127.0.0.9"
"""Where calls come from; the proxy connects to the nodes from 127.0.0.1."""
COUNTED_WITH: Final = "the key of what is counted, of forty bytes"
SIGNED_WITH: Final = "the key of sessions that are signed, of forty bytes"
START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 30.0


def loopback() -> str:
    """The beginning of a range of loopback addresses that nobody else is likely to have."""
    dice = random.SystemRandom()
    return f"127.{dice.randrange(1, 255)}.{dice.randrange(1, 255)}"


class Node:
    """One server process with its workers, at `host`, which may be killed and started."""

    def __init__(self, config: Path, host: str, workers: int) -> None:
        self.host, self.address = host, (host, PORT)
        self.log = config.with_name(f"node-{host}.log")
        self._command = [sys.executable, "-m", "tests.nodes.cheap", "serve", "--config"]
        self._command += [str(config), "--host", host, "--port", str(PORT)]
        self._command += ["--workers", str(workers)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; `wait` until it answers."""
        assert self._process is None, "it is running"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=Path(__file__).parents[2],
            )

    def wait(self) -> None:
        """Until it is ready for calls."""
        ends = time.monotonic() + START_SECONDS
        while True:
            assert self._process is not None, "it is not running"
            assert self._process.poll() is None, f"it ended:\n{self.log_text()}"
            assert time.monotonic() < ends, f"it does not start:\n{self.log_text()}"
            with suppress(OSError), urllib.request.urlopen(self.url("/health/ready"), timeout=5):
                return
            time.sleep(0.05)

    def url(self, path: str) -> str:
        """Where it answers a request for `path`, past the proxy."""
        return f"http://{self.host}:{PORT}{path}"

    def log_text(self) -> str:
        """The end of what all its lives have written."""
        return self.log.read_text(errors="replace")[-5000:]

    def processes(self) -> list[int]:
        """Its parent process and the workers."""
        assert self._process is not None, "it is not running"
        return [self._process.pid, *children(self._process.pid)]

    def kill(self) -> None:
        """SIGKILL to all its processes, as when the power fails."""
        assert self._process is not None, "it is not running"
        os.kill(self._process.pid, signal.SIGSTOP)  # so that it replaces no worker meanwhile
        for process in reversed(self.processes()):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def stop(self) -> None:
        """SIGTERM, as an init system does: what is under way is answered."""
        assert self._process is not None, "it is not running"
        self._process.terminate()
        assert self._process.wait(STOP_SECONDS) == 0, self.log_text()
        self._process = None

    def end(self) -> None:
        """Kill it, if it runs."""
        if self._process is not None:
            self.kill()


class Cluster:
    """`count` nodes on one town and one Redis, whose URL is given, running until the end of the
    `with` block. `settings` are put over those of each table of theirs."""

    def __init__(
        self,
        town: Town,
        redis: str,
        *,
        count: int = 2,
        workers: int = 1,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.town = town
        self._range = loopback()
        self.config = town.folder / "bridge.toml"
        tables = _tables(town, redis)
        for name, changes in (settings or {}).items():
            tables[name] = {**tables.get(name, {}), **changes}
        lines = (f"{toml.key(name)} = {toml.value(table)}\n" for name, table in tables.items())
        self.config.write_text("".join(lines), encoding="utf-8")
        self._workers = workers
        self.nodes: list[Node] = []
        try:
            for _ in range(count):
                self.add()
            for node in self.nodes:
                node.wait()
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for node in self.nodes:
            node.end()

    @property
    def front(self) -> tuple[str, int]:
        """An address for the proxy."""
        return f"{self._range}.1", PORT

    @property
    def addresses(self) -> Sequence[tuple[str, int]]:
        """Where the nodes are."""
        return [node.address for node in self.nodes]

    def add(self) -> Node:
        """One more node, which starts."""
        node = Node(self.config, f"{self._range}.{11 + len(self.nodes)}", self._workers)
        self.nodes.append(node)
        node.start()
        return node


def _tables(town: Town, redis: str) -> dict[str, Any]:
    """What an operator would have written for a node."""
    tables = town.tables()
    signed = {"kind": "jwt", "signing_key": SIGNED_WITH, "names": "login", "require_site": True}
    sites = {name: {**tables["sites"][name], "sessions": [name, "signed"]} for name in SOURCES}
    caller = {"user": CALLER[0], "password": CALLER[1], "networks": [CLIENT]}
    return {
        **tables,
        "proxies": {
            "trusted": ["127.0.0.1"],
            "address_header": "X-Forwarded-For",
            "drop_underscores": True,
        },
        "throttle": {"storage": "redis", "url": redis, "key": COUNTED_WITH},
        "callers": {"dr": caller},
        "sessions": {**tables["sessions"], "signed": signed},
        "sites": sites,
    }
