"""crypt(3) of this machine's C library, called so that other threads run meanwhile.

Python's own `crypt` (gone in 3.13) and the `crypt_r` package that replaces it hold the GIL
while they compute: nothing else in the process moves. passlib computes in Python, where
each other thread waits 5 ms for each turn. ctypes releases the GIL, so it calls the same
function of libxcrypt (Debian, Fedora and most others) or musl (Alpine) directly."""

from __future__ import annotations

import ctypes
import hmac
from functools import cache
from typing import Any

from .contract import UnusableHash
from .work import INSTEAD

__all__ = ["LENGTH", "crypt_fits"]

_LIBRARIES = ("libcrypt.so.1", "libcrypt.so.2", "libcrypt.so", None)
"""Debian's, Fedora's, others'; None is what is loaded anyway, where musl has it."""

_STATE = 256 * 1024
"""Bytes for `struct crypt_data`: 32 KiB in libxcrypt, 128 KiB in old glibc."""

LENGTH = 511
"""Bytes of a password that libxcrypt takes (CRYPT_MAX_PASSPHRASE_SIZE with its NUL)."""


@cache
def _crypt_r() -> Any | None:
    """The function of crypt(3), or None where there is no library that has it."""
    for name in _LIBRARIES:
        try:
            function = ctypes.CDLL(name).crypt_r
        except (OSError, AttributeError):
            continue
        function.restype = ctypes.c_char_p
        function.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p]
        return function
    return None


def crypt_fits(scheme: str, stored: str, password: bytes) -> bool:
    """Whether `password`, without NUL, fits `stored`, compared in constant time.

    A password longer than the library takes fits nothing, after the time of a usual one. Raises
    UnusableHash where there is no crypt(3), or it refuses this hash."""
    function = _crypt_r()
    if function is None:
        raise UnusableHash(scheme, "this machine has no crypt library (libcrypt.so.1)")
    state = ctypes.create_string_buffer(_STATE)
    too_long = len(password) > LENGTH
    try:
        computed = function(INSTEAD if too_long else password, stored.encode("ascii"), state)
    finally:
        ctypes.memset(state, 0, _STATE)
    if computed is None or computed.startswith(b"*"):
        raise UnusableHash(scheme, "refused by this machine's crypt library")
    same = hmac.compare_digest(computed, stored.encode("ascii"))
    return same and not too_long
