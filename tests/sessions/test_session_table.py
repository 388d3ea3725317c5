"""Tokens in a table of the client's, against real SQLite files."""

from __future__ import annotations

import hashlib
import logging
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sso_bridge.core.alarms import AMBIGUOUS_KEY
from sso_bridge.core.deadline import Deadline
from sso_bridge.core.model import Identity, Lookup
from sso_bridge.core.ports import SessionFormat, SessionIssuer
from sso_bridge.database import Database
from sso_bridge.database.moments import Unreadable, read_moment, write_moment
from sso_bridge.errors import (
    ConfigurationError,
    DeadlineExceeded,
    IdentityAlarm,
    InvalidSession,
    SourceUnavailable,
)
from sso_bridge.sessions import FORMATS, ISSUERS, TableFormat, TableIssuer, TokenTable

NOW = 1_800_000_000.0
TOKEN = "Zm9vYmFy-0123456789_abcdefghijklmnopqrstuvw"
COLUMNS = "token, user_id, expires, revoked, site, created"
MAPPED: dict[str, Any] = {
    "table": "sessions",
    "token_column": "token",
    "hashing": "plain",
    "user_column": "user_id",
    "names": "subject",
    "no_expiry_is_valid": True,
}


class Client:
    """A client's database file with a table of sessions."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.database = Database(
            f"sqlite:///{path}", what="source 'shop'", unavailable=SourceUnavailable
        )
        self.run(f"CREATE TABLE sessions ({COLUMNS})")

    def run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.path)
        with connection:
            rows = connection.execute(statement, values).fetchall()
        connection.close()
        return rows

    def add(self, token: object = TOKEN, user: object = "7", **values: object) -> None:
        row = {"token": token, "user_id": user, **values}
        marks = ", ".join("?" * len(row))
        self.run(f"INSERT INTO sessions ({', '.join(row)}) VALUES ({marks})", *row.values())

    def format(self, **mapped: Any) -> TableFormat:
        table = TokenTable(**(MAPPED | mapped))
        return TableFormat(database=self.database, table=table, now=lambda: NOW)

    def verify(self, token: str = TOKEN, **mapped: Any) -> Identity | None:
        return self.format(**mapped).verify(token, "shop-de", Deadline(5))

    def issuer(self, **mapped: Any) -> TableIssuer:
        return TableIssuer(
            database=self.database,
            table=TokenTable(**(MAPPED | mapped)),
            lifetime_seconds=600,
            now=lambda: NOW + 0.7,
        )


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    client = Client(tmp_path / "client.db")
    yield client
    client.database.close()


def test_a_token_in_the_table_names_its_user(client: Client) -> None:
    client.add()
    assert client.verify() == Identity(Lookup("subject", "7"), None, "table")


def test_a_token_that_is_not_in_the_table_is_unknown_to_it(client: Client) -> None:
    client.add("another")
    assert client.verify() is None


@pytest.mark.parametrize("write", [str.lower, str.upper], ids=["small", "capital"])
def test_a_token_stored_as_its_sha256_is_found_in_either_letter_case(
    client: Client, write: Any
) -> None:
    stored = write(hashlib.sha256(TOKEN.encode()).hexdigest())
    client.add(stored)
    assert client.verify(hashing="sha256") is not None
    assert client.verify(stored, hashing="sha256") is None
    assert client.verify() is None


def test_a_row_that_only_the_collation_takes_for_the_token_is_not_it(client: Client) -> None:
    client.run("DROP TABLE sessions")
    client.run("CREATE TABLE sessions (token TEXT COLLATE NOCASE, user_id)")
    client.add(TOKEN.upper(), "8")
    assert client.verify() is None
    client.add(TOKEN, "7")
    identity = client.verify()
    assert identity is not None and identity.lookup.value == "7"


def test_trailing_spaces_are_part_of_a_token(client: Client) -> None:
    client.run("DROP TABLE sessions")
    client.run("CREATE TABLE sessions (token TEXT COLLATE RTRIM, user_id)")
    client.add(TOKEN + "  ")
    assert client.verify() is None


def test_two_rows_for_one_token_are_an_alarm(client: Client) -> None:
    client.add(TOKEN, "7")
    client.add(TOKEN, "8")
    with pytest.raises(IdentityAlarm) as raised:
        client.verify()
    assert raised.value.kind == AMBIGUOUS_KEY
    assert TOKEN not in raised.value.details


def test_a_hash_stored_in_both_letter_cases_is_an_alarm(client: Client) -> None:
    digest = hashlib.sha256(TOKEN.encode()).hexdigest()
    client.add(digest, "7")
    client.add(digest.upper(), "8")
    with pytest.raises(IdentityAlarm):
        client.verify(hashing="sha256")


def test_more_equal_rows_than_are_read_are_an_alarm(client: Client) -> None:
    client.run("DROP TABLE sessions")
    client.run("CREATE TABLE sessions (token TEXT COLLATE NOCASE, user_id)")
    for number in range(9):
        client.add(TOKEN.upper(), str(number))
    with pytest.raises(IdentityAlarm):
        client.verify()


def stamp(seconds: float, zone: timezone | None = None) -> str:
    when = datetime.fromtimestamp(NOW + seconds, UTC)
    return (when.astimezone(zone) if zone else when.replace(tzinfo=None)).isoformat(sep=" ")


EAST = timezone(timedelta(hours=9))
EXPIRIES = [
    pytest.param("naive_utc", stamp(1), stamp(0), id="naive"),
    pytest.param("naive_utc", stamp(1.5), stamp(-0.5), id="naive-fraction"),
    pytest.param("aware", stamp(1, EAST), stamp(0, EAST), id="aware"),
    pytest.param("detect", stamp(1, EAST), stamp(0, EAST), id="detected-aware"),
    pytest.param("epoch_seconds", NOW + 1, NOW, id="seconds"),
    pytest.param("epoch_seconds", str(int(NOW) + 1), str(int(NOW)), id="seconds-text"),
    pytest.param("epoch_seconds", 99_999_999_999, 12, id="seconds-far"),
    pytest.param("epoch_milliseconds", NOW * 1000 + 1, NOW * 1000, id="milliseconds"),
    pytest.param("detect", int(NOW) + 1, int(NOW), id="detected-seconds"),
    pytest.param("detect", int(NOW) * 1000 + 1, int(NOW) * 1000, id="detected-milliseconds"),
]


@pytest.mark.parametrize(("kind", "good", "gone"), EXPIRIES)
def test_a_session_is_good_until_its_expiry(
    client: Client, kind: str, good: object, gone: object
) -> None:
    mapped: dict[str, Any] = {"expiry_column": "expires", "expiry_kind": kind}
    client.add("good", expires=good)
    client.add("gone", expires=gone)
    assert client.verify("good", **mapped) is not None
    with pytest.raises(InvalidSession, match="expired"):
        client.verify("gone", **mapped)


UNREADABLE = [
    pytest.param("naive_utc", stamp(60, EAST), id="zone-where-none-is-declared"),
    pytest.param("aware", stamp(60), id="no-zone-where-one-is-declared"),
    pytest.param("detect", stamp(60), id="no-zone-to-detect"),
    pytest.param("detect", 5_000_000_000_00, id="seconds-or-milliseconds"),
    pytest.param("detect", 0, id="zero"),
    pytest.param("naive_utc", "2999-01-01", id="date-only"),
    pytest.param("naive_utc", "0000-00-00 00:00:00", id="mysql-zero"),
    pytest.param("naive_utc", "9999-99-99 00:00:00", id="no-such-date"),
    pytest.param("naive_utc", int(NOW) + 60, id="number-for-a-date"),
    pytest.param("epoch_seconds", stamp(60), id="date-for-a-number"),
    pytest.param("epoch_seconds", "never", id="word"),
    pytest.param("epoch_seconds", "", id="empty"),
    pytest.param("epoch_seconds", -1, id="negative"),
    pytest.param("epoch_seconds", float("inf"), id="infinity"),
    pytest.param("epoch_seconds", b"\xff", id="bytes"),
]


@pytest.mark.parametrize(("kind", "value"), UNREADABLE)
def test_an_expiry_that_cannot_be_read_is_refused_and_not_quoted(
    client: Client, kind: str, value: object
) -> None:
    client.add(expires=value)
    with pytest.raises(InvalidSession, match="a time of the row") as raised:
        client.verify(expiry_column="expires", expiry_kind=kind)
    assert value == "" or str(value) not in raised.value.details


def test_a_session_without_expiry_is_refused_unless_that_is_allowed(client: Client) -> None:
    client.add(expires=None)
    with pytest.raises(InvalidSession, match="no expiry"):
        client.verify(expiry_column="expires", no_expiry_is_valid=False)
    assert client.verify(expiry_column="expires", no_expiry_is_valid=True) is not None


@pytest.mark.parametrize(
    ("kind", "value", "says"),
    [
        pytest.param("boolean", 0, None, id="0"),
        pytest.param("boolean", "f", None, id="f"),
        pytest.param("boolean", b"\0", None, id="bit-0"),
        pytest.param("boolean", 1, "is revoked", id="1"),
        pytest.param("boolean", "True", "is revoked", id="True"),
        pytest.param("boolean", b"\1", "is revoked", id="bit-1"),
        pytest.param("boolean", None, "neither", id="NULL-boolean"),
        pytest.param("boolean", 2, "neither", id="2"),
        pytest.param("boolean", "", "neither", id="empty"),
        pytest.param("timestamp", None, None, id="NULL-timestamp"),
        pytest.param("timestamp", stamp(-60), "is revoked", id="past"),
        pytest.param("timestamp", stamp(60), "is revoked", id="future"),
        pytest.param("timestamp", 0, "is revoked", id="zero-timestamp"),
    ],
)
def test_a_revoked_session_is_refused(
    client: Client, kind: str, value: object, says: str | None
) -> None:
    client.add(revoked=value)
    mapped = {"revoked_column": "revoked", "revoked_kind": kind}
    if says is None:
        assert client.verify(**mapped) is not None
    else:
        with pytest.raises(InvalidSession, match=says):
            client.verify(**mapped)


@pytest.mark.parametrize("site", ["shop-fr", "SHOP-DE", "shop-de ", "", None, 7])
def test_a_session_of_another_site_is_refused(client: Client, site: object) -> None:
    client.add(site=site)
    with pytest.raises(InvalidSession, match="another site"):
        client.verify(site_column="site")


def test_a_session_says_which_site_it_is_bound_to(client: Client) -> None:
    client.add(site="shop-de")
    identity = client.verify(site_column="site")
    assert identity is not None and identity.site == "shop-de"


@pytest.mark.parametrize(
    ("age", "good"), [(0, True), (3599, True), (-60, True), (3600, False), (-61, False)]
)
def test_a_session_is_good_up_to_its_greatest_age(client: Client, age: int, good: bool) -> None:
    client.add(created=int(NOW) - age)
    mapped: dict[str, Any] = {"created_column": "created", "max_age_seconds": 3600}
    mapped["no_expiry_is_valid"] = False
    if good:
        assert client.verify(**mapped) is not None
    else:
        with pytest.raises(InvalidSession, match="too old"):
            client.verify(**mapped)


def test_a_session_without_time_of_creation_is_refused(client: Client) -> None:
    client.add(created=None)
    with pytest.raises(InvalidSession):
        client.verify(created_column="created", max_age_seconds=3600)


@pytest.mark.parametrize("user", [None, "", " 7", "7\n", b"7", 1.5, "x" * 256])
def test_a_row_that_names_nobody_usable_is_refused(client: Client, user: object) -> None:
    client.add(user=user)
    with pytest.raises(InvalidSession, match="names"):
        client.verify()


def test_a_user_may_be_named_by_a_number_or_by_a_login(client: Client) -> None:
    client.add(user=7)
    identity = client.verify(names="login")
    assert identity is not None and identity.lookup == Lookup("login", "7")


@pytest.mark.parametrize(
    "token",
    [
        "' OR '1'='1",
        "x'; DROP TABLE sessions; --",
        "%",
        "_" * 43,
        ":form",
        "?1",
        "%(form)s",
        "\x00",
        TOKEN + "\x00",
        "é",
        "\ud800",
        "",
        " ",
        "x" * 4097,
    ],
)
@pytest.mark.parametrize("hashing", ["plain", "sha256"])
def test_whatever_is_sent_as_a_token_is_only_compared(
    client: Client, token: str, hashing: str
) -> None:
    client.add()
    assert client.verify(token, hashing=hashing) is None
    assert client.run("SELECT count(*) FROM sessions") == [(1,)]


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(token=st.text(max_size=60), hashing=st.sampled_from(["plain", "sha256"]))
def test_no_text_is_found_that_is_not_there(client: Client, token: str, hashing: str) -> None:
    assert client.verify(token, hashing=hashing) is None


def test_odd_names_of_tables_and_columns_are_only_names(client: Client) -> None:
    client.run('CREATE TABLE "se;ss""ions" ("to ken", "select")')
    client.run('INSERT INTO "se;ss""ions" VALUES (?, ?)', TOKEN, "9")
    mapped = {"table": 'se;ss"ions', "token_column": "to ken", "user_column": "select"}
    identity = client.verify(**mapped)
    assert identity is not None and identity.lookup.value == "9"


def test_one_column_may_have_two_meanings(client: Client) -> None:
    client.add(user="shop-de")
    assert client.verify(site_column="user_id") is not None


def test_a_schema_is_part_of_the_table_s_name(client: Client) -> None:
    client.add()
    assert client.verify(schema="main") is not None


@pytest.mark.parametrize("break_it", ["garbage", "no-table", "no-column"])
def test_an_outage_is_never_an_unknown_token(client: Client, break_it: str) -> None:
    client.add()
    mapped: dict[str, Any] = {}
    if break_it == "garbage":
        client.path.write_bytes(b"not a database" * 1000)
    elif break_it == "no-table":
        client.run("DROP TABLE sessions")
    else:
        mapped["site_column"] = "shop"
    with pytest.raises(SourceUnavailable) as raised:
        client.verify(**mapped)
    assert TOKEN not in raised.value.details
    with pytest.raises(SourceUnavailable):
        client.format(**mapped).check(Deadline(5))
    with pytest.raises(SourceUnavailable):
        client.issuer(**mapped, expiry_column="expires", expiry_kind="aware").issue(
            Lookup("subject", "7"), "shop-de", Deadline(5)
        )


def test_a_token_column_of_numbers_is_a_fault_of_the_table(client: Client) -> None:
    client.run("CREATE TABLE numbers (token INTEGER, user_id)")
    client.run("INSERT INTO numbers VALUES (5, 7)")
    with pytest.raises(SourceUnavailable, match="does not hold text"):
        client.verify("5", table="numbers")


def test_the_database_may_be_down_when_the_bridge_starts(tmp_path: Path) -> None:
    database = Database(
        f"sqlite:///{tmp_path}/absent/x.db", what="source", unavailable=SourceUnavailable
    )
    session_format = TableFormat(database=database, table=TokenTable(**MAPPED))
    with pytest.raises(SourceUnavailable):
        session_format.verify(TOKEN, "shop-de", Deadline(5))


def test_no_time_left_is_said_as_such(client: Client) -> None:
    with pytest.raises(DeadlineExceeded):
        client.format().verify(TOKEN, "shop-de", Deadline(-1))


def test_a_good_table_passes_the_check(client: Client) -> None:
    client.format(site_column="site").check(Deadline(5))


ISSUED = [
    pytest.param({"expiry_column": "expires", "expiry_kind": kind}, id=kind)
    for kind in ("naive_utc", "aware", "epoch_seconds", "epoch_milliseconds")
] + [
    pytest.param(
        {"created_column": "created", "created_kind": "aware", "max_age_seconds": 600},
        id="max-age",
    ),
    pytest.param(
        {
            "expiry_column": "expires",
            "expiry_kind": "epoch_seconds",
            "hashing": "sha256",
            "site_column": "site",
            "revoked_column": "revoked",
        },
        id="sha256-site-revoked",
    ),
    pytest.param(
        {
            "expiry_column": "expires",
            "expiry_kind": "epoch_seconds",
            "revoked_column": "revoked",
            "revoked_kind": "timestamp",
        },
        id="revoked-timestamp",
    ),
]


@pytest.mark.parametrize("mapped", ISSUED)
def test_an_issued_token_is_accepted_until_it_expires(
    client: Client, mapped: dict[str, Any]
) -> None:
    token = client.issuer(**mapped).issue(Lookup("subject", "7"), "shop-de", Deadline(5))
    identity = client.verify(token, **mapped)
    assert identity is not None and identity.lookup == Lookup("subject", "7")
    later = TableFormat(
        database=client.database, table=TokenTable(**(MAPPED | mapped)), now=lambda: NOW + 600
    )
    with pytest.raises(InvalidSession):
        later.verify(token, "shop-de", Deadline(5))


def test_an_issued_token_is_long_random_and_not_stored_where_hashes_are(client: Client) -> None:
    issuer = client.issuer(hashing="sha256", expiry_column="expires", expiry_kind="aware")
    tokens = [issuer.issue(Lookup("subject", "7"), "shop-de", Deadline(5)) for _ in range(5)]
    assert len(set(tokens)) == 5 and {len(token) for token in tokens} == {43}
    stored = {row[0] for row in client.run("SELECT token FROM sessions")}
    assert stored == {hashlib.sha256(token.encode()).hexdigest() for token in tokens}


def test_a_row_that_the_table_does_not_take_is_an_outage_not_a_crash(client: Client) -> None:
    client.run("CREATE TABLE strict_sessions (token, user_id, expires, ip NOT NULL)")
    issuer = client.issuer(
        table="strict_sessions", expiry_column="expires", expiry_kind="epoch_seconds"
    )
    with pytest.raises(SourceUnavailable, match="constraint"):
        issuer.issue(Lookup("subject", "7"), "shop-de", Deadline(5))


def test_a_token_is_not_issued_for_a_user_named_in_another_way(client: Client) -> None:
    issuer = client.issuer(expiry_column="expires", expiry_kind="aware")
    with pytest.raises(ConfigurationError, match="by login"):
        issuer.issue(Lookup("login", "ada"), "shop-de", Deadline(5))


@pytest.mark.parametrize(
    ("mapped", "says"),
    [
        ({"hashing": "md5"}, "hashing"),
        ({"names": "email"}, "subject, login or erid"),
        ({"revoked_kind": "enum"}, "revoked_kind"),
        ({"expiry_kind": "local"}, "expiry_kind"),
        ({"created_kind": "local"}, "created_kind"),
        ({"table": ""}, "name the table"),
        ({"token_column": ""}, "token"),
        ({"max_age_seconds": 5}, "go together"),
        ({"created_column": "created"}, "go together"),
        ({"created_column": "created", "max_age_seconds": 0}, "more than 0"),
        ({"no_expiry_is_valid": False}, "never expire"),
    ],
)
def test_a_contradictory_declaration_is_refused(mapped: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        TokenTable(**(MAPPED | mapped))


@pytest.mark.parametrize(
    ("mapped", "lifetime", "says"),
    [
        ({}, 600, "so that they expire"),
        ({"expiry_column": "expires"}, 600, "expiry_kind"),
        ({"created_column": "created", "max_age_seconds": 5}, 600, "created_kind"),
        ({"expiry_column": "expires", "expiry_kind": "aware"}, 0, "lifetime_seconds"),
    ],
)
def test_tokens_that_would_not_be_accepted_cannot_be_configured(
    client: Client, mapped: dict[str, Any], lifetime: int, says: str
) -> None:
    with pytest.raises(ConfigurationError, match=says):
        TableIssuer(
            database=client.database,
            table=TokenTable(**(MAPPED | mapped)),
            lifetime_seconds=lifetime,
        )


def test_no_log_shows_a_token_or_user_even_where_sqlalchemy_logs_rows(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="sqlalchemy.engine")  # read when an engine is made
    client = Client(tmp_path / "logged.db")
    client.add(user="ada@example.com")
    mapped = {"expiry_column": "expires", "expiry_kind": "aware"}
    assert client.verify() is not None
    issued = client.issuer(**mapped).issue(Lookup("subject", "7"), "shop-de", Deadline(5))
    assert client.verify(issued, **mapped) is not None
    client.database.close()
    logged = [record.getMessage() for record in caplog.records]
    assert [line for line in logged if line.startswith("INSERT ")]
    assert not [s for s in (TOKEN, issued, "ada@example.com") for line in logged if s in line]


def test_no_repr_or_error_shows_a_token(client: Client) -> None:
    client.add(expires=0)
    session_format = client.format(expiry_column="expires")
    with pytest.raises(InvalidSession) as raised:
        session_format.verify(TOKEN, "shop-de", Deadline(5))
    assert TOKEN not in repr(raised.value) + repr(session_format) + repr(vars(session_format))


@pytest.mark.parametrize("kind", ["naive_utc", "aware", "epoch_seconds", "epoch_milliseconds"])
@given(seconds=st.integers(0, 4_000_000_000))
@settings(max_examples=50)
def test_a_moment_that_was_written_is_read_back(kind: Any, seconds: int) -> None:
    assert read_moment(write_moment(seconds, kind), kind) == seconds


def test_a_decimal_is_a_number_and_a_boolean_is_none() -> None:
    assert read_moment(Decimal("1800000000.5"), "epoch_seconds") == 1_800_000_000.5
    with pytest.raises(Unreadable):
        read_moment(True, "epoch_seconds")


def test_every_format_and_issuer_in_the_list_keeps_its_contract() -> None:
    formats: dict[str, type[SessionFormat]] = FORMATS
    issuers: dict[str, type[SessionIssuer]] = ISSUERS
    assert set(issuers) <= set(formats)
    for kind in (*formats.values(), *issuers.values()):
        assert kind.__doc__
