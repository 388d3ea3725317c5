"""How long `sso-bridge audit` takes, and how much memory: made-up users, one run, two limits.

    python benchmarks/audit.py --users 1000000 --engine postgresql
    python benchmarks/audit.py --known 1 --fingerprint
    python benchmarks/audit.py --known 1 --moved

Builds the users and a ledger that knows some of them, runs the command as a process of its
own, and prints users, seconds and peak memory. Exits with 1 if a limit is missed. Servers are
started by tests/services.py, or named as for the tests.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine

SECONDS_PER_MILLION = 90.0
MEGABYTES = 300.0
ROOT = Path(__file__).resolve().parent.parent

COLUMNS = ("id", "login", "password", "status", "first_name", "last_name", "erid")
TABLE = """CREATE TABLE users (id BIGINT PRIMARY KEY, login VARCHAR(255), password VARCHAR(255),
status VARCHAR(20), first_name VARCHAR(100), last_name VARCHAR(100), erid VARCHAR(255))"""
INDEXES = ("CREATE INDEX users_login ON users (login)", "CREATE INDEX users_erid ON users (erid)")

Row = tuple[int, str | None, str | None, str, str, str, str | None]


def users(count: int) -> Iterator[Row]:
    """So many rows, the same each time; one in a hundred has something wrong with it."""
    chance = random.Random(1)
    names = (*("Ann", "Bob", "Li", "Olu", "Kim", "Eva") * 4, "Zoë", "Мария")
    salt = "abcdefghijklmnopqrstuv"
    for number in range(1, count + 1):
        first, last = chance.choice(names), f"{chance.choice(names)}son"
        login: str | None = f"{first}.{last}{number}@example.com"
        kind = number % 10
        digest = f"{chance.getrandbits(184):046x}"[:43]
        stored: str | None = f"$2b$12${salt}{digest[:31]}"
        if kind < 3:
            stored = f"$argon2id$v=19$m=65536,t=3,p=4${salt}${digest}"
        elif kind < 5:
            stored = f"pbkdf2_sha256$600000${salt}${digest}="
        elif kind == 9:
            stored = digest[:40]
        erid: str | None = str(uuid.UUID(int=chance.getrandbits(128), version=4))
        wrong = number % 1000
        if wrong < 10:
            login = {0: None, 1: "", 2: f"BOB{number // 2000}", 3: f"bob{number // 2000}"}.get(
                wrong, login
            )
            erid = {4: None, 5: "", 6: f"SAME-{number // 2000}", 7: f"same-{number // 2000}"}.get(
                wrong, erid
            )
            stored = None if wrong == 8 else stored
        yield number, login, stored, "active" if number % 7 else "gone", first, last, erid


def fill(url: str, count: int) -> None:
    """The table, with `count` users in it, by the quickest way of the engine."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(TABLE)
        driver: Any = connection.connection.driver_connection
        if engine.dialect.name == "postgresql":
            with driver.cursor().copy(f"COPY users ({', '.join(COLUMNS)}) FROM STDIN") as copy:
                for row in users(count):
                    copy.write_row(row)
        else:
            mark = "?" if engine.dialect.name == "sqlite" else "%s"
            statement = f"INSERT INTO users VALUES ({', '.join([mark] * len(COLUMNS))})"
            rows = users(count)
            cursor = driver.cursor()
            while batch := list(itertools.islice(rows, 5000)):
                cursor.executemany(statement, batch)
        for index in INDEXES:
            connection.exec_driver_sql(index)
    engine.dispose()


def bind(config: Path, count: int, known: int, moved: bool) -> None:
    """A ledger that knows one user in `known`: by the ERID of the column, or by another if the
    source `moved` to it."""
    pairs = config.with_name("pairs.csv")
    with pairs.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("subject", "erid"))
        writer.writerows(
            (r[0], f"before-{r[0]}" if moved else r[6])
            for r in users(count)
            if r[0] % known == 1 % known
            and (moved or (r[6] and not r[6].lower().startswith("same")))
        )
    command = [sys.executable, "-m", "sso_bridge"]
    options = ["--config", str(config)]
    subprocess.run([*command, "ledger", "create", *options], cwd=ROOT, check=True)
    subprocess.run([*command, "erid", "import", str(pairs), *options], cwd=ROOT, check=True)


def configuration(folder: Path, url: str, fingerprint: bool) -> Path:
    """The configuration of the run."""
    columns = ["first_name", "last_name"] if fingerprint else []
    config = folder / "bridge.toml"
    config.write_text(
        f"""[sources.shop]
url = {json.dumps(url)}
table = "users"
subject = "id"
login = "login"
password = "password"
active = {{ column = "status", values = ["active"] }}
erid = {{ strategy = "column", column = "erid", fingerprint = {json.dumps(columns)} }}
profile = {{ first_name = "first_name", last_name = "last_name" }}

[sites.shop]
source = "shop"
""",
        encoding="utf-8",
    )
    return config


@contextmanager
def database(engine: str, folder: Path) -> Iterator[str]:
    """The URL of an empty database of `engine`."""
    if engine == "sqlite":
        with closing(sqlite3.connect(folder / "users.db")) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
        yield f"sqlite:///{folder / 'users.db'}"
        return
    sys.path.insert(0, str(ROOT))
    services: Any = import_module("tests.services")
    server = {"postgresql": services.PostgreSQL, "mariadb": services.MariaDB}[engine]
    with server() as running:
        url = running.new_database()
        yield url
        running.drop(url)


def measure(config: Path, output: Path) -> tuple[float, float, float, dict[str, Any]]:
    """Seconds, those of the processor, peak memory in MB, and the report of one run."""
    command = [sys.executable, "-m", "sso_bridge", "audit", "--config", str(config)]
    formats = ["--format", "json,csv,html", "--output", str(output)]
    begun = time.monotonic()
    process = subprocess.Popen([*command, *formats], cwd=ROOT, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - begun
    assert process.returncode in (0, 1), f"the audit ended with {process.returncode}"
    report = json.loads(output.with_name(f"{output.name}.json").read_text(encoding="utf-8"))
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, report


def main() -> None:
    """Build, run, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--engine", choices=("sqlite", "postgresql", "mariadb"), default="sqlite")
    parser.add_argument("--known", type=int, default=10, help="one in so many is in the ledger")
    parser.add_argument("--fingerprint", action="store_true", help="with a seal for each of them")
    parser.add_argument("--moved", action="store_true", help="by ERIDs that no column holds")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="sso-bridge-audit-") as name,
        database(options.engine, Path(name)) as url,
    ):
        folder = Path(name)
        begun = time.monotonic()
        fill(url, options.users)
        config = configuration(folder, url, options.fingerprint)
        bind(config, options.users, options.known, options.moved)
        print(f"built in {time.monotonic() - begun:.0f} s", flush=True)
        seconds, busy, megabytes, report = measure(config, folder / "audit")
        assert sum(source["users"] for source in report["sources"]) == options.users
    allowed = SECONDS_PER_MILLION * options.users / 1e6
    allowed *= 1.1 if options.users > 1_000_000 else 1
    print(
        f"{options.engine}: {options.users:,} users, {len(report['findings'])} kinds of finding, "
        f"{report['ledger_entries']:,} in the ledger, {seconds:.1f} s "
        f"({busy:.1f} s of the processor), {megabytes:.0f} MB at most"
    )
    if options.users >= 1_000_000 and (seconds > allowed or megabytes > MEGABYTES):
        sys.exit(f"missed: at most {allowed:.0f} s and {MEGABYTES:.0f} MB")


if __name__ == "__main__":
    main()
