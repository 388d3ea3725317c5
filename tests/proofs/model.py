"""The bridge and its ledger against a model of them, through whatever may happen in between.

A machine plays a small town: people come, rename themselves, leave and come back, their rows and
columns are changed behind the bridge's back, operators assign, relink and retire, the
configuration changes, nodes restart and time goes by. After every step the model, which is
plain Python and knows who each row's person is, says what the answer had to be.

    python -m tests.proofs.model [--examples N] [--steps N] [--seed N]
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import shutil
import sqlite3
import sys
import tempfile
import time
import unicodedata
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cache, partial, wraps
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar
from unittest import mock

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import URL, Engine, create_engine

from sso_bridge.config.model import Settings
from sso_bridge.core.deadline import Deadline
from sso_bridge.core.model import (
    CreateUser,
    GetUser,
    Login,
    Lookup,
    Person,
    Profile,
    ProfileAnswer,
    Refusal,
    UserKey,
    ValidateSession,
)
from sso_bridge.errors import LedgerUnavailable
from sso_bridge.ledger import Memory, Register
from sso_bridge.ledger.digests import Digests
from sso_bridge.ledger.register import NotPossible, Pair
from sso_bridge.passwords import MAKERS
from sso_bridge.passwords.schemes.pbkdf2 import Pbkdf2Maker
from sso_bridge.wiring import Parts, assemble, create_ledger
from sso_bridge.wiring.ledger import declared_ledger, ledger_database
from tests.people import SECRET

__all__ = ["Broken", "Tally", "Town", "TownWithFingerprints", "play"]

WATCH: Final = 2.0
"""Seconds, of a clock that the machine moves."""
SECONDS: Final = 30.0
LOGINS: Final = ("ann", "bob", "Bob", "cy")
ERIDS: Final = ("e1", "e2", "E1", "e 2", "Ｅ2", "e3")
"""Four of them look alike to somebody."""
UNUSABLE: Final = (None, "", " e1")
DERIVING: Final = "a secret of the town that nobody could ever guess"
KEYS: Final = 60
STRATEGIES: Final[dict[str, dict[str, Any]]] = {
    "column": {"strategy": "column", "column": "erid"},
    "minted": {"strategy": "minted"},
    "derived": {"strategy": "derived", "secret": DERIVING},
    "imported": {"strategy": "imported"},
    "newcomers": {"strategy": "imported", "newcomers": "minted"},
}
USERS: Final = """
CREATE TABLE users (id INTEGER PRIMARY KEY {auto}, login TEXT NOT NULL UNIQUE, password TEXT,
    status TEXT DEFAULT 'active', first_name TEXT, erid TEXT, born TEXT);
CREATE TABLE tokens (token TEXT, user_id INTEGER, expires INTEGER);
"""
BOUND: Final = ("bound", "created", "sealed", "relinked")
FRESH: Final = "(a new one)"
CHEAP: Final = Pbkdf2Maker(iterations=1)
HASH: Final = CHEAP.make(SECRET.encode())

Choice = st.integers(0, 11)
Rule = TypeVar("Rule", bound=Callable[..., None])


class Broken(AssertionError):
    """The bridge did what the model rules out."""


def claim(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Broken(otherwise)


def folded(erid: str) -> str:
    """What the model thinks may be mistaken for each other; its own idea of it."""
    return unicodedata.normalize("NFKC", erid).casefold().replace(" ", "")


@dataclass
class Tally:
    """What a run did."""

    examples: int = 0
    steps: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    alarms: Counter[str] = field(default_factory=Counter)

    def alarm(self, kind: str, details: str) -> None:
        self.alarms[kind] += 1

    def notice(self, kind: str, details: str) -> None:
        self.alarms[kind] += 1

    def step(self, what: str, **facts: str) -> None:
        """Not counted."""


@dataclass(slots=True)
class Row:
    """A row of the users, and whose it is: `who` is an identity that no database has."""

    key: int
    login: str
    erid: str | None
    who: str


@dataclass(frozen=True, slots=True)
class Side:
    """What the ledger knows of a primary key. `sealed` is the person it was sealed for."""

    action: str
    erid: str | None = None
    origin: str = ""
    sealed: str | None = None
    ours: bool = False
    forgotten: bool = False

    @property
    def bound(self) -> bool:
        return self.action == "bound"


@dataclass(slots=True)
class Node:
    """One process of the bridge, and the operators' changes it knew at its last look."""

    parts: Parts
    looked: float = float("-inf")
    knows: int = -1


