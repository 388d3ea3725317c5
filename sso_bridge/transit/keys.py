"""Keys as they are written in a configuration."""

from __future__ import annotations

import base64
from itertools import pairwise
from typing import Literal

from ..errors import ConfigurationError

__all__ = ["Encoding", "decoded", "from_text", "is_single_des"]

Encoding = Literal["base64", "base64url", "hex", "text"]
_WRITTEN = {"base64": "base64", "base64url": "base64", "hex": "hexadecimal digits", "text": "text"}


def decoded(name: str, written: str, encoding: Encoding, lengths: tuple[int, ...]) -> bytes:
    """The bytes of the secret `name`, one of `lengths` (any but 0 if there are none); raises
    ConfigurationError, which does not quote it."""
    value = from_text(written, encoding)
    if value is None:
        raise ConfigurationError(f"{name}: is not {_WRITTEN[encoding]} (see key_encoding)")
    if len(value) not in lengths if lengths else not value:
        wanted = " or ".join(map(str, lengths))
        raise ConfigurationError(
            f"{name}: has {len(value)} bytes, read as {_WRITTEN[encoding]} (see key_encoding); "
            f"it needs {wanted or 'some'}"
        )
    return value


def from_text(text: str, encoding: Encoding) -> bytes | None:
    """The bytes that `text` stands for, None if it is not of that encoding. White space does not
    count (encoders of MIME break lines), nor does padding that is missing."""
    if encoding == "text":
        return text.encode()
    compact = "".join(text.split())
    try:
        if encoding == "hex":
            return bytes.fromhex(compact)
        bare = compact.rstrip("=")
        alphabet = b"-_" if encoding == "base64url" else b"+/"
        padded = bare + "=" * (-len(bare) % 4)
        return base64.b64decode(padded, altchars=alphabet, validate=True)
    except ValueError:
        return None


def is_single_des(key: bytes) -> bool:
    """Whether 3DES with this key is DES with one key: two that follow each other undo each other.
    The lowest bit of each byte is not used."""
    parts = [bytes(b & 0xFE for b in key[i : i + 8]) for i in range(0, len(key), 8)]
    return any(one == other for one, other in pairwise(parts))
