"""The compact form that JWS and JWE share: parts between dots, the first a JSON header."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

__all__ = ["JWE_PARTS", "JWS_PARTS", "Compact", "json_object"]

JWS_PARTS: Final = 3
JWE_PARTS: Final = 5

_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Compact:
    """A token that is JOSE-shaped: its first part is a JSON object that has an `alg`."""

    token: str = field(repr=False)
    header: Mapping[str, Any] = field(repr=False)
    parts: int

    @classmethod
    def read(cls, token: str) -> Compact | None:
        """`token` taken apart, unverified; None if it is of another shape."""
        header = _header(token.split(".", 1)[0])
        return None if header is None else cls(token, header, token.count(".") + 1)

    def unverified_payload(self) -> bytes:
        """The payload of a JWS before its signature was checked.

        Raises ValueError if it is not base64url."""
        return _decode(self.token.split(".")[1])

    def signed(self) -> tuple[bytes, bytes]:
        """What a JWS is a signature of, and the signature, of which there is one spelling. Raises
        ValueError."""
        message, _, signature = self.token.rpartition(".")
        raw = _decode(signature)
        if base64.b64encode(raw, altchars=b"-_").rstrip(b"=") != signature.encode("ascii"):
            raise ValueError("bits of the signature's last letter are set that mean nothing")
        return message.encode("ascii"), raw


def json_object(encoded: bytes) -> dict[str, Any]:
    """A JSON object in which no name comes twice (RFC 7515, 4, and RFC 7519, 4).

    Raises ValueError for anything else, NaN, infinity and nesting that exhausts the stack."""
    try:
        value = _DECODER.decode(encoded.decode("utf-8"))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name comes twice")
    return found


def _no_constant(_: str) -> None:
    raise ValueError("not a number")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)


@lru_cache(maxsize=64)
def _header(part: str) -> Mapping[str, Any] | None:
    """The header in the first part of a token, None if it is none. Tokens of one issuer have the
    same one, so it is remembered."""
    try:
        header = json_object(_decode(part))
    except ValueError:
        return None
    return MappingProxyType(header) if "alg" in header else None


def _decode(part: str) -> bytes:
    """base64url without padding; raises ValueError."""
    if not _BASE64URL.fullmatch(part):
        raise ValueError("not base64url")
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_")
