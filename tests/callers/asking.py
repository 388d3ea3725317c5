"""The demo with two sites, its callers, and requests that show one thing or another."""

from __future__ import annotations

import http.client
import ssl
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sso_bridge import demo
from tests.running import edited
from tests.survival.client import PATH
from tests.survival.messages import envelope, message

ANN = "demo@example.com"
"""Of the site `demo`."""
GUS = "gone@example.com"
"""Of the site `others`, and of that only."""


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def tells(self, text: str) -> bool:
        return text.encode() in self.body


def configuration(folder: Path, server: str, callers: str) -> Path:
    """The demo's; `server` stands in [server], `callers` behind it."""
    others = '[sites.others]\nsource = "shop"\nfilter = { status = "closed" }\n'
    config = edited(
        demo.prepare(folder),
        ("port = 8080", server),
        ('format = "console"', 'format = "json"'),
        ('[sites.demo]\nsource = "shop"', others + '[sites.demo]\nsource = "shop"'),
        ('active = { column = "status", values = ["active"] }', ""),
    )
    text = config.read_text()
    config.write_text(
        'default_site = "demo"\n'
        + text.replace("[sites.demo]\n", '[sites.demo]\nfilter = { status = "active" }\n')
        + callers
    )
    return config


def asked(name: str, login: str, site: str | None = None, more: str = "") -> str:
    """The request `name` about that login, as SOAP 1.1."""
    key = f"<loginID>{login}</loginID>" + (f"<siteID>{site}</siteID>" if site else "")
    return envelope(message(f"{name}Request", f"<userKey>{key}</userKey>{more}"))


def post(
    address: tuple[str, int],
    body: str,
    *,
    headers: Sequence[tuple[str, str]] = (),
    source: str = "127.0.0.1",
    context: ssl.SSLContext | None = None,
) -> Reply:
    """The answer to a request that comes from the loopback address `source`."""
    if context is None:
        connection = http.client.HTTPConnection(*address, timeout=20, source_address=(source, 0))
    else:
        connection = http.client.HTTPSConnection(
            *address, timeout=20, source_address=(source, 0), context=context
        )
    with_body = body.encode()
    connection.putrequest("POST", PATH)
    for name, value in (
        ("Content-Type", "text/xml; charset=utf-8"),
        ("Content-Length", str(len(with_body))),
        *headers,
    ):
        connection.putheader(name, value)
    try:
        connection.endheaders(with_body)
        response = connection.getresponse()
        told = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, told, response.read())
    finally:
        connection.close()


def basic(user: str, password: str) -> tuple[str, str]:
    return "Authorization", "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def trusting(ca: Path, certificate: Path | None = None) -> ssl.SSLContext:
    """Takes servers that `ca` has signed, and shows that certificate (its key is beside it)."""
    context = ssl.create_default_context(cafile=ca)
    context.check_hostname = False
    if certificate is not None:
        key = certificate.with_name(f"{certificate.stem}-key.pem")
        context.load_cert_chain(certificate, key)
    return context
