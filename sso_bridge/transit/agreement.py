"""What was agreed with Digital River about passwords on the way: the port `PasswordTransit`."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Final

from ..core.alarms import PASSWORD_IN_CLEAR, PASSWORD_NOT_DECRYPTED
from ..core.ports import Observer
from ..errors import ConfigurationError
from .ciphers import Cipher, Key, NotDecrypted
from .keys import Encoding, from_text

__all__ = ["Agreement"]

_LONGEST: Final = 16_384
"""Characters; four times what the longest password becomes."""


class Agreement:
    """One agreement, called `name`: a cipher, and keys that are good at the same time.

    `encoding` is how the bytes are written, `charset` how the password became bytes. With
    `accepts_clear` a password that is not encrypted is taken too, and told as a notice.

    Several keys of a cipher that is not authenticated may all decrypt one text to something. A
    login then tries each, so that no good one is kept out; an account is made only if one of them
    gives text that a person may have typed, and no other does."""

    def __init__(
        self,
        name: str,
        cipher: Cipher,
        keys: Sequence[Key],
        *,
        observer: Observer,
        encoding: Encoding = "base64",
        charset: str = "utf-8",
        accepts_clear: bool = False,
    ) -> None:
        if len({key.secret for key in keys}) < len(keys):
            raise ConfigurationError(f"{name}: two of its keys are the same")
        self.name = name
        self._cipher, self._keys = cipher, tuple(keys)
        self._observer = observer
        self._encoding, self._charset = encoding, charset
        self._accepts_clear = accepts_clear
        self._width = 1 if cipher.authenticated else len(keys) + accepts_clear

    def opened(self, sent: str) -> Sequence[str]:
        """See the port."""
        found = self._candidates(sent)
        if not found and sent:
            self._tell(sent)
        if self._accepts_clear:
            found.append(sent)
        found = found[: self._width]
        return (*found, *[""] * (self._width - len(found)))

    def certain(self, sent: str) -> str:
        """See the port."""
        found = self._candidates(sent)
        if not self._cipher.authenticated:
            found = [password for password in found if password.isprintable()]
            if len(found) > 1:
                self._alarm("several keys decrypt it, so it is not certain which password it is")
                return ""
        if found:
            return found[0]
        if self._accepts_clear and not self._could_be_sealed(sent):
            self._tell(sent)
            return sent
        self._alarm(self._why_not(sent))
        return ""

    def sealed(self, password: str, key: str | None = None) -> str:
        """`password` as it would be sent, with the key of that name or the first; raises
        ConfigurationError if there is no such key, or the charset lacks a character."""
        named = [one for one in self._keys if key in (None, one.name)]
        if not named:
            known = ", ".join(one.name for one in self._keys)
            raise ConfigurationError(f"{self.name}: has no key {key!r}; there is {known}")
        try:
            text = password.encode(self._charset)
        except UnicodeEncodeError:
            raise ConfigurationError(
                f"{self.name}: the password has characters that {self._charset} lacks"
            ) from None
        self._observer.step("encrypted the password", agreement=self.name, key=named[0].name)
        made = self._cipher.seal(text, named[0])
        if self._encoding == "hex":
            return made.hex()
        if self._encoding == "base64url":
            return base64.urlsafe_b64encode(made).decode()
        return base64.b64encode(made).decode()

    def _candidates(self, sent: str) -> list[str]:
        """What it may be, by the order of the keys. All of them are tried, whichever fits."""
        data = self._bytes(sent)
        found = []
        for key in self._keys if data is not None else ():
            try:
                password = self._cipher.open(data or b"", key).decode(self._charset)
            except (NotDecrypted, UnicodeDecodeError):
                continue
            self._observer.step("decrypted the password", agreement=self.name, key=key.name)
            found.append(password)
        return [password for password in found if password]

    def _bytes(self, sent: str) -> bytes | None:
        return from_text(sent, self._encoding) if len(sent) <= _LONGEST else None

    def _could_be_sealed(self, sent: str) -> bool:
        data = self._bytes(sent)
        return data is not None and self._cipher.could_be(data)

    def _tell(self, sent: str) -> None:
        """That `sent` was not decrypted, which is as it may be where it need not be encrypted."""
        if self._accepts_clear:
            self._observer.notice(PASSWORD_IN_CLEAR, self.name)
        else:
            self._alarm(self._why_not(sent))

    def _why_not(self, sent: str) -> str:
        if self._bytes(sent) is None:
            return f"it is not {self._encoding}: was it sent in clear?"
        if not self._could_be_sealed(sent):
            return "it has a length that nothing encrypted has: was it sent in clear?"
        return f"none of the keys fits ({', '.join(key.name for key in self._keys)})"

    def _alarm(self, why: str) -> None:
        self._observer.alarm(PASSWORD_NOT_DECRYPTED, f"{self.name}: {why}")
