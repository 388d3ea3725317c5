"""Every hash scheme this bridge reads and makes: two visible lists.

To add one: a class with `read` (see contract.py) in a file of its own, one line here, and a
hash made elsewhere in tests/passwords/hashes.py. Compute with the GIL released; the test
of that name fails otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from .argon2 import Argon2, Argon2Maker
from .aspnet import AspNetIdentity
from .bcrypt import Bcrypt, BcryptMaker
from .bcrypt_hashed_first import BcryptHashedFirst, WordPressMaker
from .braces import Braces
from .contract import Limits, Maker, Scheme, StoredHash, UnusableHash
from .declared import BesideSalt, Declared, Layout
from .firebase import Firebase
from .keycloak import Keycloak
from .ldap import Ldap
from .magento import Magento
from .pbkdf2 import DjangoPbkdf2Maker, Pbkdf2, Pbkdf2Maker
from .phpass import Phpass
from .rounds import DIGESTS
from .salted import Bare, Salted
from .scrypt import Scrypt, ScryptMaker
from .spring import Spring
from .unix_crypt import DesCrypt, Md5Crypt, ShaCrypt, Yescrypt

__all__ = [
    "MAKERS",
    "SCHEMES",
    "WEAK",
    "BesideSalt",
    "Declared",
    "Firebase",
    "Layout",
    "Limits",
    "Maker",
    "Scheme",
    "StoredHash",
    "UnusableHash",
    "known_schemes",
    "read",
]


def known_schemes(allow_weak: bool = False) -> tuple[Scheme, ...]:
    """Every scheme that needs no settings. `allow_weak` is for digests without a salt, which are
    recognised and refused otherwise."""
    crypt = (Bcrypt(), ShaCrypt(), Md5Crypt(), Yescrypt(), DesCrypt())
    ldap = Ldap(allow_weak)
    braces = {
        "crypt": crypt,
        "ldap": (ldap, Braces({"crypt": crypt})),
        "bcrypt": (Bcrypt(),),
        **dict.fromkeys(("argon2", "argon2@springsecurity_v5_8"), (Argon2(),)),
        **dict.fromkeys(("scrypt", "scrypt@springsecurity_v5_8"), (Scrypt(),)),
    }
    return (
        Argon2(),
        Bcrypt(),
        BcryptHashedFirst(),
        Pbkdf2(),
        Scrypt(),
        ShaCrypt(),
        Md5Crypt(),
        Yescrypt(),
        Phpass(),
        Spring(allow_weak),
        ldap,
        Braces(braces),
        AspNetIdentity(),
        Keycloak(),
        Magento(),
        Salted(allow_weak),
        Bare(allow_weak),
        DesCrypt(),
    )


SCHEMES: Final[tuple[Scheme, ...]] = known_schemes()

MAKERS: Final[dict[str, Callable[..., Maker]]] = {
    "argon2id": Argon2Maker,
    "bcrypt": BcryptMaker,
    "bcrypt-2y": partial(BcryptMaker, ident="2y"),
    "wordpress": WordPressMaker,
    "scrypt": ScryptMaker,
    "pbkdf2-sha256": Pbkdf2Maker,
    "django-pbkdf2-sha256": DjangoPbkdf2Maker,
}
"""What a source may be configured to store: name and maker, whose arguments are its cost."""

_QUICK = "one digest, which a graphics card tries billions of times a second"
_BARE = "no salt, so that equal passwords have equal hashes, and " + _QUICK
_FEW = "so few digests that a graphics card tries millions of passwords a second"

WEAK: Final[Mapping[str, str]] = {
    **{f"bare-{name}": _BARE for name in DIGESTS},
    **{f"ldap-{name}": _BARE for name in DIGESTS},
    **{f"{whose}salted-{name}": _QUICK for name in DIGESTS for whose in ("", "ldap-", "spring-")},
    "magento-md5": _QUICK,
    "magento-sha256": _QUICK,
    "magento-md5-sha256": _FEW,
    "spring-sha256": _FEW,
    "aspnet-identity-v2": _FEW,
    "phpass": _FEW,
    "md5-crypt": _FEW,
    "des-crypt": "a cipher of 1977, and 8 characters of the password",
    "declared-digest": "as quick to try out as its formula is short",
}
"""The label of each scheme that an operator should be warned about, and why."""

LONGEST = 1024
"""Characters of a stored hash; the longest real ones, Keycloak's, have about 500."""


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
