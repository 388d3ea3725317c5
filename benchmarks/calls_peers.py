"""The servers that `calls.py` measures: how each is built, started and asked."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import calls_world as world
from server_process import ServerProcess

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parent
WORKERS: Final = 2
THREADS: Final = 16
WSDL: Final = ROOT / "wsdl" / "RemoteUserManagement.wsdl"
_PATH = os.pathsep.join([str(HERE), str(ROOT)])


class NotHere(Exception):
    """A peer cannot be built on this machine; the text says why."""


@dataclass(frozen=True)
class World:
    """The folder that everything is in, and its parts."""

    folder: Path
    users: int

    @property
    def database(self) -> Path:
        """The users of all peers."""
        return self.folder / "users.db"

    @property
    def config(self) -> Path:
        """The bridge's configuration."""
        return self.folder / "bridge.toml"


@dataclass(frozen=True)
class Peer:
    """One server: what it is, and the process that serves it.

    `make` raises NotHere. `call` is the GetUser of a user by a key. `correct` is whether it answers
    the user that was asked for."""

    name: str
    title: str
    make: Callable[[World], ServerProcess]
    call: Callable[[int, str], bytes] = field(default=world.get_user)
    correct: bool = True


def granian(name: str, module: str) -> Callable[[World], ServerProcess]:
    """A WSGI application of ours on granian."""

    def make(where: World) -> ServerProcess:
        return ServerProcess(
            "granian",
            ["--app", f"{module}:app", "--workers", str(WORKERS), "--threads", str(THREADS)],
            environment={"BENCHMARK_USERS": str(where.database), "PYTHONPATH": _PATH},
        )

    return make


def bridge(where: World, *arguments: str, workers: int = WORKERS) -> ServerProcess:
    """`sso-bridge serve`, as in production."""
    return ServerProcess(
        "bridge",
        [*arguments, "--config", str(where.config), "--workers", str(workers)],
        command=[sys.executable, "-m", "sso_bridge", "serve"],
        environment={"PYTHONPATH": _PATH},
        probe="/health/live",
    )


def php(where: World) -> ServerProcess:
    """PHP's SoapServer behind nginx."""
    folder = where.folder / "php"
    folder.mkdir(exist_ok=True)
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])
    if not shutil.which("nginx", path=path):
        raise NotHere("no nginx; apt-get install nginx")
    if not list(Path("/usr/sbin").glob("php-fpm*")) and not shutil.which("php-fpm", path=path):
        raise NotHere("no php-fpm; apt-get install php-fpm php-soap php-sqlite3")
    found = subprocess.run(["php", "-m"], capture_output=True, text=True, check=False).stdout
    if missing := {"soap", "pdo_sqlite"} - set(found.split()):
        raise NotHere(f"PHP has no {', '.join(missing)}; apt-get install php-soap php-sqlite3")
    return ServerProcess(
        "php",
        ["--folder", str(folder)],
        command=[sys.executable, str(HERE / "peers" / "php" / "serve.py")],
        environment={"BENCHMARK_USERS": str(where.database), "BENCHMARK_WSDL": str(WSDL)},
    )


def node(where: World) -> ServerProcess:
    """The package `soap` on a cluster of node processes."""
    folder = where.folder / "node"
    source = HERE / "peers" / "node"
    if not (folder / "node_modules" / "soap").exists():
        if not shutil.which("npm"):
            raise NotHere("no node and npm")
        folder.mkdir(exist_ok=True)
        shutil.copy(source / "package.json", folder)
        install = ["npm", "install", "--no-audit", "--no-fund", "--silent"]
        done = subprocess.run(install, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotHere(f"npm install failed: {' '.join(done.stderr.split())[:200]}")
    shutil.copy(source / "server.js", folder)
    return ServerProcess(
        "node",
        [],
        command=["node", str(folder / "server.js")],
        environment={
            "BENCHMARK_USERS": str(where.database),
            "BENCHMARK_WSDL": str(WSDL),
            "BENCHMARK_WORKERS": str(WORKERS),
        },
    )


PEERS: Final = (
    Peer(
        "constant",
        "a constant answer, granian: the floor of HTTP itself",
        granian("constant", "peers.constant.app"),
        correct=False,
    ),
    Peer(
        "handwritten",
        "**hand-written WSGI function**: lxml, sqlite3, a string template; granian",
        granian("handwritten", "peers.handwritten.app"),
    ),
    Peer("bridge", "**sso-bridge**, everything of a production configuration on", bridge),
    Peer("node", "node `soap` + better-sqlite3, 2 processes", node),
    Peer("php", "PHP SoapServer + nginx + php-fpm", php),
    Peer(
        "spyne",
        "Spyne as it comes, granian",
        granian("spyne", "peers.spyne.app"),
        call=world.qualified_get_user,
    ),
)
