"""What nobody should send: it costs nothing, shows nothing, and stops nothing."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

from ..facts import RUM, SOAP11
from ..messages import BARE, request
from ..trial import Group, Trial

CHECKS: Final = Group("hostile")
HELD = 20
"""Connections that are begun and not finished."""


def _login(trial: Trial, login: str = "nobody@example.com") -> bytes:
    return request(
        "LoginRequest",
        {"userKey": trial.key(loginID=login), "password": "whatever"},
        trial.shape,
        BARE,
    )


def _with(before: str, login: str) -> bytes:
    return (
        f"{before}<r:LoginRequest xmlns:r='{RUM}'><userKey><loginID>{login}</loginID></userKey>"
        "<password>x</password></r:LoginRequest>"
    ).encode()


_BOMB = "<!DOCTYPE b [<!ENTITY a0 'ha'>" + "".join(
    f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 10)
) + "]>"  # fmt: skip
_FILE = "<!DOCTYPE b [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"

BODIES: dict[str, tuple[str, bytes]] = {
    "empty": ("an empty body", b""),
    "text": ("text that is no XML", b"login=demo&password=x"),
    "cut": ("XML that breaks off", _with("", "a")[:-20]),
    "bytes": ("bytes that are no UTF-8", b"\xff\xfe\xfd<a/>\x00"),
    "entity-bomb": ("an entity that grows a thousand million times", _with(_BOMB, "&a9;")),
    "external-entity": ("an entity that reads a file", _with(_FILE, "&x;")),
    "deep": ("elements 50,000 deep", b"<a>" * 50_000 + b"</a>" * 50_000),
    "other-root": ("another message", b"<hello xmlns='urn:example'/>"),
    "other-namespace": ("the message in a namespace of somebody else's",
        b"<LoginRequest xmlns='urn:example'/>"),
    "no-namespace": ("the message in no namespace", b"<LoginRequest/>"),
    "two-requests": ("two requests in one Body", (
        f"<s:Envelope xmlns:s='{SOAP11}' xmlns:r='{RUM}'><s:Body><r:LoginRequest/>"
        "<r:LoginRequest/></s:Body></s:Envelope>").encode()),
    "two-bodies": ("an envelope with two bodies", (
        f"<s:Envelope xmlns:s='{SOAP11}' xmlns:r='{RUM}'><s:Body><r:LoginRequest/></s:Body>"
        "<s:Body><r:LoginRequest/></s:Body></s:Envelope>").encode()),
    "must-understand": ("a header that must be understood", (
        f"<s:Envelope xmlns:s='{SOAP11}' xmlns:r='{RUM}'><s:Header><x xmlns='urn:example' "
        "s:mustUnderstand='1'/></s:Header><s:Body><r:LoginRequest/></s:Body></s:Envelope>").encode()),
}  # fmt: skip

_TOLERABLE: Final = ("other-namespace", "no-namespace")
"""What an endpoint may overlook: it may answer that the login, which is empty, is refused."""


def _sent(name: str) -> Callable[[Trial], None]:
    about, body = BODIES[name]

    def run(trial: Trial) -> None:
        began = time.monotonic()
        exchange = trial.send(body, about, strange=True)
        if name == "must-understand" and exchange.status == 500:
            trial.answer("LoginRequest", exchange)  # a Fault of its own kind
        elif name in _TOLERABLE and exchange.status == 200:
            with trial.written("plain", BARE):
                trial.refused(trial.answer("LoginRequest", exchange), about)
        else:
            trial.faulted(exchange, about)
        if b"root:" in exchange.answer:
            trial.says("the answer shows a file of the server")
        trial.expect(time.monotonic() - began < 5, "it took longer than 5 seconds to refuse")

    return run


for _name, (_about, _) in BODIES.items():
    CHECKS.put(f"hostile-{_name}", f"Refused: {_about}", _sent(_name))


@CHECKS.add("hostile-huge")
def huge(trial: Trial) -> None:
    """Refused: a body of 20 MB."""
    body = _login(trial, "a" * 20_000_000)
    exchange = trial.send(body, "a body of 20 MB", strange=True)
    if exchange.status is None:
        return  # cut off while it was sent, which is as good as a refusal
    if exchange.status == 200:
        trial.answer("LoginRequest", exchange)
    else:
        trial.faulted(exchange, "a body of 20 MB")


@CHECKS.add("hostile-long-values")
def long_values(trial: Trial) -> None:
    """Long values are refused and cost little."""
    began = time.monotonic()
    for login, password in (("a" * 60_000, "x"), (trial.anybody().login, "x" * 60_000)):
        found = trial.login(login, password)
        if found is not None and getattr(found, "accepted", False):
            trial.says("a value of 60,000 characters is accepted")
    trial.expect(time.monotonic() - began < 10, "two long values took longer than 10 seconds")


@CHECKS.add("hostile-media-type")
def media_type(trial: Trial) -> None:
    """Refused or understood: another Content-Type."""
    exchange = trial.send(_login(trial), "JSON's Content-Type", media_type="application/json")
    if exchange.status != 200:
        trial.faulted(exchange, "JSON's Content-Type")


@CHECKS.add("hostile-unfinished")
def unfinished(trial: Trial) -> None:
    """Requests that are never finished hold nobody up."""
    parts = urlsplit(trial.endpoint.url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    held: list[socket.socket] = []
    try:
        for _ in range(HELD):
            one = socket.create_connection((parts.hostname or "", port), trial.endpoint.seconds)
            held.append(one)
            if parts.scheme == "http":
                head = f"POST {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
                with suppress(OSError):
                    one.sendall(f"{head}Content-Length: 500\r\n\r\n<r:Log".encode())
        user = trial.anybody()
        trial.accepted(trial.login(user.login, user.secret()), user.login, "a login meanwhile")
    except OSError as error:
        trial.says(f"a connection cannot be made: {error.strerror or type(error).__name__}")
    finally:
        for one in held:
            one.close()
