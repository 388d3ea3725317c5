"""The WSDL file itself: what foreign SOAP stacks need of it, and what its readers need."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources

import pytest
from lxml import etree

from sso_bridge.soap.contract import OPERATIONS, Operation, wsdl
from sso_bridge.soap.namespaces import (
    COMMON,
    RUM,
    SOAP_HTTP_TRANSPORT,
    WSDL,
    WSDL_SOAP11,
    WSDL_SOAP12,
    XSD,
    qname,
)

PLACEHOLDER = "http://localhost:8080/RemoteUserManagement"
FILE = resources.files("sso_bridge.wsdl").joinpath("RemoteUserManagement.wsdl")
ROOT = etree.fromstring(wsdl(PLACEHOLDER))
BOTH_SOAPS = pytest.mark.parametrize("soap", [WSDL_SOAP11, WSDL_SOAP12], ids=["soap11", "soap12"])


def every(namespace: str, *local_names: str) -> list[etree._Element]:
    return list(ROOT.iter(*(qname(namespace, name) for name in local_names)))


def schema_of(namespace: str) -> etree._Element:
    (found,) = (s for s in every(XSD, "schema") if s.get("targetNamespace") == namespace)
    return found


def operations_of(parent: etree._Element) -> list[etree._Element]:
    return parent.findall(qname(WSDL, "operation"))


def required(element: etree._Element, attribute: str) -> str:
    value = element.get(attribute)
    assert value is not None
    return value


def attributes(element: etree._Element) -> dict[str, str | None]:
    return {str(name): element.get(name) for name in element.attrib}


def names(elements: list[etree._Element]) -> list[str | None]:
    return [element.get("name") for element in elements]


def local_elements() -> Iterator[etree._Element]:
    """The children of messages and types, as opposed to the messages' own elements."""
    for element in every(XSD, "element"):
        parent = element.getparent()
        if parent is not None and parent.tag != qname(XSD, "schema"):
            yield element


def test_the_file_stands_alone() -> None:
    assert not every(WSDL, "import")
    assert not every(XSD, "include", "redefine")
    assert not [e for e in every(XSD, "import") if e.get("schemaLocation") is not None]
    assert b"<!DOCTYPE" not in FILE.read_bytes()


def test_the_common_schema_stands_first_and_the_other_imports_it_by_namespace_only() -> None:
    assert [s.get("targetNamespace") for s in every(XSD, "schema")] == [COMMON, RUM]
    assert [attributes(i) for i in every(XSD, "import")] == [{"namespace": COMMON}]
    assert every(XSD, "import")[0].getparent() is schema_of(RUM)


def test_messages_have_anonymous_types_and_common_types_have_names() -> None:
    messages = schema_of(RUM)
    assert not messages.findall(qname(XSD, "complexType"))
    for element in messages.findall(qname(XSD, "element")):
        assert element.get("type") is None
        assert element.find(qname(XSD, "complexType")) is not None
    common = schema_of(COMMON)
    assert not common.findall(qname(XSD, "element"))
    assert all(names(common.findall(qname(XSD, "complexType"))))


def test_the_messages_are_those_of_the_operations_and_no_others() -> None:
    declared = names(schema_of(RUM).findall(qname(XSD, "element")))
    assert declared == [name for o in OPERATIONS for name in (o.request, o.response)]


def test_operations_are_listed_as_in_the_code_and_share_no_name_with_an_element() -> None:
    (port_type,) = every(WSDL, "portType")
    assert names(operations_of(port_type)) == [o.name for o in OPERATIONS]
    assert not {o.name for o in OPERATIONS} & set(names(every(XSD, "element")))


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)
def test_an_operation_takes_and_gives_one_element(operation: Operation) -> None:
    (port_type,) = every(WSDL, "portType")
    messages = {m.get("name"): m for m in every(WSDL, "message")}
    for direction, element in (("input", "request"), ("output", "response")):
        (there,) = port_type.iterfind(
            f"{qname(WSDL, 'operation')}[@name='{operation.name}']/{qname(WSDL, direction)}"
        )
        prefix, _, message = required(there, "message").partition(":")
        assert there.nsmap[prefix] == ROOT.get("targetNamespace")
        (part,) = messages[message].iterfind(qname(WSDL, "part"))
        assert part.get("element") == f"rum:{getattr(operation, element)}"
        assert part.nsmap["rum"] == RUM
        assert part.get("type") is None


