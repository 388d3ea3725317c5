"""The functions that a formula may use. All of them take bytes and give bytes."""

from __future__ import annotations

import hmac
import re
import unicodedata
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

from .rounds import DIGESTS, digest

__all__ = ["FUNCTIONS", "Function", "NotComputable", "call"]


class NotComputable(Exception):
    """A value that a function does not take, such as a salt that is not base64."""


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the language."""

    arguments: tuple[str, ...]
    """What each of its values is, for errors."""
    compute: Callable[..., bytes]
    gives_text: bool
    takes_text: bool = False
    """Whether its argument has to be text, and not bytes of any kind."""
    grows: int = 1
    """How many bytes it gives at most for one that it takes; a digest has its own size."""
    each_byte: float = 0.01
    """The work of each byte that it takes, as `digest_work` counts it, for the worst of texts; a
    digest has its own."""


_Form = Literal["NFC", "NFD", "NFKC", "NFKD"]


def _hex(value: bytes) -> bytes:
    return value.hex().encode("ascii")


def _hmac(algorithm: str, key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, algorithm)


def _from_hex(value: bytes) -> bytes:
    try:
        return bytes.fromhex(value.decode("ascii"))
    except ValueError:
        raise NotComputable("is not hex digits") from None


def _from_base64(value: bytes) -> bytes:
    try:
        return b64decode(value, validate=True)
    except (Error, ValueError):
        raise NotComputable("is not base64") from None


def _utf16le(value: bytes) -> bytes:
    return _unicode(value).encode("utf-16-le")


def _unicode(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        raise NotComputable("is not UTF-8") from None


_FORMS: Final[tuple[_Form, ...]] = ("NFC", "NFD", "NFKC", "NFKD")


def _normal(form: _Form, value: bytes) -> bytes:
    return unicodedata.normalize(form, _unicode(value)).encode("utf-8")


# PHP's functions of these names, because its sites hash what they did to all that is sent.


def _trim(value: bytes) -> bytes:
    return value.strip(b" \t\n\r\0\x0b")


def _addslashes(value: bytes) -> bytes:
    return _SLASHED.sub(rb"\\\g<0>", value)


def _htmlspecialchars(value: bytes) -> bytes:
    for character, written in (
        (b"&", b"&amp;"),
        (b"<", b"&lt;"),
        (b">", b"&gt;"),
        (b'"', b"&quot;"),
    ):
        value = value.replace(character, written)
    return value


_SLASHED = re.compile(rb"['\"\\]")


def _functions() -> dict[str, Function]:
    functions = {
        "base64": Function(("value",), b64encode, True, grows=2),
        "hex": Function(("value",), _hex, True, grows=2),
        "from_base64": Function(("value",), _from_base64, False),
        "from_hex": Function(("value",), _from_hex, False),
        "trim": Function(("text",), _trim, True, takes_text=True),
        "addslashes": Function(("text",), _addslashes, True, True, grows=2, each_byte=1.0),
        "htmlspecialchars": Function(("text",), _htmlspecialchars, True, True, grows=6),
        "lower": Function(("text",), bytes.lower, True, takes_text=True),
        "upper": Function(("text",), bytes.upper, True, takes_text=True),
        "utf16le": Function(("text",), _utf16le, False, takes_text=True, grows=2),
    }
    for form in _FORMS:
        # The growth in UTF-8 that Unicode's annex 15 states for each form.
        grows = 11 if "K" in form else 3
        compute = partial(_normal, form)
        functions[form.lower()] = Function(("text",), compute, True, True, grows, each_byte=1.0)
    for algorithm in DIGESTS:
        raw, keyed = digest(algorithm), partial(_hmac, algorithm)
        functions[algorithm] = Function(("value",), _then_hex(raw), True)
        functions[f"raw_{algorithm}"] = Function(("value",), raw, False)
        functions[f"hmac_{algorithm}"] = Function(("key", "message"), _then_hex(keyed), True)
        functions[f"raw_hmac_{algorithm}"] = Function(("key", "message"), keyed, False)
    return functions


def _then_hex(compute: Callable[..., bytes]) -> Callable[..., bytes]:
    return lambda *values: _hex(compute(*values))


FUNCTIONS: Final = _functions()
"""Each by its name."""


def call(name: str, *values: bytes) -> bytes:
    """What the function of that name gives. Raises NotComputable."""
    return FUNCTIONS[name].compute(*values)
