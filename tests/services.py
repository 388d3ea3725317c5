"""Real PostgreSQL, MariaDB and Redis servers for the tests.

A server is the one that an environment variable names, or else a private one: its files are in a
temporary directory, it listens on a socket there and nowhere else, and it is gone when the test
process is, however that ends. Where neither can be had, the test is skipped with a line that says
what to install, or fails if `SSO_BRIDGE_REQUIRE_SERVICES` is 1."""

from __future__ import annotations

import itertools
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar, Final, NoReturn, Self

import pytest
import redis
from sqlalchemy import URL, Connection, NullPool, create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError

__all__ = [
    "REQUIRE",
    "MariaDB",
    "PostgreSQL",
    "Redis",
    "Service",
    "SqlService",
    "children",
    "give_up",
]

REQUIRE: Final = "SSO_BRIDGE_REQUIRE_SERVICES"
START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 60.0

_WATCHDOG: Final = """
trap '' INT TERM HUP
cat
if pid=$(cat "$1/pid"); then
    kill -s "$2" "$pid"
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        kill -0 "$pid" || break
        sleep 0.1
    done
    kill -s KILL "$pid"
fi
rm -rf "$1"
"""
"""Waits for the end of its standard input, which the test process holds open; then stops the
server whose process ID is in the directory $1 with signal $2, and removes the directory."""


_HOSTS: Final = """
local   all all          trust
hostssl all certified all cert
hostssl all all      all trust
"""
"""Who may come into a PostgreSQL with TLS: `certified` with a certificate of that name."""


def give_up(why: str) -> NoReturn:
    """Skip the test that runs, or fail it if `SSO_BRIDGE_REQUIRE_SERVICES` is 1."""
    if os.environ.get(REQUIRE) == "1":
        pytest.fail(why, pytrace=False)
    pytest.skip(why)


