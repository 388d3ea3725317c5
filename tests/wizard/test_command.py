"""`sso-bridge init`: its files, its errors, its questions, and its manners with a database."""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url

from sso_bridge.cli import init as init_command
from sso_bridge.config.load import load
from sso_bridge.database import Database
from sso_bridge.errors import SourceUnavailable
from sso_bridge.wizard import Draft, Known, Question, Target, Wanted, draw_up
from sso_bridge.wizard.schema import open_database, reading
from tests.known import devise
from tests.known.people import execute, insert
from tests.services import PostgreSQL
from tests.wizard.running import config_of, run
from tests.wizard.shops import DEFAULT_ID, FULL_NAME, GERMAN_2009, HASH, PASSWORD


def command(*arguments: str, stdin: str = "", folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sso_bridge", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
        cwd=folder,
        env={**os.environ, "COLUMNS": "150", "PYTHONPATH": str(Path(__file__).parents[2])},
    )


def md5(raw: bytes) -> str:
    return hashlib.md5(raw).hexdigest()


def sha1(raw: bytes) -> str:
    return hashlib.sha1(raw).hexdigest()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def draft_of(url: str, folder: Path, wanted: Wanted | None = None) -> Draft:
    target = Target(output=folder / "bridge.toml", url=url, source="shop", site="shop")
    return draw_up(target, wanted or Wanted(), lambda question: question.default)


def test_the_real_command_line_from_a_url_to_a_login(tmp_path: Path) -> None:
    devise.make(f"sqlite:///{tmp_path / 'shop.db'}")
    made = command("init", "--database-url", "sqlite:///shop.db", folder=tmp_path)
    assert made.returncode == 0, made.stderr
    assert "This is Ruby on Rails with Devise" in made.stderr
    assert "sso-bridge try login LOGIN --config bridge.toml" in made.stdout
    person = devise.PEOPLE[0]
    tried = command(
        *("try", "login", person.login, "--config", "bridge.toml"),
        stdin=person.password or "",
        folder=tmp_path,
    )
    assert tried.returncode == 0, tried.stderr
    assert {p.name for p in tmp_path.iterdir()} >= {"bridge.toml", "erids.db"}
    assert mode(tmp_path / "bridge.toml") == 0o600


def test_names_are_the_clients(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    devise.make(url)
    done, config = config_of(url, tmp_path, "--source", "crm", "--site", "My Shop")
    assert done.exit_code == 0, done.output
    settings, warnings = load(config)
    assert [*settings.sources] == ["crm"]
    assert settings.sites["My Shop"].source == "crm"
    assert warnings == []


def test_nothing_is_replaced_without_force(tmp_path: Path) -> None:
    devise.make(f"sqlite:///{tmp_path / 'shop.db'}")
    (tmp_path / "bridge.toml").write_text("mine")
    refused = command("init", "--database-url", "sqlite:///shop.db", folder=tmp_path)
    assert refused.returncode == 2
    assert "--force" in refused.stderr
    assert (tmp_path / "bridge.toml").read_text() == "mine"
    forced = command("init", "--database-url", "sqlite:///shop.db", "--force", folder=tmp_path)
    assert forced.returncode == 0, forced.stderr
    ledger = (tmp_path / "erids.db").read_bytes()
    again = command("init", "--database-url", "sqlite:///shop.db", "--force", folder=tmp_path)
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "erids.db").read_bytes() == ledger


