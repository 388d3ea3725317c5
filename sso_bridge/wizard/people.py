"""Which table has the users, and what they are known by: key, login and password."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from ..errors import ConfigurationError, NotPossible
from .draft import Ask, Question
from .samples import Shapes
from .schema import ColumnFacts, TableFacts
from .scout import SURE, TEXT, Scout
from .words import NOT_A_PASSWORD, NOT_PEOPLE, USER_TABLE, fit, is_called, words_of

__all__ = ["Candidate", "Known", "Stored", "filled_tables", "find_users", "join_name"]

_LOOKED_INTO: Final = 8


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody whose password the client knows."""

    login: str = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Stored:
    """Where the password is. `join` is the table that it is in, and its column that refers to the
    user, where it is not in the user's row."""

    column: str
    shapes: Shapes
    why: str
    salt: str | None = None
    join: tuple[TableFacts, str] | None = None
    others: tuple[str, ...] = ()

    def columns(self) -> frozenset[str]:
        """Those that are secret, or may be: of its own table."""
        return frozenset({self.column, *self.others, *([self.salt] if self.salt else ())})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A table that may have the users."""

    table: TableFacts
    subject: str
    email: ColumnFacts | None
    login: ColumnFacts | None
    password: Stored | None
    score: float
    filled: bool
    others: tuple[str, ...] = ()
    """Tables that look nearly as well, or better but for the people."""

    def reasons(self) -> str:
        """Why it is thought so."""
        found = ["is called so"] if is_called(self.table.name, USER_TABLE) else []
        found += ["has e-mail addresses"] if self.email else []
        found += ["has logins"] if self.login else []
        found += ["has passwords"] if self.password and not self.password.join else []
        found += [] if self.filled else ["nobody is in it"]
        return ", ".join(found) or "has a key"

    @property
    def has_shoppers(self) -> bool:
        """Whether somebody is in it, and it is not called like one of administrators."""
        return self.filled and not NOT_PEOPLE & {*words_of(self.table.name)}


def find_users(scout: Scout, wanted: str | None, ask: Ask) -> Candidate:
    """The table of users. Raises NotPossible if none is usable, ConfigurationError if `wanted` is
    not there."""
    if not scout.tables:
        raise NotPossible(
            "the database has no tables that this user may see; grant SELECT (on PostgreSQL "
            "USAGE of the schema too), or name the schema with --schema"
        )
    if wanted is not None:
        return _wanted(scout, wanted)
    found = _candidates(scout)
    usable = _usable(found)
    if not usable:
        raise NotPossible(_nothing(scout, found))
    best = usable[0]
    filled = [] if best.filled else [one for one in usable if one.has_shoppers]
    near = [one for one in usable[1:] if one.score > 0.7 * best.score or one in filled]
    if near:
        default = filled[0] if len(filled) == 1 else best
        choices = {one.table.shown: one.reasons() for one in [best, *near]}
        chosen = ask(Question("Which table has the users?", choices, default.table.shown))
        others = [one for one in [best, *near] if one.table.shown != chosen]
        best = next(one for one in usable if one.table.shown == chosen)
        told = (f"{one.table.shown}{'' if one.filled else ' (nobody is in it)'}" for one in others)
        best = replace(best, others=tuple(told))
    return best


def filled_tables(scout: Scout, without: Collection[TableFacts]) -> list[Candidate]:
    """Tables with users in them that could be taken, the best first, but for some."""
    usable = _usable(_candidates(scout))
    return [one for one in usable if one.has_shoppers and one.table not in without]


def _candidates(scout: Scout) -> list[Candidate]:
    first = sorted(scout.tables, key=lambda one: -_declared(scout, one))[:_LOOKED_INTO]
    return [one for table in first if (one := _candidate(scout, table)) is not None]


def _usable(found: Sequence[Candidate]) -> list[Candidate]:
    return sorted((one for one in found if one.password), key=lambda one: -one.score)


def _wanted(scout: Scout, name: str) -> Candidate:
    table = next((one for one in scout.tables if name in (one.shown, one.name)), None)
    if table is None:
        raise ConfigurationError(
            f"--table {name}: there is none; is it in a schema that --schema should name?"
        )
    found = _candidate(scout, table)
    if found is None or found.password is None:
        raise NotPossible(_nothing(scout, [found] if found else [], table.shown))
    return found


def _nothing(scout: Scout, found: Sequence[Candidate], name: str | None = None) -> str:
    """Why no table is usable."""
    if found:
        without = ", ".join(one.table.shown for one in found[:3])
        return (
            f"no password column was found for {without}, so nobody could sign in by it; if it is "
            "in another table or under an unusual name, start from config/example.toml"
        )
    where = f"in {name}" if name else f"in any of {len(scout.tables)} tables"
    return (
        f"no users were found {where}: a primary key of one column, and a login or an e-mail "
        "address, are needed; name the table with --table, its schema with --schema"
    )


def _declared(scout: Scout, table: TableFacts) -> float:
    """How much a table looks like users by its names alone."""
    score = 3 * is_called(table.name, USER_TABLE)
    if set(words_of(table.name)) & NOT_PEOPLE:
        score -= 2.5
    for role, worth in (("email", 2.0), ("login", 1.0), ("password", 3.0), ("first_name", 0.5)):
        ranked = scout.ranked(table, role, least=0.5)
        score += worth * ranked[0][0] if ranked else 0
    score += 1.0 if table.key else 0.0
    pointing = sum(any(r.table == table.name for r in one.references) for one in scout.tables)
    return score + min(pointing, 3) * 0.5 - 0.3 * table.is_view


def _candidate(scout: Scout, table: TableFacts) -> Candidate | None:
    """What users of a table would be known by; None if it lacks a key or a login."""
    subject = _subject(scout, table)
    stored = _stored(scout, table)
    secret = stored.columns() if stored else frozenset()
    email = _email(scout, table, secret)
    login = scout.best(table, "login", kinds=TEXT, without=secret)
    if login is not None and email is not None and login.name == email.name:
        login = None
    if subject is None or subject in secret or (email is None and login is None):
        return None
    password = stored or _joined(scout, table, subject)
    score = _declared(scout, table)
    if password is not None:
        score += 3 * password.shapes.hashed()
    if email is not None and scout.sample(table)[email.name].mostly("email"):
        score += 1
    filled = scout.sample(table)[subject].rows > 0
    return Candidate(table, subject, email, login, password, score, filled)


def _subject(scout: Scout, table: TableFacts) -> str | None:
    """The column that is one user's for ever."""
    if table.key is not None:
        return table.key.name
    ranked = scout.ranked(table, "subject", least=0.6)
    unique = [c.name for _, c in ranked if c.unique and not c.nullable]
    if unique:
        return unique[0]
    sample = scout.sample(table)
    for _, facts in ranked:
        shapes = sample[facts.name]
        if table.is_view and shapes.rows and shapes.distinct == shapes.rows:
            return facts.name
    return next((c.name for c in table.columns.values() if c.unique and not c.nullable), None)


