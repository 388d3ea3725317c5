"""A second opinion on a message, by another parser (expat) and in the plainest words: who is meant?

Two parsers that read one message differently are how a login, a signature or a filter is got
round. What the bridge accepts must name the same user here."""

from __future__ import annotations

from typing import Final
from xml.etree import ElementTree

from tests.survival.messages import RUM, SOAP11, SOAP12

from .choices import COMMON, XSI

__all__ = ["texts_of", "users_of"]

_PREFIXES: Final = ("", f"{{{RUM}}}", f"{{{COMMON}}}")


def texts_of(body: bytes, path: tuple[str, ...]) -> list[str | None]:
    """The text of each element at `path` below the request, comments and the like left out; None
    for a nil one. Raises ElementTree.ParseError."""
    found = [_request(ElementTree.fromstring(body))]
    for name in path:
        tags = {prefix + name for prefix in _PREFIXES}
        found = [child for parent in found if not _is_nil(parent) for child in parent
                 if child.tag in tags]  # fmt: skip
    return [None if _is_nil(element) else "".join(element.itertext()) for element in found]


def users_of(body: bytes) -> list[tuple[str, str]]:
    """The user and password of each UsernameToken in a Security header that is for us."""
    found = []
    for header in ElementTree.fromstring(body).findall("{*}Header/{*}Security"):
        if header.get(f"{{{SOAP11}}}actor") or header.get(f"{{{SOAP12}}}role"):
            continue
        for token in header.findall("{*}UsernameToken"):
            users, words = token.findall("{*}Username"), token.findall("{*}Password")
            found += [
                ("".join(user.itertext()), "".join(word.itertext()))
                for user in users
                for word in words
            ]
    return found


def _request(root: ElementTree.Element) -> ElementTree.Element:
    for namespace in (SOAP11, SOAP12):
        if root.tag == f"{{{namespace}}}Envelope":
            (body,) = root.findall(f"{{{namespace}}}Body")
            (request,) = list(body)
            return request
    return root


def _is_nil(element: ElementTree.Element) -> bool:
    return element.get(f"{{{XSI}}}nil", "").strip() in ("true", "1")