def counted(method: Rule) -> Rule:
    """A rule that is counted, and after which everything is held against the model.

    Time goes by, and after every fourth somebody asks for everybody."""

    @wraps(method)
    def step(self: Town, *args: Any, **kwargs: Any) -> None:
        self.tally.steps[method.__name__] += 1
        method(self, *args, **kwargs)
        self.compare()
        self.played += 1
        self.now += WATCH / 5
        if self.played % 4 == 0:
            self.ask_for_everybody(self.played // 4)
            self.compare()

    return step  # type: ignore[return-value]


class Place:
    """The two databases that all towns of a kind are in, one after the other.

    Engines are kept over restarts of nodes: they are most of what a start costs, and hold
    nothing that a node knows."""

    def __init__(self, fingerprinted: bool) -> None:
        folder = tempfile.mkdtemp(prefix="town-", dir=memory_folder())
        self.folder = Path(folder)
        self._engines: dict[tuple[object, ...], Engine] = {}
        self._open = ExitStack()
        self._open.callback(shutil.rmtree, folder, ignore_errors=True)
        auto = "" if fingerprinted else "AUTOINCREMENT"  # without it SQLite reuses the last key
        self.users = self._connect("users.db")
        self.users.executescript(USERS.format(auto=auto))
        tokens = [(f"token-{key}", key, 4_000_000_000) for key in range(1, KEYS)]
        self.users.executemany("INSERT INTO tokens VALUES (?, ?, ?)", tokens)
        settings = configuration("derived", fingerprinted)
        create_ledger(settings, self.folder)
        self.ledger = self._connect("erids.db")
        stored = self.ledger.execute("SELECT digest_key FROM sso_bridge_ledger").fetchone()
        self.digests = Digests(bytes.fromhex(stored[0]), "canonical")
        with self.engines("operator"):
            database = ledger_database(settings, self.folder, call_seconds=SECONDS)
        self.register = Register(database, declared_ledger(settings))
        self._reset = [f"DELETE FROM sso_bridge_{name}" for name in ("entry", "login", "claim")]
        self._sequences = "" if fingerprinted else "; DELETE FROM sqlite_sequence"

    def _connect(self, name: str) -> sqlite3.Connection:
        connection = sqlite3.connect(self.folder / name, isolation_level=None)
        connection.execute("PRAGMA synchronous=OFF")
        self._open.callback(connection.close)
        return connection

    def engines(self, owner: object) -> Any:
        """While this is entered, engines of `owner` are those that it had before."""

        def engine(url: URL, **options: Any) -> Engine:
            key = (owner, str(url))
            if key not in self._engines:
                self._engines[key] = create_engine(url, **options)
                self._open.callback(self._engines[key].dispose)
            return self._engines[key]

        return mock.patch("sso_bridge.database.connection.create_engine", engine)

    def clear(self) -> None:
        """Nobody lives here, and nobody ever did."""
        self.users.executescript("DELETE FROM users" + self._sequences)
        for statement in self._reset:
            self.ledger.execute(statement)

    def close(self) -> None:
        """Remove everything."""
        self._open.close()


def memory_folder() -> str | None:
    """A folder in memory, None where there is none."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


@cache
def configuration(strategy: str, fingerprinted: bool) -> Settings:
    born = {"fingerprint": ["born"]} if fingerprinted else {}
    source = {
        "url": "sqlite:///users.db",
        "table": "users",
        "subject": "id",
        "login": "login",
        "password": "password",
        "active": {"column": "status", "values": ["active"]},
        "profile": {"first_name": "first_name"},
        "erid": {**STRATEGIES[strategy], **born},
        "create_values": {"born": {"make": "uuid"}},
    }
    tokens = {
        "kind": "table",
        "source": "shop",
        "table": "tokens",
        "token_column": "token",
        "hashing": "plain",
        "user_column": "user_id",
        "expiry_column": "expires",
        "expiry_kind": "epoch_seconds",
    }
    return Settings.model_validate(
        {
            "hashing": {"workers": 1},
            "ledger": {"watch_seconds": WATCH},
            "sources": {"shop": source},
            "sessions": {"web": tokens},
            "sites": {"de": {"source": "shop", "create": True, "sessions": ["web"]}},
        }
    )


class Town(RuleBasedStateMachine):
    """The machine without a fingerprint: there a reused primary key cannot be known, so none is.

    `tally` is where it counts what it did, `place` where its databases are."""

    fingerprinted: ClassVar[bool] = False
    tally: ClassVar[Tally]
    place: ClassVar[Place]

    def __init__(self) -> None:
        super().__init__()
        self.tally.examples += 1
        self.place.clear()
        self.users, self.register = self.place.users, self.place.register
        digests = self.place.digests
        self.key_of = {digests.subject("shop", str(key)): key for key in range(1, KEYS)}
        self.login_of = {digests.login("shop", login): login for login in LOGINS}

        self.now = 1000.0
        self.played = 0
        self.changes = 0
        self.born = 0
        self.highest = 0
        self.strategy = "column"
        self.rows: dict[int, Row] = {}
        self.subjects: dict[int, list[tuple[int, Side]]] = {}
        self.taken: dict[str, tuple[str | None, int | None]] = {}
        """By folded ERID: how it is written (None if forgotten), and whose it last was."""
        self.cut: set[str] = set()
        """Logins of creations that were cut short."""
        self.had: dict[str, str] = {}
        self.owner: dict[str, str] = {}
        """What people were answered with, until an operator decided otherwise."""
        self.nodes: list[Node] = []
        for place in range(2):
            self.nodes.append(self._node(place))

    # The town itself

    def _node(self, place: int) -> Node:
        memory = partial(Memory, clock=lambda: self.now)
        with (
            self.place.engines(place),
            mock.patch.dict(MAKERS, {"argon2id": lambda: CHEAP}),
            mock.patch("sso_bridge.wiring.parts.Memory", memory),
        ):
            settings = configuration(self.strategy, self.fingerprinted)
            node = Node(assemble(settings, self.place.folder, self.tally))
        pool, ledger = node.parts.pool, node.parts.ledger
        pool.run = lambda work, password, deadline: work(password)  # type: ignore[method-assign]
        look = ledger._generation

        def looked(deadline: Deadline) -> int:
            node.looked, node.knows = self.now, self.changes
            return look(deadline)

        ledger._generation = looked  # type: ignore[method-assign]
        return node

    def _newborn(self) -> str:
        self.born += 1
        return f"person {self.born}"

    def _insert(self, key: int | None, login: str, erid: str | None) -> None:
        """A row of a new person, by the client."""
        who = self._newborn()
        done = self.users.execute(
            "INSERT INTO users (id, login, password, first_name, erid, born)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (key, login, HASH, who, erid, who),
        )
        assert done.lastrowid is not None
        self.rows[done.lastrowid] = Row(done.lastrowid, login, erid, who)
        self.highest = max(self.highest, done.lastrowid)

    def _of_login(self, login: str | None) -> Row | None:
        return next((row for row in self.rows.values() if row.login == login), None)

    def _row(self, choice: int) -> Row | None:
        rows = list(self.rows.values())
        return rows[choice % len(rows)] if rows else None

    def _some_erid(self, choice: int) -> str:
        """One that is in use, or was, or looks like one, or is new."""
        known = [erid for erid, _ in self.taken.values() if erid is not None]
        pool = (*ERIDS, *known[-8:])
        return pool[choice % len(pool)]

    # What the model knows

    def side(self, key: int) -> Side | None:
        return self.subjects[key][-1][1] if key in self.subjects else None

    def _put(self, key: int, side: Side, *, operator: bool = False) -> None:
        """The state of a primary key from now on; old nodes may know the one before it."""
        states = self.subjects.setdefault(key, [])
        if states and not operator and states[-1][0] <= self.changes:
            states[-1] = (states[-1][0], side)
        else:
            states.append((self.changes, side))

    def _bind(self, key: int, erid: str, side: Side) -> None:
        self._put(key, replace(side, action="bound", erid=erid))
        self.taken[folded(erid)] = (erid, key)

    def _fresh(self, erid: str | None) -> str | None:
        """The ERID that was made up, if it is one that nobody could have known."""
        if erid is not None:
            claim(folded(erid) not in self.taken, "an ERID that was made up was there before")
            claim(len(erid) == 36, "an ERID that was made up is no UUID")
        return FRESH if erid is None else erid

    def _usable(self, erid: str | None) -> bool:
        return erid is not None and erid.strip() == erid != ""

    def _proposed(self, row: Row, made: str | None, *, newborn: bool = False) -> str | None:
        """The ERID that a person with none should get, None if that is refused. `made` is the one
        they seem to have got, which must be it where it cannot be foretold."""
        if self.strategy == "column":
            if not self._usable(row.erid):
                return None
            alone = sum(other.erid == row.erid for other in self.rows.values()) == 1
            return row.erid if alone or newborn else None
        if self.strategy == "derived":
            message = f"shop\0{row.key}".encode()
            return hmac.new(DERIVING.encode(), message, hashlib.sha256).hexdigest()[:40]
        if self.strategy == "imported" and not newborn:
            return None
        return self._fresh(made)

    @property
    def _origin(self) -> str:
        return "imported" if self.strategy == "newcomers" else self.strategy

    def _first(self, row: Row, made: str | None, *, newborn: bool = False) -> bool:
        """Whether a person with none gets an ERID now."""
        erid = self._proposed(row, made, newborn=newborn)
        if erid is None or folded(erid) in self.taken:
            return False
        claim(erid != FRESH, "somebody was refused whom an ERID had to be made for")
        sealed = row.who if self.fingerprinted else None
        self._bind(row.key, erid, Side("bound", erid, self._origin, sealed, newborn))
        return True

    def _guarded(self, row: Row | None, made: str | None) -> str | None:
        """The ERID that an answer about `row` must have, None if there must be none."""
        if row is None:
            return None
        if row.key not in self.subjects and not self._first(row, made):
            return None
        side = self.side(row.key)
        assert side is not None
        if not side.bound:
            return None
        if self.fingerprinted and side.sealed is None:
            side = replace(side, sealed=row.who)
            self._put(row.key, side)
        if side.sealed not in (None, row.who):
            return None
        if side.origin == "column" == self.strategy and row.erid != side.erid:
            return None
        return side.erid

    def _named(self, erid: str) -> Row | None:
        """The row that an ERID names."""
        written, key = self.taken.get(folded(erid), (None, None))
        side = None if key is None else self.side(key)
        if written == erid and key is not None and side is not None and side.bound:
            return self.rows.get(key)
        if self.strategy != "column":
            return None
        found = [row for row in self.rows.values() if row.erid == erid]
        return found[0] if len(found) == 1 else None

    # Asking, and judging the answer

    def _ask(
        self,
        node: Node,
        call: Callable[[], Any],
        *,
        means: Callable[[str | None], str | None],
        login: str | None = None,
        erid: str | None = None,
        key: int | None = None,
    ) -> None:
        """Make one call and hold its answer against the model. `means` says which ERID it must
        have, given the one that it has; the others are the keys that were sent."""
        old = node.knows if self.now - node.looked < WATCH else self.changes
        try:
            answer = call()
        except Exception as error:
            raise Broken(f"it raised {type(error).__name__}") from error
        yes = not isinstance(answer, Refusal)
        self.tally.answers[f"{type(answer).__name__} {getattr(answer, 'kind', '')}".strip()] += 1
        given = answer.key.external_reference_id if yes else None
        if old < self.changes:
            self._absorb()
        else:
            expected = means(given)
            claim(given == expected, f"answered {given}, and had to answer {expected}")
        if not yes:
            return
        claim(given is not None, "an answer without an ERID")
        claim(answer.key.user_id == given, "userID and ERID differ")
        row = self._of_login(answer.key.login_id)
        claim(row is not None, "the answer names a login that nobody has")
        assert row is not None and given is not None
        if isinstance(answer, ProfileAnswer):
            claim(answer.profile.first_name == row.who, "the answer has another person's name")
        claim(login in (None, row.login), "another login than the one asked for")
        claim(erid in (None, given), "another ERID than the one asked for")
        claim(key in (None, row.key), "another primary key than the one in the session")
        self._answered(row, given, old)

    def _answered(self, row: Row, erid: str, old: int) -> None:
        """`row` was answered with `erid` by a node that knew the changes up to `old`."""
        states = self.subjects[row.key]
        first = max((i for i, (change, _) in enumerate(states) if change <= old), default=0)
        seen = [side for _, side in states[first:] if side.bound and side.erid == erid]
        claim(bool(seen), "not the person's ERID, not even before the last change")
        claim(
            any(side.sealed in (None, row.who) for side in seen),
            "the ERID of somebody who had the primary key before",
        )
        current = states[-1][1]
        if not current.bound or current.erid != erid:
            return
        claim(self.had.setdefault(row.who, erid) == erid, "one person, two ERIDs")
        claim(self.owner.setdefault(folded(erid), row.who) == row.who, "two people, one ERID")

    def _absorb(self) -> None:
        """Take over what a node with an old memory did to the ledger, as far as any node may."""
        for key, newest in self._newest("subject").items():
            row, side = self.rows.get(key), self.side(key)
            if row is None or newest["action"] not in BOUND:
                continue
            if side is None:
                born = bool(newest["created_here"])
                claim(
                    self._first(row, newest["erid"], newborn=born),
                    "somebody got an ERID who had to be refused",
                )
            elif side.bound:
                seals = self.fingerprinted and side.sealed is None and newest["seal"] is not None
                sealed = row.who if seals else side.sealed
                ours = side.ours or bool(newest["created_here"])
                self._put(key, replace(side, sealed=sealed, ours=ours))
        self.cut = self._cut_short()

    def _cut_short(self) -> set[str]:
        rows = self.place.ledger.execute(
            "SELECT login_digest, owner FROM sso_bridge_claim"
        ).fetchall()
        claim(all(owner == "" for _, owner in rows), "a claim is still held")
        return {self.login_of[digest] for digest, _ in rows}

    # The ledger's table

    def _entries(self) -> list[dict[str, Any]]:
        cursor = self.place.ledger.execute("SELECT * FROM sso_bridge_entry ORDER BY id")
        names = [name for name, *_ in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def _newest(self, what: str) -> dict[Any, dict[str, Any]]:
        """The newest entry of each primary key or each digest of an ERID, the table being sound."""
        newest: dict[Any, dict[str, Any]] = {}
        for entry in self._entries():
            digest = entry[f"{what}_digest"]
            if digest is None:
                continue
            key = self.key_of[digest] if what == "subject" else digest
            before = newest.get(key, {f"{what}_turn": 0})[f"{what}_turn"]
            claim(entry[f"{what}_turn"] == before + 1, f"a turn of a {what} is missing")
            newest[key] = entry
        return newest

    def compare(self) -> None:
        """The ledger's table is sound, and says what the model says."""
        subjects, erids = self._newest("subject"), self._newest("erid")
        bound: dict[str, int] = {}
        for key, entry in subjects.items():
            side = self.side(key)
            claim(side is not None, "the ledger knows somebody whom nobody asked about")
            assert side is not None
            action = "bound" if entry["action"] in BOUND else entry["action"]
            claim(action == side.action, f"the ledger has {action} for {side}")
            if side.bound:
                mine = (entry["erid"], entry["origin"], bool(entry["created_here"]))
                claim(mine == (side.erid, side.origin, side.ours), f"{mine} is not {side}")
                sealed = entry["seal"] is not None
                claim(sealed == (side.sealed is not None), f"sealed: {sealed}, in {side}")
                same = erids[entry["erid_digest"]]["id"] == entry["id"]
                claim(same, "the newest entry of an ERID is not that of its person")
                claim(
                    bound.setdefault(folded(entry["erid"]), key) == key, "an ERID is two people's"
                )
            elif side.forgotten:
                claim(entry["subject"] is None is entry["erid"], "somebody was not forgotten")
        claim(subjects.keys() == self.subjects.keys(), "the ledger does not know somebody")
        for entry in erids.values():
            whole = entry["action"] not in BOUND or (
                subjects[self.key_of[entry["subject_digest"]]]["id"] == entry["id"]
            )
            claim(whole, "the newest entry of a person is not that of their ERID")
        claim(self._cut_short() == self.cut, "another creation is cut short than was")

    # Rules: what the bridge is asked

    @rule(node=Choice, login=st.sampled_from(LOGINS))
    @counted
    def log_in(self, node: int, login: str) -> None:
        on = self.nodes[node % 2]
        request = Login(UserKey(login_id=login, site_id="de"), SECRET)
        self._ask(
            on,
            lambda: on.parts.bridge.login(request, Deadline(SECONDS)),
            means=lambda made: self._guarded(self._of_login(login), made),
            login=login,
        )

    @rule(node=Choice, login=st.sampled_from(LOGINS))
    @counted
    def get_by_login(self, node: int, login: str) -> None:
        self._get(node, login, None)

    @rule(node=Choice, choice=Choice)
    @counted
    def get_by_erid(self, node: int, choice: int) -> None:
        self._get(node, None, self._some_erid(choice))

    @rule(node=Choice, login=st.sampled_from(LOGINS), choice=Choice)
    @counted
    def get_by_both(self, node: int, login: str, choice: int) -> None:
        """Mostly keys of two people."""
        self._get(node, login, self._some_erid(choice))

    @rule(node=Choice, choice=Choice)
    @counted
    def get_by_own_keys(self, node: int, choice: int) -> None:
        row = self._row(choice)
        side = None if row is None else self.side(row.key)
        if row is not None and side is not None:
            self._get(node, row.login, side.erid)

    def ask_for_everybody(self, node: int) -> None:
        for row in list(self.rows.values()):
            self._get(node, row.login, None)
            side = self.side(row.key)
            if side is not None and side.erid is not None:
                self._get(node, None, side.erid)

    def _get(self, node: int, login: str | None, erid: str | None) -> None:
        on = self.nodes[node % 2]
        key = UserKey(login_id=login, external_reference_id=erid, site_id="de")
        self._ask(
            on,
            lambda: on.parts.bridge.get_user(GetUser(key), Deadline(SECONDS)),
            means=lambda made: self._meant(login, erid, made),
            login=login,
            erid=erid,
        )

    def _meant(self, login: str | None, erid: str | None, made: str | None) -> str | None:
        if erid is None:
            return self._guarded(self._of_login(login), made)
        row = self._named(erid)
        if row is None or login not in (None, row.login):
            return None
        return erid if self._guarded(row, made) == erid else None

    @rule(node=Choice, choice=Choice, erid=st.none() | Choice)
    @counted
    def validate_session(self, node: int, choice: int, erid: int | None) -> None:
        keys = sorted({*self.rows, *self.subjects, 1})
        key = keys[choice % len(keys)]
        sent = None if erid is None else self._some_erid(erid)
        on = self.nodes[node % 2]
        asked = UserKey(external_reference_id=sent, site_id="de")
        request = ValidateSession(asked, f"token-{key}")

        def means(made: str | None) -> str | None:
            row = self.rows.get(key)
            if sent is not None and (row is None or self._named(sent) is not row):
                return None
            erid = self._guarded(row, made)
            return erid if sent in (None, erid) else None

        self._ask(
            on,
            lambda: on.parts.bridge.validate_session(request, Deadline(SECONDS)),
            means=means,
            erid=sent,
            key=key,
        )

    @precondition(lambda self: self.highest < KEYS - 2)
    @rule(node=Choice, login=st.sampled_from(LOGINS))
    @counted
    def create(self, node: int, login: str) -> None:
        on, before = self.nodes[node % 2], self._of_login(login)
        key = self._next_key()
        self._ask(
            on,
            lambda: self._create(on, login),
            means=lambda made: (
                self._made(key, login, made) if before is None else self._again(before, made)
            ),
            login=login,
        )

    @precondition(lambda self: self.highest < KEYS - 2)
    @rule(node=Choice, login=st.sampled_from(LOGINS))
    @counted
    def create_cut_short(self, node: int, login: str) -> None:
        """The ledger is lost between the user's row and the ERID."""
        on, key = self.nodes[node % 2], self._next_key()
        if self._of_login(login) is not None:
            return
        with mock.patch.object(on.parts.ledger, "bind", side_effect=LedgerUnavailable("cut")):
            try:
                answer = self._create(on, login)
            except LedgerUnavailable:
                self.tally.answers["LedgerUnavailable"] += 1
            else:
                claim(isinstance(answer, Refusal), "an account was made without the ledger")
        self._made(key, login, None, cut=True)

    def _next_key(self) -> int:
        """The primary key that SQLite will give."""
        return 1 + (max(self.rows, default=0) if self.fingerprinted else self.highest)

    def _create(self, node: Node, login: str) -> Any:
        profile = Profile(first_name=f"person {self.born + 1}")
        request = CreateUser(UserKey(login_id=login, site_id="de"), profile, SECRET)
        try:
            return node.parts.bridge.create_user(request, Deadline(SECONDS))
        finally:
            self._note_row(login)

    def _note_row(self, login: str) -> None:
        """A row that a creation made, if it did."""
        found = self.users.execute("SELECT id, erid FROM users WHERE login = ?", (login,))
        cells = found.fetchone()
        if cells is not None and cells[0] not in self.rows:
            self.rows[cells[0]] = Row(cells[0], login, cells[1], self._newborn())
            self.highest = max(self.highest, cells[0])

    def _made(self, key: int, login: str, made: str | None, *, cut: bool = False) -> str | None:
        """The ERID that a creation must be answered with that found no such login."""
        row = self._of_login(login)
        if key in self.subjects:
            claim(row is None, "a primary key that was somebody's was given to a new account")
            self.cut.discard(login)
            return None
        claim(row is not None and row.key == key, "a creation made no row, or one of its own mind")
        assert row is not None
        if cut or not self._first(row, made, newborn=True):
            self.cut.add(login)
            return None
        self.cut.discard(login)
        return self._guarded(row, made)

    def _again(self, row: Row, made: str | None) -> str | None:
        """The ERID that a creation must be answered with whose login was there."""
        side = self.side(row.key)
        if side is not None and not side.bound:
            return None
        if side is None or not side.ours:
            if row.login not in self.cut or not self._resumed(row, side, made):
                return None
            self.cut.discard(row.login)
        return self._guarded(row, made)

    def _resumed(self, row: Row, side: Side | None, made: str | None) -> bool:
        """Whether a creation that was cut short is completed."""
        column = self.strategy == "column"
        if column and not self._usable(row.erid):
            return False
        if side is None:
            return self._first(row, made, newborn=True)
        self._put(row.key, replace(side, ours=True))
        return not column or row.erid == side.erid

    # Rules: what the client does to the users

    @initialize(
        strategy=st.sampled_from(["column", "column", "column", *STRATEGIES]),
        people=st.integers(2, len(LOGINS)),
        known=st.booleans(),
    )
    def begin(self, strategy: str, people: int, known: bool) -> None:
        """Some live here already, and may have been asked for."""
        self.change_strategy(strategy)
        for login, erid in zip(LOGINS[:people], ("e1", "e2", "e3", None), strict=False):
            self._insert(None, login, erid)
        if known:
            self.ask_for_everybody(0)
            self.compare()

    @precondition(lambda self: self.highest < KEYS - 2)
    @rule(login=st.sampled_from(LOGINS), choice=Choice, column=st.booleans())
    @counted
    def insert(self, login: str, choice: int, column: bool) -> None:
        if self._of_login(login) is None:
            self._insert(None, login, self._some_erid(choice) if column else None)

    @rule(choice=Choice, login=st.sampled_from(LOGINS))
    @counted
    def rename(self, choice: int, login: str) -> None:
        row = self._row(choice)
        if row is not None and self._of_login(login) is None:
            self.users.execute("UPDATE users SET login = ? WHERE id = ?", (login, row.key))
            row.login = login

    @rule(choice=Choice)
    @counted
    def delete(self, choice: int) -> None:
        row = self._row(choice)
        if row is not None:
            self._delete(row)

    @precondition(lambda self: self.highest < KEYS - 2)
    @rule(choice=Choice)
    @counted
    def recreate(self, choice: int) -> None:
        """The login is another person's now, with another primary key."""
        row = self._row(choice)
        if row is not None:
            self._delete(row)
            self._insert(self.highest + 1, row.login, row.erid)

    @rule(choice=Choice, erid=st.sampled_from(UNUSABLE) | Choice)
    @counted
    def change_column(self, choice: int, erid: str | int | None) -> None:
        row = self._row(choice)
        if row is not None:
            self._write(row, self._some_erid(erid) if isinstance(erid, int) else erid)

    @rule(choice=Choice)
    @counted
    def change_column_to_a_twin(self, choice: int) -> None:
        row = self._row(choice)
        if row is not None and row.erid is not None:
            self._write(row, row.erid.swapcase())

    @rule(choice=Choice, other=Choice)
    @counted
    def swap_columns(self, choice: int, other: int) -> None:
        one, two = self._row(choice), self._row(other)
        if one is not None and two is not None:
            mine, theirs = one.erid, two.erid
            self._write(one, theirs)
            self._write(two, mine)

    @rule(choice=Choice)
    @counted
    def mend_column(self, choice: int) -> None:
        """Back to what the ledger has."""
        row = self._row(choice)
        side = None if row is None else self.side(row.key)
        if row is not None and side is not None and side.erid is not None:
            self._write(row, side.erid)

    def _delete(self, row: Row) -> None:
        self.users.execute("DELETE FROM users WHERE id = ?", (row.key,))
        del self.rows[row.key]

    def _write(self, row: Row, erid: str | None) -> None:
        self.users.execute("UPDATE users SET erid = ? WHERE id = ?", (erid, row.key))
        row.erid = erid

    # Rules: what operators do

    @rule(pairs=st.lists(st.tuples(Choice, Choice), min_size=1, max_size=3))
    @counted
    def assign(self, pairs: list[tuple[int, int]]) -> None:
        """A batch, as an import makes it."""
        if not self.rows:
            return
        chosen = [(self._row(who), self._some_erid(erid)) for who, erid in pairs]
        batch, expected = [], []
        for row, erid in chosen:
            assert row is not None
            lookup = Lookup("subject", str(row.key))
            users = self.nodes[0].parts.sources["shop"]
            record = users.find(lookup, Deadline(SECONDS))
            assert record is not None
            batch.append(Pair(self._person(row.key), erid, "imported", record.fingerprint))
        for row, erid in chosen:
            assert row is not None
            expected.append(self._assigned(row, erid))
        outcomes = self.register.assign(batch, Deadline(SECONDS))
        claim(outcomes == expected, f"assigned: {outcomes}, and it had to be {expected}")

    def _assigned(self, row: Row, erid: str) -> str:
        side = self.side(row.key)
        if side is not None and not side.bound:
            return "retired"
        if side is not None:
            return "there" if side.erid == erid else "other"
        if folded(erid) in self.taken:
            return "shared"
        sealed = row.who if self.fingerprinted else None
        self._bind(row.key, erid, Side("bound", erid, "imported", sealed))
        return "bound"

    @rule(choice=Choice, erid=st.none() | Choice)
    @counted
    def relink(self, choice: int, erid: int | None) -> None:
        row = self._row(choice)
        if row is not None:
            self._relink(row, None if erid is None else self._some_erid(erid))

    @rule(choice=Choice)
    @counted
    def give_back(self, choice: int) -> None:
        """The ERID that a retired person had, to them."""
        row = self._row(choice)
        side = None if row is None else self.side(row.key)
        if row is not None and side is not None and side.erid is not None:
            self._relink(row, side.erid)

    def _relink(self, row: Row, erid: str | None) -> None:
        mine = self.side(row.key)
        written, key = (None, None) if erid is None else self.taken.get(folded(erid), (None, None))
        held = None if key is None else self.side(key)
        may = self._may_relink(row, erid)
        origin = "column" if self.strategy == "column" and row.erid == erid else "operator"
        deadline = Deadline(SECONDS)
        try:
            binding = self.register.relink(
                erid, self._person(row.key), "asked for", deadline, origin=origin
            )
        except NotPossible:
            claim(not may, "an operator was refused")
            return
        claim(may, "an operator was allowed what would break a promise")
        if erid is None:
            claim(self._fresh(binding.erid) == binding.erid, "not a new ERID")
        self.changes += 1
        if held is not None and held.bound and held.erid == written and key is not None:
            self._put(key, Side("unlinked", ours=held.ours), operator=True)
        if mine is not None and mine.bound and mine.erid is not None:
            self.taken[folded(mine.erid)] = (mine.erid, None)
        ours = mine is not None and mine.ours
        self._put(row.key, Side("bound", binding.erid, origin, ours=ours), operator=True)
        self.taken[folded(binding.erid)] = (binding.erid, row.key)
        self.had.pop(row.who, None)
        self.owner.pop(folded(binding.erid), None)

    def _may_relink(self, row: Row, erid: str | None) -> bool:
        mine = self.side(row.key)
        if erid is None or folded(erid) not in self.taken:
            return mine is None or mine.action != "retired"
        written, key = self.taken[folded(erid)]
        held = None if key is None else self.side(key)
        if written != erid:
            return False
        if mine is not None and key == row.key and mine.erid == erid:
            return mine.action == "retired"
        free = key is None or (held is not None and held.bound)  # set aside, or somebody's
        return free and (mine is None or mine.action != "retired")

    @rule(choice=Choice, forget=st.booleans())
    @counted
    def retire(self, choice: int, forget: bool) -> None:
        keys = sorted({*self.subjects, *self.rows})
        if not keys:
            return
        key = keys[choice % len(keys)]
        side = self.side(key)
        may = side is not None and (side.action != "retired" or (forget and not side.forgotten))
        try:
            self.register.retire(self._person(key), "asked for", Deadline(SECONDS), forget=forget)
        except NotPossible:
            claim(not may, "an operator was refused")
            return
        claim(may, "an operator was allowed to retire nobody")
        assert side is not None
        self.changes += 1
        self._put(key, replace(side, action="retired", forgotten=forget), operator=True)
        if forget:
            for erid in {side.erid for _, side in self.subjects[key]} - {None}:
                assert erid is not None
                _, last = self.taken[folded(erid)]
                theirs = None if last is None else self.side(last)
                if theirs is None or not theirs.bound or folded(theirs.erid or "") != folded(erid):
                    self.taken[folded(erid)] = (None, last)

    @staticmethod
    def _person(key: int) -> Person:
        return Person("shop", str(key))

    # Rules: what happens to the nodes

    @rule(strategy=st.sampled_from([*STRATEGIES]))
    @counted
    def change_strategy(self, strategy: str) -> None:
        """Another configuration, for which all nodes are started anew."""
        if strategy != self.strategy:
            self.strategy = strategy
            for place in range(len(self.nodes)):
                self._restart(place)

    @rule(node=Choice)
    @counted
    def restart(self, node: int) -> None:
        self._restart(node % 2)

    def _restart(self, place: int) -> None:
        self.nodes[place] = self._node(place)

    @rule(seconds=st.sampled_from([WATCH / 2, WATCH - 0.001, WATCH, 100.0]))
    @counted
    def pass_time(self, seconds: float) -> None:
        self.now += seconds


class TownWithFingerprints(Town):
    """Where rows say whose they are, so that a primary key may be used again and is found out."""

    fingerprinted = True

    @rule(choice=Choice, same_login=st.booleans(), login=st.sampled_from(LOGINS))
    @counted
    def reuse_key(self, choice: int, same_login: bool, login: str) -> None:
        """A row of another person with a primary key that was somebody's."""
        keys = sorted({*self.rows, *self.subjects})
        if not keys:
            return
        key = keys[choice % len(keys)]
        row = self.rows.get(key)
        if row is not None:
            self._delete(row)
            login = row.login if same_login else login
        if self._of_login(login) is None:
            self._insert(key, login, None if row is None else row.erid)


def play(
    machine: type[Town],
    *,
    examples: int,
    steps: int,
    random_seed: int | None = None,
    shrink: bool = False,
) -> Tally:
    """Run a machine, always the same way unless `random_seed` says otherwise; raises Broken.

    `shrink` looks for the shortest way to what it found."""
    tally, place = Tally(), Place(machine.fingerprinted)
    played: Any = type(machine.__name__, (machine,), {"tally": tally, "place": place})
    if random_seed is not None:
        played = seed(random_seed)(played)
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
    rules = settings(
        max_examples=examples,
        stateful_step_count=steps,
        derandomize=random_seed is None,
        database=None,
        deadline=None,
        phases=phases,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(played, settings=rules)
    finally:
        place.close()
    return tally


def main() -> int:
    """Both machines at full length; 1 if one of them found something."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--examples", type=int, default=1000, help="towns of each kind")
    parser.add_argument("--steps", type=int, default=60, help="steps in each at most")
    parser.add_argument("--seed", type=int, default=None, help="random unless given")
    given = parser.parse_args()
    chosen = time.time_ns() % 2**32 if given.seed is None else given.seed
    for machine in (TownWithFingerprints, Town):
        began = time.monotonic()
        try:
            tally = play(
                machine,
                examples=given.examples,
                steps=given.steps,
                random_seed=chosen,
                shrink=True,
            )
        except Broken as broken:
            print(f"FAIL {machine.__name__}, seed {chosen}: {broken}")
            print("\n".join(getattr(broken, "__notes__", [])))
            return 1
        took, steps = time.monotonic() - began, tally.steps.total()
        print(
            f"PASS {machine.__name__}, seed {chosen}: {tally.examples} examples, {steps} steps, "
            f"{took:.1f} s, {steps / took:.0f} steps/s"
        )
        for title, counts in (
            ("rules", tally.steps),
            ("answers", tally.answers),
            ("alarms and notices", tally.alarms),
        ):
            print(f"  {title}: " + ", ".join(f"{k} {n}" for k, n in counts.most_common()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
