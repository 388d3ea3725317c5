"""Passwords that come encrypted with a symmetric key: one agreement, the port `PasswordTransit`."""

from .agreement import Agreement
from .ciphers import Cbc, Cipher, Gcm, Key, cbc_hmac
from .keys import decoded

__all__ = ["Agreement", "Cbc", "Cipher", "Gcm", "Key", "cbc_hmac", "decoded"]
