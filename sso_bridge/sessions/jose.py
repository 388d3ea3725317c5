"""Signing and encrypting tokens, and checking both: JWS (RFC 7515) and JWE (RFC 7516).

joserfc does the cryptography. Before it sees a token, the header is read strictly (`compact`)
and everything that could make it work for an attacker is refused: another algorithm than those
configured, compression (`zip`), extensions (`crit`, `b64`). A key in the header (`jwk`,
`jku`, `x5c`, `x5u`) is not looked at, and `kid` is only compared."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, TypeVar

from joserfc import jwe, jws
from joserfc.errors import JoseError
from joserfc.jwa import JWE_ALG_MODELS, JWE_ENC_MODELS, JWS_ALGORITHMS, JWSAlgModel
from joserfc.jwk import Key, OctKey

from ..errors import ConfigurationError, InvalidSession
from .compact import Compact
from .keys import (
    CONTENTS,
    KEY_MANAGEMENT,
    SIGNING,
    Algorithm,
    KeyMaterial,
    Operation,
    choose,
    read_keys,
    usable,
)

__all__ = ["Encryption", "Signature"]

Opened = TypeVar("Opened")
_REFUSED_HEADERS: Final = ("crit", "zip", "b64")


class _SigningRegistry(jws.JWSRegistry):
    """Knows only the algorithms of `SIGNING`, and ignores headers it does not know."""

    max_header_length = 8192

    @staticmethod
    def quiet(model: JWSAlgModel) -> JWSAlgModel:
        """`model` without a warning per call (for EdDSA, whose new names are in RFC 9864)."""
        quiet = copy.copy(model)
        quiet.security_warning = None
        return quiet


_SigningRegistry.algorithms = {
    model.name: _SigningRegistry.quiet(model) for model in JWS_ALGORITHMS if model.name in SIGNING
}


class _EncryptionRegistry(jwe.JWERegistry):
    """Knows only the algorithms of `KEY_MANAGEMENT` and `CONTENTS`, and no compression."""

    max_protected_header_length = 8192


_EncryptionRegistry.algorithms = {
    "alg": {model.name: model for model in JWE_ALG_MODELS if model.name in KEY_MANAGEMENT},
    "enc": {model.name: model for model in JWE_ENC_MODELS if model.name in CONTENTS},
    "zip": {},
}


class Signature:
    """How tokens are signed: allowed algorithms, and the keys to check or make signatures.

    `keys` are tried in order where a token does not say which (`kid`); new tokens are signed
    with the first key that suits the first algorithm. A key without an ID serves for any.
    Raises ConfigurationError for a key that cannot be read, is too short or suits no
    algorithm, for an unknown algorithm, and for HMAC beside public-key algorithms."""

    def __init__(self, *, keys: Sequence[KeyMaterial], algorithms: Sequence[str]) -> None:
        what = "token signature"
        self._algorithms = choose(SIGNING, algorithms, what)
        if len({algorithm.symmetric for algorithm in self._algorithms}) > 1:
            raise ConfigurationError(
                f"{what}: HS algorithms and public-key algorithms must not share a format; "
                "configure two formats"
            )
        self._keys = usable(read_keys(keys, what), self._algorithms, "sig", what)
        self._suiting = _suiting(self._keys, self._algorithms)
        self._registry = _SigningRegistry(
            algorithms=[a.name for a in self._algorithms], strict_check_header=False
        )

    def check_can(self, operation: Operation) -> None:
        """Raises ConfigurationError unless the keys can `sign` or `verify`."""
        keys = [self._first_key()] if operation == "sign" else self._keys
        _check_can(operation, keys, "token signature")

    def verify(self, compact: Compact) -> None:
        """Raises InvalidSession unless a configured key signed this JWS."""
        algorithm = _algorithm(compact.header, self._algorithms)
        keys = _candidates(compact.header, self._suiting[algorithm.name])
        model = self._registry.get_alg(algorithm.name)

        def check(key: Key) -> None:
            self._registry.check_header(dict(compact.header))
            model.check_key(key)
            if not model.verify(*compact.signed(), key):
                raise ValueError

        _first(check, keys, "the signature is not by a configured key")

    def sign(self, payload: bytes) -> str:
        """A JWS of `payload`."""
        algorithm, key = self._algorithms[0], self._first_key()
        header = {"alg": algorithm.name, "typ": "JWT", **_key_id(key)}
        return jws.serialize_compact(header, payload, key, registry=self._registry)

    def _first_key(self) -> Key:
        return next(key for key in self._keys if self._algorithms[0].suits(key))


class Encryption:
    """How tokens are encrypted: allowed key management and content encryption, and keys.

    Of `keys` the same holds as for a Signature. Raises ConfigurationError likewise."""

    def __init__(
        self,
        *,
        keys: Sequence[KeyMaterial],
        algorithms: Sequence[str],
        contents: Sequence[str] = ("A256GCM",),
    ) -> None:
        what = "token encryption"
        self._algorithms = choose(KEY_MANAGEMENT, algorithms, what)
        sizes = {name: Algorithm(name, exactly=(size,)) for name, size in CONTENTS.items()}
        self._contents = [content.name for content in choose(sizes, contents, what)]
        allowed = [self._for_contents(algorithm) for algorithm in self._algorithms]
        self._keys = usable(read_keys(keys, what), allowed, "enc", what)
        self._algorithms = allowed
        self._suiting = _suiting(self._keys, allowed)
        self._registry = _EncryptionRegistry(
            algorithms=[*(a.name for a in allowed), *self._contents], strict_check_header=False
        )

    @property
    def authenticates(self) -> bool:
        """Whether only the holder of a secret can have made a token that decrypts.

        With a public key anybody can: such a token must be signed as well."""
        return all(algorithm.symmetric for algorithm in self._algorithms)

    def check_can(self, operation: Operation) -> None:
        """Raises ConfigurationError unless the keys can `encrypt` or `decrypt`."""
        keys = [self._first_key()] if operation == "encrypt" else self._keys
        _check_can(operation, keys, "token encryption")

    def decrypt(self, compact: Compact) -> bytes:
        """The plaintext of a JWE; raises InvalidSession unless a configured key opens it."""
        algorithm = _algorithm(compact.header, self._algorithms)
        if compact.header.get("enc") not in self._contents:
            raise InvalidSession("the content encryption is not an allowed one")
        keys = _candidates(compact.header, self._suiting[algorithm.name])

        def plaintext(key: Key) -> bytes:
            opened = jwe.decrypt_compact(compact.token, key, registry=self._registry)
            return opened.plaintext or b""

        return _first(plaintext, keys, "no configured key decrypts the token")

    def encrypt(self, payload: bytes, *, nested: bool) -> str:
        """A JWE of `payload`, which is a JWS if `nested` and claims if not."""
        algorithm, key = self._algorithms[0], self._first_key()
        header = {"alg": algorithm.name, "enc": self._content_for(algorithm, key), "typ": "JWT"}
        header |= _key_id(key) | ({"cty": "JWT"} if nested else {})
        return jwe.encrypt_compact(header, payload, key, registry=self._registry)

    def _first_key(self) -> Key:
        return next(key for key in self._keys if self._algorithms[0].suits(key))

    def _for_contents(self, algorithm: Algorithm) -> Algorithm:
        """`algorithm`; direct encryption takes keys of the length that the contents need."""
        if algorithm.name != "dir":
            return algorithm
        return Algorithm("dir", exactly=tuple(sorted({CONTENTS[c] for c in self._contents})))

    def _content_for(self, algorithm: Algorithm, key: Key) -> str:
        if algorithm.name != "dir" or not isinstance(key, OctKey):
            return self._contents[0]
        return next(c for c in self._contents if CONTENTS[c] == len(key.raw_value))


def _suiting(keys: Sequence[Key], algorithms: Sequence[Algorithm]) -> dict[str, list[Key]]:
    """The keys that suit each algorithm."""
    return {a.name: [key for key in keys if a.suits(key)] for a in algorithms}


def _algorithm(header: Mapping[str, Any], allowed: Sequence[Algorithm]) -> Algorithm:
    if any(name in header for name in _REFUSED_HEADERS):
        raise InvalidSession("the header asks for compression or an extension")
    for algorithm in allowed:
        if header["alg"] == algorithm.name:
            return algorithm
    raise InvalidSession("the algorithm is not an allowed one")


def _candidates(header: Mapping[str, Any], keys: Sequence[Key]) -> list[Key]:
    """Those of `keys` that the header does not rule out."""
    fitting = list(keys)
    if "kid" in header:
        if not isinstance(header["kid"], str):
            raise InvalidSession("the key ID is not a text")
        fitting = [key for key in fitting if key.kid is None or key.kid == header["kid"]]
    if not fitting:
        raise InvalidSession("the key ID is not that of a configured key")
    return fitting


def _first(open_with: Callable[[Key], Opened], keys: Sequence[Key], failure: str) -> Opened:
    """What the first of `keys` that works gives; raises InvalidSession(failure) if none does.

    The libraries meet hostile bytes here and raise many things; nothing is done but
    computing, so every exception means that the token is bad."""
    for key in keys:
        with suppress(Exception):
            return open_with(key)
    raise InvalidSession(failure)


def _key_id(key: Key) -> dict[str, str]:
    return {} if key.kid is None else {"kid": key.kid}


def _check_can(operation: Operation, keys: Sequence[Key], what: str) -> None:
    needs_private = operation in ("sign", "decrypt")
    for number, key in enumerate(keys, 1):
        try:
            if operation in ("sign", "verify"):
                key.check_key_op(operation)
        except JoseError:
            pass
        else:
            if key.is_private or not needs_private:
                continue
        raise ConfigurationError(
            f"{what}: key {number} cannot {operation}; "
            f"{'give the private key' if needs_private else 'its key_ops forbid it'}"
        )
