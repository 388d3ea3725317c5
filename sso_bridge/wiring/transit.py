"""Agreements about passwords on the way, from their settings."""

from __future__ import annotations

from ..config import Settings
from ..config.transit import PasswordEncryption
from ..core.ports import Observer
from ..errors import ConfigurationError
from ..transit import Agreement, Cbc, Cipher, Gcm, Key, cbc_hmac, decoded
from ..transit.keys import is_single_des

__all__ = ["agreements"]


def agreements(settings: Settings, observer: Observer) -> dict[str, Agreement]:
    """Every agreement by its name; raises ConfigurationError for a key that does not fit."""
    return {
        name: _agreement(f"password_encryption.{name}", declared, observer)
        for name, declared in settings.password_encryption.items()
    }


def _agreement(where: str, declared: PasswordEncryption, observer: Observer) -> Agreement:
    cipher = _cipher(where, declared)
    return Agreement(
        where,
        cipher,
        _keys(where, declared, cipher),
        observer=observer,
        encoding=declared.encoding,
        charset=declared.charset,
        accepts_clear=declared.accept_plaintext,
    )


def _cipher(where: str, declared: PasswordEncryption) -> Cipher:
    triple_des, first = declared.algorithm == "3des-cbc", declared.tag == "before"
    if declared.algorithm == "aes-gcm":
        return Gcm(tag_first=first)
    iv = None
    if declared.fixed_iv is not None:
        length = Cbc(triple_des).block
        written = declared.fixed_iv.get_secret_value()
        iv = decoded(f"{where}.fixed_iv", written, declared.key_encoding, (length,))
    if declared.algorithm == "aes-cbc-hmac":
        return cbc_hmac(declared.mac, mac_first=first, iv=iv)
    return Cbc(triple_des, iv)


def _keys(where: str, declared: PasswordEncryption, cipher: Cipher) -> list[Key]:
    keys = []
    for name, key in declared.keys.items():
        here, encoding = f"{where}.keys.{name}", declared.key_encoding
        secret = decoded(f"{here}.key", key.key.get_secret_value(), encoding, cipher.key_lengths)
        if declared.algorithm == "3des-cbc" and is_single_des(secret):
            raise ConfigurationError(f"{here}.key: is DES with one key, as two parts are the same")
        mac = b""
        if key.mac_key is not None:
            mac = decoded(f"{here}.mac_key", key.mac_key.get_secret_value(), encoding, ())
        keys.append(Key(name, secret, mac))
    return keys
