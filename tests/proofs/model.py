"""The bridge and its ledger against a model of them, through whatever may happen in between.

A machine plays a small town: people come, rename themselves, leave and come back, their rows and
columns are changed behind the bridge's back, operators assign, relink and retire, the
configuration changes, nodes restart and time goes by. After every step the model, which is
plain Python and knows who each row's person is, says what the answer had to be.

    python -m tests.proofs.model [--engine E] [--examples N] [--steps N] [--seed N]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import wraps
from typing import Any, Final, TypeVar
from unittest import mock

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from sso_bridge.core.deadline import Deadline
from sso_bridge.core.model import (
    CreateUser,
    GetUser,
    Login,
    Lookup,
    Person,
    Profile,
    Refusal,
    UserKey,
    ValidateSession,
)
from sso_bridge.errors import LedgerUnavailable, NotPossible
from sso_bridge.ledger.register import Pair
from tests.people import SECRET
from tests.proofs.place import KEYS, LOGINS, SECONDS, STRATEGIES, UNUSABLE, WATCH, Place
from tests.proofs.truth import Broken, Node, Row, Side, Tally, Truth, claim, folded
from tests.services import MariaDB, PostgreSQL

__all__ = ["Town", "TownWithFingerprints", "play"]

SERVERS: Final = {"postgresql": PostgreSQL, "mariadb": MariaDB}

Choice = st.integers(0, 11)
Rule = TypeVar("Rule", bound=Callable[..., None])


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


class Town(Truth):
    """The machine without a fingerprint: there a reused primary key cannot be known, so none is."""

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
        self.nodes[place].end()
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
    ledger_url: str | None = None,
) -> Tally:
    """Run a machine, always the same way unless `random_seed` says otherwise; raises Broken.

    The ledger is at `ledger_url`, an empty database, or in SQLite. `shrink` looks for the
    shortest way to what it found."""
    tally, place = Tally(), Place(machine.fingerprinted, ledger_url)
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
    """Both machines at full length on each engine, a fifth of it where a server has the ledger; 1
    if one of them found something."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--examples", type=int, default=500, help="towns of each kind")
    parser.add_argument("--steps", type=int, default=60, help="steps in each at most")
    parser.add_argument("--seed", type=int, default=None, help="random unless given")
    parser.add_argument("--engine", choices=[*SERVERS, "sqlite", "all"], default="all")
    given = parser.parse_args()
    chosen = time.time_ns() % 2**32 if given.seed is None else given.seed
    for engine in ["sqlite", *SERVERS] if given.engine == "all" else [given.engine]:
        with ExitStack() as stack:
            server = stack.enter_context(SERVERS[engine]()) if engine in SERVERS else None
            examples = given.examples if server is None else max(1, given.examples // 5)
            for machine in (TownWithFingerprints, Town):
                url = None if server is None else server.new_database()
                if not _shown(engine, machine, examples, given.steps, chosen, url):
                    return 1
    return 0


def _shown(
    engine: str, machine: type[Town], examples: int, steps: int, chosen: int, url: str | None
) -> bool:
    """Play, print what was done, and say whether all was well."""
    began = time.monotonic()
    try:
        tally = play(
            machine,
            examples=examples,
            steps=steps,
            random_seed=chosen,
            shrink=True,
            ledger_url=url,
        )
    except Broken as broken:
        print(f"FAIL {engine}, {machine.__name__}, seed {chosen}: {broken}")
        print("\n".join(getattr(broken, "__notes__", [])))
        return False
    took, done = time.monotonic() - began, tally.steps.total()
    print(
        f"PASS {engine}, {machine.__name__}, seed {chosen}: {tally.examples} examples, "
        f"{done} steps, {took:.1f} s, {done / took:.0f} steps/s"
    )
    for title, counts in (
        ("rules", tally.steps),
        ("answers", tally.answers),
        ("alarms and notices", tally.alarms),
    ):
        print(f"  {title}: " + ", ".join(f"{k} {n}" for k, n in counts.most_common()))
    return True


if __name__ == "__main__":
    sys.exit(main())
