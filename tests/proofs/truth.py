"""What is true of a town: who each row's person is, what the ledger must know, and so what the
bridge had to answer. Plain Python that shares nothing with what it judges."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar
from unittest import mock

from hypothesis.stateful import (
    RuleBasedStateMachine,
)

from sso_bridge.core.deadline import Deadline
from sso_bridge.core.model import (
    ProfileAnswer,
    Refusal,
)
from sso_bridge.ledger import Memory
from sso_bridge.passwords import MAKERS
from sso_bridge.wiring import Parts, assemble
from tests.proofs.place import (
    BOUND,
    CHEAP,
    DERIVING,
    ERIDS,
    FRESH,
    HASH,
    KEYS,
    LOGINS,
    WATCH,
    Place,
)

__all__ = ["Broken", "Node", "Row", "Side", "Tally", "Truth", "claim", "folded"]


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

    def throttled(self, kind: str, decision: str, storage: str) -> None:
        """Not counted."""

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

    def end(self) -> None:
        """Its connections go back to the engines, which the next one has."""
        for database in (*self.parts.databases.values(), self.parts.ledger._database):
            database._opening.forget()


def unpooled(
    work: Callable[[bytes], Any], password: bytes, deadline: Deadline, kind: object = None
) -> Any:
    """`HashPool.run` without threads: there is one thing at a time in this town."""
    return work(password)


class Truth(RuleBasedStateMachine):
    """A town as it is, and what the bridge had to say about it; without rules.

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

    def teardown(self) -> None:
        for node in self.nodes:
            node.end()

    # The town itself

    def _node(self, place: int) -> Node:
        memory = partial(Memory, clock=lambda: self.now)
        with (
            self.place.engines(place),
            mock.patch.dict(MAKERS, {"argon2id": lambda: CHEAP}),
            mock.patch("sso_bridge.wiring.parts.Memory", memory),
        ):
            settings = self.place.settings(self.strategy)
            node = Node(assemble(settings, self.place.folder, self.tally))
        pool, ledger = node.parts.pool, node.parts.ledger
        pool.run = unpooled  # type: ignore[method-assign]
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
        return "minted" if self.strategy in ("imported", "newcomers") else self.strategy

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
        rows = self.place.ask("SELECT login_digest, owner FROM sso_bridge_claim")
        claim(all(row["owner"] == "" for row in rows), "a claim is still held")
        return {self.login_of[row["login_digest"]] for row in rows}

    # The ledger's table

    def _entries(self) -> list[dict[str, Any]]:
        return self.place.ask("SELECT * FROM sso_bridge_entry ORDER BY id")

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