def _email(scout: Scout, table: TableFacts, secret: Collection[str]) -> ColumnFacts | None:
    """The column with e-mail addresses, by its name or by what is in it; none that is `secret`."""
    sample = scout.sample(table)
    ranked = [c for _, c in scout.ranked(table, "email", kinds=TEXT, least=0.5)]
    good = [c for c in ranked if not sample[c.name].given or sample[c.name].mostly("email", 0.5)]
    good = [c for c in good if c.name not in secret]
    if good:
        return good[0]
    others = [c for c in table.columns.values() if c.name not in secret]
    looks = [c for c in others if sample[c.name].mostly("email")]
    return max(looks, key=lambda c: sample[c.name].given, default=None)


def _stored(scout: Scout, table: TableFacts) -> Stored | None:
    """The password column of a table."""
    sample = scout.sample(table)
    ranked: list[tuple[float, str]] = []
    for name, facts in table.columns.items():
        if facts.kind not in (*TEXT, "bytes") or set(words_of(name)) & NOT_A_PASSWORD:
            continue
        called = fit(name, "password", table.name)
        shapes = sample[name]
        bare = sum(n for one, n in shapes.hashes.items() if one.startswith("bare-"))
        strong = shapes.hashed() - (bare / shapes.given if shapes.given else 0)
        if called >= 0.6 or strong > 0.5:
            ranked.append((2 * called + 2 * strong + 0.5 * (bare > 0), name))
    if not ranked:
        return None
    ranked.sort(reverse=True)
    name = ranked[0][1]
    salt = scout.best(table, "salt", kinds=TEXT, without=(name,))
    hashed = sample[name].hashed()
    why = "is called so" if fit(name, "password", table.name) >= SURE else "looks so"
    why += ", has hashes" if hashed > 0.5 else ""
    others = tuple(other for how, other in ranked[1:] if how > 0.6 * ranked[0][0])
    return Stored(name, sample[name], why, salt.name if salt else None, None, others)


def _joined(scout: Scout, users: TableFacts, subject: str) -> Stored | None:
    """The password column of a table with one row for each user."""
    for other, column in scout.references(users, subject):
        if not other.columns[column].unique:
            continue
        found = _stored(scout, other)
        if found is not None:
            return Stored(
                found.column,
                found.shapes,
                f"{found.why}, in {other.shown}",
                found.salt,
                (other, column),
                found.others,
            )
    return None


def join_name(table: TableFacts, taken: Collection[str] = ()) -> str:
    """What a joined table is called in the configuration: none of the names that are `taken`."""
    name = "_".join(words_of(table.name))[:30]
    name = name if name[:1].isalpha() else "details"
    while name in taken:
        name += "_2"
    return name
