"""A ledger that is not the right one is refused with the remedy, and is never made by serving."""

from __future__ import annotations

from pathlib import Path

import pytest

from sso_bridge.core.deadline import Deadline
from sso_bridge.core.model import Person
from sso_bridge.errors import ConfigurationError, LedgerUnavailable
from sso_bridge.ledger import Declared, SourceDeclared, administration
from tests.ledger.first import make_first
from tests.ledger.rooms import BOB, DECLARED, KEY, Room, soon

CLUB = SourceDeclared()
MADE_WITH = Declared({"shop": SourceDeclared("acme", "derived", b"s" * 32), "club": CLUB}, key=KEY)
SHOP = MADE_WITH.sources["shop"]


def refused(room: Room, declared: Declared, *words: str) -> None:
    """At the start with the words of the remedy; in a call with a Fault, never "nobody"."""
    with pytest.raises(ConfigurationError) as caught:
        room.node(declared).open(soon())
    for word in words:
        assert word in caught.value.details
    for secret in ("s" * 32, KEY.decode(), KEY.hex(), "t" * 32):
        assert secret not in caught.value.details
    node = room.node(declared)
    for work in (
        lambda: node.binding(BOB, soon()),
        lambda: node.holder("C-1", soon()),
        lambda: node.bind(BOB, "C-1", soon(), origin="minted"),
        lambda: node.saw_login(BOB, "bob", soon()),
        lambda: node.claim("shop", "bob", soon()),
        lambda: node.check(soon()),
    ):
        with pytest.raises(LedgerUnavailable) as outage:
            work()
        assert outage.value.details == caught.value.details


def test_a_database_without_a_ledger_is_refused_and_stays_empty(empty: Room) -> None:
    refused(empty, DECLARED, "ledger create", "put it back")
    if empty.url.startswith("sqlite"):
        path = Path(empty.url.removeprefix("sqlite:///"))
        assert not path.exists()
        path.touch()
        refused(empty, DECLARED, "no ledger", "ledger create", "put it back")
        assert path.stat().st_size == 0 or not empty.tables()
    else:
        assert empty.tables() == set()


def test_an_older_schema_is_refused_and_left_as_it_is(empty: Room) -> None:
    make_first(empty.url, 5)
    before = empty.dump()
    refused(empty, DECLARED, "0001", "older", "ledger upgrade")
    assert empty.dump() == before


def test_a_newer_schema_is_refused_and_left_as_it_is(room: Room) -> None:
    room.run("UPDATE sso_bridge_revision SET version_num = '0003'")
    before = room.dump()
    refused(room, DECLARED, "0003", "newer", "release")
    assert room.dump() == before


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        (Declared(MADE_WITH.sources), ["ledger.key is missing"]),
        (Declared(MADE_WITH.sources, key=KEY[::-1]), ["ledger.key is not the one"]),
        (Declared(MADE_WITH.sources, "exact", KEY), ["ledger.uniqueness", "'canonical'"]),
        (
            Declared({**MADE_WITH.sources, "new": CLUB}, key=KEY),
            ["sources.new", "ledger add new"],
        ),
        (
            Declared({"shop": SHOP, "members": CLUB}, key=KEY),
            ["sources.members", "club renamed", "ledger rename"],
        ),
        (
            Declared({"shop": SourceDeclared("ACME", "derived", b"s" * 32), "club": CLUB}, key=KEY),
            ["sources.shop.company", "'acme'", "ledger adopt shop"],
        ),
        (
            Declared({"shop": SourceDeclared("acme", "derived", b"t" * 32), "club": CLUB}, key=KEY),
            ["sources.shop.erid.secret", "ledger adopt shop"],
        ),
    ],
    ids=["no-key", "key", "uniqueness", "new-source", "renamed", "company", "secret"],
)
def test_a_configuration_that_is_not_the_ledger_s_is_refused(
    empty: Room, declared: Declared, words: list[str]
) -> None:
    empty.create(MADE_WITH)
    before = empty.dump()
    refused(empty, declared, *words)
    assert empty.dump() == before
    empty.node(MADE_WITH).check(soon())


