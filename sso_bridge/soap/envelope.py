"""Which shape a request has, which operation it asks for, and the same shape around the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from lxml import etree

from ..errors import InvalidMessage, Rejected
from .contract import OPERATIONS
from .namespaces import RUM, SOAP11_ACTOR_NEXT, SOAP11_ENVELOPE, SOAP12_ENVELOPE, XSI, qname
from .security import SECURITY

__all__ = [
    "MustUnderstand",
    "Request",
    "Shape",
    "VersionMismatch",
    "open_envelope",
    "wrap",
]


class Shape(Enum):
    """How a message is wrapped. An answer has the shape of its request."""

    SOAP11 = "soap11"
    SOAP12 = "soap12"
    PLAIN = "plain"

    __hash__ = object.__hash__  # that of Enum takes longer than to look something up

    def __init__(self, name: str) -> None:
        kind = "application/soap+xml" if name == "soap12" else "text/xml"
        self.media_type = f"{kind}; charset=utf-8"
        """The Content-Type of an answer in this shape."""


class MustUnderstand(Rejected):
    """A header block says that it must be understood, and is not."""

    text = "A SOAP header that must be understood is not"

    def __init__(self, blocks: tuple[etree.QName, ...]) -> None:
        super().__init__()
        self.blocks = blocks


class VersionMismatch(Rejected):
    """The envelope is of neither SOAP 1.1 nor SOAP 1.2."""

    text = "The envelope is neither SOAP 1.1 nor SOAP 1.2"


@dataclass(slots=True)
class Request:
    """One request element, taken out of its envelope; `name` is its local name. `security` are the
    Security headers that are for us, if those are looked at."""

    shape: Shape
    name: str
    element: etree._Element
    security: Sequence[etree._Element] = ()


_REQUESTS: Final = {qname(RUM, operation.request): operation.request for operation in OPERATIONS}
_NAMESPACES: Final = {Shape.SOAP11: SOAP11_ENVELOPE, Shape.SOAP12: SOAP12_ENVELOPE}
_ENVELOPES: Final = {qname(of, "Envelope"): shape for shape, of in _NAMESPACES.items()}
_BODIES: Final = {shape: qname(of, "Body") for shape, of in _NAMESPACES.items()}
_HEADERS: Final = {shape: qname(of, "Header") for shape, of in _NAMESPACES.items()}
_ROLES: Final = {
    Shape.SOAP11: ("actor", frozenset({"", SOAP11_ACTOR_NEXT})),
    Shape.SOAP12: (
        "role",
        frozenset({""} | {f"{SOAP12_ENVELOPE}/role/{r}" for r in ("next", "ultimateReceiver")}),
    ),
}
_DECLARED: Final = f'xmlns:rum="{RUM}" xmlns:xsi="{XSI}"'
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
# node's `soap` knows an envelope of SOAP 1.2 by this prefix only; behind another one, what it hands
# over for `successful` is the string "false", which is true.
_AROUND: Final = {
    Shape.SOAP11: (
        f'{_HEAD}<soapenv:Envelope xmlns:soapenv="{SOAP11_ENVELOPE}" {_DECLARED}><soapenv:Body>',
        "</soapenv:Body></soapenv:Envelope>",
    ),
    Shape.SOAP12: (
        f'{_HEAD}<soap:Envelope xmlns:soap="{SOAP12_ENVELOPE}" {_DECLARED}><soap:Body>',
        "</soap:Body></soap:Envelope>",
    ),
}


def shape_of(root: etree._Element) -> Shape:
    """The shape of the message with this root; raises VersionMismatch for a strange envelope."""
    shape = _ENVELOPES.get(root.tag, Shape.PLAIN)
    if shape is Shape.PLAIN and etree.QName(root).localname == "Envelope":
        raise VersionMismatch
    return shape


def open_envelope(root: etree._Element, *, security: bool = False) -> Request:
    """The request in `root`, whatever its shape. With `security` its Security header is looked at,
    and so understood.

    Raises InvalidMessage, MustUnderstand, VersionMismatch."""
    shape = shape_of(root)
    if shape is Shape.PLAIN:
        return Request(shape, _request_name(root), root)
    bodies: list[etree._Element] = []
    headers: list[etree._Element] = []
    parts = {_BODIES[shape]: bodies, _HEADERS[shape]: headers}
    for part in root:
        if part.tag in parts:
            parts[part.tag].append(part)
    if len(bodies) != 1:
        raise InvalidMessage("an Envelope has one Body")
    if len(headers) > 1:
        raise InvalidMessage("an Envelope has at most one Header")
    looked_at: list[etree._Element] = []
    if headers:
        ours = _for_us(headers[0], shape)
        looked_at = [block for block in ours if security and block.tag == SECURITY]
        _understand([block for block in ours if block not in looked_at], shape)
    children = list(bodies[0])
    if len(children) != 1:
        raise InvalidMessage(f"the Body holds {len(children)} elements; it should hold one")
    return Request(shape, _request_name(children[0]), children[0], looked_at)


def wrap(shape: Shape, body: str) -> bytes:
    """The element `body` in an envelope of `shape`, as UTF-8. It may use the prefixes
    `rum`, `xsi` and, inside an envelope of SOAP 1.1, `soapenv`."""
    if shape is Shape.PLAIN:
        name, rest = body.split(">", 1)
        return f"{_HEAD}{name} {_DECLARED}>{rest}".encode()
    before, after = _AROUND[shape]
    return f"{before}{body}{after}".encode()


def _request_name(element: etree._Element) -> str:
    name = _REQUESTS.get(element.tag)
    if name is not None:
        return name
    strange = etree.QName(element).localname
    if strange not in _REQUESTS.values():
        raise InvalidMessage("the element is none of " + ", ".join(sorted(_REQUESTS.values())))
    raise InvalidMessage(f"{strange} must be in the namespace {RUM}")


def _for_us(header: etree._Element, shape: Shape) -> list[etree._Element]:
    role, ours = _ROLES[shape]
    name = qname(_NAMESPACES[shape], role)
    return [block for block in header if block.get(name, "").strip() in ours]


def _understand(blocks: list[etree._Element], shape: Shape) -> None:
    """Raises MustUnderstand for those that insist; we know none of them."""
    name = qname(_NAMESPACES[shape], "mustUnderstand")
    insisting = [block for block in blocks if block.get(name, "").strip() in ("1", "true")]
    if insisting:
        raise MustUnderstand(tuple(map(etree.QName, insisting)))
