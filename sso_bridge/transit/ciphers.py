"""The ciphers of agreements: bytes as they are sent, and what they were made of.

A MAC is checked before anything is decrypted, and a tag before anything is given out. What goes
wrong is one error, whatever it was: whoever sends must not learn how far it came."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher as BlockCipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.padding import PKCS7

__all__ = ["MACS", "Cbc", "Cipher", "Gcm", "Key", "NotDecrypted", "cbc_hmac"]

MACS: Final[dict[str, Callable[[], HashAlgorithm]]] = {
    "sha1": SHA1,
    "sha256": SHA256,
    "sha384": SHA384,
    "sha512": SHA512,
}
_NONCE: Final = 12
_TAG: Final = 16


class NotDecrypted(Exception):
    """It was not made with this key, or something was changed on the way."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key, and the one of its MAC where there is one; `name` is the operator's."""

    name: str
    secret: bytes = field(repr=False)
    mac: bytes = field(default=b"", repr=False)


class Cipher(Protocol):
    """One way of encrypting."""

    @property
    def authenticated(self) -> bool:
        """Whether what another key made, or what was changed, is noticed for certain."""

    @property
    def key_lengths(self) -> tuple[int, ...]:
        """The lengths that a key may have, in bytes."""

    def open(self, sent: bytes, key: Key) -> bytes:
        """What was encrypted; raises NotDecrypted."""

    def seal(self, text: bytes, key: Key) -> bytes:
        """What is sent for `text`; another each time, unless the IV is fixed."""

    def could_be(self, sent: bytes) -> bool:
        """Whether something encrypted may have this length."""


@dataclass(frozen=True, slots=True)
class Gcm:
    """AES-GCM: a nonce of 12 bytes, what was encrypted, and a tag of 16 after or before it."""

    tag_first: bool = False
    authenticated: bool = True
    key_lengths: tuple[int, ...] = (16, 24, 32)

    def open(self, sent: bytes, key: Key) -> bytes:
        """See the protocol."""
        nonce, rest = sent[:_NONCE], sent[_NONCE:]
        if len(rest) < _TAG:
            raise NotDecrypted
        if self.tag_first:
            rest = rest[_TAG:] + rest[:_TAG]
        try:
            return AESGCM(key.secret).decrypt(nonce, rest, None)
        except InvalidTag:
            raise NotDecrypted from None

    def seal(self, text: bytes, key: Key) -> bytes:
        """See the protocol."""
        nonce = os.urandom(_NONCE)
        made = AESGCM(key.secret).encrypt(nonce, text, None)
        return nonce + (made[-_TAG:] + made[:-_TAG] if self.tag_first else made)

    def could_be(self, sent: bytes) -> bool:
        """See the protocol."""
        return len(sent) > _NONCE + _TAG


@dataclass(frozen=True, slots=True)
class Cbc:
    """CBC with PKCS #7 padding, the IV before it unless `iv` is always the same. Nothing tells
    another key, or a change on the way, but padding that does not happen to be good: one time
    in 256 it is."""

    triple_des: bool = False
    iv: bytes | None = field(default=None, repr=False)

    @property
    def authenticated(self) -> bool:
        """See the protocol."""
        return False

    @property
    def key_lengths(self) -> tuple[int, ...]:
        """See the protocol."""
        return (16, 24) if self.triple_des else (16, 24, 32)

    @property
    def block(self) -> int:
        """The length of a block, and of the IV, in bytes."""
        return 8 if self.triple_des else 16

    def open(self, sent: bytes, key: Key) -> bytes:
        """See the protocol."""
        if not self.could_be(sent):
            raise NotDecrypted
        iv, sent = (sent[: self.block], sent[self.block :]) if self.iv is None else (self.iv, sent)
        decryptor = self._cipher(key, iv).decryptor()
        unpadder = PKCS7(self.block * 8).unpadder()
        padded = decryptor.update(sent) + decryptor.finalize()
        try:
            return unpadder.update(padded) + unpadder.finalize()
        except ValueError:
            raise NotDecrypted from None

    def seal(self, text: bytes, key: Key) -> bytes:
        """See the protocol."""
        iv = os.urandom(self.block) if self.iv is None else self.iv
        padder = PKCS7(self.block * 8).padder()
        encryptor = self._cipher(key, iv).encryptor()
        made = encryptor.update(padder.update(text) + padder.finalize()) + encryptor.finalize()
        return iv + made if self.iv is None else made

    def could_be(self, sent: bytes) -> bool:
        """See the protocol."""
        blocks, more = divmod(len(sent), self.block)
        return not more and blocks >= (2 if self.iv is None else 1)

    def _cipher(self, key: Key, iv: bytes) -> BlockCipher[CBC]:
        if not self.triple_des:
            return BlockCipher(AES(key.secret), CBC(iv))
        whole = (key.secret + key.secret[:8])[:24]  # with two parts, the third is the first
        return BlockCipher(TripleDES(whole), CBC(iv))


@dataclass(frozen=True, slots=True)
class _Authenticated:
    """`inner`, with an HMAC over all of it after or before it: encrypt, then MAC."""

    inner: Cbc
    hash: Callable[[], HashAlgorithm]
    mac_first: bool

    @property
    def authenticated(self) -> bool:
        """See the protocol."""
        return True

    @property
    def key_lengths(self) -> tuple[int, ...]:
        """See the protocol."""
        return self.inner.key_lengths

    def open(self, sent: bytes, key: Key) -> bytes:
        """See the protocol."""
        if not self.could_be(sent):
            raise NotDecrypted
        mac, inner = self._apart(sent)
        check = HMAC(key.mac, self.hash())
        check.update(inner)
        try:
            check.verify(mac)
        except InvalidSignature:
            raise NotDecrypted from None
        return self.inner.open(inner, key)

    def seal(self, text: bytes, key: Key) -> bytes:
        """See the protocol."""
        inner = self.inner.seal(text, key)
        made = HMAC(key.mac, self.hash())
        made.update(inner)
        mac = made.finalize()
        return mac + inner if self.mac_first else inner + mac

    def could_be(self, sent: bytes) -> bool:
        """See the protocol."""
        return self.inner.could_be(self._apart(sent)[1])

    def _apart(self, sent: bytes) -> tuple[bytes, bytes]:
        """The MAC, and what it is about."""
        size = self.hash().digest_size
        return (sent[:size], sent[size:]) if self.mac_first else (sent[-size:], sent[:-size])


def cbc_hmac(mac: str, *, mac_first: bool = False, iv: bytes | None = None) -> Cipher:
    """AES-CBC, then an HMAC with the hash `mac` (of `MACS`) over all that is sent beside it."""
    return _Authenticated(Cbc(iv=iv), MACS[mac], mac_first)
