"""A small endpoint that is not the bridge: right, but for the faults that are planted in it.

It shares nothing with the bridge or the harness: standard library, lxml, a dictionary of people."""

from __future__ import annotations

import base64
import itertools
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree
from werkzeug.serving import WSGIRequestHandler, make_server

RUM = "http://integration.digitalriver.com/RemoteUserManagement/1.0"
ENVELOPES = {
    "http://schemas.xmlsoap.org/soap/envelope/": "text/xml",
    "http://www.w3.org/2003/05/soap-envelope": "application/soap+xml",
}
XSI = "http://www.w3.org/2001/XMLSchema-instance"
CALLER = "Basic " + base64.b64encode(b"digital-river:calls-by-the-book").decode()

FAULTS: dict[str, str] = {
    "erids cut short": "identity-rule",
    "another erid each time": "identity-rule",
    "erid of the login in the profile": "identity-rule",
    "somebody else's login in the profile": "profile-by-key",
    "qualified children": "login-good",
    "unknown elements refused": "shape-soap11-schema-growth",
    "answers always in SOAP 1.1": "shape-plain-bare",
    "refusal as a Fault": "login-wrong-password",
    "unknown users told apart": "login-alike",
    "inactive users come in": "login-inactive",
    "inactive profiles shown": "profile-inactive",
    "keys of two people": "profile-keys-disagree",
    "expired sessions": "session-expired",
    "tampered sessions": "session-tampered",
    "repeated creation is a second user": "create-again",
    "taken logins given away": "create-taken",
    "anybody may call": "caller-wrong",
    "insides shown": "hostile-text",
    "entities resolved": "hostile-external-entity",
    "order of children": "login-good",
    "True in capitals": "login-good",
}
"""What can be planted, and one check that must fail for it."""


class Told(Exception):
    """Becomes a Fault that blames the sender."""


@dataclass
class Person:
    """One user."""

    login: str
    password: str
    erid: str
    active: bool = True
    first_name: str | None = None
    session: str = field(default_factory=lambda: secrets.token_hex(16))
    expired: str = field(default_factory=lambda: secrets.token_hex(16))


def people() -> list[Person]:
    return [
        Person("ann@example.com", "ann's password", "aaaa-1111-first", first_name="Ann"),
        Person("ben@example.com", "ben's password", "aaaa-1111-second", first_name="Ben"),
        Person("cal@example.com", "cal's password", "cccc-3333", active=False),
    ]


