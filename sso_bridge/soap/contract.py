"""The published contract: the WSDL file of this package, and what it says.

Nothing here needs Spyne, and nothing reaches for the network."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

from lxml import etree

from .namespaces import COMMON, RUM, WSDL_SOAP11, WSDL_SOAP12, XSD, qname

__all__ = ["OPERATIONS", "PATH", "Operation", "schema", "wsdl"]

PATH: Final = "/RemoteUserManagement"
"""Where the endpoint is served, whatever stands before it in the public URL."""

_PACKAGE: Final = "sso_bridge.wsdl"
_FILE: Final = "RemoteUserManagement.wsdl"

_ADDRESSES: Final = (qname(WSDL_SOAP11, "address"), qname(WSDL_SOAP12, "address"))
_COMMON_LOCATION: Final = "common.xsd"


@dataclass(frozen=True, slots=True)
class Operation:
    """One call of the contract.

    `name` is the WSDL's and never on the wire; `request` and `response` are the local
    names, in the namespace `RUM`, of the two elements that are."""

    name: str
    request: str
    response: str


def _operation(name: str) -> Operation:
    return Operation(name, f"{name}Request", f"{name}Response")


OPERATIONS: Final = (
    _operation("Login"),
    _operation("GetUser"),
    _operation("GetUserProfile"),
    _operation("ValidateSession"),
    _operation("CreateUserProfile"),
)
"""Every call, in the WSDL's order. GetUser and GetUserProfile are one call by two names."""


def wsdl(public_url: str) -> bytes:
    """The contract as UTF-8, both of its ports at `public_url`, otherwise as in the file.

    Any characters are escaped as XML asks; whether the URL leads anywhere is not checked.
    Raises ValueError for one that XML cannot hold: a NUL or another control character."""
    root = _definitions()
    for address in root.iter(*_ADDRESSES):
        address.set("location", public_url)
    return etree.tostring(root.getroottree(), encoding="UTF-8", xml_declaration=True)


@cache
def schema() -> etree.XMLSchema:
    """A validator for the ten messages, made of the WSDL's own schemas.

    It wants the message itself, such as `rum:LoginRequest`, without an envelope. It is
    stricter than the server: children in the schema's order, unqualified, none unknown.
    Validating is safe in many threads at once, but they share the one `error_log`."""
    inline = {
        element.get("targetNamespace"): element
        for element in _definitions().iterfind(f".//{qname(XSD, 'schema')}")
    }
    # An import by namespace alone gives libxml2 nowhere to look; a name that only the
    # parser below can resolve does.
    to_common = inline[RUM].find(f"{qname(XSD, 'import')}[@namespace='{COMMON}']")
    if to_common is None:
        raise LookupError(f"{_FILE}: the schema of {RUM} does not import {COMMON}")
    to_common.set("schemaLocation", _COMMON_LOCATION)
    parser = _parser()
    parser.resolvers.add(_OneSchema(_COMMON_LOCATION, etree.tostring(inline[COMMON])))
    return etree.XMLSchema(etree.fromstring(etree.tostring(inline[RUM]), parser))


class _OneSchema(etree.Resolver):
    """Knows a single document by its location, and leaves all others to the parser."""

    def __init__(self, location: str, document: bytes) -> None:
        self._location = location
        self._document = document

    def resolve(self, system_url: str, public_id: str, context: Any = None) -> Any:
        """The document, if it is the one asked for, else None: "ask somebody else"."""
        if system_url != self._location:
            return None
        return self.resolve_string(self._document, context, base_url=system_url)


def _definitions() -> etree._Element:
    """The file's root element, parsed anew, so that a caller may change it."""
    file = resources.files(_PACKAGE).joinpath(_FILE)
    return etree.fromstring(file.read_bytes(), _parser())


def _parser() -> etree.XMLParser:
    return etree.XMLParser(no_network=True, resolve_entities=False)
