"""Keys for signed and encrypted tokens, and which algorithm each may be used with.

What a key may do follows from the key and the configuration, never from a token: a public
RSA key can then not be taken for an HMAC secret (RFC 8725, section 3.1). Algorithm names
are those of RFC 7518, RFC 8037 and RFC 9864."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from joserfc import jwk
from joserfc.errors import InvalidKeyTypeError, JoseError, SecurityWarning
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from ..errors import ConfigurationError

__all__ = [
    "CONTENTS",
    "KEY_MANAGEMENT",
    "SIGNING",
    "Algorithm",
    "KeyMaterial",
    "Operation",
    "choose",
    "read_keys",
    "usable",
]

KeyMaterial = str | bytes | Mapping[str, Any]
"""A secret, PEM or JWK(S). Text that begins with `{` is a JWK or JWKS in JSON; text or bytes
with a PEM header are PEM; any other text (as UTF-8) or bytes are a secret."""

Operation = Literal["sign", "verify", "encrypt", "decrypt"]


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One algorithm and the keys that suit it; lengths are in bytes, and only for secrets."""

    name: str
    curves: tuple[str, ...] = ()
    at_least: int = 0
    exactly: tuple[int, ...] = ()
    rsa: bool = False

    @property
    def symmetric(self) -> bool:
        """Whether whoever can check or open a token can also make one."""
        return not self.rsa and not self.curves

    def suits(self, key: Key) -> bool:
        """Whether `key` has the type, curve and length, and is not reserved for another."""
        if key.get("alg") not in (None, self.name):
            return False
        if isinstance(key, OctKey):
            length = len(key.raw_value)
            return self.symmetric and (length in self.exactly or 0 < self.at_least <= length)
        if isinstance(key, RSAKey):
            return self.rsa
        return key.curve_name in self.curves


_CURVES: Final = ("P-256", "P-384", "P-521", "X25519", "X448")

SIGNING: Final[dict[str, Algorithm]] = {
    algorithm.name: algorithm
    for algorithm in (
        Algorithm("HS256", at_least=32),
        Algorithm("HS384", at_least=48),
        Algorithm("HS512", at_least=64),
        *(Algorithm(f"RS{bits}", rsa=True) for bits in (256, 384, 512)),
        *(Algorithm(f"PS{bits}", rsa=True) for bits in (256, 384, 512)),
        Algorithm("ES256", curves=("P-256",)),
        Algorithm("ES384", curves=("P-384",)),
        Algorithm("ES512", curves=("P-521",)),
        Algorithm("EdDSA", curves=("Ed25519", "Ed448")),
        Algorithm("Ed25519", curves=("Ed25519",)),
        Algorithm("Ed448", curves=("Ed448",)),
    )
}
"""JWS algorithms. `none` is not among them, so it cannot be configured."""

CONTENTS: Final[dict[str, int]] = {
    "A128GCM": 16,
    "A192GCM": 24,
    "A256GCM": 32,
    "A128CBC-HS256": 32,
    "A192CBC-HS384": 48,
    "A256CBC-HS512": 64,
}
"""JWE content encryptions and the length of their keys in bytes."""

KEY_MANAGEMENT: Final[dict[str, Algorithm]] = {
    algorithm.name: algorithm
    for algorithm in (
        Algorithm("dir", exactly=tuple(sorted(set(CONTENTS.values())))),
        Algorithm("A128KW", exactly=(16,)),
        Algorithm("A192KW", exactly=(24,)),
        Algorithm("A256KW", exactly=(32,)),
        Algorithm("RSA-OAEP-256", rsa=True),
        Algorithm("ECDH-ES", curves=_CURVES),
        *(Algorithm(f"ECDH-ES+A{bits}KW", curves=_CURVES) for bits in (128, 192, 256)),
    )
}
"""JWE key management. RSA1_5 (padding oracles) and PBES2 (a token would choose how long we
hash) are not among them, so they cannot be configured."""


def choose(known: Mapping[str, Algorithm], names: Sequence[str], what: str) -> list[Algorithm]:
    """The algorithms called `names`; raises ConfigurationError for none or an unknown one."""
    if isinstance(names, str) or not names:
        raise ConfigurationError(f"{what}: list at least one of {', '.join(known)}")
    for name in names:
        if name not in known:
            raise ConfigurationError(
                f"{what}: {name!r} is not one of the algorithms {', '.join(known)}"
            )
    return [known[name] for name in dict.fromkeys(names)]