class Service(ABC):
    """A server, running until `stop` or the end of the `with` block.

    Without an argument it is the one that the environment names, or else a private one.
    `private` asks for one of the test's own in any case, which may be killed; `durable` for
    one of the test's own that also outlives a power cut: writes are synced, which is slow; `tls`
    for one of the test's own that also listens on `port` of 127.0.0.1, where it insists on TLS with
    the `ca.pem`, `server.pem` and `server-key.pem` of that folder. Its files are in `disk`, where
    one is named: a folder with a short path, that its user may enter.
    Skips or fails the test that makes it where there is no such server, see `give_up`."""

    name: ClassVar[str]
    variable: ClassVar[str]
    package: ClassVar[str]
    programs: ClassVar[tuple[str, ...]]
    user: ClassVar[str]
    """Whom it runs as if the tests run as root, since it refuses root or should not be root."""
    quick_stop: ClassVar[signal.Signals] = signal.SIGKILL
    """How it is stopped, for good: its files are removed then."""
    orderly_stop: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(
        self,
        *,
        private: bool = False,
        durable: bool = False,
        tls: Path | None = None,
        disk: Path | None = None,
    ) -> None:
        self.durable = durable
        self.tls = tls
        self.port = _free_port() if tls else 0
        self._process: subprocess.Popen[bytes] | None = None
        self._watchdog: subprocess.Popen[bytes] | None = None
        named = None if private or durable or tls or disk else os.environ.get(self.variable)
        self.is_private = not named
        if named:
            self.url = named
            return
        self._programs = {program: self._find(program) for program in self.programs}
        self._owner = self._run_as()
        self.folder = Path(tempfile.mkdtemp(prefix="sso-bridge-", dir=disk or _short_folder()))
        self._watchdog = subprocess.Popen(
            ["/bin/sh", "-c", _WATCHDOG, "watchdog", str(self.folder), self.quick_stop.name[3:]],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            if self._owner:
                os.chown(self.folder, self._owner["user"], self._owner["group"])
            self.url = self._address()
            self._prepare()
            self.take_certificates()
            self.start()
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @abstractmethod
    def new_database(self) -> str:
        """The URL of a database that is fresh and empty, and nobody else's."""

    @abstractmethod
    def drop(self, url: str) -> None:
        """Remove a database that `new_database` made, and cut whoever is connected to it."""

    @abstractmethod
    def ping(self) -> None:
        """Raises an error of its driver unless the server answers."""

    def start(self) -> None:
        """Start it again after `kill`, or after it died by itself, at the same address with the
        same files.

        Returns when it answers; a server of somebody else's skips the test."""
        self._only_private()
        if self._process is not None and not self.runs:
            self._ended()
        assert self._process is None, "it is running"
        ends = time.monotonic() + START_SECONDS
        while not self._started(ends):
            assert time.monotonic() < ends, f"{self.name} does not start:\n{self._log()}"
            time.sleep(0.1)

    def kill(self) -> None:
        """SIGKILL to all of its processes. A server of somebody else's skips the test."""
        self._only_private()
        assert self._process is not None, "it is not running"
        pid = self._process.pid
        os.kill(pid, signal.SIGSTOP)  # so that it starts no further process meanwhile
        for process in [*children(pid), pid]:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._ended()

    def shut_down(self) -> None:
        """Stop it as an administrator would, at once but in order; `start` it again."""
        self._only_private()
        assert self._process is not None, "it is not running"
        self._process.send_signal(self.orderly_stop)
        self._ended()

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """While the block runs, no process of it does: the kernel still takes connections."""
        self._only_private()
        assert self._process is not None, "it is not running"
        pid = self._process.pid
        os.kill(pid, signal.SIGSTOP)
        processes = [pid, *children(pid)]
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        ends = time.monotonic() + STOP_SECONDS
        while not all(map(_is_stopped, processes)):  # a signal takes effect a moment later
            assert time.monotonic() < ends, f"{self.name} does not stop"
            time.sleep(0.001)
        try:
            yield
        finally:
            for process in processes:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGCONT)

    def stop(self) -> None:
        """Stop a private server and remove its files; a second time is no error."""
        if self._process is not None:
            self._process.send_signal(self.quick_stop)
            self._ended()
        if self._watchdog is not None:
            assert self._watchdog.stdin is not None
            self._watchdog.stdin.close()
            self._watchdog.wait(STOP_SECONDS)
            self._watchdog = None

    @abstractmethod
    def _address(self) -> str:
        """The URL of a private server in `folder`."""

    def _prepare(self) -> None:  # noqa: B027
        """Make the files that a private server wants before its first start, if any."""

    def take_certificates(self) -> None:
        """Copies that the server may read, and nobody else, as it demands of its key. It reads them
        when it starts, or is told to."""
        if self.tls is None:
            return
        for name in ("ca.pem", "server.pem", "server-key.pem"):
            copy = self.folder / name
            shutil.copy(self.tls / name, copy)
            copy.chmod(0o600)
            if self._owner:
                os.chown(copy, self._owner["user"], self._owner["group"])

    @abstractmethod
    def _command(self) -> list[str]:
        """What runs a private server in the foreground."""

    def _program(self, name: str) -> str:
        return self._programs[name]

    def _find(self, program: str) -> str:
        versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
        path = [os.environ.get("PATH", ""), "/usr/sbin", *map(str, versions)]
        found = shutil.which(program, path=os.pathsep.join(path))
        if found is None:
            give_up(
                f"no {self.name} on this machine; install it with: apt-get install "
                f"{self.package}, or name a server in {self.variable}"
            )
        return found

    def _run_as(self) -> dict[str, int]:
        if os.geteuid() != 0:
            return {}
        try:
            entry = pwd.getpwnam(self.user)
        except KeyError:
            give_up(f"{self.name} does not run as root, and there is no user {self.user!r} here")
        return {"user": entry.pw_uid, "group": entry.pw_gid}

    def _run(self, *command: str) -> None:
        done = subprocess.run(command, capture_output=True, check=False, **self._surroundings())
        output = (done.stdout + done.stderr).decode(errors="replace")
        assert done.returncode == 0, f"{command[0]} failed:\n{output}"

    def _surroundings(self) -> dict[str, Any]:
        """As whom and where to run. MariaDB removes temporary tables of others from a shared
        directory for temporary files."""
        owner = {**self._owner, "extra_groups": []} if self._owner else {}
        return {"cwd": self.folder, "env": {**os.environ, "TMPDIR": str(self.folder)}, **owner}

    def _started(self, ends: float) -> bool:
        """Whether it was started and answers. It may refuse at first, after a kill: until the
        kernel is through with the old one."""
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self._surroundings(),
            )
        (self.folder / "pid").write_text(str(self._process.pid))
        while self._process.poll() is None and time.monotonic() < ends:
            with suppress(SQLAlchemyError, redis.RedisError):
                self.ping()
                return True
            time.sleep(0.02)
        self._process.kill()
        self._ended()
        return False

    def _ended(self) -> None:
        assert self._process is not None
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
        (self.folder / "pid").unlink()

    def _log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    @property
    def runs(self) -> bool:
        """Whether its process is there."""
        return self._process is not None and self._process.poll() is None

    def _only_private(self) -> None:
        if not self.is_private:
            give_up(f"the server of {self.variable} is not the tests' to kill and start")


