"""Keycloak's credentials: PBKDF2 or argon2, described in the columns secret_data and
credential_data. Stored here is the JSON of both, one after the other, in either order.

Facts: Keycloak's PasswordSecretData, PasswordCredentialData and Argon2Parameters."""

from __future__ import annotations

import hmac
import json
import re
from base64 import b64decode
from binascii import Error
from typing import Any

from argon2.low_level import Type

from .argon2 import Argon2Cost, raw_argon2
from .contract import Limits, StoredHash, UnusableHash
from .pbkdf2 import pbkdf2

__all__ = ["Keycloak"]

_PREFIX = re.compile(r'\{\s*"')
_PBKDF2 = {"pbkdf2": "sha1", "pbkdf2-sha256": "sha256", "pbkdf2-sha512": "sha512"}
_TYPES = {"d": Type.D, "i": Type.I, "id": Type.ID}
_VERSIONS = {"1.0": 16, "1.3": 19}
_SHORTEST, _LONGEST = 16, 128
"""Bytes of a result."""


class Keycloak:
    """The algorithms pbkdf2, pbkdf2-sha256, pbkdf2-sha512 and argon2."""

    def read(self, stored: str, limits: Limits) -> StoredHash | None:
        """See `Scheme`."""
        if not _PREFIX.match(stored):
            return None
        found = _merged(stored)
        digest, salt = _bytes(found, "value"), _bytes(found, "salt")
        iterations, algorithm = _number(found.get("hashIterations")), found.get("algorithm")
        if not _SHORTEST <= len(digest) <= _LONGEST:
            raise UnusableHash("keycloak")
        if algorithm == "argon2":
            return _argon2(found, salt, iterations, digest, limits)
        if not isinstance(algorithm, str) or algorithm not in _PBKDF2:
            raise UnusableHash("keycloak", "its algorithm is neither of PBKDF2 nor argon2")
        kind = _PBKDF2[algorithm]
        return pbkdf2(f"keycloak-pbkdf2-{kind}", kind, salt, iterations, digest, limits)


def _merged(stored: str) -> dict[str, Any]:
    """What both objects hold. Both have additionalParameters, the secret's an empty one."""
    decoder = json.JSONDecoder()
    try:
        one, end = decoder.raw_decode(stored)
        other, end = decoder.raw_decode(stored, end)
    except (ValueError, RecursionError):
        raise UnusableHash("keycloak") from None
    if not isinstance(one, dict) or not isinstance(other, dict) or stored[end:].strip():
        raise UnusableHash("keycloak")
    secret, public = (one, other) if "value" in one else (other, one)
    return {**secret, **public}


def _bytes(found: dict[str, Any], key: str) -> bytes:
    try:
        return b64decode(found[key], validate=True)
    except (KeyError, TypeError, ValueError, Error):
        raise UnusableHash("keycloak") from None


def _number(value: Any) -> int:
    """Above zero. Additional parameters are lists of one text."""
    try:
        number = int(value) if isinstance(value, (int, str)) else 0
    except ValueError:
        number = 0
    if number < 1:
        raise UnusableHash("keycloak")
    return number


def _argon2(
    found: dict[str, Any], salt: bytes, passes: int, digest: bytes, limits: Limits
) -> StoredHash:
    parameters = found.get("additionalParameters")
    if not isinstance(parameters, dict):
        raise UnusableHash("keycloak")

    def parameter(key: str, default: str) -> str:
        value = parameters.get(key, [default])
        first = value[0] if isinstance(value, list) and value else value
        if not isinstance(first, str):
            raise UnusableHash("keycloak")
        return first

    kind, version = parameter("type", "id"), parameter("version", "1.3")
    if kind not in _TYPES or version not in _VERSIONS or len(salt) < 8:
        raise UnusableHash("keycloak")
    name = f"keycloak-argon2{kind}"
    cost = Argon2Cost(
        _number(parameter("memory", "")), passes, _number(parameter("parallelism", "1"))
    )
    cost.check(name, limits)

    def fits(password: bytes) -> bool:
        size, number = len(digest), _VERSIONS[version]
        computed = raw_argon2(name, _TYPES[kind], password, salt, cost, size, number)
        return hmac.compare_digest(computed, digest)

    return StoredHash(name, cost, fits)
