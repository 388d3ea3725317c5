"""Tables of users to audit: one that is sound, and two that are spoiled in every way."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import NullPool, create_engine, make_url, text

from sso_bridge.audit import Audit, AuditedSource, Bound, audit
from sso_bridge.core.deadline import Deadline
from sso_bridge.core.erid import EridRule
from sso_bridge.core.logins import LoginRule
from sso_bridge.core.model import Fingerprint, Person
from sso_bridge.database import Database
from sso_bridge.errors import SourceUnavailable
from sso_bridge.ledger.digests import Digests
from sso_bridge.sources import ActiveRule, Column, LoginColumn, Mapping
from tests.people import NOCASE

HASH: Final = "$2b$12$" + "a" * 53
SECONDS: Final = 60.0
COLUMNS: Final = ("id", "login", "password", "status", "first_name", "last_name", "erid")
MAPPING: Final = Mapping(
    table="users",
    subject="id",
    logins=(LoginColumn("login"),),
    password=Column("password"),
    erid="erid",
    active=(ActiveRule(column=Column("status"), values=("active",)),),
    profile={"first_name": Column("first_name"), "last_name": Column("last_name")},
)
SEALED: Final = replace(MAPPING, fingerprint=("first_name",))
"""With a fingerprint."""
_COLLATED: Final = {"sqlite": " COLLATE NOCASE", "postgresql": ' COLLATE "nocase"', "mariadb": ""}

User = dict[str, Any]
Expected = dict[str, set[str]]


def user(subject: str | None, **cells: Any) -> User:
    """A row that is sound but for `cells`."""
    return {
        "id": subject,
        "login": f"{subject}@example.com",
        "password": HASH,
        "status": "active",
        "first_name": "Ann",
        "last_name": "Lee",
        "erid": f"erid of {subject}",
        **cells,
    }


def engine_of(url: str) -> str:
    return make_url(url).get_backend_name()


def fill(url: str, rows: Sequence[User], *, table: str = "users", sound: bool = False) -> None:
    """A table with `rows`. `sound` ones have keys; others take everything, and their logins are
    compared by a collation that does not see case."""
    wide = "VARCHAR(400)"
    login = f"{wide}{'' if sound else _COLLATED[engine_of(url)]}"
    kinds = {"id": wide, "login": login, **dict.fromkeys(COLUMNS[2:], wide)}
    if sound:
        kinds |= {
            "id": "VARCHAR(100) PRIMARY KEY",
            "login": "VARCHAR(100)",
            "erid": "VARCHAR(100)",
        }
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        if not sound and engine.dialect.name == "postgresql":
            connection.execute(text(NOCASE.replace("COLLATION", "COLLATION IF NOT EXISTS")))
        columns = ", ".join(f"{name} {kind}" for name, kind in kinds.items())
        columns += ", UNIQUE (login), UNIQUE (erid)" if sound else ""
        connection.execute(text(f"CREATE TABLE {table} ({columns})"))
        marks = ", ".join(f":{name}" for name in COLUMNS)
        if rows:
            connection.execute(text(f"INSERT INTO {table} VALUES ({marks})"), list(rows))


def source(url: str, name: str = "shop", *, table: str = "users", **changes: Any) -> AuditedSource:
    """The table as a source to audit."""
    database = Database(url, what=f"source {name!r}", unavailable=SourceUnavailable, pool_size=1)
    settings = {"logins": LoginRule.EXACT, "erids": EridRule(), "mapping": MAPPING, **changes}
    mapping: Mapping = settings.pop("mapping")
    columns = {f: getattr(mapping, f) for f in Mapping.__dataclass_fields__}
    return AuditedSource(
        name=name,
        database=database,
        mapping=Mapping(**{**columns, "table": table}),
        strategy="column" if mapping.erid else "minted",
        **settings,
    )


@contextmanager
def audited(
    *sources: AuditedSource, ledger: Sequence[Bound] = (), **settings: Any
) -> Iterator[Audit]:
    """The audit of `sources`, with a ledger of these bindings, in two batches."""
    batches = [ledger[:1], ledger[1:]]
    with audit(sources, batches, Deadline(SECONDS), version="1", **settings) as done:
        yield done
    for one in sources:
        one.database.close()


def found(done: Audit) -> Expected:
    """For each check that found somebody, who: source and subject."""
    who: Expected = {}
    for row in done.rows():
        who.setdefault(row.check, set()).add(f"{row.source} {row.subject}")
    return who


SPOILED: Final[tuple[User, ...]] = (
    user("sound"),
    user("gone", status="inactive"),
    user("dup1", erid="dup"),
    user("dup2", erid="dup"),
    user("alike1", erid="Alike 7"),
    user("alike2", erid="alike7"),
    user("both", erid="in both"),
    user("half", erid="Halfway"),
    user("taken", erid="taken"),
    user("looks", erid="LOOKS"),
    user("changed", erid="now"),
    user("moved", erid="of no account"),
    user("swapped1", erid="given to 2"),
    user("swapped2", erid="given to 3"),
    user("swapped3", erid="given to 1"),
    user("reborn", first_name="Eve"),
    user("stayed", first_name="Eve"),
    user("ended"),
    user("secondhand", erid="second hand"),
    user("null", erid=None),
    user("blank", erid="\u200b "),
    user("long", erid="x" * 256),
    user("control", erid="con\x01trol"),
    user("spaces", erid=" spaced"),
    user("pattern", erid="no #"),
    user("email", erid="me@example.org"),
    user("login", login="log1", erid="LOG1"),
    user("name", first_name="Zed", last_name="Zeppelin", erid="zed.zeppelin"),
    user(None, login="nobody@example.com", erid="nobody"),
    user("bad\x02", login="bad@example.com", erid="bad"),
    user("same", login="same1@example.com", erid="same1"),
    user("same", login="same2@example.com", erid="same2"),
    user("nologin", login=None),
    user("blanklogin", login="\t"),
    user("longlogin", login="x" * 300),
    user("controllogin", login="a\x01b"),
    user("padded", login=" padded@example.com"),
    user("twin1", login="twin@example.com"),
    user("twin2", login="twin@example.com"),
    user("case1", login="Case@example.com"),
    user("case2", login="case@example.com"),
    user("accent1", login="josé@example.com"),
    user("accent2", login="jose@example.com"),
    user("nopassword", password=None),
    user("locked", password="!"),
    user("clear", password="open sesame!"),
    user("cut", password=HASH[:50]),
)
PARTNERS: Final[tuple[User, ...]] = (
    user("p1", erid="in both"),
    user("p2", erid="halfway"),
    user("p3", login="Pat@example.com"),
    user("p4", login="pat@example.com"),
)
_DIGESTS: Final = Digests(b"k" * 32, "canonical")


def seal(person: Person, fingerprint: Fingerprint) -> str:
    """A seal as the ledger makes it."""
    return _DIGESTS.seal(f"key of {person.source}", person.subject, fingerprint)


def sealed(subject: str, *cells: str | None, columns: Sequence[str] = ("first_name",)) -> str:
    """The seal of a user of the shop whose fingerprint is `cells`."""
    values = None if all(cell is None for cell in cells) else json.dumps(cells)
    return seal(Person("shop", subject), Fingerprint(json.dumps(columns), values))


LEDGER: Final[tuple[Bound, ...]] = (
    Bound("shop", "sound", "erid of sound"),
    Bound("shop", "left1", "taken"),
    Bound("shop", "left2", "looks"),
    Bound("shop", "changed", "before"),
    Bound("shop", "moved", "imported once", from_column=False),
    Bound("shop", "swapped1", "given to 1", from_column=False),
    Bound("shop", "swapped2", "given to 2", from_column=False),
    Bound("shop", "swapped3", "given to 3", from_column=False),
    Bound("shop", "reborn", "erid of reborn", seal=sealed("reborn", "Ann")),
    Bound("shop", "stayed", "erid of stayed", seal=sealed("stayed", "Eve")),
    Bound("former", "1", "of a former source"),
)


class Ended:
    """What an operator took back."""

    def subject(self, source: str, subject: str) -> bool:
        return (source, subject) == ("shop", "ended")

    def erid(self, erid: str) -> bool:
        return erid == "second hand"


def _shop(*subjects: str) -> set[str]:
    return {f"shop {subject}" for subject in subjects}


def expected(engine: str) -> Expected:
    """What is wrong with `SPOILED` and `PARTNERS`."""
    one_to_the_database = {"case1", "case2"}
    if engine == "mariadb":
        one_to_the_database |= {"accent1", "accent2"}
    return {
        "erid_duplicated": _shop("dup1", "dup2"),
        "erid_duplicated_across": {"shop both", "partners p1"},
        "erid_alike": _shop("alike1", "alike2"),
        "erid_alike_across": {"shop half", "partners p2"},
        "erid_taken": _shop("taken"),
        "erid_taken_alike": _shop("looks"),
        "erid_changed": _shop("changed"),
        "erid_retired": _shop("secondhand"),
        "subject_retired": _shop("ended"),
        "subject_reused": _shop("reborn"),
        "erid_missing": _shop("null"),
        "erid_blank": _shop("blank"),
        "erid_too_long": _shop("long"),
        "erid_control": _shop("control"),
        "erid_spaces": _shop("spaces"),
        "erid_pattern": _shop("pattern"),
        "erid_email": _shop("email"),
        "erid_login": _shop("login"),
        "erid_name": _shop("name"),
        "subject_unusable": _shop("", "bad\ufffd"),
        "subject_duplicated": _shop("same"),
        "login_missing": _shop("nologin", "blanklogin"),
        "login_unusable": _shop("longlogin", "controllogin"),
        "login_spaces": _shop("padded"),
        "login_duplicated": _shop("twin1", "twin2") | {"partners p3", "partners p4"},
        "login_case": _shop("case1", "case2"),
        "login_accents": _shop("accent1", "accent2"),
        "login_collation": _shop(*one_to_the_database),
        "password_missing": _shop("nopassword", "locked"),
        "password_unknown": _shop("clear"),
        "password_unusable": _shop("cut"),
        "ledger_gone": _shop("left1", "left2"),
        "ledger_stranger": {"former 1"},
    }
