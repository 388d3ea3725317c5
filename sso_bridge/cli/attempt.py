"""`sso-bridge try`: one call through the whole bridge, without HTTP, step by step."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..core.deadline import Deadline
from ..core.model import (
    Accepted,
    GetUser,
    Login,
    ProfileAnswer,
    Refusal,
    UserKey,
    ValidateSession,
)
from .options import config_option, settings_at

if TYPE_CHECKING:
    from ..wiring import Parts

__all__ = ["command"]

Answer = Accepted | ProfileAnswer | Refusal
_site = click.option("--site", default=None, help="The siteID; by default the default one.")
_json = click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")


@click.group("try")
def command() -> None:
    """Put one call through the bridge and explain each step. Exit 1 if it is refused.

    Example: sso-bridge try login demo@example.com --config demo/demo.toml"""


@command.command("login")
@click.argument("login")
@_site
@config_option
@_json
def login(login: str, site: str | None, config: Path, as_json: bool) -> None:
    """Would this login be accepted? The password is prompted for, or read from standard input.

    Example: echo 123123 | sso-bridge try login demo@example.com --config demo/demo.toml"""
    if sys.stdin.isatty():
        password: str = click.prompt("Password", hide_input=True, err=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    request = Login(UserKey(login_id=login, site_id=site), password)
    _run(config, as_json, lambda parts, deadline: parts.bridge.login(request, deadline), login)


@command.command("user")
@click.argument("key")
@_site
@config_option
@_json
def user(key: str, site: str | None, config: Path, as_json: bool) -> None:
    """Whose profile does this ERID, or else this login, name?

    Example: sso-bridge try user demo@example.com --config demo/demo.toml"""

    def ask(parts: Parts, deadline: Deadline) -> Answer:
        by_erid = GetUser(UserKey(external_reference_id=key, site_id=site))
        answer = parts.bridge.get_user(by_erid, deadline)
        if not isinstance(answer, Refusal) or answer.kind != "user_not_found":
            return answer
        return parts.bridge.get_user(GetUser(UserKey(login_id=key, site_id=site)), deadline)

    _run(config, as_json, ask, None)


@command.command("session")
@click.argument("token")
@_site
@config_option
@_json
def session(token: str, site: str | None, config: Path, as_json: bool) -> None:
    """Whose session is this? `-` reads the token from standard input.

    Example: sso-bridge try session TOKEN --config demo/demo.toml"""
    sent = sys.stdin.readline().strip() if token == "-" else token
    request = ValidateSession(UserKey(site_id=site), sent)
    _run(config, as_json, lambda p, deadline: p.bridge.validate_session(request, deadline), None)


def _run(
    config: Path, as_json: bool, ask: Callable[[Parts, Deadline], Answer], login: str | None
) -> None:
    """Ask, telling each step on standard error, and print the answer."""
    from .. import wiring
    from ..observing import Narrator

    settings, folder = settings_at(config)
    parts = wiring.assemble(settings, folder, Narrator(lambda line: click.echo(line, err=True)))
    if login is not None:
        _scheme(parts, login)
    answer = ask(parts, Deadline(settings.server.call_seconds))
    if as_json:
        print(json.dumps(_shown(answer), ensure_ascii=False, indent=1))
    elif isinstance(answer, Refusal):
        print(f"refused: {answer.kind} (errorCode {answer.code}, errorMessage {answer.text!r})")
    else:
        key = answer.key
        print(f"accepted: login {key.login_id}, ERID {key.external_reference_id}")
        for name, value in _flat(_shown(answer)):
            print(f"  {name}: {value}")
    parts.pool.close()
    if isinstance(answer, Refusal):
        sys.exit(1)


def _scheme(parts: Parts, login: str) -> None:
    """Tell how the password of `login` is stored, where one source alone is asked."""
    from ..core.model import Lookup
    from ..errors import BridgeError
    from ..passwords import identify

    for name, source in parts.sources.items():
        try:
            record = source.find(Lookup("login", login), Deadline(5.0))
        except BridgeError as error:
            click.echo(f"             source {name}: {type(error).__name__}", err=True)
            continue
        if record is None:
            click.echo(f"             source {name}: no row has that login", err=True)
        else:
            scheme = identify(record.password_hash) or "unknown"
            state = "active" if record.active else "not active"
            line = f"source {name}: row {record.subject}, {state}, password hash {scheme}"
            click.echo(f"             {line}", err=True)


def _shown(answer: Answer) -> dict[str, Any]:
    """The answer, without the values of attributes: they may be tokens."""
    shown = asdict(answer)
    for attribute in shown.get("attributes", ()):
        attribute["value"] = "…"
    return shown


def _flat(value: Any, name: str = "") -> list[tuple[str, object]]:
    if isinstance(value, dict):
        return [p for k, v in value.items() for p in _flat(v, f"{name}.{k}" if name else k)]
    if isinstance(value, (list, tuple)):
        return [pair for i, v in enumerate(value) for pair in _flat(v, f"{name}.{i}")]
    return [] if value is None else [(name, value)]