def read_keys(materials: Sequence[KeyMaterial], what: str) -> list[tuple[Key, bool]]:
    """The keys in `materials`, each with whether it came from a set (JWKS).

    Raises ConfigurationError, which quotes no key, for none, for one that cannot be read
    and for one that is weak: RSA below 2048 bits, a secret below 112."""
    if isinstance(materials, (str, bytes, Mapping)) or not materials:
        raise ConfigurationError(f"{what}: give a list of at least one key")
    keys: list[tuple[Key, bool]] = []
    for number, material in enumerate(materials, 1):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", SecurityWarning)
                keys.extend(_read(material))
        except SecurityWarning as weakness:
            raise ConfigurationError(
                f"{what}: key {number} is too weak or of another kind: {weakness}"
            ) from None
        except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigurationError(
                f"{what}: key {number} cannot be read ({type(error).__name__}); give a secret, an "
                "unencrypted PEM key or a JWK; a public key is never a secret"
            ) from None
    return keys


def usable(
    keys: Sequence[tuple[Key, bool]],
    algorithms: Sequence[Algorithm],
    use: Literal["sig", "enc"],
    what: str,
) -> list[Key]:
    """Those of `keys` that suit one of `algorithms`, in their order.

    A set may hold further keys, for other uses. Raises ConfigurationError for any other key
    that suits none, and for an algorithm without a key."""
    chosen: list[Key] = []
    for number, (key, from_set) in enumerate(keys, 1):
        if key.get("use") in (None, use) and any(a.suits(key) for a in algorithms):
            chosen.append(key)
        elif not from_set:
            raise ConfigurationError(
                f"{what}: key {number} ({_describe(key)}) suits none of the algorithms "
                f"{', '.join(_demand(a) for a in algorithms)}; change the key or the algorithms"
            )
    for algorithm in algorithms:
        if not any(algorithm.suits(key) for key in chosen):
            raise ConfigurationError(
                f"{what}: no key suits {_demand(algorithm)}; add one or drop the algorithm"
            )
    return chosen


def _read(material: KeyMaterial) -> list[tuple[Key, bool]]:
    if isinstance(material, str):
        if not material.lstrip().startswith("{"):
            return _read(material.encode())
        material = json.loads(material)
    if isinstance(material, Mapping):
        if "keys" in material:
            return [(key, True) for key in _read_set(material["keys"])]
        return [(jwk.import_key(dict(material)), False)]
    if not isinstance(material, bytes):
        raise TypeError
    if b"-----BEGIN" in material:
        return [(_read_pem(material), False)]
    return [(jwk.import_key(material, "oct"), False)]


def _read_set(entries: Sequence[Mapping[str, Any]]) -> list[Key]:
    """The keys of a set; those of types or curves unknown here are ignored (RFC 7517, 5)."""
    keys: list[Key] = []
    for entry in entries:
        if entry["kty"] in ("EC", "OKP") and entry["crv"] not in (*_CURVES, "Ed25519", "Ed448"):
            continue
        try:
            keys.append(jwk.import_key(dict(entry)))
        except InvalidKeyTypeError:
            continue
    return keys


def _read_pem(pem: bytes) -> Key:
    for key_type in (RSAKey, ECKey, OKPKey):
        try:
            return key_type.import_key(pem)
        except InvalidKeyTypeError:
            continue
    raise ValueError("not a key of a supported type")


def _describe(key: Key) -> str:
    if isinstance(key, OctKey):
        return f"a secret of {len(key.raw_value)} bytes"
    if isinstance(key, RSAKey):
        return "RSA"
    return key.curve_name


def _demand(algorithm: Algorithm) -> str:
    if algorithm.at_least:
        return f"{algorithm.name} (a secret of {algorithm.at_least} bytes or more)"
    if algorithm.exactly:
        return f"{algorithm.name} (a secret of {' or '.join(map(str, algorithm.exactly))} bytes)"
    return f"{algorithm.name} ({'RSA' if algorithm.rsa else ' or '.join(algorithm.curves)})"