@dataclass
class Faulty:
    """The endpoint; `fault` is one of FAULTS, or "" for none."""

    fault: str = ""
    known: list[Person] = field(default_factory=people)
    _count: Iterator[int] = field(default_factory=itertools.count)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def has(self, fault: str) -> bool:
        assert fault in FAULTS
        return self.fault == fault

    # HTTP

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if environ.get("HTTP_AUTHORIZATION") != CALLER and not self.has("anybody may call"):
            start_response("401 Unauthorized", [("Content-Type", "text/plain")])
            return [b"who are you?\n"]
        if length > 1_000_000:
            start_response("413 Too Large", [("Content-Type", "text/plain")])
            return [b"too long\n"]
        status, kind, body = self._answered(environ["wsgi.input"].read(length))
        start_response(status, [("Content-Type", f"{kind}; charset=utf-8")])
        return [body.encode()]

    def _answered(self, body: bytes) -> tuple[str, str, str]:
        envelope = ""
        try:
            resolves = self.has("entities resolved")
            parser = etree.XMLParser(resolve_entities=resolves, no_network=True)
            root = etree.fromstring(body, parser)
            if root.getroottree().docinfo.internalDTD is not None and not resolves:
                raise Told("no document types, please")
            envelope, message = self._opened(root)
            return "200 OK", *self._wrapped(envelope, self._message(message))
        except (Told, etree.XMLSyntaxError, ValueError) as error:
            text = str(error)
            if self.has("insides shown"):
                text = f"Traceback (most recent call last): {text}"
            return self._fault(envelope, text)

    def _opened(self, root: Any) -> tuple[str, Any]:
        name = etree.QName(root)
        if name.localname != "Envelope":
            return "", root
        if name.namespace not in ENVELOPES:
            raise Told("which SOAP is that?")
        bodies = root.findall(f"{{{name.namespace}}}Body")
        if root.find(f"{{{name.namespace}}}Header") is not None:
            raise Told("no headers, please")
        if len(bodies) != 1 or len(bodies[0]) != 1:
            raise Told("one Body with one element, please")
        return name.namespace, bodies[0][0]

    def _wrapped(self, envelope: str, message: str) -> tuple[str, str]:
        if self.has("answers always in SOAP 1.1"):
            envelope = next(iter(ENVELOPES))
        if not envelope:
            return "text/xml", message
        return ENVELOPES[envelope], (
            f"<e:Envelope xmlns:e='{envelope}'><e:Body>{message}</e:Body></e:Envelope>"
        )

    def _fault(self, envelope: str, text: str) -> tuple[str, str, str]:
        if envelope.endswith("soap-envelope"):
            inner = (
                f"<e:Fault xmlns:e='{envelope}'><e:Code><e:Value>e:Sender</e:Value></e:Code>"
                f"<e:Reason><e:Text xml:lang='en'>{escape(text)}</e:Text></e:Reason></e:Fault>"
            )
            return "400 Bad Request", *self._wrapped(envelope, inner)
        inner = (
            "<e:Fault xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><faultcode>e:Client"
            f"</faultcode><faultstring>{escape(text)}</faultstring></e:Fault>"
        )
        soap11 = envelope or next(iter(ENVELOPES))
        return "500 Fault", *self._wrapped(soap11, inner)

    # The operations

    def _message(self, message: Any) -> str:
        name = etree.QName(message)
        if name.namespace != RUM:
            raise Told(f"{name.localname} in which namespace?")
        operation = name.localname.removesuffix("Request").replace("Profile", "")
        method = getattr(self, f"_{operation.lower()}", None)
        if method is None or not name.localname.endswith("Request"):
            raise Told("what is that?")
        if self.has("unknown elements refused") and message.find("memberSince") is not None:
            raise Told("memberSince is not in my schema")
        if any(site.text for site in message.iter("siteID")):
            raise Told("there are no sites here")
        with self._lock:
            inner: str = method(message)
        children = ":".join(("r", name.localname.replace("Request", "Response")))
        return f"<{children} xmlns:r='{RUM}' xmlns:xsi='{XSI}'>{inner}</{children}>"

    def _login(self, message: Any) -> str:
        person = self._by_login(text(message, "userKey/loginID"))
        sent = self._by_erid_sent(message)
        password = text(message, "password")
        good = person is not None and password == person.password and sent in (None, person)
        if good and person is not None and (person.active or self.has("inactive users come in")):
            return self._yes(
                person, f"<item><name>crm</name><value>{person.session}</value></item>"
            )
        if self.has("refusal as a Fault"):
            raise Told("Invalid login")
        unknown = person is None and self.has("unknown users told apart")
        return self._no("No such user" if unknown else "Invalid login")

    def _getuser(self, message: Any) -> str:
        by_login = self._by_login(text(message, "userKey/loginID"))
        by_erid = self._by_erid_sent(message)
        named = [one for one in (by_login, by_erid) if one is not None]
        asked = text(message, "userKey/loginID") or "", erid_sent(message) or ""
        if not any(asked):
            raise Told("whom?")
        if not self.has("keys of two people") and (
            len(named) != sum(map(bool, asked)) or len({id(one) for one in named}) > 1
        ):
            named = []
        if not named:
            return "<userInfo xsi:nil='true'/><errorMessage>User not found</errorMessage>"
        person = named[0]
        if not person.active and not self.has("inactive profiles shown"):
            return "<userInfo xsi:nil='true'/><errorMessage>User not active</errorMessage>"
        first = "" if person.first_name is None else f"<firstName>{person.first_name}</firstName>"
        erid = self._erid(person)
        if self.has("erid of the login in the profile"):
            erid = person.login
        if self.has("somebody else's login in the profile"):
            person = replace(person, login=next(p.login for p in self.known if p is not person))
        return f"<userInfo>{self._key(person, erid)}{first}</userInfo><errorMessage/>"

    def _validatesession(self, message: Any) -> str:
        tokens = [text(message, "sessionToken") or ""]
        tokens += [one.text or "" for one in message.iterfind("extendedAttributes/item/value")]
        login = text(message, "userKey/loginID")
        for person in self.known:
            good = {person.session} | ({person.expired} if self.has("expired sessions") else set())
            fits = any(
                token in good or (self.has("tampered sessions") and token[:8] == person.session[:8])
                for token in tokens
            )
            if fits and person.active and login in (None, person.login):
                return self._yes(person)
        return self._no("Invalid session")

    def _createuser(self, message: Any) -> str:
        login, password = text(message, "userInfo/userKey/loginID"), text(message, "password")
        if not login or not password:
            return self._no("Account cannot be created")
        person = self._by_login(login)
        again = person is not None and person.password == password
        if person is None or (again and self.has("repeated creation is a second user")):
            number = next(self._count)
            person = Person(login, password, f"new-{number}", first_name=None)
            self.known.insert(0, person)
        elif not again:
            if not self.has("taken logins given away"):
                return self._no("Email already used")
            person.password = password
        return self._yes(person)

    # Their parts

    def _by_login(self, login: str | None) -> Person | None:
        return next((one for one in self.known if one.login == login), None)

    def _by_erid_sent(self, message: Any) -> Person | None:
        sent = erid_sent(message)
        if sent is None:
            return None
        found = [one for one in self.known if self._erid(one) == sent]
        nobody = Person("", "", "")
        return found[0] if found else (nobody if self.has("keys of two people") else None) or None

    def _erid(self, person: Person) -> str:
        if self.has("erids cut short"):
            return person.erid[:10]
        return person.erid

    def _key(self, person: Person, erid: str) -> str:
        if self.has("another erid each time"):
            erid = f"{erid}-{next(self._count)}"
        names = [("userID", erid), ("externalReferenceID", erid), ("loginID", person.login)]
        if self.has("order of children"):
            names.reverse()
        return f"<userKey>{''.join(f'<{n}>{escape(v)}</{n}>' for n, v in names)}</userKey>"

    def _yes(self, person: Person, attributes: str = "") -> str:
        key = self._key(person, self._erid(person))
        more = f"<extendedAttributes>{attributes}</extendedAttributes>" if attributes else ""
        yes = "True" if self.has("True in capitals") else "true"
        if self.has("qualified children"):
            return f"<r:successful>{yes}</r:successful>{key}{more}"
        return f"<successful>{yes}</successful>{key}{more}"

    def _no(self, why: str) -> str:
        return (
            f"<successful>false</successful><errorCode>5</errorCode><errorMessage>{why}"
            "</errorMessage>"
        )


def text(message: Any, path: str) -> str | None:
    found = message.find(path)
    if found is None or found.get(f"{{{XSI}}}nil") == "true":
        return None
    return found.text or ""


def erid_sent(message: Any) -> str | None:
    both = {text(message, "userKey/userID"), text(message, "userKey/externalReferenceID")} - {None}
    return both.pop() if len(both) == 1 else "\0" if both else None


class _Silent(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """Nothing."""


@contextmanager
def served(endpoint: Faulty) -> Iterator[str]:
    """The endpoint's URL, while the block runs."""
    server = make_server("127.0.0.1", 0, endpoint, threaded=True, request_handler=_Silent)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/sso"
    finally:
        server.shutdown()
        thread.join()
