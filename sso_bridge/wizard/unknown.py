"""The configuration of a database that is of no known software."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection

from ..config import toml
from .activity import active_rules
from .addresses import find_addresses
from .draft import Ask, Confidence, Draft, Question
from .hashing import gives, passwords_of
from .pairs import find_pairs
from .people import Candidate, Known, Stored, find_users, join_name
from .preset_text import comment
from .profile import find_profile
from .schema import TableFacts
from .scout import Scout
from .target import Target
from .writing import write

__all__ = ["draft_of_tables"]

_CERTAIN: Confidence = "certain"
_LIKELY: Confidence = "likely"
_DOUBTFUL: Confidence = "doubtful"


def draft_of_tables(
    tables: Sequence[TableFacts],
    connection: Connection,
    target: Target,
    ask: Ask,
    wanted: str | None,
    known: Known | None = None,
    doubt: str = "",
) -> Draft:
    """What the tables look like. `doubt` is why another table than `wanted` may have the users.
    Raises NotPossible if no table is usable, ConfigurationError if `wanted` is not there."""
    scout = Scout(connection, tables)
    users = find_users(scout, wanted, ask)
    return _Drawing(scout, users, target, ask, known).draft(doubt)


class _Drawing:
    """A source that is being put together: its settings, and remarks by their places."""

    def __init__(
        self, scout: Scout, users: Candidate, target: Target, ask: Ask, known: Known | None
    ) -> None:
        self._known = known
        self._scout, self._users, self._target, self._ask = scout, users, target, ask
        self._table = users.table
        self._draft = Draft(title=f"no known software; its users are in {users.table.shown}")
        self._settings: dict[str, Any] = {}
        self._remarks: dict[tuple[str, ...], list[str]] = {}
        self._used = {users.subject}

    def draft(self, doubt: str) -> Draft:
        """All of it, in the order in which it is written; `doubt` is of the table."""
        table, users = self._table, self._users
        self._settings |= {"read_only": True, "table": table.name}
        if table.schema is not None:
            self._settings["schema"] = table.schema
        near = _LIKELY if users.score > 6 and not users.others and not doubt else _DOUBTFUL
        if users.others:
            self._remarks[("table",)] = self._draft.doubt(
                f"the users may be in {' or '.join(users.others)} instead."
            )
        if doubt:
            self._remarks[("table",)] = self._draft.doubt(doubt)
        self._draft.choose("table", table.shown, users.reasons(), near)
        self._subject()
        self._login()
        self._password()
        self._active()
        self._erid()
        self._shown()
        self._draft.text = self._text()
        return self._draft

    def _subject(self) -> None:
        users, facts = self._users, self._table.columns[self._users.subject]
        self._settings["subject"] = users.subject
        why, sure = "looks unique", _DOUBTFUL
        if facts.unique:
            why, sure = "unique", _LIKELY
        if self._table.key is not None:
            why, sure = "the primary key", _CERTAIN
        self._draft.choose("subject", users.subject, why, sure)
        if sure == _DOUBTFUL:
            self._remarks[("subject",)] = self._draft.doubt(
                f"nothing makes {users.subject} unique; two people with one would be refused."
            )
        if users.email is not None and users.subject == users.email.name:
            self._remarks[("subject",)] = self._draft.doubt(
                "an e-mail address is the primary key: who changes it is somebody else here."
            )

    def _login(self) -> None:
        email, login = self._users.email, self._users.login
        both = [one for one in (email, login) if one is not None]
        unique = [one for one in both if one.unique]
        names = [one.name for one in unique or both[:1]]
        if len(both) == 2:
            choices = {both[0].name: "", both[1].name: "", "both": "either may be typed"}
            default = "both" if len(names) == 2 else names[0]
            answer = self._ask(Question("What do users sign in with?", choices, default))
            names = [one.name for one in both] if answer == "both" else [answer]
            left = [one.name for one in both if one.name not in names]
            text = f"users may also sign in with {left[0]}" if left else "either may be typed"
            text += "; say here what your own login page takes."
            self._remarks[("login",)] = self._draft.doubt(text)
        for name in names:
            lowered = self._scout.has_lowered_index(self._table, name)
            if not self._table.columns[name].unique and not lowered:
                self._remarks.setdefault(("login",), []).extend(
                    self._draft.doubt(
                        f"nothing makes {name} unique: if two users have one, neither comes in."
                    )
                )
        self._used |= {*names}
        self._settings["login"] = names[0] if len(names) == 1 else names
        sure = _LIKELY if len(both) == 1 or len(names) == 2 else _DOUBTFUL
        self._draft.choose("login", ", ".join(names), "what they are called and hold", sure)
        self._login_match(names[0])

    def _login_match(self, name: str) -> None:
        """What the database itself takes for one login, and no more."""
        collation = self._scout.collation(self._table, name)
        rule, why = "exact", "the database tells letters apart"
        if collation.endswith("_ci") or collation == "citext" or "ks-level" in collation:
            rule, why = "case", f"the column's collation, {collation}, does so"
        elif collation == "nocase":
            rule, why = "ascii_case", "the column's index does so (NOCASE)"
        elif self._scout.has_lowered_index(self._table, name):
            rule, why = "ascii_case", f"there is an index on lower({name})"
        self._settings["login_match"] = rule
        self._draft.choose("login_match", rule, why, "likely")
        if rule == "exact":
            self._remarks[("login_match",)] = self._draft.doubt(
                'Anna@example.com is not anna@example.com with login_match = "exact". If it is '
                f'at your own site, take "ascii_case", and make an index on lower({name}).'
            )

    def _password(self) -> None:
        found = stored = self._users.password
        assert found is not None and stored is not None, "a table without one is not usable"
        prefix = ""
        if stored.join is not None:
            other, column = stored.join
            name = join_name(other)
            join: dict[str, Any] = {"table": other.name}
            if other.schema is not None:
                join["schema"] = other.schema
            self._settings["joins"] = {name: {**join, "on": {column: self._users.subject}}}
            prefix = f"{name}."
        elif stored.others:
            chosen = self._ask_password(stored.column, stored.others)
            if chosen != stored.column:
                shapes = self._scout.sample(self._table)[chosen]
                stored = type(stored)(chosen, shapes, "you said so", stored.salt)
        known = self._trial(stored) if self._known is not None and stored.salt else None
        password, section, remark = passwords_of(stored, prefix, self._draft, self._ask, known)
        self._settings["password"] = password
        if section:
            self._settings["passwords"] = section
        place = ("passwords", "digest") if "digest" in section else ("password",)
        if remark:
            self._remarks[place] = remark
        if not prefix:
            self._used |= found.columns()
        sure = _DOUBTFUL if remark else _LIKELY
        self._draft.choose("password", prefix + stored.column, stored.why, sure)

    def _trial(self, stored: Stored) -> Callable[[str], bool]:
        """Tells whether a formula gives what is stored of the known password."""
        assert self._known is not None and stored.salt is not None
        login, password = self._known.login, self._known.password
        both = [one.name for one in (self._users.email, self._users.login) if one is not None]
        cells = self._scout.cells_of(
            self._table, self._users.subject, both, login, stored.join, (stored.salt, stored.column)
        )
        if not cells:
            self._draft.doubt("the known login was not found, or not in one row only.")
        return lambda formula: any(gives(formula, *pair, password) for pair in cells)

    def _ask_password(self, column: str, others: Sequence[str]) -> str:
        lines = self._draft.doubt(f"{', '.join(others)} may be the password as well.")
        self._remarks[("password",)] = lines
        choices = dict.fromkeys((column, *others), "")
        return self._ask(Question("Which column has the password hash?", choices, column))

    def _active(self) -> None:
        rules = active_rules(self._scout, self._table, self._ask)
        chosen = [{"column": one.column, **one.settings} for one in rules if one.settings]
        remark: list[str] = []
        for one in rules:
            self._used.add(one.column)
            if one.settings:
                shown = toml.value(one.settings)
                self._draft.choose("active", f"{one.column} {shown}", one.why, one.confidence)
            if one.doubt:
                remark += self._draft.doubt(f"{one.doubt}.")
        if not chosen:
            remark += self._draft.doubt("everybody may come in: no column says who may not.")
        else:
            self._settings["active"] = chosen[0] if len(chosen) == 1 else chosen
        if remark:
            self._remarks[("active",)] = remark

    def _erid(self) -> None:
        settings: dict[str, Any] = {"strategy": "minted"}
        told = self._scout.best(self._table, "erid", without=self._used)
        if told is not None:
            self._used.add(told.name)
            self._remarks[("erid", "strategy")] = self._draft.doubt(
                f"{told.name} may hold ERIDs that Digital River knows. If it does, say strategy = "
                f'"column", column = {toml.value(told.name)} before the first start.'
            )
        for _, facts in self._scout.ranked(self._table, "created", least=0.6):
            if facts.kind not in ("time", "integer", "text", "untyped") or facts.renewed:
                continue
            self._used.add(facts.name)
            if not facts.nullable:
                settings["fingerprint"] = [facts.name]
                self._draft.choose("erid.fingerprint", facts.name, "is called so", "likely")
                break
            self._remarks[("erid", "fingerprint")] = [
                *self._draft.doubt(
                    f"{facts.name} may be NULL; if it never is and never changes, take it."
                ),
                f"# fingerprint = {toml.value([facts.name])}",
            ]
        self._settings["erid"] = settings

    def _shown(self) -> None:
        """What answers show."""
        scout, table, subject, draft = self._scout, self._table, self._users.subject, self._draft
        pairs = find_pairs(scout, table, subject, set(self._settings.get("joins", ())), draft)
        profile = find_profile(scout, table, subject, self._used, self._users.password, draft)
        addresses = find_addresses(scout, table, subject, self._used, draft)
        if self._has_empty_texts(addresses.addresses.get("table")) or pairs.pairs:
            self._settings["empty_is_null"] = True
            draft.choose("empty_is_null", "true", "there are empty texts", "likely")
        if self._users.email is not None:
            profile.profile["email"] = self._users.email.name
            draft.choose("profile.email", self._users.email.name, "has e-mail addresses", "likely")
        for section, found in (("profile", profile.remarks), ("", addresses.remarks)):
            for key, lines in found.items():
                self._remarks[(section, key) if section else (key,)] = lines
        joins = {**self._settings.pop("joins", {}), **profile.joins, **addresses.joins}
        parts: dict[str, Any] = {
            "joins": joins,
            "pairs": pairs.pairs,
            "profile": {**pairs.profile, **profile.profile},
            "shipping": addresses.shipping or pairs.shipping,
            "billing": addresses.billing or pairs.billing,
            "addresses": addresses.addresses,
        }
        self._settings |= {name: one for name, one in parts.items() if one}

    def _has_empty_texts(self, addresses: str | None) -> bool:
        """Whether the application stores an empty text where it knows nothing."""
        tables = [self._table, *(t for t in self._scout.tables if t.name == addresses)]
        samples = [self._scout.sample(table) for table in tables]
        return any(s.rows > s.nulls + s.given for one in samples for s in one.values())

    def _text(self) -> str:
        target = self._target
        head = target.head("tables of its own")
        lines = write(("sources", target.source), self._settings, self._remarks)
        needs = comment(f"It needs SELECT on {self._tables()}.")
        lines[1:1] = [*target.url_lines, *needs]
        site = [f"[sites.{toml.key(target.site)}]", f"source = {toml.value(target.source)}"]
        return head + "\n".join([*lines, *site]) + "\n" + target.tail()

    def _tables(self) -> str:
        names = [self._table.name]
        for section in ("joins", "pairs"):
            names += [one["table"] for one in self._settings.get(section, {}).values()]
        addresses = self._settings.get("addresses", {})
        names += [addresses["table"]] if addresses else []
        names += [one["table"] for one in addresses.get("joins", {}).values()]
        return ", ".join(dict.fromkeys(names))
