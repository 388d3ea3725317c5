"""Session tokens: which kinds can be read, and which can be made.

A new kind is one file with a class that keeps `core.ports.SessionFormat` (and one that
keeps `SessionIssuer`, if the bridge can make such tokens), plus one line below."""

from __future__ import annotations

from typing import Final

from ..core.ports import SessionFormat, SessionIssuer
from .jose import Encryption, Signature
from .jwt import JwtFormat, JwtIssuer
from .table import TableFormat, TableIssuer, TokenTable

__all__ = [
    "FORMATS",
    "ISSUERS",
    "Encryption",
    "JwtFormat",
    "JwtIssuer",
    "Signature",
    "TableFormat",
    "TableIssuer",
    "TokenTable",
]

FORMATS: Final[dict[str, type[SessionFormat]]] = {
    "jwt": JwtFormat,
    "table": TableFormat,
}
"""Kinds of token that can be read, by the name that `Identity.token_format` has for them."""

ISSUERS: Final[dict[str, type[SessionIssuer]]] = {
    "jwt": JwtIssuer,
    "table": TableIssuer,
}
"""Kinds of token that can be made; each is read by the format of the same name."""
