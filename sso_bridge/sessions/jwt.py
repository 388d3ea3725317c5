"""Session tokens that are JSON Web Tokens (RFC 7519): signed, encrypted, or both.

Checked as RFC 8725 asks. Three shapes, told apart by what is configured: `signature` alone
(JWS), `encryption` alone (JWE), or both (a JWS inside a JWE).

Whose token is it? None, "not of this format", is the answer to another shape than the
configured one and to a token that names another issuer, so that several formats can stand
side by side in one site; each trusts only what it has checked itself, so an unchecked
issuer can only lose a token, not win one. Encrypted formats that share an issuer cannot be
told apart and should be one format with several keys. All else that is wrong is
InvalidSession."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from typing import Any, Final

from joserfc.errors import ClaimError, ExpiredTokenError, MissingClaimError
from joserfc.jwt import ClaimsOption, JWTClaimsRegistry

from ..core.deadline import Deadline
from ..core.model import Identity, Lookup, LookupKind
from ..errors import ConfigurationError, InvalidSession
from .compact import JWE_PARTS, JWS_PARTS, Compact, json_object
from .jose import Encryption, Signature
from .whom import check_kind, check_same_kind, lookup_of

__all__ = ["JwtFormat", "JwtIssuer"]

MAX_LEEWAY_SECONDS: Final = 300
LATEST: Final = 253_402_300_799
"""The end of the year 9999. An expiry after it is a mistake, such as milliseconds."""

_REGISTERED: Final = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti"})


class JwtFormat:
    """Reads JSON Web Tokens.

    `issuer` and `audience` must be those of the token; an `issuer` of None takes any, an
    `audience` of None only tokens without one. `exp` is required; `exp`, `nbf` and `iat`
    are read with `leeway_seconds` (0 to 300). The user is named in `subject_claim` by what
    `names` says. The claim `site_claim` must be the very site wherever a token has it, and
    `require_site` refuses those without. `max_length` is in characters. `now` gives seconds
    since 1970. Raises ConfigurationError, also if nothing proves who made a token."""

    def __init__(
        self,
        *,
        signature: Signature | None = None,
        encryption: Encryption | None = None,
        issuer: str | None,
        audience: str | None,
        names: LookupKind = "subject",
        subject_claim: str = "sub",
        site_claim: str = "site",
        require_site: bool = False,
        leeway_seconds: int = 30,
        max_length: int = 8192,
        now: Callable[[], float] = time.time,
    ) -> None:
        _check(
            signature=signature,
            encryption=encryption,
            issuer=issuer,
            audience=audience,
            names=names,
            subject_claim=subject_claim,
            site_claim=site_claim,
        )
        if not 0 <= leeway_seconds <= MAX_LEEWAY_SECONDS:
            raise ConfigurationError(f"jwt: leeway_seconds must be 0 to {MAX_LEEWAY_SECONDS}")
        if max_length <= 0:
            raise ConfigurationError("jwt: max_length must be more than 0")
        if signature:
            signature.check_can("verify")
        if encryption:
            encryption.check_can("decrypt")
        self._signature, self._encryption = signature, encryption
        self._issuer, self._audience = issuer, audience
        self._names = names
        self._subject_claim, self._site_claim = subject_claim, site_claim
        self._require_site = require_site
        self._max_length = max_length
        options: dict[str, ClaimsOption] = {"exp": {"essential": True}}
        if issuer is not None:
            options["iss"] = {"essential": True, "value": issuer}
        if audience is not None:
            options["aud"] = {"essential": True, "value": audience}
        self._rules = JWTClaimsRegistry(lambda: int(now()), leeway_seconds, **options)

    def verify(self, token: str, site: str, deadline: Deadline) -> Identity | None:
        """Whom `token` names; None if it is no JWT, one of another shape (signed, encrypted)
        or one that names another issuer or none.

        Raises InvalidSession for any other token that is not good in every way for `site`;
        its details say which check failed. Raises DeadlineExceeded."""
        deadline.left()
        if len(token) > self._max_length:
            if token.startswith("ey"):
                raise InvalidSession("the token is too long")
            return None
        compact = Compact.read(token)
        if compact is None:
            return None
        expected = JWE_PARTS if self._encryption else JWS_PARTS
        if compact.parts != expected:
            if compact.parts in (JWS_PARTS, JWE_PARTS):
                return None
            raise InvalidSession("the token is cut off or has too many parts")
        claims = self._claims(compact)
        return None if claims is None else self._identity(claims, site)

    def _claims(self, compact: Compact) -> dict[str, Any] | None:
        """The claims, proven to be by a configured key; None if they name another issuer."""
        plaintext: bytes | None = None
        if self._encryption:
            plaintext = self._encryption.decrypt(compact)
        if self._signature is None:
            return self._ours(plaintext or b"")
        if plaintext is not None:
            compact = _inner(plaintext)
        try:
            unverified = compact.unverified_payload()
        except ValueError:
            raise InvalidSession("the payload is not base64url") from None
        claims = self._ours(unverified)
        if claims is None:
            return None
        self._signature.verify(compact)
        return claims

    def _ours(self, payload: bytes) -> dict[str, Any] | None:
        """The claims in `payload`; None if their issuer is not the configured one."""
        try:
            claims = json_object(payload)
        except ValueError:
            raise InvalidSession("the payload is not a JSON object of claims") from None
        if self._issuer is not None and claims.get("iss") != self._issuer:
            return None
        return claims

    def _identity(self, claims: dict[str, Any], site: str) -> Identity:
        try:
            self._rules.validate(claims)
        except ExpiredTokenError:
            raise InvalidSession("the token has expired") from None
        except MissingClaimError as error:
            raise InvalidSession(f"the token lacks the claim {error.claim}") from None
        except ClaimError as error:
            raise InvalidSession(f"the claim {error.claim} is not acceptable") from None
        if claims["exp"] > LATEST:
            raise InvalidSession("the claim exp is not in seconds")
        if self._audience is None and "aud" in claims:
            raise InvalidSession("the token is for an audience and none is configured")
        bound = self._site(claims, site)
        return Identity(lookup_of(self._names, claims.get(self._subject_claim)), bound, "jwt")

    def _site(self, claims: dict[str, Any], site: str) -> str | None:
        if self._site_claim not in claims:
            if self._require_site:
                raise InvalidSession("the token is bound to no site")
            return None
        if claims[self._site_claim] != site:
            raise InvalidSession("the token is of another site")
        return site


class JwtIssuer:
    """Makes JSON Web Tokens that a JwtFormat of the same settings accepts for
    `lifetime_seconds`. Raises ConfigurationError as JwtFormat does."""

    def __init__(
        self,
        *,
        signature: Signature | None = None,
        encryption: Encryption | None = None,
        issuer: str | None,
        audience: str | None,
        lifetime_seconds: int,
        names: LookupKind = "subject",
        subject_claim: str = "sub",
        site_claim: str = "site",
        now: Callable[[], float] = time.time,
    ) -> None:
        _check(
            signature=signature,
            encryption=encryption,
            issuer=issuer,
            audience=audience,
            names=names,
            subject_claim=subject_claim,
            site_claim=site_claim,
        )
        if lifetime_seconds <= 0:
            raise ConfigurationError("jwt: lifetime_seconds must be more than 0")
        if signature:
            signature.check_can("sign")
        if encryption:
            encryption.check_can("encrypt")
        self._signature, self._encryption = signature, encryption
        self._parties = {"iss": issuer, "aud": audience}
        self._lifetime = lifetime_seconds
        self._names = names
        self._subject_claim, self._site_claim = subject_claim, site_claim
        self._now = now

    def issue(self, person: Lookup, site: str, deadline: Deadline) -> str:
        """A fresh token for `person` on `site`, with a random `jti` of 128 bits.

        Raises ConfigurationError if the tokens do not name users by `person.kind`."""
        deadline.left()
        check_same_kind(person, self._names)
        now = int(self._now())
        claims = {name: value for name, value in self._parties.items() if value is not None}
        claims |= {self._subject_claim: person.value, self._site_claim: site}
        times = {"iat": now, "exp": now + self._lifetime, "jti": secrets.token_urlsafe(16)}
        payload = json.dumps(claims | times, separators=(",", ":")).encode()
        if self._signature is not None:
            payload = self._signature.sign(payload).encode()
        if self._encryption is not None:
            return self._encryption.encrypt(payload, nested=self._signature is not None)
        return payload.decode()


def _inner(plaintext: bytes) -> Compact:
    """The JWS that was encrypted; raises InvalidSession if it is none."""
    compact = Compact.read(plaintext.decode("latin-1"))
    if compact is None or compact.parts != JWS_PARTS:
        raise InvalidSession("what is encrypted is not a signed token")
    return compact


def _check(
    *,
    signature: Signature | None,
    encryption: Encryption | None,
    issuer: str | None,
    audience: str | None,
    names: str,
    subject_claim: str,
    site_claim: str,
) -> None:
    """Raises ConfigurationError for settings that a format and its issuer share."""
    check_kind(names)
    if signature is None and (encryption is None or not encryption.authenticates):
        raise ConfigurationError(
            "jwt: nothing proves who made a token (anybody can encrypt to a public key); "
            "configure a signature, or encryption with a shared secret"
        )
    if issuer == "" or audience == "":
        raise ConfigurationError("jwt: issuer and audience must not be empty; leave them out")
    if {subject_claim, site_claim} & (_REGISTERED | {""}) or subject_claim == site_claim:
        raise ConfigurationError(
            "jwt: subject_claim and site_claim must be two claims, and none of "
            f"{', '.join(sorted(_REGISTERED))}"
        )
