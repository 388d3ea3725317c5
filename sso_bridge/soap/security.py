"""The Security header of a message: OASIS Web Services Security, UsernameToken Profile 1.0.

There is one header for us with one UsernameToken, and every part of it once. What is anything else,
such as a signature, is refused: nothing that we do not check may look as if it had been."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Sequence
from typing import Final

from lxml import etree

from ..core.call import FailedAuthentication, UsernameToken
from .namespaces import WSS_BASE64, WSS_TOKEN, WSSE, WSU, qname

__all__ = ["SECURITY", "InvalidSecurity", "username_token"]

SECURITY: Final = qname(WSSE, "Security")
_TOKEN: Final = qname(WSSE, "UsernameToken")
_TIMESTAMP: Final = qname(WSU, "Timestamp")
_USER: Final = qname(WSSE, "Username")
_PASSWORD: Final = qname(WSSE, "Password")
_NONCE: Final = qname(WSSE, "Nonce")
_CREATED: Final = qname(WSU, "Created")
_PARTS: Final = (_USER, _PASSWORD, _NONCE, _CREATED)
_DIGEST: Final = {f"{WSS_TOKEN}#PasswordDigest": True, f"{WSS_TOKEN}#PasswordText": False}
_LONGEST_NONCE: Final = 256


class InvalidSecurity(FailedAuthentication):
    """The header is not what it has to be."""

    text = "An error was discovered processing the wsse:Security header"


def username_token(headers: Sequence[etree._Element]) -> UsernameToken | None:
    """The token in the Security headers that are for us, None if there is none; raises
    InvalidSecurity. Whether it is anybody's is not looked at.

    A Timestamp says nothing without a signature, and is passed over."""
    if not headers:
        return None
    if len(headers) > 1:
        raise InvalidSecurity("several Security headers")
    tokens = [part for part in headers[0] if part.tag != _TIMESTAMP]
    if [token.tag for token in tokens] != [_TOKEN]:
        raise InvalidSecurity("something else than one UsernameToken")
    return _read(tokens[0])


def _read(token: etree._Element) -> UsernameToken:
    parts: dict[str, etree._Element] = {}
    for part in token:
        if part.tag not in _PARTS or part.tag in parts or len(part):
            raise InvalidSecurity("a part that is not known, is there twice or has parts")
        parts[part.tag] = part
    if _USER not in parts or _PASSWORD not in parts:
        raise InvalidSecurity("no Username or no Password")
    is_digest = _DIGEST.get(parts[_PASSWORD].get("Type", f"{WSS_TOKEN}#PasswordText"))
    if is_digest is None:
        raise InvalidSecurity("a type of password that is not known")
    if is_digest and (_NONCE not in parts or _CREATED not in parts):
        raise InvalidSecurity("a digest without Nonce or Created")
    password = parts[_PASSWORD].text or ""
    return UsernameToken(
        parts[_USER].text or "",
        password.strip() if is_digest else password,
        is_digest,
        _nonce(parts[_NONCE]) if _NONCE in parts else b"",
        (parts[_CREATED].text or "").strip() if _CREATED in parts else "",
    )


def _nonce(part: etree._Element) -> bytes:
    if part.get("EncodingType", WSS_BASE64) != WSS_BASE64:
        raise InvalidSecurity("a Nonce in an encoding that is not known")
    try:
        nonce = b64decode("".join((part.text or "").split()), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidSecurity("a Nonce that is not Base64") from None
    if not 0 < len(nonce) <= _LONGEST_NONCE:
        raise InvalidSecurity("a Nonce that is empty or too long")
    return nonce
