"""`sso-bridge try`: one call through the whole bridge, without HTTP, step by step."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ..core.deadline import Deadline
from ..core.model import (
    Accepted,
    GetUser,
    Login,
    Lookup,
    LookupKind,
    ProfileAnswer,
    Refusal,
    UserKey,
    ValidateSession,
)
from ..errors import BridgeError, IdentityAlarm
from .options import config_option, settings_at, typed_password

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from ..config import Settings
    from ..core.model import Binding, Record
    from ..core.site import Site
    from ..observing import Narrator
    from ..wiring import Parts

__all__ = ["command"]

Answer = Accepted | ProfileAnswer | Refusal
_site = click.option("--site", default=None, help="The siteID; by default the default one.")
_json = click.option("--json", "as_json", is_flag=True, help="Print answer and steps as JSON.")

_SECONDS: Final = 5.0
"""The longest that is spent on finding out what to explain."""
_NEW: Final = {
    "minted": "made at random now",
    "column": "that of the column, and recorded now",
    "derived": "derived from the primary key now",
    "imported": "made at random now, since the import is said to be complete",
}
"""Where the ERID of somebody who had none comes from, by strategy."""


@click.group("try")
def command() -> None:
    """Put one call through the bridge and explain each step. Exit 1 if it is refused.

    Example: sso-bridge try login demo@example.com --config demo/demo.toml"""


@command.command("login")
@click.argument("login")
@_site
@click.option("--encrypted", is_flag=True, help="The password is given as Digital River sends it.")
@config_option
@_json
def login(login: str, site: str | None, encrypted: bool, config: Path, as_json: bool) -> None:
    """Would this login be accepted? The password is prompted for, or read from standard input.

    Where passwords come encrypted, what is typed is encrypted first, unless it is already.

    Example: echo 123123 | sso-bridge try login demo@example.com --config demo/demo.toml"""
    typed = typed_password()
    key = UserKey(login_id=login, site_id=site)

    def ask(parts: Parts, deadline: Deadline) -> Answer:
        from ..transit import Agreement

        sent, transit = typed, parts.directory.asked(key).transit
        if isinstance(transit, Agreement) and not encrypted:
            sent = transit.sealed(typed)
        return parts.bridge.login(Login(key, sent), deadline)

    _run(config, as_json, key, ask)


@command.command("user")
@click.argument("key")
@_site
@config_option
@_json
def user(key: str, site: str | None, config: Path, as_json: bool) -> None:
    """Whose profile does this ERID, or else this login, name?

    Example: sso-bridge try user demo@example.com --config demo/demo.toml"""
    by_erid = UserKey(external_reference_id=key, site_id=site)
    by_login = UserKey(login_id=key, site_id=site)

    def ask(parts: Parts, deadline: Deadline) -> Answer:
        answer = parts.bridge.get_user(GetUser(by_erid), deadline)
        if not isinstance(answer, Refusal) or answer.kind != "user_not_found":
            return answer
        return parts.bridge.get_user(GetUser(by_login), deadline)

    _run(config, as_json, by_login._replace(external_reference_id=key), ask)


@command.command("session")
@click.argument("token")
@_site
@config_option
@_json
def session(token: str, site: str | None, config: Path, as_json: bool) -> None:
    """Whose session is this? `-` reads the token from standard input.

    Example: sso-bridge try session TOKEN --config demo/demo.toml"""
    sent = sys.stdin.readline().strip() if token == "-" else token
    key = UserKey(site_id=site)
    request = ValidateSession(key, sent)
    _run(config, as_json, key, lambda p, deadline: p.bridge.validate_session(request, deadline))


def _run(
    config: Path, as_json: bool, key: UserKey, ask: Callable[[Parts, Deadline], Answer]
) -> None:
    """Ask, telling each step on standard error, and print the answer."""
    from .. import wiring
    from ..observing import Narrator, statements_told_to

    settings, folder = settings_at(config)
    narrator = Narrator(lambda line: click.echo(line, err=True))
    parts = wiring.assemble(settings, folder, narrator)
    try:
        known = _before(settings, parts, key, narrator)
        narrator.begin()
        with statements_told_to(narrator, _names(settings, folder, parts)):
            answer = ask(parts, Deadline(settings.server.call_seconds))
        if not isinstance(answer, Refusal):
            _after(known, narrator)
    finally:
        parts.pool.close()
    if as_json:
        shown = {**_shown(answer), "steps": narrator.steps}
        print(json.dumps(shown, ensure_ascii=False, indent=1))
    elif isinstance(answer, Refusal):
        print(f"refused: {answer.kind} (errorCode {answer.code}, errorMessage {answer.text!r})")
    else:
        found = answer.key
        print(f"accepted: login {found.login_id}, ERID {found.external_reference_id}")
        for name, value in _flat(_shown(answer)):
            print(f"  {name}: {value}")
    if isinstance(answer, Refusal):
        sys.exit(1)


def _names(settings: Settings, folder: Path, parts: Parts) -> Callable[[Engine], str]:
    """What the database of an engine is called."""
    from .. import wiring

    ledger = wiring.ledger_database(settings, folder).engine.url
    sources = {id(database.engine): name for name, database in parts.databases.items()}

    def name_of(engine: Engine) -> str:
        if id(engine) in sources:
            return f"source {sources[id(engine)]}"
        return "ledger" if engine.url == ledger else "replica"

    return name_of


@dataclass(frozen=True, slots=True)
class _Known:
    """The one user who is meant, as far as that was found out, and the ERID they had."""

    site: Site
    record: Record
    binding: Binding | None


def _before(settings: Settings, parts: Parts, key: UserKey, narrator: Narrator) -> _Known | None:
    """Tell which site and source are meant, and what the row is; None where that is not known."""
    try:
        site = parts.directory.asked(key)
    except BridgeError:
        return None  # the call itself says why
    narrator.fact(f"site {site.id}: {_why_site(parts, key, site)}")
    narrator.fact(f"source {site.source.name}: {_what_source(settings, site.source.name)}")
    if key.login_id is None:
        return None
    try:
        kind, value = _named(parts, site, key)
        record = site.users.find(Lookup(kind, value), Deadline(_SECONDS))
        _explain(settings, parts, site, kind, value, narrator)
        if record is None:
            return None
        binding = None
        if not site.source.trusts_column:
            from ..core.directory import Found

            binding = parts.ledger.binding(Found(site, record).person, Deadline(_SECONDS))
        return _Known(site, record, binding)
    except IdentityAlarm as alarm:
        narrator.fact(f"the row: {alarm.kind}")
        _explain(settings, parts, site, "login", key.login_id, narrator)
    except BridgeError as error:
        narrator.fact(f"the row: {type(error).__name__}, {error.details or error.text}")
    return None


def _named(parts: Parts, site: Site, key: UserKey) -> tuple[LookupKind, str]:
    """By what the source is asked for the user: an ERID that the ledger knows names a row."""
    erid, login_id = key.external_reference_id, key.login_id or ""
    if erid is None:
        return "login", login_id
    if site.source.trusts_column:
        held = site.users.find(Lookup("erid", erid), Deadline(_SECONDS))
        return ("login", login_id) if held is None else ("subject", held.subject)
    person = parts.ledger.holder(erid, Deadline(_SECONDS))
    if person is None or person.source != site.source.name:
        return "login", login_id
    return "subject", person.subject


def _why_site(parts: Parts, key: UserKey, site: Site) -> str:
    if key.site_id is not None:
        return "--site names it"
    if len(parts.sites) == 1:
        return "it is the only one"
    if parts.settings.default() == site.id:
        return "--site was not given, and it is the default_site"
    return "--site was not given, and an ERID needs none: the first speaks"


def _what_source(settings: Settings, name: str) -> str:
    from ..config.source import PythonSource

    declared = settings.sources[name]
    if isinstance(declared, PythonSource):
        return f"the program {declared.factory}"
    table = "a query" if declared.select is not None else f"table {declared.table}"
    also = " (its replica is asked first)" if declared.replica_url is not None else ""
    return f"{table}, login_match {declared.login_match}{also}"


def _explain(
    settings: Settings, parts: Parts, site: Site, kind: LookupKind, key: str, narrator: Narrator
) -> None:
    """Tell which rows the database gives, which column matched, and who may come in."""
    from ..config.source import PythonSource

    name = site.source.name
    declared = settings.sources[name]
    if isinstance(declared, PythonSource):
        record = site.users.find(Lookup(kind, key), Deadline(_SECONDS))
        if record is not None:
            barred = () if record.active else ("the program says so",)
            _tell_row(parts, name, record.subject, (), barred, record.password_hash, narrator)
        return
    from .. import wiring
    from ..doctor.person import rows_of
    from ..wiring.declared import filters

    mapping = wiring.mapping(declared)
    narrowed = filters(settings.sites[site.id].filter)
    rows = rows_of(
        parts.databases[name],
        replace(mapping, filters=(*mapping.filters, *narrowed)),
        site.source.login_rule,
        kind,
        key,
        Deadline(_SECONDS),
    )
    same = [row for row in rows if row.matched] if kind == "login" else rows
    if len(rows) != 1 or not same:
        told = f", of which {len(same)} by login_match" if rows and kind == "login" else ""
        narrator.fact(f"the database finds {len(rows)} rows by {kind}{told}")
    for row in same[:3]:
        _tell_row(parts, name, row.subject, row.matched, row.barred, row.password_hash, narrator)


def _tell_row(
    parts: Parts,
    source: str,
    subject: str,
    matched: tuple[str, ...],
    barred: tuple[str, ...],
    stored: str | None,
    narrator: Narrator,
) -> None:
    from ..passwords import PasswordHashes, identify

    passwords = parts.declared[source].passwords
    known = passwords.identify if isinstance(passwords, PasswordHashes) else identify
    scheme = "none" if stored is None else known(stored) or "of no known format"
    by = f" by its {' and '.join(matched)}" if matched else ""
    state = "not active: " + "; ".join(barred) if barred else "active"
    narrator.fact(f"row {subject}{by}, {state}, password hash {scheme}")


def _after(known: _Known | None, narrator: Narrator) -> None:
    """Tell where the ERID of the answer came from, and what watches over it."""
    if known is None:
        return
    source = known.site.source
    strategy = source.strategy.name
    if source.trusts_column:
        narrator.fact("ERID: that of the column; the guard is off, so the ledger was not asked")
        return
    if known.binding is None:
        narrator.fact(f"ERID: {_NEW.get(strategy, strategy)}; it stays this user's for ever")
    else:
        narrator.fact(f"ERID: the ledger had it ({known.binding.origin})")
    sealed = "with" if known.record.fingerprint is not None else "without"
    narrator.fact(f"guard: {source.guard.value}, {sealed} a fingerprint")


def _shown(answer: Answer) -> dict[str, Any]:
    """The answer, without the values of attributes: they may be tokens."""
    shown: dict[str, Any] = _plain(answer)
    for attribute in shown.get("attributes", ()):
        attribute["value"] = "…"
    return shown


def _plain(value: Any) -> Any:
    """Fields as dictionaries and tuples as lists, all the way down."""
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if hasattr(value, "_asdict"):
        return {name: _plain(cell) for name, cell in value._asdict().items()}
    return [*map(_plain, value)] if isinstance(value, tuple) else value


def _flat(value: Any, name: str = "") -> list[tuple[str, object]]:
    if isinstance(value, dict):
        return [p for k, v in value.items() for p in _flat(v, f"{name}.{k}" if name else k)]
    if isinstance(value, (list, tuple)):
        return [pair for i, v in enumerate(value) for pair in _flat(v, f"{name}.{i}")]
    return [] if value is None else [(name, value)]