class SqlService(Service):
    """A server of databases that SQLAlchemy connects to. `url` is its administrator's."""

    def new_database(self) -> str:
        name = f"sso_bridge_{secrets.token_hex(8)}"
        with self.administration() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        return _text_of(make_url(self.url).set(database=name))

    def ping(self) -> None:
        with self.administration():
            pass

    @contextmanager
    def administration(self) -> Iterator[Connection]:
        """A connection that may do anything, and commits each statement."""
        engine = create_engine(self.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            yield connection


class PostgreSQL(SqlService):
    """PostgreSQL; databases are UTF-8 and compare text by code point."""

    name = "PostgreSQL"
    variable = "SSO_BRIDGE_TEST_POSTGRESQL_URL"
    package = "postgresql"
    programs: ClassVar[tuple[str, ...]] = ("initdb", "postgres")
    user = "postgres"
    quick_stop = signal.SIGQUIT  # unlike SIGKILL it leaves no shared memory
    orderly_stop = signal.SIGINT  # SIGTERM waits for all who are connected

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._spare: list[str] = []

    def new_database(self) -> str:
        return self._spare.pop() if self._spare else super().new_database()

    def drop(self, url: str) -> None:
        """Empty it and keep it for the next test, which is ten times quicker than to make one."""
        name = make_url(url).database
        with self.administration() as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
                ),
                {"name": name},
            )
            connection.execute(text(f"ALTER DATABASE {name} RESET ALL"))
        engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            schemas = connection.execute(
                text(
                    "SELECT nspname FROM pg_namespace"
                    " WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"
                )
            )
            for (schema,) in schemas.all():
                connection.execute(text(f'DROP SCHEMA "{schema}" CASCADE'))
            connection.execute(text("CREATE SCHEMA public"))
        self._spare.append(url)

    def stop(self) -> None:
        if not self.is_private:
            with self.administration() as connection:
                for url in self._spare:
                    name = make_url(url).database
                    connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
            self._spare.clear()
        super().stop()

    def _address(self) -> str:
        return _text_of(
            URL.create(
                "postgresql+psycopg",
                "postgres",
                database="postgres",
                query={"host": str(self.folder), **({"port": str(self.port)} if self.tls else {})},
            )
        )

    def _prepare(self) -> None:
        self._run(
            self._program("initdb"),
            *("--pgdata", "data", "--username", "postgres", "--auth", "trust"),
            *("--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"),
        )
        if self.tls:
            (self.folder / "data" / "pg_hba.conf").write_text(_HOSTS)

    def _command(self) -> list[str]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "dynamic_shared_memory_type": "mmap",
            "shared_buffers": "32MB",
        }
        if not self.durable:
            settings |= {"fsync": "off", "full_page_writes": "off"}
        if self.tls:
            settings |= {"listen_addresses": "127.0.0.1", "port": str(self.port), "ssl": "on"}
            settings |= {
                "ssl_ca_file": str(self.folder / "ca.pem"),
                "ssl_cert_file": str(self.folder / "server.pem"),
                "ssl_key_file": str(self.folder / "server-key.pem"),
            }
        options = [f"--{name}={value}" for name, value in settings.items()]
        return [self._program("postgres"), "-D", "data", *options]