def test_a_password_in_the_url_goes_into_a_file_of_its_own(
    postgresql: PostgreSQL, tmp_path: Path
) -> None:
    made = postgresql.new_database()
    devise.make(made)
    parsed = make_url(made)
    secret = "not-looked-at-by-trust"
    url = parsed.set(password=secret).render_as_string(hide_password=False)
    done, config = config_of(url, tmp_path)
    assert done.exit_code == 0, done.output
    beside = tmp_path / "shop-database-url"
    assert beside.read_text() == url + "\n"
    assert mode(beside) == 0o600
    assert 'url_file = "shop-database-url"' in config.read_text()
    assert secret not in config.read_text() + done.output
    assert load(config)[1] == []
    postgresql.drop(made)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("no url", "--database-url"),
        ("sqlite:///nowhere.db", "there is no file nowhere.db"),
        ("sqlite://", "give the path"),
        ("nothing://x@y/z", "not one that SQLAlchemy knows"),
        ("postgresql+asyncpg://x@localhost/z", "asyncpg"),
        ("mysql://x:hidden-secret@127.0.0.1:1/z", "the database"),
        ("postgresql://x:hidden-secret@127.0.0.1:1/z", "the database"),
    ],
)
def test_a_database_that_cannot_be_had_is_said_in_a_line_or_two(
    url: str, said: str, tmp_path: Path
) -> None:
    done = command("init", "--database-url", url, folder=tmp_path)
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert "hidden-secret" not in done.stderr + done.stdout
    assert len(done.stderr.strip().splitlines()) <= 2, done.stderr
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--preset", "django"], 2, "there is no table auth_user"),
        (["--preset", "typo3"], 2, "django"),
        (["--table", "nobody"], 2, "--schema"),
        (["--table", "log"], 1, "no users were found in log"),
        (["--schema", "crm"], 2, "no such schema"),
        (["--source", "a/b"], 2, "--source"),
        (["--output", "no/such/folder/bridge.toml"], 2, "no such folder"),
        ([], 1, "no password column was found for users"),
    ],
)
def test_what_does_not_fit_is_an_error_that_says_the_remedy(
    arguments: list[str], status: int, said: str, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
        connection.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT UNIQUE)")
        connection.execute("CREATE TABLE log (at TEXT)")
    done = command("init", "--database-url", "sqlite:///shop.db", *arguments, folder=tmp_path)
    assert done.returncode == status, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["shop.db"]


def test_an_empty_database_is_said_to_be_empty(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "shop.db").execute("PRAGMA user_version = 1").close()
    (tmp_path / "shop.db").touch()
    done = command("init", "--database-url", "sqlite:///shop.db", folder=tmp_path)
    assert done.returncode == 1
    assert "has no tables" in done.stderr


@pytest.mark.parametrize("engine", ["sqlite", "postgresql", "mariadb"])
def test_the_wizards_connection_cannot_write(engine: str, url: str) -> None:
    execute(url, ["CREATE TABLE users (id INTEGER PRIMARY KEY)"])
    database = open_database(url, 10.0)
    with pytest.raises(SourceUnavailable), reading(database, 10.0) as connection:
        connection.exec_driver_sql("INSERT INTO users VALUES (1)")
    database.close()
    plain = Database(url, what="plain")
    with reading(plain, 10.0) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM users").scalar() == 0
    plain.close()


def test_tables_that_may_not_be_read_are_passed_by(postgresql: PostgreSQL, tmp_path: Path) -> None:
    url = postgresql.new_database()
    role = f"few_rights_{os.getpid()}"
    execute(
        url,
        [
            "CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT, password TEXT)",
            "CREATE TABLE members (id INTEGER PRIMARY KEY, email TEXT UNIQUE, pw TEXT NOT NULL)",
            f"CREATE ROLE {role} LOGIN",
            f"GRANT USAGE ON SCHEMA public TO {role}",
            f"GRANT SELECT ON members TO {role}",
        ],
    )
    insert(url, "members", [{"id": 1, "email": "a@example.com", "pw": HASH}])
    few = make_url(url).set(username=role).render_as_string(hide_password=False)
    try:
        assert 'table = "members"' in draft_of(few, tmp_path).text
    finally:
        execute(url, [f"DROP OWNED BY {role}", f"DROP ROLE {role}"])
        postgresql.drop(url)


