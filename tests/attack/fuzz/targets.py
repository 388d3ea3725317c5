"""What is fuzzed: each target takes any bytes, and raises if a promise is broken.

Nothing here needs the fuzzer: a target is a function, and a test calls it with what was found."""

from __future__ import annotations

import base64
import gzip
import hmac
import io
import json
import sqlite3
import zlib
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import bcrypt
from lxml import etree
from werkzeug.exceptions import HTTPException

from sso_bridge import demo, wiring
from sso_bridge.config import load
from sso_bridge.core.call import Call, Caller
from sso_bridge.core.deadline import Deadline
from sso_bridge.core.gate import Gate
from sso_bridge.core.model import GetUser, Identity, Login, ValidateSession
from sso_bridge.errors import InvalidMessage, InvalidSession, Rejected
from sso_bridge.observing import Silent
from sso_bridge.passwords.schemes import Limits, StoredHash, UnusableHash, known_schemes, read
from sso_bridge.sessions import Encryption, JwtFormat, Signature
from sso_bridge.soap.codec import Codec
from sso_bridge.soap.envelope import Shape, open_envelope
from sso_bridge.soap.parsing import parse
from sso_bridge.soap.security import username_token
from sso_bridge.soap.server import Endpoint
from sso_bridge.soap.translation import FORMS
from sso_bridge.soap.types import MESSAGES
from sso_bridge.throttle import Memory, Throttle, Waits
from sso_bridge.web.application import _content_type
from sso_bridge.web.body import read_body
from sso_bridge.web.callers import Callers, Conditions
from sso_bridge.web.certificates import FORMS as CERTIFICATES
from sso_bridge.web.proxies import Proxies, network
from sso_bridge.web.username_tokens import TokenOwner, UsernameTokens
from tests.passwords.hashes import HASHES
from tests.survival.messages import SOAP11, SOAP12

from .choices import WORD, message, secured
from .second_reader import texts_of, users_of

__all__ = ["EVERYTHING", "TARGETS", "Target", "demo_endpoint"]

Check = Callable[[bytes], None]

SAMPLES: Final = Path(__file__).parents[2] / "contract" / "samples"
TOKENS: Final = Path(__file__).parents[2] / "sessions" / "tokens_made_elsewhere.json"
SECONDS: Final = 10.0
LIMIT: Final = 65_536
SECRET: Final = b"a shared secret of more than 32 bytes"
ROOTS: Final = {
    Shape.SOAP11: {f"{{{SOAP11}}}Envelope"},
    Shape.SOAP12: {f"{{{SOAP12}}}Envelope"},
}


@dataclass(frozen=True, slots=True)
class Target:
    """`prepare` makes the check, given a folder of its own; `seeds` are what it begins with."""

    prepare: Callable[[Path], Check]
    seeds: Callable[[], Iterable[bytes]]
    spells: bool = False
    """Whether its bytes are choices, so that words of XML are no use to it."""


def _envelope(_: Path) -> Check:
    """Bytes to a request element: a document or InvalidMessage and its kin."""
    charsets = (None, "utf-8", "utf-16", "iso-8859-1", "utf-7", "euc-jp", "utf-16le", "ucs4")

    def check(data: bytes) -> None:
        with suppress(Rejected):
            request = open_envelope(parse(data[1:], charsets[data[0] % 8] if data else None))
            assert request.name in MESSAGES

    return check


def _codec(_: Path) -> Check:
    """What is read from a message is what another parser sees there."""
    codec = Codec(MESSAGES, FORMS)

    def check(data: bytes) -> None:
        body = message(data).encode()
        try:
            opened = open_envelope(parse(body, None))
            read = codec.read(opened.name, opened.element)
        except Rejected:
            return
        if isinstance(read, Login | GetUser | ValidateSession):
            _same(body, ("userKey", "loginID"), read.key.login_id)
            _same(body, ("userKey", "siteID"), read.key.site_id)
            _same(body, ("userKey", "userID"), read.key.user_id)
        if isinstance(read, Login):
            _same(body, ("password",), read.password)

    return check


def _same(body: bytes, path: tuple[str, ...], value: str | None) -> None:
    # XML 1.1 and most encodings are none of expat's.
    with suppress(ElementTree.ParseError, ValueError, LookupError):
        seen = texts_of(body, path)
        assert seen == [value] or (value is None and not seen), (path, value, seen)


