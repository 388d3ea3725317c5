"""Stand-in WSGI application for the server comparison.

It does what a small SOAP look-up does and nothing more: read the body, parse it with lxml, one
indexed SELECT in sqlite3, answer about 2 KB of XML from a string template.  Paths below
``/-probe/`` are for the behaviour checks; ``with_probes`` puts them in front of any other
application, so that the checks can run whatever application is measured.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from lxml import etree

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]

ROWS = 1000
MAX_BODY = 65536
REQUEST = (
    b'<?xml version="1.0" encoding="utf-8"?>'
    b'<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
    b'<Lookup xmlns="urn:standin"><Id>417</Id></Lookup></soap:Body></soap:Envelope>'
)
ANSWER = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
    '<LookupResult xmlns="urn:standin"><Id>%d</Id><Name>%s</Name><Note>%s</Note></LookupResult>'
    "</soap:Body></soap:Envelope>"
)
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True)
_LOCAL = threading.local()


def _database() -> sqlite3.Connection:
    """Give this thread its own in-memory table, filled on first use."""
    db: sqlite3.Connection | None = getattr(_LOCAL, "db", None)
    if db is None:
        db = sqlite3.connect(":memory:")
        db.execute("CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, note TEXT)")
        rows = [(i, f"name-{i}", "n" * 1700) for i in range(ROWS)]
        db.executemany("INSERT INTO person VALUES (?, ?, ?)", rows)
        _LOCAL.db = db
    return db


def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Answer one look-up."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    key = int(etree.fromstring(body, _PARSER).findtext(".//{urn:standin}Id") or 0)
    row = _database().execute("SELECT id, name, note FROM person WHERE id = ?", (key,)).fetchone()
    answer = (ANSWER % row).encode()
    headers = [("Content-Type", "text/xml; charset=utf-8"), ("Content-Length", str(len(answer)))]
    start_response("200 OK", headers)
    return [answer]


def _reply(start_response: StartResponse, status: str, facts: dict[str, Any]) -> list[bytes]:
    """Send ``facts`` as JSON."""
    data = json.dumps(facts).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(data)))]
    start_response(status, headers)
    return [data]


def _read_some(environ: Environ) -> dict[str, Any]:
    """Read the body to its end, but never more than MAX_BODY; say what was seen."""
    got, error, reads = 0, "", 0
    try:
        while got <= MAX_BODY:
            piece = environ["wsgi.input"].read(min(4096, MAX_BODY + 1 - got))
            reads += 1
            if not piece:
                break
            got += len(piece)
    except (OSError, ValueError, RuntimeError) as exc:  # each server raises its own
        error = type(exc).__name__
    return {
        "pid": os.getpid(),
        "method": environ["REQUEST_METHOD"],
        "length": environ.get("CONTENT_LENGTH"),
        "coding": environ.get("HTTP_TRANSFER_ENCODING"),
        "terminated": bool(environ.get("wsgi.input_terminated")),
        "got": got,
        "reads": reads,
        "error": error,
        "leaks_process_environment": "PATH" in environ,
    }


def probe(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Behave as the path asks: /read, /refuse (413 unread), /sleep?SECONDS or /hello."""
    what = environ["PATH_INFO"].removeprefix("/-probe/")
    if what == "read":
        return _reply(start_response, "200 OK", _read_some(environ))
    if what == "refuse":
        return _reply(start_response, "413 Content Too Large", {"refused": True})
    if what == "sleep":
        time.sleep(float(environ.get("QUERY_STRING") or 1))
    return _reply(start_response, "200 OK", {"pid": os.getpid()})


def with_probes(inner: WsgiApp) -> WsgiApp:
    """Serve ``/-probe/`` paths here and everything else with ``inner``."""

    def combined(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith("/-probe/"):
            return probe(environ, start_response)
        return inner(environ, start_response)

    return combined
