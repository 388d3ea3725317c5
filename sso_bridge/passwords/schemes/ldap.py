"""LDAP's userPassword: `{SSHA}`, `{SMD5}` and their kin, which are base64 of a digest and its salt.

`{CRYPT}` and `{ARGON2}` are in braces.py, `{PBKDF2}` with PBKDF2. Facts: RFC 2307, and
slapd-pw-sha2(5) of OpenLDAP."""

from __future__ import annotations

import hmac
import re
from base64 import b64decode
from binascii import Error

from .contract import Limits, StoredHash, UnusableHash
from .rounds import DIGESTS, digest
from .salted import bare

__all__ = ["Ldap"]

_WHOLE = re.compile(r"\{(S?)(MD5|SHA(?:-?(?:224|256|384|512))?)\}([A-Za-z0-9+/]+={0,2})", re.I)
_LONGEST_SALT = 64


class Ldap:
    """The name in braces may be in either case."""

    def __init__(self, allow_weak: bool = False) -> None:
        self._allow_weak = allow_weak

    def read(self, stored: str, limits: Limits) -> StoredHash | None:
        """See `Scheme`."""
        whole = _WHOLE.fullmatch(stored)
        if whole is None:
            return None
        algorithm = whole[2].lower().replace("-", "")
        algorithm = "sha1" if algorithm == "sha" else algorithm
        size = DIGESTS[algorithm]
        name = f"ldap-{'salted-' if whole[1] else ''}{algorithm}"
        try:
            blob = b64decode(whole[3], validate=True)
        except (Error, ValueError):
            raise UnusableHash(name) from None
        expected, salt = blob[:size], blob[size:]
        if len(expected) < size or len(salt) > _LONGEST_SALT or bool(salt) != bool(whole[1]):
            raise UnusableHash(name)
        if not salt:
            return bare(algorithm, expected, self._allow_weak)
        compute = digest(algorithm)
        return StoredHash(
            name, (), lambda word: hmac.compare_digest(compute(word + salt), expected)
        )