def demo_endpoint(folder: Path) -> Endpoint:
    """The demo's, with passwords that are quick to check."""
    config = demo.prepare(folder)
    with closing(sqlite3.connect(folder / "users.db")) as users, users:
        for person in demo.PEOPLE:
            stored = bcrypt.hashpw(person.password.encode(), bcrypt.gensalt(4)).decode()
            users.execute(
                "UPDATE users SET password_hash = ? WHERE email = ?", (stored, person.email)
            )
    settings, _ = load(config)
    parts = wiring.assemble(settings, folder, Silent())
    return Endpoint(parts.bridge, Gate(parts.bridge))


def _answered(endpoint: Endpoint, body: bytes, charset: str | None) -> None:
    """There is an answer, it is XML of the contract or a Fault, and nothing went wrong inside."""
    call = Call("00000000", Deadline(SECONDS))
    answer = endpoint.answer(body, charset=charset, guess=Shape.SOAP11, call=call)
    assert answer.outcome != "internal_error", repr(answer.error)
    assert answer.error is None, repr(answer.error)
    root = etree.fromstring(answer.body)
    if answer.media_type == Shape.SOAP12.media_type:
        assert root.tag in ROOTS[Shape.SOAP12]
    else:
        assert root.tag not in ROOTS[Shape.SOAP12]
    assert (answer.status == 200) == (b"Fault>" not in answer.body)


def _answers(folder: Path) -> Check:
    """Any bytes at all are answered."""
    endpoint = demo_endpoint(folder)
    return lambda data: _answered(endpoint, data, None)


def _calls(folder: Path) -> Check:
    """Any message that choices spell is answered."""
    endpoint = demo_endpoint(folder)
    return lambda data: _answered(endpoint, message(data).encode(), "utf-8")


def _body(_: Path) -> Check:
    """A body is at most as long as allowed, or refused in HTTP's words."""
    codings = ("", "gzip", "deflate", "identity", "br", "GZIP ")
    lengths = ("right", "none", "more", "less")

    def check(data: bytes) -> None:
        head, raw = data[:2].ljust(2, b"\0"), data[2:]
        announced = {
            "right": str(len(raw)),
            "none": "",
            "more": str(len(raw) + 1),
            "less": str(max(len(raw) - 1, 0)),
        }[lengths[head[1] % 4]]
        environ = {
            "wsgi.input": io.BytesIO(raw),
            "CONTENT_LENGTH": announced,
            "HTTP_CONTENT_ENCODING": codings[head[0] % 6],
        }
        if not announced:
            environ["HTTP_TRANSFER_ENCODING"] = "chunked"
        with suppress(HTTPException):
            assert len(read_body(environ, most=LIMIT, seconds=SECONDS)) <= LIMIT

    return check


def _headers(_: Path) -> Check:
    """Nobody gets in with any header but the right one, and none brings the reading down."""
    hashes = [lambda password, deadline: password == "s3cret"]
    dr = Conditions(caller=Caller("dr"), user="dr", hashes=hashes)
    near = Conditions(caller=Caller("near"), networks=[network("192.0.2.0/24")])
    certified = Conditions(caller=Caller("certified"), certificate=frozenset({("DNS", "a.b")}))
    proxy = [network("127.0.0.1")]
    callers = Callers([dr])
    behind = [
        Callers(
            [near, certified],
            proxies=Proxies(proxy, address_header=name, certificate_header="ClientCert"),
            read=CERTIFICATES["subject" if name == "Forwarded" else "der"],
        )
        for name in ("Forwarded", "ClientAddress")
    ]

    def check(data: bytes) -> None:
        header = data.decode("latin-1")
        with suppress(HTTPException):
            shape, charset = _content_type(header)
            assert isinstance(shape, Shape)
            with suppress(InvalidMessage):
                parse(b"<a/>", charset)
        with suppress(HTTPException):
            callers.who({"HTTP_AUTHORIZATION": header})
            assert header.split(None, 1)[0].lower() == "basic"
        for one, key in zip(behind, ("HTTP_FORWARDED", "HTTP_CLIENTADDRESS"), strict=True):
            environ = {"REMOTE_ADDR": "127.0.0.1", key: header, "HTTP_CLIENTCERT": header}
            with suppress(HTTPException):
                assert one.who(environ).name == "near"
                assert "192.0.2." in header

    return check


def _security(_: Path) -> Check:
    """Who is let in by a UsernameToken sent one, with the right user and word, and no other."""
    unlimited = Throttle(
        Memory(Waits(1, 1, 1, 1), most=1),
        key=SECRET,
        logins=False,
        rates=[],
        observer=Silent(),
        operations=[],
    )
    tokens = UsernameTokens(unlimited)
    owners = [(TokenOwner("dr", [WORD], text=True), "dr")]

    def check(data: bytes) -> None:
        body = secured(data).encode()
        with suppress(Rejected):
            token = username_token(open_envelope(parse(body, None), security=True).security)
            if token is not None:
                tokens.owner(token, owners)
                assert users_of(body) == [("dr", WORD)]

    return check