class MariaDB(SqlService):
    """MariaDB; databases are utf8mb4 with its usual collation, which ignores case."""

    name = "MariaDB"
    variable = "SSO_BRIDGE_TEST_MARIADB_URL"
    package = "mariadb-server"
    programs = ("mariadb-install-db", "mariadbd")
    user = "mysql"

    def drop(self, url: str) -> None:
        name = make_url(url).database
        with self.administration() as connection:
            connected = connection.execute(
                text("SELECT id FROM information_schema.processlist WHERE db = :name"),
                {"name": name},
            )
            for (number,) in connected.all():
                with suppress(SQLAlchemyError):  # it may be gone by now
                    connection.execute(text(f"KILL {number}"))
            connection.execute(text(f"DROP DATABASE {name}"))

    def _address(self) -> str:
        query = {"unix_socket": str(self.folder / "socket"), "charset": "utf8mb4"}
        return _text_of(
            URL.create("mariadb+pymysql", "root", host="localhost", database="mysql", query=query)
        )

    def _prepare(self) -> None:
        self._run(
            self._program("mariadb-install-db"),
            *("--no-defaults", f"--datadir={self.folder / 'data'}", "--skip-test-db"),
            "--auth-root-authentication-method=normal",
        )

    def _command(self) -> list[str]:
        options = [
            "--no-defaults",
            f"--datadir={self.folder / 'data'}",
            f"--socket={self.folder / 'socket'}",
            f"--pid-file={self.folder / 'pid-of-its-own'}",
            *(self._network() if self.tls else ["--skip-networking"]),
            "--character-set-server=utf8mb4",
            "--collation-server=utf8mb4_general_ci",
            "--innodb-buffer-pool-size=32M",
        ]
        if not self.durable:
            options += ["--innodb-flush-log-at-trx-commit=2", "--innodb-doublewrite=0"]
            options += ["--innodb-flush-method=nosync", "--sync-frm=0"]
            options += ["--innodb-file-per-table=0"]  # tables come and go without files
        return [self._program("mariadbd"), *options]

    def _network(self) -> list[str]:
        return [
            *("--bind-address=127.0.0.1", f"--port={self.port}", "--skip-name-resolve"),
            *(f"--ssl-ca={self.folder / 'ca.pem'}", "--require-secure-transport"),
            f"--ssl-cert={self.folder / 'server.pem'}",
            f"--ssl-key={self.folder / 'server-key.pem'}",
        ]


class Redis(Service):
    """Redis. Only a `durable` one keeps its keys when it is killed.

    The databases of a server that the environment names are emptied, all of them."""

    name = "Redis"
    variable = "SSO_BRIDGE_TEST_REDIS_URL"
    package = "redis-server"
    programs = ("redis-server",)
    user = "redis"

    def __init__(
        self, *, private: bool = False, durable: bool = False, tls: Path | None = None
    ) -> None:
        super().__init__(private=private, durable=durable, tls=tls)
        worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
        mine = range(1000) if self.is_private else range(worker % 4 * 4, worker % 4 * 4 + 4)
        self._numbers = itertools.cycle(mine)

    def new_database(self) -> str:
        """The URL of an empty database. A private server has a thousand; of a named one each
        worker of the tests has four, so use no more than four at a time."""
        url = _text_of(make_url(self.url).update_query_dict({"db": str(next(self._numbers))}))
        self.drop(url)
        return url

    def drop(self, url: str) -> None:
        with redis.Redis.from_url(url) as client:
            client.flushdb()

    def ping(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.ping()

    def _address(self) -> str:
        return f"unix://{self.folder}/socket"

    def _command(self) -> list[str]:
        kept = ["--appendonly", "yes", "--appendfsync", "always"]
        return [
            *(self._program("redis-server"), "--port", "0", "--unixsocket", "socket"),
            *("--dir", str(self.folder), "--databases", "1000", "--save", ""),
            *(kept if self.durable else ["--appendonly", "no"]),
            *(self._network() if self.tls else []),
        ]

    def _network(self) -> list[str]:
        return [
            *("--bind", "127.0.0.1", "--tls-port", str(self.port), "--tls-auth-clients", "no"),
            *("--tls-ca-cert-file", "ca.pem", "--tls-cert-file", "server.pem"),
            *("--tls-key-file", "server-key.pem"),
        ]


def _text_of(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def children(pid: int) -> Sequence[int]:
    """The processes that `pid` started, where the system is one that can tell."""
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def _is_stopped(pid: int) -> bool:
    """Whether no thread of it runs, where the system is one that can tell."""
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        states = [(t / "stat").read_text().rpartition(")")[2].split()[0] for t in threads]
    except FileNotFoundError:
        return True
    return all(state in "TZX" for state in states)


def _short_folder() -> str:
    """Where sockets are: a path to one may have about a hundred bytes."""
    folder = tempfile.gettempdir()
    return folder if len(folder) < 60 else "/tmp"


def _version(folder: Path) -> float:
    try:
        return float(folder.parent.name)
    except ValueError:
        return 0.0
