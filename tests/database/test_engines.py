"""What a URL may say, which drivers are looked after, and engines that no server is here for."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable

import pytest
from sqlalchemy import Column as SqlColumn
from sqlalchemy import (
    DateTime,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    and_,
    bindparam,
    delete,
    false,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import mssql, oracle
from sqlalchemy.engine import Dialect, make_url
from sqlalchemy.exc import IntegrityError

from sso_bridge.database import Database, is_unique_violation
from sso_bridge.database.dialects import dialect_of, with_driver
from sso_bridge.errors import ConfigurationError, Unavailable
from tests.database.shelf import LATE, Shelf, silent_port

USERS = Table(
    "Users",
    MetaData(schema="shop"),
    SqlColumn("id", Integer, primary_key=True),
    SqlColumn("Login", String(200)),
    SqlColumn("password", Text),
    SqlColumn("created", DateTime),
)
ADDRESSES = Table(
    "address",
    MetaData(schema="shop"),
    SqlColumn("id", Integer, primary_key=True),
    SqlColumn("user", Integer),
    SqlColumn("kind", String(20)),
)

STATEMENTS = {
    "a login": select(USERS.c.id, USERS.c.Login, USERS.c.password)
    .where(func.lower(USERS.c.Login) == bindparam("login"))
    .limit(32),
    "one of two columns": select(USERS.c.id)
    .where(or_(USERS.c.Login == bindparam("a"), USERS.c.id == bindparam("b")))
    .limit(2),
    "a user and their addresses": select(USERS, ADDRESSES)
    .outerjoin_from(
        USERS, ADDRESSES, and_(ADDRESSES.c.user == USERS.c.id, ADDRESSES.c.kind.in_(["S", "B"]))
    )
    .where(USERS.c.id == bindparam("key"))
    .order_by(ADDRESSES.c.id)
    .limit(100),
    "a page of a scan": select(USERS.c.id)
    .where(USERS.c.id > bindparam("last"))
    .order_by(USERS.c.id)
    .limit(500),
    "nobody": select(USERS.c.id).where(false()),
    "a value of another table": select(
        USERS.c.id,
        select(ADDRESSES.c.kind)
        .where(ADDRESSES.c.user == USERS.c.id)
        .limit(1)
        .correlate(USERS)
        .scalar_subquery(),
    ),
    "how many": select(func.count(), func.max(func.length(USERS.c.Login))).select_from(USERS),
    "a new user": insert(USERS),
    "a new hash": update(USERS)
    .where(USERS.c.id == bindparam("key"), USERS.c.password == bindparam("old"))
    .values(password=bindparam("new")),
    "a token that is over": delete(USERS).where(USERS.c.created < bindparam("now")),
}
UNTESTED: dict[str, Callable[[], Dialect]] = {"oracle": oracle.dialect, "mssql": mssql.dialect}


@pytest.mark.parametrize("engine", UNTESTED)
@pytest.mark.parametrize("name", STATEMENTS)
def test_our_statements_can_be_said_in_the_language_of_untested_engines(
    engine: str, name: str
) -> None:
    compiled = STATEMENTS[name].compile(dialect=UNTESTED[engine]())
    sql = str(compiled)
    assert "LIMIT" not in sql
    assert '"Users"' in sql or "[Users]" in sql
    if name == "a login":
        assert "lower(" in sql
        assert re.search(r"\bTOP\b|FETCH FIRST|ROWNUM", sql)


class Detail:
    """What python-oracledb puts into its errors."""

    def __init__(self, full_code: str) -> None:
        self.full_code = full_code


@pytest.mark.parametrize(
    ("original", "is_unique"),
    [
        (Exception(Detail("ORA-00001")), True),
        (Exception(Detail("ORA-01400")), False),
        (Exception(2627, b"Violation of UNIQUE KEY constraint"), True),
        (Exception(2601, b"Cannot insert duplicate key row"), True),
        (Exception(515, b"Cannot insert the value NULL"), False),
        (
            Exception(
                "23000", "[23000] Violation of UNIQUE KEY constraint (2627) (SQLExecDirectW)"
            ),
            True,
        ),
        (Exception("23000", "[23000] Cannot insert the value NULL (515) (SQLExecDirectW)"), False),
    ],
)
def test_a_unique_constraint_is_told_from_others_as_their_drivers_number_it(
    original: Exception, is_unique: bool
) -> None:
    assert is_unique_violation(IntegrityError("", None, original)) is is_unique


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("postgresql://h/d", "postgresql+psycopg"),
        ("postgres://h/d", "postgresql+psycopg"),
        ("mysql://h/d", "mysql+pymysql"),
        ("mariadb://h/d", "mariadb+pymysql"),
        ("oracle://h/d", "oracle+oracledb"),
        ("mssql://h/d", "mssql+pymssql"),
        ("mssql+pyodbc://h/d", "mssql+pyodbc"),
        ("sqlite:///file", "sqlite+pysqlite"),
        ("postgresql+psycopg://h/d", "postgresql+psycopg"),
    ],
)
def test_a_url_without_a_driver_means_the_one_that_is_looked_after(
    written: str, meant: str
) -> None:
    assert with_driver(make_url(written)).drivername == meant


@pytest.mark.parametrize(
    "url", ["postgresql+psycopg2://h/d", "mysql+mysqldb://h/d", "sqlite+aiosqlite:///file"]
)
def test_another_driver_is_refused_and_the_right_one_named(url: str) -> None:
    right = {"postgresql": "psycopg", "mysql": "pymysql", "sqlite": "pysqlite"}
    engine = url.partition("+")[0]
    with pytest.raises(ConfigurationError, match=rf"shelf: .*{engine}\+{right[engine]}://"):
        Database(url, what="shelf")


@pytest.mark.parametrize(
    ("engine", "extra"), [("oracle", "oracle"), ("mssql", "mssql"), ("firebird", "")]
)
def test_a_driver_that_is_missing_is_told_how_to_get(
    engine: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("oracledb", "pymssql"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigurationError) as caught:
        Database(f"{engine}://somebody@host/name", what="shelf")
    assert extra == "" or f"pip install 'sso-bridge[{extra}]'" in str(caught.value)


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("ssl_check_hostname=true", "ssl_ca"),
        ("ssl_cert=c.pem&ssl_key=k.pem", "ssl_ca"),
        ("ssl_ca=ca.pem&ssl_key=k.pem", "ssl_cert"),
        ("ssl_ca=ca.pem&ssl_verify_cert=false", "ssl_verify_cert"),
        ("ssl_verify_cert=true", "ssl_verify_cert"),
        ("ssl_ca=ca.pem&ssl_key_password=x", "ssl_key_password"),
        ("ssl-mode=REQUIRED", "ssl-mode"),
        ("ssl_disabled=false", "ssl_disabled"),
        ("ssl_ca=ca.pem&ssl_disabled=true", "ssl_disabled"),
    ],
)
def test_tls_parameters_that_would_check_nothing_are_refused(query: str, named: str) -> None:
    with pytest.raises(ConfigurationError, match=f"'{named}'"):
        Database(f"mysql+pymysql://somebody@host/name?{query}", what="shelf")


@pytest.mark.parametrize(
    "query",
    [
        "ssl_ca=ca.pem",
        "ssl_ca=ca.pem&ssl_verify_identity=true",
        "ssl_ca=ca.pem&ssl_check_hostname=true&ssl_verify_cert=true",
        "ssl_ca=ca.pem&ssl_cert=c.pem&ssl_key=k.pem",
        "ssl_disabled=true",
    ],
)
def test_tls_parameters_that_do_what_they_say_are_taken(query: str) -> None:
    Database(f"mysql+pymysql://somebody@host/name?{query}", what="shelf").close()


def test_a_parameter_that_the_driver_does_not_know_is_an_outage_that_names_it() -> None:
    with pytest.raises(Unavailable, match=r"shelf: TypeError: .*colour"):
        Shelf("mysql+pymysql://somebody@127.0.0.1:1/name?colour=blue").read()


def test_limits_that_a_url_sets_itself_are_kept() -> None:
    given = {"connect_timeout": "7", "options": "-c search_path=shop", "tcp_user_timeout": "9"}
    url = make_url("postgresql+psycopg://h/d").update_query_dict(given)
    dialect = dialect_of(url)
    assert dialect.connect_args(url, 5.0) == {"prepare_threshold": None}
    assert dialect.attempt_args(url, 5.0) == {}


def test_the_time_for_connecting_is_shared_by_the_hosts_of_a_url() -> None:
    for url, seconds in (
        ("postgresql+psycopg://h/d", 8),
        ("postgresql+psycopg:///d?host=one,two", 4),
        ("postgresql+psycopg:///d?host=one&host=two", 4),
        ("postgresql+psycopg:///d?host=one,two,three,four,five", 2),
    ):
        parsed = make_url(url)
        assert dialect_of(parsed).attempt_args(parsed, 8.0)["connect_timeout"] == seconds


@pytest.mark.parametrize(
    ("driver", "url"),
    [
        ("oracledb", "oracle+oracledb://somebody:secret@127.0.0.1:{}/?service_name=x"),
        ("pymssql", "mssql+pymssql://somebody:secret@127.0.0.1:{}/x"),
    ],
)
def test_the_drivers_of_untested_engines_are_an_outage_in_time(driver: str, url: str) -> None:
    pytest.importorskip(driver)
    with pytest.raises(Unavailable, match="shelf: OperationalError") as caught:
        Shelf(url.format(1)).read()
    assert "secret" not in str(caught.value)
    with silent_port() as port:
        began = time.monotonic()
        with pytest.raises(Unavailable):
            Shelf(url.format(port)).read(0.5)
        assert time.monotonic() - began < 0.5 + LATE


def test_a_character_set_that_the_driver_does_not_know_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="'charset'"):
        Database("mysql+pymysql://h/d?charset=zzz", what="shelf")
    Database("mysql+pymysql://h/d?charset=utf8mb4", what="shelf").close()