def _tokens(_: Path) -> Check:
    """Only a token that was made with the key names somebody.

    The first byte says what the others are: a whole token, the parts of one to be encoded, or
    claims to be signed with the key, which are good or refused."""
    key = b"a content key that has 32 bytes."
    formats = (
        JwtFormat(
            signature=Signature(keys=[SECRET], algorithms=["HS256"]), issuer=None, audience=None
        ),
        JwtFormat(
            encryption=Encryption(keys=[key], algorithms=["dir"], contents=["A256GCM"]),
            issuer=None,
            audience=None,
        ),
    )

    def check(data: bytes) -> None:
        kind, raw = (data[0] % 3 if data else 0), data[1:]
        if kind == 2:
            signed = b"eyJhbGciOiJIUzI1NiJ9." + _base64url(raw)
            signature = _base64url(hmac.digest(SECRET, signed, "sha256"))
            token = (signed + b"." + signature).decode()
        elif kind == 1:
            token = b".".join(map(_base64url, raw.split(b"\xff"))).decode()
        else:
            token = raw.decode("utf-8", "replace")
        for one in formats:
            with suppress(InvalidSession):
                found = one.verify(token, "shop", Deadline(SECONDS))
                assert not isinstance(found, Identity) or kind == 2, "a forged token names somebody"

    return check


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _hashes(_: Path) -> Check:
    """A stored hash is read, refused or unknown, and what was read costs no more than allowed."""
    schemes = known_schemes(allow_weak=True)
    cheap = Limits.of(0.01, 1)

    def check(data: bytes) -> None:
        stored = data.decode("utf-8", "replace")
        with suppress(UnusableHash):
            found = read(stored, cheap, schemes)
            if isinstance(found, StoredHash):
                assert not found.fits(b"not the password of anybody"), found.scheme

    return check


def _samples() -> Iterable[bytes]:
    return [path.read_bytes() for path in sorted(SAMPLES.glob("*.xml"))]


def _spelled() -> Iterable[bytes]:
    return [bytes([n, n + 1, n + 2] * 20) for n in range(0, 60, 5)]


def _sample_bodies() -> Iterable[bytes]:
    for sample in list(_samples())[:3]:
        yield b"\0\0" + sample
        yield b"\1\0" + gzip.compress(sample)
        yield b"\2\1" + zlib.compress(sample)


def _sample_tokens() -> Iterable[bytes]:
    found = json.dumps(json.loads(TOKENS.read_text()))
    yield from (b"\0" + word.encode() for word in found.split('"') if word.startswith("ey"))
    yield b'\1{"alg":"none"}\xff{"sub":"1","exp":4102444800}\xff'
    yield b'\1{"alg":"dir","enc":"A256GCM","zip":"DEF"}\xff\xff123456789012\xff1\xff1234567890'
    yield b'\2{"sub":"4711","exp":4102444800,"iat":1700000000,"site":"shop","aud":["a"]}'


TARGETS: Final = {
    "envelope": Target(_envelope, lambda: [b"\0" + sample for sample in _samples()]),
    "codec": Target(_codec, _spelled, spells=True),
    "answers": Target(_answers, _samples),
    "calls": Target(_calls, _spelled, spells=True),
    "body": Target(_body, _sample_bodies),
    "headers": Target(
        _headers,
        lambda: [
            b"Basic ZHI6czNjcmV0",
            b"Bearer abc",
            b'text/xml; charset="utf-8"',
            b"application/soap+xml; charset*=utf-8''utf-16; action=a",
        ],
    ),
    "security": Target(
        _security,
        lambda: [b"\0\2\0\1", b"\1\2\2\0\1", b"\0\5\0\1\5\0\1", *_spelled()],
        spells=True,
    ),
    "tokens": Target(_tokens, _sample_tokens),
    "hashes": Target(_hashes, lambda: [row.stored.encode() for row in HASHES]),
}
"""By the name that the command knows them by."""


def _everything(folder: Path) -> Check:
    """The first byte says which target has the others."""
    checks = [target.prepare(folder / name) for name, target in TARGETS.items()]

    def check(data: bytes) -> None:
        if data:
            checks[data[0] % len(checks)](data[1:])

    return check


def _every_seed() -> Iterable[bytes]:
    for number, target in enumerate(TARGETS.values()):
        yield from (bytes([number]) + seed for seed in target.seeds())


EVERYTHING: Final = Target(_everything, _every_seed)
"""All of them at once, for a short run: most of its time would be spent on beginning, else."""
