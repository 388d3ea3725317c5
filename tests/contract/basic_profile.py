"""The assertions of WS-I's Basic Profile 1.1 about a service description, as far as a document
alone can show that one is broken.

Left out are those that only permit something (R2008, R2020, R2114, R2202, R2207, R2208, R2709,
R2719, R2722, R2800); those about messages, servers and clients; R2025 and R2027, about what a
reader knows; and R2305, which one-part messages cannot break. The Profile is about SOAP 1.1. Its
assertions about a binding are applied to the one of SOAP 1.2 as well, as Profile 2.0 does by the
same numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from lxml import etree

from sso_bridge.soap.namespaces import (
    SOAP_HTTP_TRANSPORT,
    WSDL,
    WSDL_SOAP11,
    WSDL_SOAP12,
    XSD,
    qname,
)

__all__ = ["ABOUT_HEADERS_AND_FAULTS", "ABOUT_IMPORTS", "RULES", "Rule", "broken"]

ABOUT_IMPORTS: Final = (
    *("R2001", "R2002", "R2004", "R2005", "R2007"),
    *("R2009", "R2010", "R2011", "R2803"),
)
"""What is imported from elsewhere, and how. Nothing is, which no reader can get wrong."""
ABOUT_HEADERS_AND_FAULTS: Final = ("R2205", "R2720", "R2721", "R2723", "R2749", "R2754")
"""How headers and faults are to be declared. None are: the detail of a Fault of ours
is not part of the contract."""

Rule = Callable[[bytes, etree._Element], Iterable[object]]
"""What breaks an assertion, in a document and its root."""
_ENCODING: Final = "http://schemas.xmlsoap.org/soap/encoding/"
_BINDINGS: Final = (WSDL_SOAP11, WSDL_SOAP12)


def broken(document: bytes) -> set[str]:
    """The numbers of the assertions that a description breaks."""
    root = etree.fromstring(document)
    return {number for number, rule in RULES.items() if list(rule(document, root))}


def _find(root: etree._Element, path: str) -> list[etree._Element]:
    """What is at an XPath, in which `b` is the binding of either version of SOAP."""
    found: dict[etree._Element, None] = {}
    for binding in _BINDINGS:
        at = root.xpath(path, namespaces={"w": WSDL, "s": XSD, "b": binding})
        assert isinstance(at, list)
        found.update(dict.fromkeys(node for node in at if isinstance(node, etree._Element)))
    return list(found)


def _none_at(path: str) -> Rule:
    """No element is at `path`."""
    return lambda document, root: _find(root, path)


def _name(element: etree._Element, attribute: str) -> tuple[str | None, str]:
    """The namespace and the local name in an attribute that holds a qualified name."""
    prefix, colon, local = (element.get(attribute) or "").rpartition(":")
    return element.nsmap.get(prefix if colon else None), local


def _references(root: etree._Element, path: str, *attributes: str) -> Iterator[etree._Element]:
    for element in _find(root, path):
        if any(element.get(attribute) is not None for attribute in attributes):
            yield element


# The structure of a description: its attributes, those it needs, and its children in their order.
_SHAPES: Final = {
    "definitions": (
        {"name", "targetNamespace"},
        set(),
        "documentation import types message portType binding service",
    ),
    "types": (set(), set(), "documentation"),
    "message": ({"name"}, {"name"}, "documentation part"),
    "part": ({"name", "element", "type"}, {"name"}, "documentation"),
    "portType": ({"name"}, {"name"}, "documentation operation"),
    "binding": ({"name", "type"}, {"name", "type"}, "documentation operation"),
    "operation": ({"name", "parameterOrder"}, {"name"}, "documentation input output fault"),
    "input": ({"name", "message"}, set(), "documentation"),
    "output": ({"name", "message"}, set(), "documentation"),
    "service": ({"name"}, {"name"}, "documentation port"),
    "port": ({"name", "binding"}, {"name", "binding"}, "documentation"),
}
_EXTENSIONS: Final = {
    "binding": ({"transport", "style"}, {"transport"}),
    "operation": ({"soapAction", "style", "soapActionRequired"}, set()),
    "body": ({"parts", "use", "namespace", "encodingStyle"}, set()),
    "address": ({"location"}, {"location"}),
}


def _shape(document: bytes, root: etree._Element) -> Iterator[str]:
    """R2028: what does not stand where the schema of WSDL has it."""
    for element in _find(root, "descendant-or-self::w:*[not(self::w:documentation)]"):
        name = etree.QName(element).localname
        if name not in _SHAPES:
            yield name
            continue
        allowed, needed, order = _SHAPES[name]
        attributes = {str(attribute) for attribute in element.attrib}
        children = [etree.QName(child) for child in element]
        ours = [child.localname for child in children if child.namespace == WSDL]
        if not needed <= attributes <= allowed:
            yield f"{name}: {sorted(attributes)}"
        if not set(ours) <= set(order.split()) or ours != sorted(ours, key=order.split().index):
            yield f"{name}: {ours}"


def _extensions(document: bytes, root: etree._Element) -> Iterator[str]:
    """R2029: what the schema of the SOAP binding does not have."""
    for element in _find(root, "//b:*"):
        name = etree.QName(element).localname
        attributes = {str(attribute) for attribute in element.attrib}
        allowed, needed = _EXTENSIONS.get(name, (set(), {"?"}))
        if not needed <= attributes <= allowed or element.get("style") not in (None, "document"):
            yield f"{name}: {sorted(attributes)}"


def _encoding(document: bytes, root: etree._Element) -> Iterator[str]:
    """R4003."""
    found = root.getroottree().docinfo.encoding or "UTF-8"
    if found.upper() not in ("UTF-8", "UTF-16"):
        yield found


def _xml_version(document: bytes, root: etree._Element) -> Iterator[str]:
    """R4004."""
    found = root.getroottree().docinfo.xml_version
    if found not in (None, "1.0"):
        yield found


def _xml_declared(document: bytes, root: etree._Element) -> Iterator[bytes]:
    """R4005."""
    if b"xmlns:xml=" in document:
        yield b"xmlns:xml"


def _components(document: bytes, root: etree._Element) -> Iterator[str]:
    """R2101: references to parts of a description that this one does not have."""
    own = root.get("targetNamespace")
    for path, attribute, kind in (
        ("//w:input | //w:output | //w:fault", "message", "message"),
        ("//w:binding", "type", "portType"),
        ("//w:port", "binding", "binding"),
    ):
        names = {element.get("name") for element in _find(root, f"w:{kind}")}
        for element in _references(root, path, attribute):
            namespace, local = _name(element, attribute)
            if namespace != own or local not in names:
                yield str(element.get(attribute))


def _schema_components(document: bytes, root: etree._Element) -> Iterator[str]:
    """R2102: references to namespaces that the schema neither has nor imports."""
    for schema in _find(root, "w:types/s:schema"):
        imported = {found.get("namespace") for found in _find(schema, "s:import")}
        known = {XSD, schema.get("targetNamespace")} | imported
        for attribute in ("type", "ref", "base"):
            for element in _references(schema, ".//s:*", attribute):
                if _name(element, attribute)[0] not in known:
                    yield str(element.get(attribute))


def _encoded_arrays(document: bytes, root: etree._Element) -> Iterator[str]:
    """R2110."""
    for attribute in ("type", "ref", "base"):
        for element in _references(root, "//s:*", attribute):
            if _name(element, attribute)[0] == _ENCODING:
                yield str(element.get(attribute))


def _global_elements(document: bytes, root: etree._Element) -> Iterator[str]:
    """R2206."""
    declared = {
        (schema.get("targetNamespace"), element.get("name"))
        for schema in _find(root, "w:types/s:schema")
        for element in _find(schema, "s:element")
    }
    for part in _references(root, "//w:part", "element"):
        if _name(part, "element") not in declared:
            yield str(part.get("element"))


def _unbound_parts(document: bytes, root: etree._Element) -> Iterator[str]:
    """R2209: a body that leaves out the part of its message."""
    parts = {str(part.get("name")) for part in _find(root, "//w:part")}
    for body in _find(root, "//b:body"):
        if body.get("parts") is not None and set(body.get("parts", "").split()) != parts:
            yield str(body.get("parts"))
    yield from map(
        str, _find(root, "w:binding/w:operation/*[self::w:input or self::w:output][not(*)]")
    )


def _alike(document: bytes, root: etree._Element) -> Iterator[str]:
    """R2710: operations that a body with the same element could mean."""
    elements = {
        message.get("name"): [part.get("element") for part in _find(message, "w:part")]
        for message in _find(root, "w:message")
    }
    seen: list[object] = []
    for taken in _find(root, "w:portType/w:operation/w:input"):
        signature = elements.get(_name(taken, "message")[1])
        if signature in seen:
            yield str(signature)
        seen.append(signature)


def _other_operations(document: bytes, root: etree._Element) -> Iterator[str]:
    """R2718: bindings with other operations than their port type."""
    wanted = sorted(str(o.get("name")) for o in _find(root, "w:portType/w:operation"))
    for binding in _find(root, "w:binding"):
        there = sorted(str(o.get("name")) for o in _find(binding, "w:operation"))
        if there != wanted:
            yield str(binding.get("name"))


_NOT_FIRST: Final = "preceding-sibling::w:*[not(self::w:documentation or self::w:import)]"
_IMPORTED: Final = _none_at("//w:import | //s:import[@schemaLocation] | //s:include")
_HEADERS_AND_FAULTS: Final = _none_at("//b:header | //b:headerfault | //b:fault")

RULES: Final[dict[str, Rule]] = {
    **dict.fromkeys(ABOUT_IMPORTS, _IMPORTED),
    "R2003": _none_at("//s:import[not(parent::s:schema)]"),
    "R2022": _none_at(f"w:import[{_NOT_FIRST}]"),
    "R2023": _none_at(f"w:types[{_NOT_FIRST}]"),
    "R2026": _none_at("//*[@w:required = 'true' or @w:required = '1']"),
    "R2028": _shape,
    "R2029": _extensions,
    "R2030": _none_at("//w:documentation[preceding-sibling::*]"),
    "R4003": _encoding,
    "R4004": _xml_version,
    "R4005": _xml_declared,
    "R2101": _components,
    "R2102": _schema_components,
    "R2105": _none_at("//s:schema[not(@targetNamespace) or @targetNamespace = '']"),
    "R2110": _encoded_arrays,
    "R2111": _none_at("//*[@w:arrayType]"),
    "R2112": _none_at("//s:element[starts-with(@name, 'ArrayOf')]"),
    "R2201": _none_at("//b:body[contains(normalize-space(@parts), ' ')]"),
    "R2204": _none_at("//w:part[not(@element)]"),
    "R2206": _global_elements,
    "R2209": _unbound_parts,
    "R2210": _none_at("//w:message[count(w:part) > 1]"),
    "R2303": _none_at(
        "w:portType/w:operation[not(w:input) or w:output/following-sibling::w:input]"
    ),
    "R2304": _none_at("w:portType/w:operation[@name = preceding-sibling::w:operation/@name]"),
    "R2306": _none_at("//w:part[@element and @type]"),
    "R2401": lambda document, root: [
        found for found in _find(root, "w:binding") if not _is_soap(found)
    ],
    "R2701": _none_at("//b:binding[not(@transport)]"),
    "R2702": _none_at(f"//b:binding[@transport != '{SOAP_HTTP_TRANSPORT}']"),
    # Of the two that are allowed, this contract has document-literal: so R2203, R2717 and R2726,
    # about the other, have nothing to say.
    "R2705": _none_at("//b:*[@style and @style != 'document']"),
    "R2706": _none_at("//b:body[not(@use = 'literal')]"),
    "R2710": _alike,
    "R2711": _none_at(
        "//w:port[b:address/@location = preceding-sibling::w:port/b:address/@location]"
    ),
    "R2716": _none_at("//b:*[@namespace]"),
    "R2718": _other_operations,
    **dict.fromkeys(ABOUT_HEADERS_AND_FAULTS, _HEADERS_AND_FAULTS),
    "R2801": _none_at("w:types/*[not(self::s:schema or self::w:documentation)]"),
}


def _is_soap(binding: etree._Element) -> bool:
    return any(binding.find(qname(soap, "binding")) is not None for soap in _BINDINGS)
