"""The proxies of `deploy/`, run with the files as they are there but for addresses and paths."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, Final, Self

from tests.database.certificates import write_certificates
from tests.services import children, give_up

__all__ = ["PROXIES", "HAProxy", "Nginx", "Proxy"]

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
START_SECONDS: Final = 30.0
LISTED: Final = 3
"""How many nodes the files name, the last of them in a comment."""
_MAIN: Final = """
daemon off;
pid {folder}/pid;
error_log stderr warn;
worker_processes 2;
{user}
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""
"""What the distribution's nginx.conf has around a file in conf.d."""


class Proxy(ABC):
    """A proxy at `address` in front of `nodes`, until the end of the `with` block.

    It serves TLS with a certificate for localhost that `ca` has signed. `changes` are made to its
    file besides: each a text that is there once, and what stands there instead."""

    name: ClassVar[str]
    program: ClassVar[str]

    def __init__(
        self,
        folder: Path,
        address: tuple[str, int],
        nodes: Sequence[tuple[str, int]],
        *,
        changes: Sequence[tuple[str, str]] = (),
    ) -> None:
        found = shutil.which(self.program, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if found is None:
            give_up(f"no {self.name} on this machine; install it with: apt-get install {self.name}")
        self.folder, self.address, self._program, self._changes = folder, address, found, changes
        folder.mkdir(parents=True)
        write_certificates(folder)
        self.ca = folder / "ca.pem"
        self._configure(nodes)
        self._log = (folder / "log").open("wb")
        self.process = subprocess.Popen(
            self._command(),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )
        self._wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        workers = children(self.process.pid)
        self.process.terminate()
        self.process.wait()
        for worker in workers:
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
        self._log.close()

    def log_text(self) -> str:
        """What it has said so far."""
        return (self.folder / "log").read_text(errors="replace")

    def reload(self, nodes: Sequence[tuple[str, int]]) -> None:
        """Have other nodes from now on, without a call being lost."""
        self._configure(nodes)
        self.process.send_signal(self._reload)

    def repeated(self) -> int:
        """How many calls that a node broke off or did not take it has sent to another."""
        return len(re.findall(self._repeat, self.log_text()))

    _reload: ClassVar[signal.Signals]
    _repeat: ClassVar[str]
    """What it logs for each of those calls."""

    @abstractmethod
    def _configure(self, nodes: Sequence[tuple[str, int]]) -> None:
        """Write its files."""

    @abstractmethod
    def _command(self) -> list[str]:
        """What runs it in the foreground."""

    def _deployed(
        self, file: str, nodes: Sequence[tuple[str, int]], *changes: tuple[str, str]
    ) -> str:
        """The file of `deploy/` with the addresses of `nodes`, two or three, and `changes`."""
        text = (DEPLOY / file).read_text(encoding="utf-8")
        assert len(nodes) in (LISTED - 1, LISTED), "the file's own addresses would be left"
        if len(nodes) == LISTED:
            text = text.replace("# server ", "server ")
        for number, (host, port) in enumerate(nodes):
            there = f"10.0.0.{11 + number}:8080"
            assert there in text, f"{file} does not name {there}"
            text = text.replace(there, f"{host}:{port}")
        for old, new in (*changes, *self._changes):
            assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {file}"
            text = text.replace(old, new)
        return text

    def _wait(self) -> None:
        ends = time.monotonic() + START_SECONDS
        while True:
            assert self.process.poll() is None, f"{self.name} ended:\n{self.log_text()}"
            assert time.monotonic() < ends, f"{self.name} does not start:\n{self.log_text()}"
            with suppress(OSError), socket.create_connection(self.address, 1.0):
                return
            time.sleep(0.02)


class Nginx(Proxy):
    """nginx with `deploy/nginx.conf`."""

    name = program = "nginx"
    _reload = signal.SIGHUP
    _repeat = r"\[error\].* upstream: "

    def _configure(self, nodes: Sequence[tuple[str, int]]) -> None:
        host, port = self.address
        site = self._deployed(
            "nginx.conf",
            nodes,
            ("listen 443 ssl", f"listen {host}:{port} ssl"),
            ("/etc/sso-bridge/tls/fullchain.pem", str(self.folder / "server.pem")),
            ("/etc/sso-bridge/tls/key.pem", str(self.folder / "server-key.pem")),
        )
        (self.folder / "site.conf").write_text(site)
        user = "user root;" if os.geteuid() == 0 else ""
        (self.folder / "main.conf").write_text(_MAIN.format(folder=self.folder, user=user))

    def _command(self) -> list[str]:
        return [self._program, "-p", str(self.folder), "-c", str(self.folder / "main.conf")]


class HAProxy(Proxy):
    """HAProxy with `deploy/haproxy.cfg`."""

    name = program = "haproxy"
    _reload = signal.SIGUSR2
    _repeat = r" \d+/\d+/\d+/\d+/\+?[1-9]\d* \d+/\d+ "

    def _configure(self, nodes: Sequence[tuple[str, int]]) -> None:
        host, port = self.address
        both = [(self.folder / name).read_text() for name in ("server.pem", "server-key.pem")]
        (self.folder / "both.pem").write_text("".join(both))
        text = self._deployed(
            "haproxy.cfg",
            nodes,
            ("bind 0.0.0.0:443", f"bind {host}:{port}"),
            ("/etc/haproxy/sso-bridge.pem", str(self.folder / "both.pem")),
        )
        (self.folder / "haproxy.cfg").write_text(text)

    def _command(self) -> list[str]:
        return [self._program, "-W", "-f", str(self.folder / "haproxy.cfg")]


PROXIES: Final[dict[str, type[Proxy]]] = {"nginx": Nginx, "haproxy": HAProxy}
