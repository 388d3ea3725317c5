"""Requests as Digital River sends them, and as it may come to send them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

from .facts import COMMON, MESSAGES, RUM, SOAP11, SOAP12, TYPES, XSD, XSI

__all__ = ["BARE", "PUBLISHED_STYLE", "SHAPES", "STYLES", "Style", "Value", "request"]

SHAPES: Final = ("soap11", "soap12", "plain")
"""The three ways in which a message is wrapped."""

Value = str | Mapping[str, "Value"] | list["Value"] | None
"""What an element holds: text, children by name, several of them, or None for nil or absent."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a message is written; all mean the same.

    `typed`: each element says its type. `nil`: what has no value is sent as nil, else not at all.
    `grown`: with elements that a later version of the schema may bring. `shuffled`: children in
    another order. `prefix`, `envelope`: of the message's namespace and of the envelope's."""

    name: str
    typed: bool = False
    nil: bool = False
    grown: bool = False
    shuffled: bool = False
    prefix: str | None = "rum"
    envelope: str | None = "soapenv"


PUBLISHED_STYLE: Final = Style(
    "as published: xsi:type on each element, absent values nil", typed=True, nil=True, prefix="ns1"
)
BARE: Final = Style("bare: no types, absent values left out")
STYLES: Final = (
    PUBLISHED_STYLE,
    BARE,
    Style("foreign prefixes", typed=True, nil=True, prefix="q0-x.y", envelope="SOAP-ENV"),
    Style("default namespaces", prefix=None, envelope=None),
    Style("schema growth: unknown elements", typed=True, nil=True, grown=True),
    Style("children in another order", nil=True, shuffled=True),
)


def request(name: str, fields: Mapping[str, Value], shape: str, style: Style) -> bytes:
    """The message `name` with `fields`, in UTF-8; names that the contract does not have are an
    error of the caller's (KeyError)."""
    tag, declared = _named(name, style.prefix, RUM)
    content = "".join(_children(name, fields, MESSAGES[name], style))
    document = f"<{tag} {declared}>{content}</{tag}>"
    if shape != "plain":
        document = _wrapped(document, SOAP11 if shape == "soap11" else SOAP12, style)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{document}'.encode()


def _named(name: str, prefix: str | None, namespace: str) -> tuple[str, str]:
    """The tag of an element, and the declaration of its namespace."""
    if prefix is None:
        return name, f'xmlns="{namespace}"'
    return f"{prefix}:{name}", f'xmlns:{prefix}="{namespace}"'


def _children(
    of: str, fields: Mapping[str, Value], children: Mapping[str, str], style: Style
) -> Iterator[str]:
    unknown = fields.keys() - children.keys()
    if unknown:
        raise KeyError(f"{of}: {sorted(unknown)}")
    names = list(children)
    if style.shuffled:
        names.reverse()
    for name in names:
        value = fields.get(name)
        for one in value if isinstance(value, list) else [value]:
            yield from _child(name, children[name], one, style)
    if style.grown:
        yield "<memberSince>2031-01-01</memberSince>"
        yield "<loyalty><loginID>somebody-else@example.com</loginID></loyalty>"


def _child(name: str, kind: str, value: Value, style: Style) -> Iterator[str]:
    if value is None and not style.nil:
        return
    start = [name]
    if style.prefix is None:  # children are in no namespace, and step out of the default one
        start.append('xmlns=""')
    if style.typed or value is None:
        start.append(f'xmlns:xsi="{XSI}"')
    if style.typed:
        prefix, namespace = ("ns2", COMMON) if kind in TYPES else ("xsd", XSD)
        start.append(f'xmlns:{prefix}="{namespace}" xsi:type="{prefix}:{kind}"')
    if value is None:
        yield f'<{" ".join(start)} xsi:nil="true"/>'
        return
    yield f"<{' '.join(start)}>"
    if isinstance(value, Mapping):
        yield from _children(name, value, TYPES[kind], style)
    else:
        assert isinstance(value, str)
        yield escape(value, {"\r": "&#13;"})
    yield f"</{name}>"


def _wrapped(message: str, namespace: str, style: Style) -> str:
    envelope, declared = _named("Envelope", style.envelope, namespace)
    body, _ = _named("Body", style.envelope, namespace)
    return f"<{envelope} {declared}><{body}>{message}</{body}></{envelope}>"
