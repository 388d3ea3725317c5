"""GetUser written by hand as one WSGI function: lxml, sqlite3, a string template.

What somebody would write who had this one call to answer, no types and no settings. It is what
the others are compared with."""

from __future__ import annotations

import os
import re
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from calls_world import ADDRESS, COLUMNS, PROFILE, RUM, SITE, SOAP, WIRE

_PARSER = etree.XMLParser(resolve_entities=False, no_network=True)
_SPECIAL = re.compile("[&<>]")
_LOCAL = threading.local()
_FIND = f"SELECT erid, erid, {', '.join(COLUMNS[2:3] + COLUMNS[5:])} FROM users WHERE "


def _element(field: str) -> str:
    name = WIRE.get(field, field)
    return f"<{name}>%s</{name}>"


ANSWER = (
    f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{SOAP}"><s:Body>'
    f'<r:GetUserResponse xmlns:r="{RUM}"><userInfo><userKey><userID>%s</userID>'
    "<externalReferenceID>%s</externalReferenceID><loginID>%s</loginID>"
    f"<siteID>{SITE}</siteID></userKey>"
    + "".join(_element(field) for field in PROFILE)
    + "".join(
        f"<{kind}Address>{''.join(_element(field) for field in ADDRESS)}</{kind}Address>"
        for kind in ("shipping", "billing")
    )
    + "</userInfo><errorMessage></errorMessage></r:GetUserResponse></s:Body></s:Envelope>"
)
MISSING = (
    f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{SOAP}"><s:Body>'
    f'<r:GetUserResponse xmlns:r="{RUM}"><errorMessage>User not found</errorMessage>'
    "</r:GetUserResponse></s:Body></s:Envelope>"
)


def _database() -> sqlite3.Connection:
    """This thread's connection."""
    connection: sqlite3.Connection | None = getattr(_LOCAL, "connection", None)
    if connection is None:
        file = os.environ["BENCHMARK_USERS"]
        connection = _LOCAL.connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    return connection


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer one GetUser."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    key = etree.fromstring(body, _PARSER).find(f".//{{{RUM}}}GetUserRequest/userKey")
    column, sought = "erid", None
    if key is not None:
        sought = key.findtext("externalReferenceID")
        if sought is None:
            column, sought = "login", key.findtext("loginID")
    row = _database().execute(f"{_FIND}{column} = ?", (sought,)).fetchone()
    if row is None:
        text = MISSING
    elif _SPECIAL.search("".join(row)):
        text = ANSWER % tuple(map(escape, row))
    else:
        text = ANSWER % row
    answer = text.encode()
    headers = [("Content-Type", "text/xml; charset=utf-8"), ("Content-Length", str(len(answer)))]
    start_response("200 OK", headers)
    return [answer]
