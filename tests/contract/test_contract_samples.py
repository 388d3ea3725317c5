"""Messages as they go over the wire, against the schema that the WSDL publishes."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from sso_bridge.soap.contract import OPERATIONS, Operation, schema
from sso_bridge.soap.namespaces import COMMON, RUM, XSI, qname

SAMPLES = sorted(Path(__file__).with_name("samples").glob("*.xml"))
ANSWERS = [path for path in SAMPLES if "Response" in path.name]


def named(path: Path) -> str:
    return path.stem


def sample(name: str) -> etree._Element:
    return etree.fromstring(
        Path(__file__).with_name("samples").joinpath(f"{name}.xml").read_bytes()
    )


def child(parent: etree._Element, name: str) -> etree._Element:
    found = parent.find(name)
    assert found is not None
    return found


@pytest.mark.parametrize("path", SAMPLES, ids=named)
def test_a_sample_is_valid(path: Path) -> None:
    schema().assertValid(etree.parse(str(path)))


def test_every_message_has_a_sample() -> None:
    roots = {etree.parse(str(path)).getroot().tag for path in SAMPLES}
    assert roots == {qname(RUM, name) for o in OPERATIONS for name in (o.request, o.response)}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)
def test_a_request_names_the_type_of_each_element_and_says_what_is_nil(
    operation: Operation,
) -> None:
    request = sample(operation.request)
    descendants = list(request.iterdescendants())
    assert all(qname(XSI, "type") in element.attrib for element in descendants)
    assert any(element.get(qname(XSI, "nil")) == "true" for element in descendants)


@pytest.mark.parametrize("path", ANSWERS, ids=named)
def test_an_answer_names_no_types(path: Path) -> None:
    assert qname(XSI, "type").encode() not in path.read_bytes()
    assert not [e for e in etree.parse(str(path)).iter() if qname(XSI, "type") in e.attrib]


@pytest.mark.parametrize("path", SAMPLES, ids=named)
def test_only_the_root_is_in_a_namespace(path: Path) -> None:
    root = etree.parse(str(path)).getroot()
    assert etree.QName(root).namespace == RUM
    assert {etree.QName(element).namespace for element in root.iterdescendants()} == {None}


def test_another_order_is_not_valid() -> None:
    answer = sample("LoginResponse")
    answer.append(child(answer, "successful"))
    assert not schema().validate(answer)


@pytest.mark.parametrize("namespace", [RUM, COMMON])
def test_a_qualified_child_is_not_valid(namespace: str) -> None:
    request = sample("LoginRequest")
    password = child(request, "password")
    password.tag = qname(namespace, "password")
    assert not schema().validate(request)


def test_an_unqualified_root_is_not_valid() -> None:
    request = sample("LoginRequest")
    request.tag = "LoginRequest"
    assert not schema().validate(request)


def test_an_unknown_child_is_not_valid() -> None:
    request = sample("LoginRequest")
    etree.SubElement(request, "more")
    assert not schema().validate(request)


def test_the_wrong_type_is_not_valid() -> None:
    request = sample("LoginRequest")
    child(request, "userKey").set(qname(XSI, "type"), "common:AddressInfo")
    assert not schema().validate(request)


@pytest.mark.parametrize(
    "name", ["LoginResponse", "ValidateSessionResponse", "CreateUserProfileResponse"]
)
def test_an_answer_without_successful_is_not_valid(name: str) -> None:
    answer = sample(name)
    answer.remove(child(answer, "successful"))
    assert not schema().validate(answer)


@pytest.mark.parametrize("text", ["", "yes", "True"])
def test_successful_is_a_boolean(text: str) -> None:
    answer = sample("LoginResponse")
    child(answer, "successful").text = text
    assert not schema().validate(answer)


def test_successful_may_not_be_nil() -> None:
    answer = sample("LoginResponse")
    successful = child(answer, "successful")
    successful.text = None
    successful.set(qname(XSI, "nil"), "true")
    assert not schema().validate(answer)


def test_the_schema_is_compiled_once() -> None:
    assert schema() is schema()
