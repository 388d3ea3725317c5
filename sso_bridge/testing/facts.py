"""What a suite is told of a source, and keys that must not be mistaken for others."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from ..core.model import Profile

__all__ = ["STRANGERS", "Known", "alike"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is true of one user. What is None is not looked at; of a profile, what is None in it."""

    subject: str
    login: str
    other_logins: tuple[str, ...] = ()
    erid: str | None = None
    active: bool = True
    password_hash: str | None = field(default=None, repr=False)
    profile: Profile | None = None


STRANGERS: Final = (
    "nobody-at-all",
    "nobody@example.invalid",
    "",
    " ",
    "'",
    '"',
    "\0",
    "\n",
    "' OR '1'='1",
    '" OR ""="',
    "%",
    "_",
    "*",
    "?",
    "\\",
    ":key",
    "../..",
    "a&b=c",
    "(|(uid=*))",
    "-1",
    "1.0",
    "1e1",
    "00",
    "NaN",
    "null",
    "None",
    "true",
    "x" * 255,
    "x" * 100_000,
    "9" * 30,
    "\U0001f600",
    "\u0301",
    "\ud800",
    "{}",
    "01234567-89ab-4def-8123-456789abcdef",
)
"""Keys that nobody has, of the kinds that make look-ups fail or find too much."""

_WIDE: Final = {code: code + 0xFEE0 for code in range(ord("!"), ord("~") + 1)}
_ACCENTED: Final = str.maketrans("aeinouy", "áéíñóúý")


def alike(key: str) -> Iterator[str]:
    """Other texts than `key` that something or other takes for the same."""
    spelled = [key.upper(), key.lower(), key.swapcase(), key.title(), key.casefold()]
    spelled += [f"{key} ", f" {key}", f"{key}\t", f"{key}\n", f"{key}\u00a0", f"{key}   "]
    spelled += [f"{key}\u200b", f"{key[:1]}\u00ad{key[1:]}", f"{key}\0", f"{key}\u0301"]
    spelled += [unicodedata.normalize(form, key) for form in ("NFC", "NFD", "NFKC", "NFKD")]
    spelled += [key.translate(_WIDE), key.translate(_ACCENTED), key.replace("i", "ı")]
    spelled += [f"'{key}'", f'"{key}"', f"{key}'", f"{key}%", f"{key[:-1]}%", f"{key[:-1]}_"]
    spelled += [f"{key[:-1]}*", f"{key[:-1]}?", f"{key}/", f"{key}#", f"{key};", f"{key}--"]
    spelled += [f"0{key}", f"+{key}", f"{key}.0", f"{key}e0", f"{key}abc", f"{{{key}}}"]
    spelled += [f"{key}{' ' * 300}", f"{key}{'x' * 10_000}", key[:-1], key * 2]
    yield from (one for one in dict.fromkeys(spelled) if one != key)
