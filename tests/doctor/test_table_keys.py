"""What a database declares unique and what it has an index of, as it is read everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection, create_engine

from sso_bridge.database.indexes import TableKeys, keys_of

KeysOf = Callable[..., TableKeys]


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    engine = create_engine(database_url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def keys(connection: Connection) -> KeysOf:
    """The keys of the table `t` that some statements make."""

    def made(*statements: str) -> TableKeys:
        for statement in statements:
            connection.exec_driver_sql(statement)
        return keys_of(connection, "t", None)

    return made


TABLE = "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b VARCHAR(50), UNIQUE (b, a))"


def test_keys_constraints_and_indexes_are_read(keys: KeysOf) -> None:
    read = keys(TABLE, "CREATE INDEX leads ON t (a, id)", "CREATE UNIQUE INDEX one ON t (a)")
    assert read.primary == ("id",)
    assert read.unique == {frozenset({"id"}), frozenset({"a", "b"}), frozenset({"a"})}
    assert read.leading == {"id", "b", "a"}
    assert read.is_unique("a") and not read.is_unique("b")


def test_a_view_has_none(keys: KeysOf, connection: Connection) -> None:
    keys(TABLE, "CREATE VIEW v AS SELECT id FROM t")
    assert keys_of(connection, "v", None) == TableKeys()


@pytest.mark.parametrize("where", [" WHERE a = 1", "WHERE a = 1"])
def test_an_index_of_some_rows_is_none(keys: KeysOf, connection: Connection, where: str) -> None:
    if connection.dialect.name == "mariadb":
        pytest.skip("it has no such index")
    read = keys(TABLE, f"CREATE UNIQUE INDEX few ON t (b){where}")
    assert not read.is_unique("b")
    low = keys(f"CREATE UNIQUE INDEX low ON t (lower(b)){where}", "CREATE INDEX a ON t (a)")
    assert low.caseless == low.lowered == set()
    assert "a" in low.leading


@pytest.mark.parametrize(
    ("on", "lowered", "caseless"),
    [
        ("lower(b)", True, True),
        ('LOWER( "b" )', True, True),
        ("lower(b), a", True, False),
        ("lower(b || '')", False, False),
        ("(lower(b) || a)", False, False),
        ("a, lower(b)", False, False),
    ],
)
def test_an_index_of_lower_case_is_of_a_column(
    keys: KeysOf, connection: Connection, on: str, lowered: bool, caseless: bool
) -> None:
    if connection.dialect.name == "mariadb":
        pytest.skip("it has no such index")
    read = keys(TABLE, f"CREATE UNIQUE INDEX low ON t ({on})")
    assert (read.lowered == {"b"}, read.caseless == {"b"}) == (lowered, caseless)
    assert not read.is_unique("b")


def test_an_index_that_need_not_be_unique_keeps_nothing_apart(
    keys: KeysOf, connection: Connection
) -> None:
    if connection.dialect.name == "mariadb":
        pytest.skip("it has no such index")
    read = keys(TABLE, "CREATE INDEX low ON t (lower(b))")
    assert read.lowered == {"b"} and not read.caseless


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_column_may_be_unique_without_case(keys: KeysOf) -> None:
    read = keys("CREATE TABLE t (a TEXT COLLATE NOCASE UNIQUE, b TEXT UNIQUE, c TEXT, UNIQUE (c))")
    assert read.caseless == {"a"}
    assert keys("CREATE UNIQUE INDEX c ON t (c COLLATE NOCASE)").caseless == {"a", "c"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_letters_of_a_name_do_not_count_in_sqlite(keys: KeysOf) -> None:
    read = keys('CREATE TABLE t ("Login" TEXT)', "CREATE UNIQUE INDEX low ON t (lower(LOGIN))")
    assert read.lowered == read.caseless == {"Login"}


POSTGRESQL: pytest.MarkDecorator = pytest.mark.parametrize(
    "database_url", ["postgresql"], indirect=True
)
PARTS = (
    "CREATE TABLE t (id INTEGER NOT NULL, b TEXT) PARTITION BY RANGE (id)",
    "CREATE TABLE part PARTITION OF t FOR VALUES FROM (1) TO (9)",
)


@POSTGRESQL
@pytest.mark.parametrize("kind", ["PRIMARY KEY", "UNIQUE"])
def test_a_constraint_that_not_every_part_has_proves_nothing(keys: KeysOf, kind: str) -> None:
    read = keys(*PARTS, f"ALTER TABLE ONLY t ADD CONSTRAINT one {kind} (id)")
    assert not read.unique and not read.leading
    whole = keys(
        f"ALTER TABLE part ADD CONSTRAINT part_one {kind} (id)",
        "ALTER INDEX one ATTACH PARTITION part_one",
    )
    assert whole.is_unique("id") and whole.leading == {"id"}


@POSTGRESQL
def test_what_is_checked_at_the_end_of_a_transaction_is_unique(keys: KeysOf) -> None:
    assert keys("CREATE TABLE t (id INTEGER UNIQUE DEFERRABLE INITIALLY DEFERRED)").is_unique("id")


@POSTGRESQL
def test_keys_do_not_count_for_the_tables_that_inherit(keys: KeysOf) -> None:
    read = keys(
        TABLE, "CREATE UNIQUE INDEX low ON t (lower(b))", "CREATE TABLE heir () INHERITS (t)"
    )
    assert not read.unique and not read.caseless
    assert read.primary == ("id",)
    assert read.leading == {"id", "b"} and read.lowered == {"b"}


@POSTGRESQL
def test_what_is_carried_along_is_no_part_of_the_key(keys: KeysOf) -> None:
    read = keys(TABLE, "CREATE UNIQUE INDEX one ON t (a) INCLUDE (b)")
    assert read.is_unique("a")


@POSTGRESQL
@pytest.mark.parametrize(("method", "finds"), [("brin", False), ("hash", True)])
def test_an_index_of_blocks_finds_no_row(keys: KeysOf, method: str, finds: bool) -> None:
    read = keys(TABLE, f"CREATE INDEX blocks ON t USING {method} (a)")
    assert ("a" in read.leading) is finds


MARIADB: pytest.MarkDecorator = pytest.mark.parametrize("database_url", ["mariadb"], indirect=True)


@MARIADB
def test_an_index_of_words_finds_no_equal_text(keys: KeysOf) -> None:
    read = keys("CREATE TABLE t (id INTEGER PRIMARY KEY, b VARCHAR(50), FULLTEXT (b))")
    assert read.leading == {"id"}


@MARIADB
def test_an_engine_may_take_note_of_keys_only(keys: KeysOf, connection: Connection) -> None:
    read = keys("CREATE TABLE t (id INTEGER NOT NULL, INDEX (id)) ENGINE=MEMORY")
    assert not read.unique and read.leading == {"id"}
    assert keys("ALTER TABLE t ADD PRIMARY KEY (id)").unique == set()
    assert keys("ALTER TABLE t ENGINE=InnoDB").is_unique("id")
