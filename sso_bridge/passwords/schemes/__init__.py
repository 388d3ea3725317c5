"""Every hash scheme this bridge reads and makes: two visible lists.

To add one: a class with `read` (see contract.py) in a file of its own, one line here, and a
hash made elsewhere in tests/passwords/hashes.py. Compute with the GIL released; the test
of that name fails otherwise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from .argon2 import Argon2, Argon2Maker
from .bcrypt import Bcrypt, BcryptMaker
from .contract import Limits, Maker, Scheme, StoredHash, UnusableHash
from .pbkdf2 import DjangoPbkdf2Maker, Pbkdf2, Pbkdf2Maker
from .scrypt import Scrypt, ScryptMaker
from .unix_crypt import DesCrypt, Md5Crypt, ShaCrypt, Yescrypt

__all__ = [
    "MAKERS",
    "SCHEMES",
    "Limits",
    "Maker",
    "Scheme",
    "StoredHash",
    "UnusableHash",
    "read",
]

SCHEMES: Final[tuple[Scheme, ...]] = (
    Argon2(),
    Bcrypt(),
    Pbkdf2(),
    Scrypt(),
    ShaCrypt(),
    Md5Crypt(),
    Yescrypt(),
    DesCrypt(),
)

MAKERS: Final[dict[str, Callable[..., Maker]]] = {
    "argon2id": Argon2Maker,
    "bcrypt": BcryptMaker,
    "scrypt": ScryptMaker,
    "pbkdf2-sha256": Pbkdf2Maker,
    "django-pbkdf2-sha256": DjangoPbkdf2Maker,
}
"""What a source may be configured to store: name and maker, whose arguments are its cost."""

LONGEST = 1024
"""Characters of a stored hash; the longest real ones have about 250."""


def read(stored: str, limits: Limits, schemes: Sequence[Scheme] = SCHEMES) -> StoredHash | None:
    """`stored` made ready for verification; None if no scheme knows it.

    Spaces at its end are left out: they are the padding of a CHAR column. Raises
    UnusableHash if a scheme knows it and it is corrupt or above `limits`."""
    stored = stored.rstrip(" ")
    if len(stored) > LONGEST or not (stored.isascii() and stored.isprintable()):
        return None
    for scheme in schemes:
        found = scheme.read(stored, limits)
        if found is not None:
            return found
    return None
