"""Making a ledger and bringing an old one to this schema, also when it is cut short."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Float, NullPool, create_engine, event

from sso_bridge.core.model import Person
from sso_bridge.errors import BridgeError, ConfigurationError, NotPossible
from sso_bridge.ledger import Declared, SourceDeclared, administration
from sso_bridge.ledger.schema import METADATA, REVISIONS
from tests.ledger.first import Known, make_first
from tests.ledger.rooms import BOB, DECLARED, KEY, Room, soon

ACME = Declared({"shop": SourceDeclared("acme", "column")})
OURS = {*METADATA.tables, REVISIONS}


class CutShort(Exception):
    pass


@contextmanager
def cut_short(room: Room, after: int, work: Any) -> Iterator[None]:
    """Do `work` on a database whose connection is lost after so many statements that change it.

    What an engine has committed by then stays."""
    database = room.database(create=True)
    left = [after]

    def count(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.split()[0].upper() in (
            "CREATE",
            "ALTER",
            "DROP",
            "INSERT",
            "DELETE",
            "UPDATE",
        ):
            if not left[0]:
                raise CutShort
            left[0] -= 1

    event.listen(database.engine, "before_cursor_execute", count)
    with pytest.raises(CutShort):
        work(database, room.declared, soon())
    database.close()
    yield


def check_upgraded(room: Room, people: list[Known]) -> None:
    node = room.node(Declared({"shop": SourceDeclared("acme"), "attic": SourceDeclared()}))
    entries = {(e["source"], e["subject"]): e for e in room.entries()}
    assert len(room.entries()) == len(people)
    for source, subject, erid, here, at in people:
        entry = entries[source, subject]
        assert (entry["erid"], bool(entry["created_here"]), entry["at"]) == (erid, here, at)
    for source, subject, erid, here, _ in people[:20]:
        binding = node.binding(Person(source, subject), soon())
        assert binding is not None and (binding.erid, binding.created_here) == (erid, here)
        assert node.holder(erid, soon()) == Person(source, subject)


def test_a_ledger_is_made_once(room: Room) -> None:
    room.node().bind(BOB, "C-1", soon(), origin="minted")
    before = room.dump()
    with pytest.raises(NotPossible, match="there is a ledger already"):
        room.create()
    assert room.dump() == before


def differences(url: str) -> list[Any]:
    """Between what the steps made and what the program works with. MariaDB says DOUBLE for a
    FLOAT(53), which is one."""

    def other_type(context: Any, old: Any, new: Any, there: Any, wanted: Any) -> bool | None:
        return False if isinstance(there, Float) and isinstance(wanted, Float) else None

    engine = create_engine(url, poolclass=NullPool)
    options = {"version_table": REVISIONS, "compare_type": other_type}
    with engine.connect() as connection:
        return list(
            compare_metadata(MigrationContext.configure(connection, opts=options), METADATA)
        )


def test_the_steps_make_exactly_the_schema(room: Room) -> None:
    assert differences(room.url) == []


def test_an_upgraded_ledger_has_exactly_the_schema(empty: Room) -> None:
    make_first(empty.url, 3)
    empty.declared = ACME
    assert empty.upgrade() == ("0001", "0002")
    assert differences(empty.url) == []


def test_the_client_s_own_tables_and_alembic_are_left_alone(empty: Room) -> None:
    engine = create_engine(empty.url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('theirs')")
    empty.create()
    assert empty.run("SELECT * FROM alembic_version") == [("theirs",)]
    assert empty.tables() == OURS | {"alembic_version"}
    empty.node().check(soon())


def test_an_upgrade_keeps_everybody(empty: Room) -> None:
    people = make_first(empty.url, 3500)
    empty.declared = ACME
    assert empty.upgrade() == ("0001", "0002")
    assert empty.tables() == OURS
    check_upgraded(empty, people)
    assert {e["origin"] for e in empty.entries() if e["source"] == "shop"} == {"column"}
    status = administration.status(empty.database(), soon())
    assert (status.entries, status.own_key) == (3500, True)
    assert {(s.name, s.company) for s in status.sources} == {("shop", "acme"), ("attic", "")}
    before = empty.dump()
    assert empty.upgrade() == ("0002", "0002")
    assert empty.dump() == before
    with pytest.raises(NotPossible, match="already"):
        empty.create()


def test_an_upgrade_may_bring_a_key(empty: Room) -> None:
    people = make_first(empty.url, 20)
    empty.declared = Declared({"shop": SourceDeclared("acme"), "attic": SourceDeclared()}, key=KEY)
    empty.upgrade()
    node = empty.node()
    assert node.holder(people[0][2], soon()) == Person(people[0][0], people[0][1])
    assert KEY.decode() not in empty.dump() and KEY.hex() not in empty.dump()
    with pytest.raises(ConfigurationError, match=r"ledger\.key is missing"):
        empty.node(ACME).open(soon())


def test_an_upgrade_that_was_cut_short_anywhere_is_repeated(empty: Room) -> None:
    people = make_first(empty.url, 12)
    empty.declared = ACME
    for after in range(100):
        try:
            with cut_short(empty, after, administration.upgrade):
                with pytest.raises(ConfigurationError, match=r"ledger upgrade|does not know"):
                    empty.node().open(soon())
                with pytest.raises(NotPossible, match="already"):
                    empty.create()
        except pytest.fail.Exception:  # it was not cut short: all is done
            break
    assert after > 5
    check_upgraded(empty, people)


def test_a_creation_that_was_cut_short_anywhere_is_completed(empty: Room) -> None:
    for after in range(100):
        try:
            with cut_short(empty, after, administration.create), pytest.raises(BridgeError):
                empty.node().open(soon())
        except pytest.fail.Exception:
            break
        except NotPossible:  # what was left to do is what an upgrade does
            empty.upgrade()
            break
    assert after > 5
    empty.node().bind(BOB, "C-1", soon(), origin="minted")
    assert empty.tables() == OURS


def test_a_schema_of_a_later_release_is_refused(room: Room) -> None:
    room.run("UPDATE sso_bridge_revision SET version_num = '0003'")
    before = room.dump()
    with pytest.raises(NotPossible, match="0003, newer than this program's 0002"):
        room.upgrade()
    with pytest.raises(NotPossible, match="already"):
        room.create()
    assert room.dump() == before


def test_there_is_nothing_to_upgrade_where_there_is_no_ledger(empty: Room) -> None:
    with pytest.raises(BridgeError):
        empty.upgrade()
    with pytest.raises(NotPossible, match="ledger create"):
        administration.status(empty.database(), soon())


def test_a_source_is_renamed_and_its_people_stay(room: Room) -> None:
    room.node().bind(BOB, "C-1", soon(), origin="minted")
    declared = Declared({"web": SourceDeclared(), "club": SourceDeclared()})
    administration.rename(room.database(), declared, "shop", "web", soon())
    node = room.node(declared)
    found = node.binding(Person("web", "1"), soon())
    assert found is not None and found.erid == "C-1"
    assert node.holder("C-1", soon()) == Person("web", "1")
    both = Declared({**declared.sources, "shop": SourceDeclared()})
    with pytest.raises(NotPossible, match="knows, or has known"):
        administration.add(room.database(), both, "shop", soon())


def test_what_cannot_be_renamed_is_refused(room: Room) -> None:
    before = room.dump()
    for declared, old, new, why in [
        (DECLARED, "shop", "club", "knows a source 'club' already"),
        (DECLARED, "shop", "web", "sources.web is not configured"),
        (Declared({**DECLARED.sources, "web": SourceDeclared()}), "shop", "web", "is configured"),
        (Declared({"web": SourceDeclared()}), "attic", "web", "knows no source 'attic'"),
    ]:
        with pytest.raises(NotPossible, match=why):
            administration.rename(room.database(), declared, old, new, soon())
    assert room.dump() == before


def test_a_source_is_added_and_its_company_and_secret_are_adopted(room: Room) -> None:
    more = Declared({**DECLARED.sources, "web": SourceDeclared("acme", "derived", KEY)})
    administration.add(room.database(), more, "web", soon())
    room.node(more).open(soon())
    other = Declared({**DECLARED.sources, "web": SourceDeclared("acme", "derived", KEY[::-1])})
    with pytest.raises(ConfigurationError, match="secret"):
        room.node(other).open(soon())
    administration.adopt(room.database(), other, "web", soon())
    room.node(other).open(soon())
    assert KEY.decode() not in room.dump() and KEY.hex() not in room.dump()
    with pytest.raises(NotPossible, match="knows, or has known"):
        administration.add(room.database(), more, "web", soon())


def test_a_ledger_that_lost_its_revision_is_not_made_anew(room: Room) -> None:
    room.node().bind(BOB, "C-1", soon(), origin="minted")
    room.run("DROP TABLE sso_bridge_revision")
    before = room.entries()
    with pytest.raises(NotPossible, match="already"):
        room.create()
    assert room.entries() == before