def test_the_soap11_port_stands_before_the_soap12_port() -> None:
    (service,) = every(WSDL, "service")
    ports = service.findall(qname(WSDL, "port"))
    assert [port[-1].tag for port in ports] == [
        qname(WSDL_SOAP11, "address"),
        qname(WSDL_SOAP12, "address"),
    ]
    bindings = {f"rum:{b.get('name')}": b for b in every(WSDL, "binding")}
    for port, soap in zip(ports, (WSDL_SOAP11, WSDL_SOAP12), strict=True):
        assert bindings[required(port, "binding")].find(qname(soap, "binding")) is not None


@BOTH_SOAPS
def test_a_binding_is_document_literal_for_every_operation(soap: str) -> None:
    ((binding, over),) = (
        (b, over)
        for b in every(WSDL, "binding")
        if (over := b.find(qname(soap, "binding"))) is not None
    )
    assert attributes(over) == {"style": "document", "transport": SOAP_HTTP_TRANSPORT}
    assert names(operations_of(binding)) == [o.name for o in OPERATIONS]
    for operation in operations_of(binding):
        (how,) = operation.iterfind(qname(soap, "operation"))
        assert attributes(how) == {"soapAction": "", "style": "document"}
        bodies = operation.findall(f"*/{qname(soap, 'body')}")
        # A namespace= here is for RPC style, and WS-I's Basic Profile forbids it (R2716).
        assert [attributes(body) for body in bodies] == [{"use": "literal"}] * 2


def test_no_two_operations_look_alike_on_the_wire() -> None:
    """WS-I's Basic Profile, R2710: the body's element must tell the operation."""
    assert len({o.request for o in OPERATIONS}) == len(OPERATIONS)


def test_only_root_elements_are_qualified() -> None:
    assert [s.get("elementFormDefault") for s in every(XSD, "schema")] == ["unqualified"] * 2
    assert not [e for e in every(XSD, "element") if e.get("form") is not None]


def test_every_child_is_optional_and_nillable_but_successful() -> None:
    mandatory = [e for e in local_elements() if e.get("minOccurs") != "0"]
    assert {e.get("name") for e in mandatory} == {"successful"}
    assert all(e.get("type") == "xs:boolean" and e.get("nillable") is None for e in mandatory)
    assert all(e.get("nillable") == "true" for e in local_elements() if e not in mandatory)


def test_only_the_array_repeats_its_child() -> None:
    repeated = [e for e in local_elements() if e.get("maxOccurs") is not None]
    assert names(repeated) == ["item"]
    assert repeated[0].get("maxOccurs") == "unbounded"


def test_children_stand_in_sequences() -> None:
    assert not every(XSD, "all", "choice", "any", "attribute", "group", "extension")
    for complex_type in every(XSD, "complexType"):
        assert complex_type[-1].tag == qname(XSD, "sequence")


def test_everything_a_partner_meets_is_explained() -> None:
    explained = every(XSD, "schema", "element", "complexType")
    explained = [e for e in explained if not _is_anonymous(e)]
    for element in explained:
        text = element.findtext(f"{qname(XSD, 'annotation')}/{qname(XSD, 'documentation')}")
        assert len((text or "").split()) > 1, element.get("name")
    (port_type,) = every(WSDL, "portType")
    described = every(WSDL, "definitions", "message", "portType", "binding", "service", "port")
    for element in [*described, *operations_of(port_type)]:
        assert element[0].tag == qname(WSDL, "documentation"), element.get("name")
        assert (element[0].text or "").strip()


def _is_anonymous(element: etree._Element) -> bool:
    return element.tag == qname(XSD, "complexType") and element.get("name") is None


def test_what_is_served_is_the_file_but_for_the_address() -> None:
    file = FILE.read_bytes()
    assert file.count(PLACEHOLDER.encode()) == 2
    assert wsdl(PLACEHOLDER) == file.rstrip()
    elsewhere = "https://sso.example.com/RemoteUserManagement"
    assert wsdl(elsewhere) == file.rstrip().replace(PLACEHOLDER.encode(), elsewhere.encode())


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("https://example.com/?a=1&b=2&lt;", id="ampersand"),
        pytest.param("https://example.com/\"onload='x'", id="quotes"),
        pytest.param('https://example.com/"/></wsdl:port>', id="markup"),
        pytest.param("https://bücher.example/ß/日本", id="unicode"),
        pytest.param("https://example.com/a b\tc", id="whitespace"),
    ],
)
def test_any_url_is_read_back_as_it_was_given(url: str) -> None:
    root = etree.fromstring(wsdl(url))
    addresses = root.findall(".//{*}port/{*}address")
    assert [address.get("location") for address in addresses] == [url, url]


def test_a_url_that_xml_cannot_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="XML"):
        wsdl("https://example.com/\x00")


def test_one_caller_s_address_does_not_reach_the_next() -> None:
    wsdl("https://first.example.com/")
    assert b"first.example.com" not in wsdl("https://second.example.com/")
