"""Start the real server as a process of its own, and stop it again."""

from __future__ import annotations

import atexit
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Final
from urllib.parse import urlsplit

from sso_bridge import demo

__all__ = ["RunningServer", "demo_in", "edited", "running_server"]

START_SECONDS: Final = 30.0
STOP_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that answers at `url`, the endpoint's address."""

    process: subprocess.Popen[str]
    url: str
    log: Path
    printed: list[str]
    """The lines it has written to standard output so far."""

    @property
    def origin(self) -> str:
        """Scheme, host and port, without a path."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    def log_text(self) -> str:
        """Everything it has written to standard error and output, its workers included."""
        log = self.log.read_text(encoding="utf-8", errors="replace")
        return "\n".join([log, *self.printed])

    def stop(self, seconds: float = STOP_SECONDS) -> int:
        """Ask it to stop, as an init system would; its exit status.

        One that does not stop in time is killed, and the test fails."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            _kill(self.process)
            raise AssertionError(f"it did not stop in {seconds} s:\n{self.log_text()}") from None


@contextmanager
def running_server(
    config: Path,
    *args: str,
    command: str = "serve",
    environment: Mapping[str, str] | None = None,
    log: Path | None = None,
    module: str = "sso_bridge",
) -> Iterator[RunningServer]:
    """`python -m sso_bridge serve --config CONFIG --port 0 ARGS`, until the block ends. `module`
    may be another that does the same.

    The address is the first one that the server prints when it is ready. Its log goes to the
    file `log`, or else to one of its own, which outlives it until the block ends."""
    with tempfile.TemporaryDirectory(prefix="sso-bridge-test-") as folder:
        log = log or Path(folder) / "log"
        options = ["--config", str(config), "--port", "0"]
        with log.open("a", encoding="utf-8") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", module, command, *options, *args],
                stdout=subprocess.PIPE,
                stderr=errors,
                stdin=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
                start_new_session=True,
                env={**os.environ, "PYTHONIOENCODING": "utf-8", **(environment or {})},
            )
        try:
            url, printed = _wait_for_address(process, log)
            server = RunningServer(process, url, log, printed)
            yield server
            server.stop()
        finally:
            _kill(process)


def demo_in(folder: Path) -> Path:
    """The demo in `folder`, a copy of one that is made once; the path of its configuration."""
    shutil.copytree(_demo(), folder, dirs_exist_ok=True)
    return folder / "demo.toml"


@cache
def _demo() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="sso-bridge-demo-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    demo.prepare(folder)
    return folder


def edited(config: Path, *changes: tuple[str, str], name: str = "edited.toml") -> Path:
    """A copy of the configuration beside it, with each (old, new) text replaced once."""
    text = config.read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
        text = text.replace(old, new)
    copy = config.with_name(name)
    copy.write_text(text, encoding="utf-8")
    return copy


def _wait_for_address(process: subprocess.Popen[str], log: Path) -> tuple[str, list[str]]:
    """The first URL on standard output, and the growing list of all lines there."""
    assert process.stdout is not None
    printed: list[str] = []
    addresses: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(process.stdout, printed, addresses), daemon=True).start()
    try:
        address = addresses.get(timeout=START_SECONDS)
    except queue.Empty:
        address = None
    if address is None:
        raise AssertionError(f"it said no address; it wrote {printed} and:\n{log.read_text()}")
    return address, printed


def _read(stream: IO[str], printed: list[str], addresses: queue.SimpleQueue[str | None]) -> None:
    """Read all lines, so that no pipe fills up; tell each address, and None at the end."""
    for line in stream:
        printed.append(line.rstrip("\n"))
        for word in line.split():
            if word.startswith(("http://", "https://")):
                addresses.put(word)
    addresses.put(None)


def _kill(process: subprocess.Popen[str]) -> None:
    """Kill the server and its workers, if any is left."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
