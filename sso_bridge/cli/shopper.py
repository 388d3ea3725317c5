"""`sso-bridge shopper`: calls Digital River's Shopper API with the ERIDs of the ledger."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..core.alarms import ALARMS
from ..core.deadline import Deadline
from ..core.model import Lookup, UserKey
from ..errors import BridgeError, IdentityAlarm, UserNotFound
from .options import config_option, settings_at
from .recording import recorded
from .shopper_people import client_of, shopper_of
from .shopper_provision import provision

if TYPE_CHECKING:
    from ..config import Settings
    from ..core.directory import Found
    from ..shopper import Shopper, Token
    from ..wiring import Parts

__all__ = ["command"]

_UNKNOWN = "Digital River knows nobody by this user's ERID; shopper create makes them known"

_by = click.option(
    "--by",
    type=click.Choice(["erid", "login", "subject"]),
    default=None,
    help="What KEY is; by default whichever finds somebody.",
)
_site = click.option("--site", default=None, help="The siteID; by default the default one.")
_json = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")


@click.group("shopper")
def command() -> None:
    """Call Digital River's Shopper API with the ERIDs of the ledger.

    Example: sso-bridge shopper show demo@example.com --config bridge.toml"""


command.add_command(provision)


@command.command("token")
@click.argument("key", required=False)
@click.option("--anonymous", is_flag=True, help="Instead of KEY: a token of nobody.")
@click.option(
    "--refresh",
    is_flag=True,
    help="Instead of KEY: in place of the refresh token on standard input.",
)
@click.option(
    "--session-token",
    default=None,
    help="The store session to tie it to; - reads it from standard input.",
)
@click.option("--information", is_flag=True, help="Print what it is, and not the token.")
@_by
@_site
@config_option
@_json
def token(
    key: str | None,
    anonymous: bool,
    refresh: bool,
    session_token: str | None,
    information: bool,
    by: str | None,
    site: str | None,
    config: Path,
    as_json: bool,
) -> None:
    """Print a full-access token for the user with this ERID, login or primary key. Whoever has it
    can order in the user's name: never show it to a shopper or write it to a log.

    Example: sso-bridge shopper token demo@example.com --information --config bridge.toml"""
    from ..shopper import NotFound, ValidationFailed, WrongCustomer

    if (key is not None) + anonymous + refresh != 1:
        raise click.UsageError("give KEY, or one of --anonymous and --refresh")
    settings, folder = settings_at(config)
    erid = None
    if key is not None:
        found, erid = person(_assembled(settings, folder), key, by, site)
        if not found.record.active:
            raise BridgeError("the user is not active, and gets no token")
    if session_token == "-":
        session_token = sys.stdin.readline().strip()
    with (
        recorded(settings, folder, "shopper token", erid=erid),
        client_of(settings) as client,
    ):
        if refresh:
            made = client.refresh(sys.stdin.readline().strip())
        else:
            try:
                made = client.token(erid, session_token=session_token)
            except (ValidationFailed, NotFound):
                if erid is None or session_token is not None:  # it may be about that
                    raise
                raise BridgeError(_UNKNOWN) from None
        about = client.information(made) if information or erid is not None else None
    if about is not None and erid not in (None, about.erid):
        raise WrongCustomer
    if information and about is not None:
        _print(asdict(about), as_json)
        return
    _print_token(made, as_json)


@command.command("show")
@click.argument("key")
@click.option(
    "--expand",
    default="externalReferenceId",
    show_default=True,
    help="What else is to be in the answer; several with commas, or all.",
)
@click.option("--fields", default="", help="The fields to be in the answer, with commas.")
@_by
@_site
@config_option
@_json
def show(
    key: str,
    expand: str,
    fields: str,
    by: str | None,
    site: str | None,
    config: Path,
    as_json: bool,
) -> None:
    """Print what Digital River has of a user. Exit 1 if it does not know the user's ERID.

    Example: sso-bridge shopper show demo@example.com --config bridge.toml"""
    from ..shopper import NotFound, ValidationFailed

    settings, folder = settings_at(config)
    _, erid = person(_assembled(settings, folder), key, by, site)
    with client_of(settings) as client:
        try:
            there = client.show(erid, expand=_listed(expand), fields=_listed(fields))
        except (ValidationFailed, NotFound):
            raise BridgeError(_UNKNOWN) from None
    _print({"id": there.id, **_on_the_wire(there)}, as_json)


@command.command("create")
@click.argument("key")
@_by
@_site
@config_option
@_json
def create(key: str, by: str | None, site: str | None, config: Path, as_json: bool) -> None:
    """Make a user known to Digital River, with the ERID of the ledger. Who is there already is
    compared, and never changed. Exit 1 if something differs or it is refused.

    Example: sso-bridge shopper create demo@example.com --config bridge.toml"""
    from ..shopper.customers import Customer, settle

    settings, folder = settings_at(config)
    found, erid = person(_assembled(settings, folder), key, by, site)
    shopper = shopper_of(found.record, erid, settings.shopper)
    customer = Customer(found.site.source.name, found.record.subject, shopper)
    with (
        recorded(settings, folder, "shopper create", erid=erid) as trail,
        client_of(settings) as client,
    ):
        result = settle(client, customer, doubtful=False)
        trail["counts"] = {result.outcome: 1}
    _print(
        {
            "externalReferenceId": erid,
            "outcome": result.outcome,
            "reason": result.reason or None,
            "differing": ", ".join(result.fields) or None,
        },
        as_json,
    )
    if result.outcome not in ("made", "equal"):
        sys.exit(1)


@command.command("update")
@click.argument("key")
@_by
@_site
@config_option
@_json
def update(key: str, by: str | None, site: str | None, config: Path, as_json: bool) -> None:
    """Write what the user database has of a user over what Digital River has. The ERID stays.

    Example: sso-bridge shopper update demo@example.com --config bridge.toml"""
    settings, folder = settings_at(config)
    found, erid = person(_assembled(settings, folder), key, by, site)
    shopper = shopper_of(found.record, erid, settings.shopper)
    with (
        recorded(settings, folder, "shopper update", erid=erid),
        client_of(settings) as client,
    ):
        if client.look(erid) is None:  # and nobody is written over who has another ERID
            raise BridgeError(_UNKNOWN)
        client.update(erid, shopper)
    sent = [name for name in _on_the_wire(shopper) if name != "externalReferenceId"]
    _print({"externalReferenceId": erid, "updated": ", ".join(sent)}, as_json)


def person(parts: Parts, key: str, by: str | None, site: str | None) -> tuple[Found, str]:
    """The one user whom `key` names, with the ERID that every answer of the bridge has for them.

    Raises BridgeError if there is none, or `key` is one user's login and another's primary key."""
    deadline = Deadline(parts.settings.server.call_seconds)
    found: dict[object, Found] = {}
    try:
        for kind in ("erid", "login", "subject") if by is None else (by,):
            one = _look_up(parts, kind, key, site, deadline)
            if one is not None:
                found.setdefault(one.person, one)
        if not found:
            raise BridgeError(f"no user has the {by or 'ERID, login or primary key'} {key!r}")
        if len(found) > 1:
            raise BridgeError(f"{key!r} names several users; say with --by what it is")
        (one,) = found.values()
        return one, parts.guard.erid(one, deadline)
    except IdentityAlarm as alarm:
        raise BridgeError(f"{ALARMS[alarm.kind]} ({alarm.details})") from None


def _look_up(
    parts: Parts, kind: str, key: str, site: str | None, deadline: Deadline
) -> Found | None:
    directory = parts.directory
    try:
        if kind == "erid":
            sent = UserKey(external_reference_id=key, site_id=site)
            return directory.find(sent, deadline, profile=True)
        if kind == "login":
            return directory.find(UserKey(login_id=key, site_id=site), deadline, profile=True)
        where = directory.site(UserKey(site_id=site))
        return directory.lookup(where, Lookup("subject", key), deadline, profile=True)
    except UserNotFound:
        return None


def _assembled(settings: Settings, folder: Path) -> Parts:
    from .. import wiring
    from ..observing import Silent

    return wiring.assemble(settings, folder, Silent())


def _on_the_wire(shopper: Shopper) -> dict[str, str]:
    """The fields that have a value, as Digital River spells them."""
    from ..shopper.messages import FIELDS

    return {FIELDS[name]: value for name, value in shopper.filled().items()}


def _listed(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]


def _print_token(made: Token, as_json: bool) -> None:
    access = made.access.get_secret_value()
    if not as_json:
        print(access)
        return
    refresh = None if made.refresh is None else made.refresh.get_secret_value()
    _print(
        {"access_token": access, "expires_in": int(made.expires_in), "refresh_token": refresh}, True
    )


def _print(values: dict[str, object], as_json: bool) -> None:
    if as_json:
        print(json.dumps(values, ensure_ascii=False))
        return
    for name, value in values.items():
        if value is not None:
            print(f"{name}: {_printable(str(value))}")


def _printable(text: str) -> str:
    """`text` without anything that a terminal obeys."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)
