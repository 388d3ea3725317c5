"""Whatever a database looks like: init raises nothing unforeseen, tells no cell, and what it draws
up can be loaded."""

from __future__ import annotations

import hashlib
import itertools
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from sso_bridge.config.load import load
from sso_bridge.errors import ConfigurationError, NotPossible
from sso_bridge.passwords.schemes.bcrypt import BcryptMaker
from sso_bridge.wizard import Draft, Question, Target, Wanted, draw_up
from sso_bridge.wizard.words import ADDRESS_TABLE, ROLES, USER_TABLE

MARK = "zq7"
HASHES = [
    BcryptMaker(cost=4).make(b"zq7"),
    hashlib.md5(b"zq7").hexdigest(),
    hashlib.sha1(b"zq7").hexdigest(),
]
NUMBERS = itertools.count()

odd_names = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12
)
column_words = sorted({word for words in ROLES.values() for word in words})
column_names = st.one_of(st.sampled_from(column_words), st.sampled_from(column_words), odd_names)
table_names = st.one_of(
    st.sampled_from(sorted(USER_TABLE)), st.sampled_from(sorted(ADDRESS_TABLE)), odd_names
)
types = st.sampled_from(
    ["TEXT", "VARCHAR(60)", "INTEGER", "BOOLEAN", "TIMESTAMP", "BLOB", "", "DATE", "NUMERIC(9,2)"]
)
cells = st.one_of(
    st.none(),
    st.just(""),
    st.integers(-3, 10**6),
    st.text(max_size=20).map(lambda text: f"{MARK}{text}"),
    st.sampled_from([f"{MARK}@{MARK}.example", f"{MARK} {MARK}", *HASHES]),
    st.binary(max_size=8).map(lambda raw: MARK.encode() + raw),
)


@st.composite
def tables(draw: Any) -> tuple[str, list[str], list[Sequence[Any]]]:
    """A table: its name, the definitions of its columns, its rows."""
    names = draw(st.lists(column_names, min_size=1, max_size=9, unique_by=str.casefold))
    usable = draw(st.booleans())
    if usable:
        names = [*dict.fromkeys(["id", "email", "password", *map(str.casefold, names)])]
    columns = []
    for place, name in enumerate(names):
        key = " PRIMARY KEY" if place == 0 and (usable or draw(st.booleans())) else ""
        more = draw(st.sampled_from(["", "", " UNIQUE", " NOT NULL DEFAULT 0"]))
        kind = "TEXT" if usable and name in ("email", "password") else draw(types)
        columns.append(f"{quoted(name)} {kind}{key or more}")
    rows = draw(st.lists(st.tuples(*[cells] * len(columns)), max_size=4))
    return draw(table_names), columns, rows


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def make(path: Path, made: Sequence[tuple[str, list[str], list[Sequence[Any]]]]) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for name, columns, rows in made:
            try:
                connection.execute(f"CREATE TABLE {quoted(name)} ({', '.join(columns)})")
            except sqlite3.OperationalError:
                continue  # a second table of that name, or one of SQLite's own
            marks = ", ".join("?" * len(columns))
            for row in rows:
                with suppress(sqlite3.IntegrityError):  # text as a key that counts
                    connection.execute(
                        f"INSERT OR IGNORE INTO {quoted(name)} VALUES ({marks})",
                        [
                            cell.encode("utf-8", "replace").decode()
                            if isinstance(cell, str)
                            else cell
                            for cell in row
                        ],
                    )
        first = made[0][0]
        connection.execute(f"CREATE VIEW zz_view AS SELECT * FROM {quoted(first)}")
        connection.execute("CREATE VIEW zz_broken AS SELECT * FROM zz_view")


def told(draft: Draft) -> str:
    return draft.text + repr(draft.choices) + repr(draft.doubts) + draft.title


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(made=st.lists(tables(), min_size=1, max_size=4), data=st.data())
def test_it_finds_something_or_says_why_not(
    made: list[tuple[str, list[str], list[Sequence[Any]]]], data: st.DataObject, tmp_path: Path
) -> None:
    folder = tmp_path / str(next(NUMBERS))
    folder.mkdir()
    path = folder / "shop.db"
    make(path, made)
    before = path.read_bytes()
    target = Target(
        output=folder / "bridge.toml", url=f"sqlite:///{path}", source="shop", site="shop"
    )
    asked: list[str] = []

    def ask(question: Question) -> str:
        asked.append(repr(question))
        assert question.default in question.choices
        return data.draw(st.sampled_from([*question.choices]))

    try:
        draft = draw_up(target, Wanted(), ask)
    except NotPossible as error:
        event("nothing usable")
        details = str(error)
        assert MARK not in details
        return
    finally:
        assert path.read_bytes() == before
    everything = told(draft) + "".join(asked)
    assert MARK not in everything
    assert not any(one in everything for one in HASHES)
    target.output.write_text(draft.text, encoding="utf-8")
    load(target.output)


@pytest.mark.parametrize("name", ["shop\nevil = 1", 'a"b', "a'b", "tab\there", "esc\x1b[31m"])
def test_odd_names_of_tables_are_written_so_that_they_are_read_back(
    name: str, tmp_path: Path
) -> None:
    path = tmp_path / "shop.db"
    columns = ["id INTEGER PRIMARY KEY", "email TEXT UNIQUE", '"pass\nword" TEXT', "password TEXT"]
    make(path, [(name, columns, [(1, "a@example.com", None, HASHES[0])])])
    target = Target(
        output=tmp_path / "bridge.toml", url=f"sqlite:///{path}", source="shop", site="shop"
    )
    wanted = Wanted(table=name)
    draft = draw_up(target, wanted, lambda question: question.default)
    target.output.write_text(draft.text, encoding="utf-8")
    source = load(target.output)[0].sources["shop"]
    assert getattr(source, "table", None) == name


def test_a_table_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    make(path, [("t", ["id INTEGER PRIMARY KEY"], [])])
    target = Target(
        output=tmp_path / "bridge.toml", url=f"sqlite:///{path}", source="shop", site="shop"
    )
    with pytest.raises(ConfigurationError, match="--table nobody"):
        draw_up(target, Wanted(table="nobody"), lambda question: question.default)