def test_a_key_that_the_ledger_was_not_made_with_is_refused(room: Room) -> None:
    refused(room, Declared(DECLARED.sources, key=KEY), "remove ledger.key")


def test_a_source_that_is_not_configured_any_more_does_no_harm(room: Room) -> None:
    room.node().bind(Person("club", "1"), "C-1", soon(), origin="minted")
    node = room.node(Declared({"shop": SourceDeclared()}))
    assert node.holder("C-1", soon()) == Person("club", "1")
    node.check(soon())


def test_another_ledger_in_the_place_of_a_running_node_s_is_an_outage(room: Room) -> None:
    """Made anew it would be empty, and everybody would get a second ERID."""
    node = room.node()
    node.bind(BOB, "C-1", soon(), origin="minted")
    for name in room.tables():
        room.run(f"DROP TABLE {name}")
    for work in (node.check, lambda d: node.binding(BOB, d), lambda d: node.holder("C-1", d)):
        with pytest.raises(LedgerUnavailable):
            work(Deadline(5))
    room.create()
    for work in (node.check, lambda d: node.binding(BOB, d), lambda d: node.holder("C-1", d)):
        with pytest.raises(LedgerUnavailable, match="another one"):
            work(soon())
    assert room.entries() == []


def test_a_ledger_that_was_emptied_is_an_outage(room: Room) -> None:
    node = room.node()
    node.check(soon())
    room.run("DELETE FROM sso_bridge_ledger")
    with pytest.raises(LedgerUnavailable, match="emptied"):
        node.check(soon())
    with pytest.raises(LedgerUnavailable):
        room.node().check(soon())


@pytest.mark.parametrize(
    "setting", ["url (the database's name)", "schema", "table", "subject", "erid.fingerprint"]
)
def test_a_source_whose_people_are_elsewhere_is_refused_until_it_is_adopted(
    empty: Room, setting: str
) -> None:
    place = {"url (the database's name)": "shop", "schema": "", "table": "users", "subject": "id"}
    made = Declared({"shop": SourceDeclared(place=place)})
    room = empty.create(made)
    room.node().open(soon())
    moved = Declared({"shop": SourceDeclared(place={**place, setting: "other"})})
    refused(room, moved, f"sources.shop.{setting} is 'other'", "ledger adopt shop")
    administration.adopt(room.database(), moved, "shop", soon())
    room.node(moved).open(soon())
    refused(room, made, "ledger adopt shop")


def test_a_file_that_is_replaced_under_a_running_node_is_refused(tmp_path: Path) -> None:
    room = Room(f"sqlite:///{tmp_path / 'erids.db'}").create()
    path, away = tmp_path / "erids.db", tmp_path / "away.db"
    node, watchful = room.node(watch_seconds=3600.0), room.node(watch_seconds=0.0)
    node.bind(BOB, "C-1", soon(), origin="minted")
    assert watchful.binding(BOB, soon()) is not None
    path.rename(away)
    assert node.binding(BOB, soon()) is not None  # what it knows, until it looks again
    with pytest.raises(LedgerUnavailable, match="file"):
        watchful.binding(BOB, soon())
    with pytest.raises(LedgerUnavailable, match="file"):
        node.bind(Person("shop", "2"), "C-2", soon(), origin="minted")
    other = Room(room.url).create()
    with pytest.raises(LedgerUnavailable, match="file"):
        node.bind(Person("shop", "2"), "C-2", soon(), origin="minted")
    assert other.entries() == []
    path.unlink()
    away.rename(path)
    assert node.binding(BOB, soon()) is not None
    for each in (room, other):
        each.close()


def test_a_ledger_without_transactions_is_refused(room: Room) -> None:
    if not room.url.startswith("mariadb"):
        pytest.skip("other engines have them everywhere")
    ours = "table_schema = database() AND table_name LIKE 'sso%'"
    options = room.run(
        "SELECT engine FROM information_schema.tables "
        f"WHERE {ours} AND table_name <> 'sso_bridge_revision'"
    )
    assert {engine for (engine,) in options} == {"InnoDB"}
    room.run("ALTER TABLE sso_bridge_entry ENGINE=Aria")
    refused(room, DECLARED, "Aria", "InnoDB")
