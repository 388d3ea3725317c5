"""Messages that a fuzzer's bytes spell: each byte picks the next piece, so that most of what comes
out is XML and the fuzzer is not kept busy with angle brackets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tests.survival.messages import RUM, SOAP11, SOAP12

__all__ = ["WORD", "Choices", "message", "secured"]

XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
COMMON: Final = "http://integration.digitalriver.com/Common/1.0"

REQUESTS: Final = (
    "LoginRequest",
    "GetUserRequest",
    "GetUserProfileRequest",
    "ValidateSessionRequest",
    "CreateUserProfileRequest",
    "LogoutRequest",
    "LoginResponse",
)
CHILDREN: Final = (
    "userKey",
    "password",
    "loginID",
    "siteID",
    "userID",
    "externalReferenceID",
    "companyID",
    "sessionToken",
    "extendedAttributes",
    "item",
    "name",
    "value",
    "userInfo",
    "firstName",
    "shippingAddress",
    "line1",
    "c:loginID",
    "r:password",
    "strange",
    "e:Body",
    "e:Header",
    "e:Envelope",
)
ATTRIBUTES: Final = (
    "",
    "",
    "",
    ' i:nil="true"',
    ' i:nil="1"',
    ' i:nil="false"',
    ' i:type="c:UserKey"',
    ' href="#a"',
    ' id="a"',
    ' e:mustUnderstand="1"',
    ' e:mustUnderstand="0" e:actor="urn:other"',
    ' xmlns="urn:other"',
    f' xmlns="{RUM}"',
    f' xmlns:r="{COMMON}"',
)
TEXTS: Final = (
    "bo@example.com",
    "bo",
    "@example.com",
    "correct horse",
    "gone@example.com",
    "crmSession",
    "shop",
    "",
    " ",
    "\r\n",
    "&#13;",
    "&amp;",
    "&lt;b&gt;",
    "&#x202e;",
    "&#8203;",
    "&#x10FFFF;",
    "é",
    "e&#x301;",
    "\u00a0",
    "&x;",
    "&#0;",
    "]]&gt;",
)
BETWEEN: Final = (
    "<!---->",
    "<!-- bo -->",
    "<?x y?>",
    "<![CDATA[bo]]>",
    "<![CDATA[</loginID>]]>",
    "<![CDATA[]]>",
)
PROLOGS: Final = (
    "",
    "",
    "",
    '<?xml version="1.0"?>',
    '<?xml version="1.0" encoding="utf-8"?>',
    '<?xml version="1.1"?>',
    '<?xml version="1.0" encoding="utf-16"?>',
    '<?xml version="1.0" encoding="utf-7"?>',
    "\ufeff",
    "<!-- a -->",
    "<?x y?>",
    '<!DOCTYPE a [<!ENTITY x "bo">]>',
)
DEEPEST: Final = 6
WORD: Final = "the word of a token"
_WSS: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
_TYPE: Final = f"{_WSS}-username-token-profile-1.0#Password"
_SECURITY: Final = (
    "<w:Username>dr</w:Username>",
    f'<w:Password Type="{_TYPE}Text">{WORD}</w:Password>',
    f"<w:Password>{WORD}</w:Password>",
    "</w:UsernameToken><w:UsernameToken>",
    "</w:UsernameToken></w:Security><w:Security><w:UsernameToken>",
    '</w:UsernameToken></w:Security><w:Security e:actor="urn:other"><w:UsernameToken>',
    "</w:UsernameToken><u:Timestamp/><w:UsernameToken>",
    "</w:UsernameToken></w:Security></e:Header><e:Header><w:Security><w:UsernameToken>",
    "<w:Username>d<!-- -->r</w:Username>",
    "<w:Username>dr<w:Username>mallory</w:Username></w:Username>",
    "<w:Username>mallory</w:Username>",
    f'<w:Password Type="{_TYPE}Digest">{WORD}</w:Password>',
    "<w:Password>no</w:Password>",
    "<w:Password/>",
    "<w:Nonce>YWJj</w:Nonce>",
    "<w:Nonce>YWJj\n=</w:Nonce>",
    "<u:Created>2026-11-30T10:00:00Z</u:Created>",
    "<u:Created>9999-12-31T23:59:59.999999-14:00</u:Created>",
    "<u:Created/>",
    "<w:Salt/>",
    "<![CDATA[dr]]>",
    "<?dr?>",
)


class Choices:
    """The bytes, one after another; nothing but first choices when they are used up."""

    def __init__(self, data: bytes) -> None:
        self._left = iter(data)

    def number(self, below: int) -> int:
        """0 or more, and less than `below`, which is at most 256."""
        return next(self._left, 0) % below

    def of(self, options: Sequence[str]) -> str:
        """One of them."""
        return options[self.number(len(options))]


def message(data: bytes) -> str:
    """What `data` spells: a request in one of its shapes, or nearly."""
    choices = Choices(data)
    prolog = choices.of(PROLOGS)
    namespace = choices.of((SOAP11, SOAP12, "", "urn:no-envelope"))
    declared = f'xmlns:r="{RUM}" xmlns:c="{COMMON}" xmlns:i="{XSI}" xmlns:e="{namespace or RUM}"'
    name = choices.of(REQUESTS)
    inside = "".join(_element(choices, 0) for _ in range(choices.number(6)))
    attributes = choices.of(ATTRIBUTES)
    if not namespace:
        return f"{prolog}<r:{name} {declared}{attributes}>{inside}</r:{name}>"
    request = f"<r:{name}{attributes}>{inside}</r:{name}>"
    header = choices.of(
        ("", "<e:Header/>", f"<e:Header>{_element(choices, DEEPEST - 1)}</e:Header>")
    )
    body = f"<e:Body>{request}</e:Body>"
    parts = choices.of((header + body, header + body, body + header, body * 2, f"<x>{body}</x>"))
    return f"{prolog}<e:Envelope {declared}>{parts}</e:Envelope>"


def secured(data: bytes) -> str:
    """What `data` spells: a request with a Security header, or nearly."""
    choices = Choices(data)
    namespace = choices.of((SOAP11, SOAP12))
    declared = (
        f'xmlns:r="{RUM}" xmlns:e="{namespace}" xmlns:w="{_WSS}-wssecurity-secext-1.0.xsd"'
        f' xmlns:u="{_WSS}-wssecurity-utility-1.0.xsd"'
    )
    content = "".join(choices.of(_SECURITY) for _ in range(choices.number(7)))
    token = f"<w:UsernameToken>{content}</w:UsernameToken>"
    attributes = choices.of(("", ' e:mustUnderstand="1"', ' e:role="urn:other"', ' actor="x"'))
    header = f"<e:Header><w:Security{attributes}>{token}</w:Security></e:Header>"
    return f"<e:Envelope {declared}>{header}<e:Body><r:GetUserRequest/></e:Body></e:Envelope>"


def _element(choices: Choices, depth: int) -> str:
    name, attributes = choices.of(CHILDREN), choices.of(ATTRIBUTES)
    inside = []
    for _ in range(choices.number(5)):
        kind = choices.number(4)
        if kind == 0 and depth < DEEPEST:
            inside.append(_element(choices, depth + 1))
        elif kind == 1:
            inside.append(choices.of(BETWEEN))
        else:
            inside.append(choices.of(TEXTS))
    return f"<{name}{attributes}>{''.join(inside)}</{name}>"
