"""What may be said of a stored value that is no known hash, without saying the value.

It may be a password in clear text, so only what no password would be is named: a scheme's
own name, or the length of something long and regular."""

from __future__ import annotations

import re

__all__ = ["is_locked", "shape"]

_LOCKED = re.compile(r"!.*|\*|\*0|\*1|\*LK\*|\*NP\*|", re.DOTALL)
_DOLLARS = re.compile(r"(\$[A-Za-z0-9-]{1,16}\$)\S{16,}")
_BRACES = re.compile(r"(\{[A-Za-z0-9-]{1,16}\})\S{16,}")
_NAMED = re.compile(
    r"((?:md5|sha1|sha224|sha256|sha384|sha512|unsalted_md5|crypt|hmac|plain)[$:])\S{16,}"
)
_HEX = re.compile(r"[0-9a-fA-F]{16,}")
_MYSQL = re.compile(r"\*[0-9A-Fa-f]{40}")
_BASE64 = re.compile(r"[A-Za-z0-9+/_.-]{20,}={0,2}")


def is_locked(stored: str) -> bool:
    """Whether `stored` says that there is no password: empty, Django's and shadow(5)'s marks."""
    return bool(_LOCKED.fullmatch(stored.rstrip(" ")))


def shape(stored: str) -> str:
    """A few words for an alarm, such as "40 hex digits" or "prefix $x$"."""
    stored = stored.rstrip(" ")
    for pattern in (_DOLLARS, _BRACES, _NAMED):
        named = pattern.fullmatch(stored)
        if named:
            return f"prefix {named[1]}"
    if _HEX.fullmatch(stored):
        return f"{len(stored)} hex digits"
    if _MYSQL.fullmatch(stored):
        return "* and 40 hex digits"
    if _BASE64.fullmatch(stored):
        return f"{len(stored)} base64 characters"
    return "text of no known form"
