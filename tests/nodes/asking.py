"""What a store asks over HTTPS, and what the answer comes to. Nothing of the package is used to
write or read a message: it would share its mistakes."""

from __future__ import annotations

import base64
import http.client
import select
import socket
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from joserfc import jwt
from joserfc.jwk import OctKey
from lxml import etree

from tests.nodes.cluster import CALLER, CLIENT, SIGNED_WITH
from tests.people import FAR, SECRET
from tests.proofs.town import token_of

__all__ = ["REFUSALS", "Client", "Outcome", "judged", "message"]

PATH: Final = "/RemoteUserManagement"
PATIENCE: Final = 30.0
RUM: Final = "http://integration.digitalriver.com/RemoteUserManagement/1.0"
SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
REFUSALS: Final = {
    "wrong": "Invalid login",
    "nobody": "User not found",
    "stale": "Invalid session",
}
"""The operations that must be refused, and in which words."""
_KEY: Final = OctKey.import_key(SIGNED_WITH)
_HEADERS: Final = {
    "Content-Type": "text/xml; charset=utf-8",
    "SOAPAction": '""',
    "Authorization": "Basic " + base64.b64encode(":".join(CALLER).encode()).decode(),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One of: the ERID of a right answer; the right refusal; a visible failure and its kind; or
    what is wrong with the answer."""

    erid: str | None = None
    refused: str | None = None
    failed: str | None = None
    wrong: str | None = None


def message(operation: str, source: str, login: str, erid: str | None = None) -> bytes:
    """An envelope with a call. `operation` is login, wrong (a wrong password), get, erid, nobody,
    session, signed, stale or create."""
    site, who = f"<siteID>{source}</siteID>", f"<loginID>{escape(login)}</loginID>"
    key = f"<userKey>{who}{site}</userKey>"
    match operation:
        case "login" | "wrong":
            password = SECRET if operation == "login" else "open, onion"
            body = _call("LoginRequest", f"{key}<password>{password}</password>")
        case "get" | "nobody":
            body = _call("GetUserRequest", key)
        case "erid":
            named = f"<externalReferenceID>{escape(erid or '')}</externalReferenceID>{site}"
            body = _call("GetUserRequest", f"<userKey>{named}</userKey>")
        case "session" | "signed" | "stale":
            token = {
                "session": token_of(login),
                "signed": _signed(source, login),
                "stale": "session-of-yesterday",
            }[operation]
            sent = f"<userKey>{site}</userKey><sessionToken>{token}</sessionToken>"
            body = _call("ValidateSessionRequest", sent)
        case "create":
            new = f"<userInfo>{key}<firstName>Zoë</firstName></userInfo>"
            body = _call("CreateUserProfileRequest", f"{new}<password>{SECRET}</password>")
        case _:
            raise AssertionError(operation)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><e:Envelope xmlns:e="{SOAP}">'
        f"<e:Body>{body}</e:Body></e:Envelope>"
    ).encode()


def _call(name: str, content: str) -> str:
    return f'<r:{name} xmlns:r="{RUM}">{content}</r:{name}>'


def _signed(source: str, login: str) -> str:
    return jwt.encode({"alg": "HS256"}, {"sub": login, "site": source, "exp": FAR}, _KEY)


class Client:
    """One keep-alive connection at a time to `address`, whose certificate for localhost `ca`
    signed; without `ca` it is plain HTTP.

    As pools of connections do, it does not send on one that the other end has closed."""

    def __init__(self, address: tuple[str, int], ca: Path | None) -> None:
        self._address = address
        self._context = ssl.create_default_context(cafile=ca) if ca else None
        self._connection: http.client.HTTPConnection | None = None

    def ask(
        self, operation: str, source: str, login: str, erid: str | None = None
    ) -> tuple[Outcome, float]:
        """One call, which is sent once: what it came to, and the seconds it took."""
        body = message(operation, source, login, erid)
        begun = time.monotonic()
        try:
            status, answer = self._post(body)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return Outcome(failed=f"connection: {type(error).__name__}"), time.monotonic() - begun
        return judged(operation, source, login, erid, status, answer), time.monotonic() - begun

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _post(self, body: bytes) -> tuple[int, bytes]:
        if self._connection is not None and _has_ended(self._connection.sock):
            self.close()
        if self._connection is None or self._connection.sock is None:
            self._connection = http.client.HTTPConnection("localhost")
            sock = socket.create_connection(self._address, PATIENCE, (CLIENT, 0))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._context is not None:
                sock = self._context.wrap_socket(sock, server_hostname="localhost")
            self._connection.sock = sock
        self._connection.request("POST", PATH, body, _HEADERS)
        response = self._connection.getresponse()
        return response.status, response.read()


def _has_ended(sock: socket.socket | None) -> bool:
    """Whether there is something to read before anything was asked: the end, most likely."""
    return sock is not None and bool(select.select([sock], [], [], 0)[0])


def judged(
    operation: str, source: str, login: str, erid: str | None, status: int, answer: bytes
) -> Outcome:
    """What an answer comes to; `erid` is that which the call named, if it did."""
    if status in (502, 503, 504):
        return Outcome(failed=f"the proxy's {status}")
    texts = _texts(answer)
    if texts.get("faultcode", "").endswith("Server"):
        return Outcome(failed=f"Fault: {texts.get('faultstring')}")
    if status != 200:
        return Outcome(wrong=f"status {status} {answer[:200]!r}")
    said = texts.get("errorMessage")
    if operation in REFUSALS:
        right = said == REFUSALS[operation] and "externalReferenceID" not in texts
        return Outcome(refused=said) if right else Outcome(wrong=f"{said!r} to {operation}")
    given = texts.get("externalReferenceID")
    if said or not given:
        return Outcome(wrong=f"refused: {said!r}")
    if (texts.get("loginID"), texts.get("siteID")) != (login, source):
        return Outcome(wrong=f"named {texts.get('siteID')}/{texts.get('loginID')}")
    if texts.get("userID") != given or (erid is not None and given != erid):
        return Outcome(wrong=f"{given!r} and {texts.get('userID')!r}, asked by {erid!r}")
    return Outcome(erid=given)


def _texts(answer: bytes) -> dict[str, str]:
    """The text of the first element of each local name; nothing for what is no XML."""
    found: dict[str, str] = {}
    try:
        for element in etree.fromstring(answer).iter("{*}*"):
            found.setdefault(etree.QName(element).localname, element.text or "")
    except etree.XMLSyntaxError:
        pass
    return found
