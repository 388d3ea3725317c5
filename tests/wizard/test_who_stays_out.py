"""Columns that say who may come in: whom the configuration lets in, on the real engines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from sso_bridge import wiring
from sso_bridge.config.load import load
from sso_bridge.core.deadline import Deadline
from sso_bridge.core.model import Lookup
from sso_bridge.observing import Silent
from sso_bridge.wizard import Draft, Question, Target, Wanted, draw_up, take_defaults
from tests.known import laravel
from tests.known.people import engine_of, execute
from tests.wizard.running import config_of
from tests.wizard.shops import HASH

UNDECIDED = 'values = ["(say which)"]'


@dataclass(frozen=True, slots=True)
class Case:
    """A column, whose name is its first word: what it holds in users who come in, and in those who
    stay out; and what the configuration says."""

    engine: str
    column: str
    come: tuple[str, ...]
    stay: tuple[str, ...]
    says: str

    def __str__(self) -> str:
        return f"{self.engine}-{self.column}"


ZERO = "'0000-00-00 00:00:00'"
PAST, FUTURE = "'2020-01-01 00:00:00'", "'2099-01-01 00:00:00'"

CASES = [
    Case("mariadb", "active BIT(1) NOT NULL", ("b'1'",), ("b'0'",), "values = [true]"),
    Case("mariadb", "deleted BIT(1)", ("b'0'",), ("b'1'",), "values = [false]"),
    Case("mariadb", "active BOOL NOT NULL", ("TRUE",), ("FALSE",), "values = [true]"),
    Case("mariadb", "active BIT(9) NOT NULL", (), ("b'1'", "b'0'"), UNDECIDED),
    Case("mariadb", f"deleted_at DATETIME NOT NULL DEFAULT {ZERO}", (ZERO,), (PAST,), "0000-00-00"),
    Case("mariadb", "deleted_at DATE", ("'0000-00-00'",), ("'2020-01-01'",), "0000-00-00"),
    Case("mariadb", "deleted_at DATETIME(3)", ("'0000-00-00'", "'0000-00-00'"), ("NULL",), ".000"),
    Case("mariadb", f"banned_until DATETIME DEFAULT {ZERO}", (ZERO,), (PAST, FUTURE), "0000"),
    Case("mariadb", "blocked ENUM('', 'x') NOT NULL", ("''",), ("'x'",), 'values = [""]'),
    Case("mariadb", "approved DATETIME", (), (ZERO, PAST), UNDECIDED),
    Case("postgresql", "active BOOLEAN NOT NULL", ("TRUE",), ("FALSE",), "values = [true]"),
    Case("postgresql", "active NUMERIC(1)", ("1",), ("0", "NULL"), "values = [1]"),
    Case("postgresql", "status SMALLINT NOT NULL", (), ("0", "0", "1"), UNDECIDED),
    Case("postgresql", "status SMALLINT NOT NULL", ("1", "1"), ("2",), "values = [1]"),
    Case("postgresql", "status VARCHAR(9)", (), ("'gold'", "'pariah'"), UNDECIDED),
    Case("postgresql", "deleted_at TIMESTAMPTZ NOT NULL", (), ("'infinity'", PAST), UNDECIDED),
    Case("postgresql", "deleted_at BIGINT NOT NULL", ("0",), ("1600000000",), "values = [0]"),
    Case("postgresql", "blocked INTEGER", ("NULL", "NULL"), ("1",), "null = true"),
    Case("postgresql", "blocked CHAR(1) NOT NULL", ("''",), ("'X'",), 'values = [""]'),
    Case("postgresql", "blocked VARCHAR(9) NOT NULL", (), ("'qq'", "'zz'"), UNDECIDED),
    Case("postgresql", "blocked UUID", ("NULL",), ("gen_random_uuid()",), "null = true"),
    Case("postgresql", "activated TIMESTAMP", (PAST,), ("NULL",), "null = false"),
    Case("postgresql", "account_non_locked BOOLEAN", ("TRUE",), ("FALSE",), "values = [true]"),
    Case("postgresql", "deactivated BOOLEAN NOT NULL", ("FALSE",), ("TRUE",), "values = [false]"),
    Case("postgresql", "disabled_on DATE", ("NULL",), ("'2020-01-01'",), "null = true"),
    Case("postgresql", "blocked_reason TEXT", ("NULL",), ("'fraud'",), "null = true"),
    Case("postgresql", "lockout_enabled BOOLEAN", ("TRUE", "FALSE"), (), "everybody may come in"),
    Case("postgresql", "valid_until DATE", ("NULL",), ("'2020-01-01'",), "null = true"),
    Case(
        "postgresql",
        "expires_at BIGINT",
        ("NULL", "4070908800000"),
        ("1600000000000",),
        'expires = "epoch_milliseconds"',
    ),
    Case(
        "postgresql",
        "banned_until BIGINT NOT NULL",
        ("0", "1600000000"),
        ("4070908800",),
        'locked_until = "epoch_seconds"',
    ),
    Case("postgresql", "expires_at BIGINT", (), ("1600000000", "1600000000000"), UNDECIDED),
]


def drawn(
    url: str, folder: Path, ask: Callable[[Question], str] = take_defaults, **wanted: str
) -> Draft:
    """The draft, which is also written as bridge.toml."""
    target = Target(output=folder / "bridge.toml", url=url, source="shop", site="shop")
    draft = draw_up(target, Wanted(**wanted), ask)  # type: ignore[arg-type]
    target.output.write_text(draft.text, encoding="utf-8")
    return draft


def who_comes_in(folder: Path, logins: list[str]) -> list[str]:
    """Those of `logins` that bridge.toml in `folder` lets in."""
    parts = wiring.assemble(load(folder / "bridge.toml")[0], folder, Silent())
    try:
        source = parts.sources["shop"]
        found = {one: source.find(Lookup("login", one), Deadline(20.0)) for one in logins}
    finally:
        parts.pool.close()
        for database in parts.databases.values():
            database.close()
    assert None not in found.values()
    return [login for login, record in found.items() if record is not None and record.active]


def fill(url: str, column: str, cells: list[str]) -> list[str]:
    """A table of users with a column and a user for each of its cells; their logins."""
    logins = [f"u{n}@example.com" for n, _ in enumerate(cells)]
    execute(
        url,
        [
            *(["SET SESSION sql_mode = ''"] if engine_of(url) == "mariadb" else []),
            "CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(60) NOT NULL UNIQUE, "
            f"password VARCHAR(99) NOT NULL, {column})",
            *(
                f"INSERT INTO users VALUES ({n}, '{login}', '{HASH}', {cell})"
                for n, (login, cell) in enumerate(zip(logins, cells, strict=True))
            ),
        ],
    )
    return logins


@pytest.mark.parametrize(("case", "engine"), [pytest.param(c, c.engine, id=str(c)) for c in CASES])
def test_who_should_stay_out_does(case: Case, engine: str, url: str, tmp_path: Path) -> None:
    logins = fill(url, case.column, [*case.come, *case.stay])
    draft = drawn(url, tmp_path)
    assert case.says in draft.text
    assert who_comes_in(tmp_path, logins) == logins[: len(case.come)], draft.text
    if case.says == UNDECIDED:
        name = case.column.partition(" ")[0]
        assert any(name in one and "Nobody comes in until" in one for one in draft.doubts)


@pytest.mark.parametrize("engine", ["postgresql"])
def test_check_tells_that_nobody_comes_in_before_somebody_has_decided(
    engine: str, url: str, tmp_path: Path
) -> None:
    fill(url, "status VARCHAR(9)", ["'gold'"])
    done, _ = config_of(url, tmp_path)
    assert "could come in: is `active` right?" in " ".join(done.output.split())


@pytest.mark.parametrize("engine", ["postgresql"])
def test_what_is_not_understood_keeps_nobody_out_if_the_client_says_so(
    engine: str, url: str, tmp_path: Path
) -> None:
    logins = fill(url, "status VARCHAR(9)", ["'gold'"])

    def ask(question: Question) -> str:
        assert "nobody comes in until" in question.choices["yes"]
        return "no"

    assert "\nactive = " not in drawn(url, tmp_path, ask).text
    assert who_comes_in(tmp_path, logins) == logins


@pytest.mark.parametrize("engine", ["postgresql"])
def test_the_state_of_an_address_keeps_nobody_out(engine: str, url: str, tmp_path: Path) -> None:
    logins = fill(url, "state VARCHAR(2), city VARCHAR(9) DEFAULT 'Austin'", ["'TX', 'Austin'"])
    assert "\nactive = " not in drawn(url, tmp_path).text
    assert who_comes_in(tmp_path, logins) == logins


@pytest.mark.parametrize("engine", ["mariadb"])
def test_further_columns_of_a_known_schema_keep_users_out(
    engine: str, url: str, tmp_path: Path
) -> None:
    laravel.make(url)
    login = next(one.login for one in laravel.PEOPLE if one.active and one.password)
    execute(url, ["ALTER TABLE users ADD banned_at TIMESTAMP NULL, ADD active BIT(1) DEFAULT b'1'"])
    assert drawn(url, tmp_path).choices[0].chosen == "laravel.toml"
    assert who_comes_in(tmp_path, [login]) == [login]
    execute(url, [f"UPDATE users SET banned_at = NOW() WHERE email = '{login}'"])
    assert who_comes_in(tmp_path, [login]) == []
    execute(url, [f"UPDATE users SET banned_at = NULL, active = b'0' WHERE email = '{login}'"])
    assert who_comes_in(tmp_path, [login]) == []
