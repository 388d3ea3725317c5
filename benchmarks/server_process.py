"""Start, stop and measure one server: a process tree seen from outside, through ``/proc``."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

HOST = "127.0.0.1"
LAUNCHER = Path(__file__).resolve().parent / "server_launch.py"
_TICKS = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.create_server((HOST, 0)) as listener:
        return int(listener.getsockname()[1])


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat that follow the command name."""
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()


@dataclass
class ServerProcess:
    """One running server and the file its output goes to.

    It is `command`, or else the launcher's server `name`; both get `--port` and `arguments`."""

    name: str
    arguments: list[str]
    port: int = field(default_factory=free_port)
    command: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    probe: str = "/-probe/hello"
    start_seconds: float = 0.0

    def launch(self) -> None:
        """Start it, and wait for nothing."""
        descriptor, self.log = tempfile.mkstemp(prefix=f"{self.name}-", suffix=".log")
        command = self.command or [sys.executable, str(LAUNCHER), self.name]
        self.process = subprocess.Popen(
            [*command, "--port", str(self.port), *self.arguments],
            stdout=descriptor,
            stderr=subprocess.STDOUT,
            env={**os.environ, **self.environment},
        )
        os.close(descriptor)

    def start(self) -> ServerProcess:
        """Start it and wait for its first answer."""
        began = time.monotonic()
        self.launch()
        while not self.answers(timeout=2.0):
            if self.process.poll() is not None or time.monotonic() - began > 30:
                raise RuntimeError(f"{self.name} did not start:\n{self.output()}")
            time.sleep(0.01)
        self.start_seconds = time.monotonic() - began
        return self

    def answers(self, timeout: float) -> bool:
        """Tell whether a new client gets an answer within ``timeout``."""
        try:
            with socket.create_connection((HOST, self.port), timeout) as client:
                client.settimeout(timeout)
                request = f"GET {self.probe} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                client.sendall(request.encode())
                return client.recv(12) == b"HTTP/1.1 200"
        except OSError:
            return False

    def output(self) -> str:
        """Return everything it has written so far."""
        return Path(self.log).read_text(errors="replace")

    def tree(self) -> list[int]:
        """Return the process ids of the server and all its descendants."""
        parents: dict[int, int] = {}
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    parents[int(entry)] = int(_stat(int(entry))[1])
                except OSError:
                    continue
        found = [self.process.pid]
        for pid in found:
            found += [child for child, parent in parents.items() if parent == pid]
        return found

    def cpu_seconds(self) -> float:
        """Return user + system time of the whole tree so far."""
        stats = [_stat(pid) for pid in self.tree()]
        return sum(int(stat[11]) + int(stat[12]) for stat in stats) / _TICKS

    def worker_megabytes(self) -> float:
        """Return the largest proportional set size in the tree: that of a loaded worker."""
        sizes = []
        for pid in self.tree():
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            sizes += [int(line.split()[1]) / 1024 for line in rollup if line.startswith("Pss:")]
        return max(sizes)

    def resident_megabytes(self) -> float:
        """Return the largest resident set in the tree."""
        sizes = []
        for pid in self.tree():
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            sizes += [int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:")]
        return max(sizes)

    def open_files(self) -> int:
        """Return the number of file descriptors held by the tree."""
        return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in self.tree())

    def stop(self, patience: float = 10.0) -> tuple[int | None, float]:
        """Send SIGTERM; return exit status (None: had to be killed) and seconds."""
        began, pids = time.monotonic(), self.tree()
        self.process.send_signal(signal.SIGTERM)
        status: int | None = None
        try:
            status = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            for pid in reversed(pids):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            self.process.wait()
        Path(self.log).unlink(missing_ok=True)
        return status, time.monotonic() - began
