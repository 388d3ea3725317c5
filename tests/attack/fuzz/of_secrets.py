"""Fuzzed: what reads credentials, tokens, hashes and encrypted passwords, as `of_messages`."""

from __future__ import annotations

import base64
import hmac
from contextlib import suppress
from pathlib import Path
from typing import Final

from werkzeug.exceptions import HTTPException

from sso_bridge.core.call import Caller
from sso_bridge.core.deadline import Deadline
from sso_bridge.core.model import Identity
from sso_bridge.errors import InvalidMessage, InvalidSession, Rejected
from sso_bridge.observing import Silent
from sso_bridge.passwords.schemes import Limits, StoredHash, UnusableHash, known_schemes, read
from sso_bridge.sessions import Encryption, JwtFormat, Signature
from sso_bridge.soap.envelope import Shape, open_envelope
from sso_bridge.soap.parsing import parse
from sso_bridge.soap.security import username_token
from sso_bridge.throttle import Memory, Throttle, Waits
from sso_bridge.transit import Agreement, Cbc, Gcm, Key, cbc_hmac
from sso_bridge.transit.keys import Encoding
from sso_bridge.web.application import _content_type
from sso_bridge.web.callers import Callers, Conditions
from sso_bridge.web.certificates import FORMS as CERTIFICATES
from sso_bridge.web.proxies import Proxies, network
from sso_bridge.web.username_tokens import TokenOwner, UsernameTokens

from .choices import WORD, secured
from .of_messages import Check
from .second_reader import users_of

__all__ = ["hashes", "headers", "security", "tokens", "transit"]

SECONDS: Final = 10.0
SECRET: Final = b"a shared secret of more than 32 bytes"


def headers(_: Path) -> Check:
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


def security(_: Path) -> Check:
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


def tokens(_: Path) -> Check:
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


def transit(_: Path) -> Check:
    """What comes instead of an encrypted password is a text or nothing, and nothing is taken for
    encrypted where that can be told."""
    ciphers = (Gcm(), cbc_hmac("sha256"), Cbc(), Cbc(triple_des=True))
    encodings: tuple[Encoding, ...] = ("base64", "base64url", "hex")
    agreements = [
        Agreement(
            "dr",
            cipher,
            [Key("one", SECRET[:24], SECRET)],
            observer=Silent(),
            encoding=encoding,
        )
        for cipher in ciphers
        for encoding in encodings
    ]

    def check(data: bytes) -> None:
        sent = data[1:].decode("utf-8", "replace")
        for agreement, cipher in zip(
            agreements, [c for c in ciphers for _ in encodings], strict=True
        ):
            found = agreement.opened(sent)
            assert all(isinstance(password, str) for password in found)
            assert not cipher.authenticated or not any(found), "a forged text was decrypted"
            assert isinstance(agreement.certain(sent), str)

    return check


def hashes(_: Path) -> Check:
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