def test_no_cell_is_printed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    GERMAN_2009.make(url)
    done, config = config_of(url, tmp_path)
    everything = done.output + config.read_text(encoding="utf-8")
    for row in GERMAN_2009.rows[0][1]:
        for cell in row.values():
            if isinstance(cell, str) and len(cell) > 2:
                assert not re.search(rf"\b{re.escape(cell)}\b", everything), cell


def answers(given: Sequence[str], asked: list[Question]) -> Callable[[Question], str]:
    left = list(given)

    def ask(question: Question) -> str:
        asked.append(question)
        return left.pop(0)

    return ask


def test_what_is_answered_is_what_is_written(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    FULL_NAME.make(url)
    target = Target(output=tmp_path / "bridge.toml", url=url, source="shop", site="shop")
    asked: list[Question] = []
    draft = draw_up(target, Wanted(), answers(["username", "no"], asked))
    assert [question.default for question in asked] == ["both", "yes"]
    assert 'login = "username"' in draft.text
    assert "\nactive = " not in draft.text


def test_questions_are_asked_at_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[str] = []

    def prompt(text: str, **options: object) -> object:
        said.append(text)
        return options["default"]

    monkeypatch.setattr("click.prompt", prompt)
    question = Question("Which?", {"one": "the first", "two": ""}, "two")
    assert init_command._ask(question) == "two"
    assert said == ["Which"]
    assert "one: the first" in capsys.readouterr().err


def test_bare_digests_are_refused_unless_the_client_says_otherwise(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    execute(url, ["CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT UNIQUE, password TEXT)"])
    insert(url, "users", [{"id": 1, "email": "a@example.com", "password": "5f" * 16}])
    draft = draft_of(url, tmp_path)
    assert not any(line.startswith("allow_weak") for line in draft.text.splitlines())
    assert any("without a salt (bare-md5)" in doubt for doubt in draft.doubts)
    target = Target(output=tmp_path / "bridge.toml", url=url, source="shop", site="shop")
    assert "\nallow_weak = true\n" in draw_up(target, Wanted(), answers(["yes"], [])).text


@pytest.mark.parametrize(
    ("formula", "stored"),
    [
        ("md5(password + salt)", md5(f"{PASSWORD}x9".encode())),
        ("md5(md5(password) + salt)", md5((md5(PASSWORD.encode()) + "x9").encode())),
        ("sha1(salt + md5(password))", sha1(("x9" + md5(PASSWORD.encode())).encode())),
    ],
)
def test_a_known_password_tells_how_hashes_are_put_together(
    formula: str, stored: str, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    execute(
        url,
        [
            "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT UNIQUE, password TEXT, "
            "salt TEXT)"
        ],
    )
    person = {"id": 1, "email": "a@example.com", "password": stored, "salt": "x9"}
    insert(url, "users", [person])
    config = tmp_path / "bridge.toml"
    arguments = ["--database-url", url, "--output", str(config), "--yes"]
    done = run("init", *arguments, "--known-login", "a@example.com", stdin=f"{PASSWORD}\n")
    assert done.exit_code == 0, done.output
    assert f'digest = "{formula}"' in config.read_text()
    assert PASSWORD not in done.output + config.read_text(encoding="utf-8")
    tried = run("try", "login", "a@example.com", "--config", str(config), stdin=PASSWORD)
    assert tried.exit_code == 0


def test_a_wrong_known_password_leaves_the_doubt(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    GERMAN_2009.make(url)
    draft = draft_of(url, tmp_path, Wanted(known=Known("juergen@example.de", "wrong")))
    assert any("nothing tells how both are put together" in doubt for doubt in draft.doubts)


def test_passwords_in_clear_are_said_to_be_useless(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    execute(url, ["CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT UNIQUE, password TEXT)"])
    insert(url, "users", [{"id": 1, "email": "a@example.com", "password": "hunter2!"}])
    draft = draft_of(url, tmp_path)
    assert any("they have to be hashed first" in doubt for doubt in draft.doubts)
    assert "hunter2" not in draft.text + repr(draft)


def test_a_password_column_is_never_shown_whatever_is_in_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    execute(url, ["CREATE TABLE users (id INTEGER PRIMARY KEY, login TEXT UNIQUE, password TEXT)"])
    insert(url, "users", [{"id": 1, "login": "a", "password": "a@example.com"}])
    draft = draft_of(url, tmp_path)
    assert 'password = "password"' in draft.text
    assert "[sources.shop.profile]" not in draft.text


def test_the_table_of_users_may_be_named(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    DEFAULT_ID.make(url)
    execute(url, ["CREATE TABLE zz (nr INTEGER PRIMARY KEY, mail TEXT UNIQUE, pw TEXT, x TEXT)"])
    insert(url, "zz", [{"nr": 1, "mail": "z@example.com", "pw": HASH}])
    assert 'table = "customer"' in draft_of(url, tmp_path).text
    assert 'table = "zz"' in draft_of(url, tmp_path, Wanted(table="zz")).text


@pytest.mark.parametrize(
    ("engine", "column", "rule"),
    [
        ("sqlite", "TEXT COLLATE NOCASE UNIQUE", "ascii_case"),
        ("sqlite", "TEXT UNIQUE", "exact"),
        ("postgresql", "VARCHAR(60) UNIQUE", "exact"),
        ("mariadb", "VARCHAR(60) COLLATE utf8mb4_general_ci UNIQUE", "case"),
        ("mariadb", "VARCHAR(60) COLLATE utf8mb4_bin UNIQUE", "exact"),
    ],
)
def test_logins_are_compared_as_the_database_does(
    engine: str, column: str, rule: str, url: str, tmp_path: Path
) -> None:
    execute(
        url,
        [f"CREATE TABLE users (id INTEGER PRIMARY KEY, email {column}, password VARCHAR(99))"],
    )
    assert f'login_match = "{rule}"' in draft_of(url, tmp_path).text


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_an_index_on_lower_case_letters_says_that_they_do_not_count(
    engine: str, url: str, tmp_path: Path
) -> None:
    execute(
        url,
        [
            "CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(60), password VARCHAR(99))",
            "CREATE UNIQUE INDEX of_email ON users (lower(email))",
        ],
    )
    assert 'login_match = "ascii_case"' in draft_of(url, tmp_path).text


def test_who_may_come_in_is_found_in_many_spellings(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    execute(
        url,
        [
            "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT UNIQUE, password TEXT, "
            "aktiv VARCHAR(1), is_banned BOOLEAN NOT NULL, deleted_at TIMESTAMP NULL, "
            "locked_until TIMESTAMP NULL, email_verified_at TIMESTAMP NULL, "
            "newsletter_active INTEGER)"
        ],
    )
    rows = [
        {"id": 1, "aktiv": "J", "is_banned": 0, "deleted_at": None},
        {"id": 2, "aktiv": "N", "is_banned": 0, "deleted_at": "2020-01-01 00:00:00"},
        {"id": 3, "aktiv": "J", "is_banned": 1, "deleted_at": None},
        {"id": 4, "aktiv": "J", "is_banned": 0, "deleted_at": "2020-01-01 00:00:00"},
    ]
    people = [{**row, "email": f"u{row['id']}@example.com", "password": HASH} for row in rows]
    insert(url, "users", people)
    done, config = config_of(url, tmp_path)
    assert done.exit_code == 0, done.output
    text = config.read_text()
    for rule in (
        '{ column = "aktiv", values = ["J"] }',
        '{ column = "is_banned", values = [false] }',
        '{ column = "deleted_at", null = true }',
        '{ column = "locked_until", locked_until = "naive_utc" }',
    ):
        assert rule in text
    assert "email_verified_at may say" in text
    assert "newsletter_active" not in text
    come = [
        run("try", "login", str(p["email"]), "--config", str(config), stdin=PASSWORD).exit_code
        for p in people
    ]
    assert come == [0, 1, 1, 1]
