"""The WSDL keeps WS-I's Basic Profile 1.1, assertion by assertion; and each of them can fail."""

from __future__ import annotations

import pytest
from lxml import etree

from sso_bridge.soap.contract import wsdl
from sso_bridge.soap.namespaces import SOAP_HTTP_TRANSPORT
from tests.contract.basic_profile import (
    ABOUT_HEADERS_AND_FAULTS,
    ABOUT_IMPORTS,
    RULES,
    broken,
)

DOCUMENT = wsdl("https://sso.example.com/RemoteUserManagement")

IMPORT = ("<wsdl:types>", '<wsdl:import namespace="urn:x" location="x.wsdl"/><wsdl:types>')
PART = '<wsdl:part name="body" element="rum:LoginRequest"/>'
PORT_TYPE = '<wsdl:portType name="RemoteUserManagementPortType">'
BODY = '<soap:body use="literal"/>'
HEADER = (BODY, f'{BODY}<soap:header message="rum:x" part="y z" use="encoded"/>')
INPUT = '<wsdl:input message="rum:LoginRequestMessage"/>'
OUTPUT = '<wsdl:output message="rum:LoginResponseMessage"/>'
KEY = 'type="common:UserKey"'
SPOILED = {
    **dict.fromkeys(ABOUT_IMPORTS, IMPORT),
    "R2003": ("<wsdl:types>", '<wsdl:types><xs:import namespace="urn:x"/>'),
    "R2022": ("</wsdl:types>", '</wsdl:types><wsdl:import namespace="urn:x" location="x"/>'),
    "R2023": ("<wsdl:types>", '<wsdl:message name="x"/><wsdl:types>'),
    "R2026": ("<soap:binding ", '<soap:binding wsdl:required="true" '),
    "R2028": ('<wsdl:part name="body"', "<wsdl:part"),
    "R2029": ('<soap:operation soapAction=""', '<soap:operation action=""'),
    "R2030": ("</wsdl:service>", "<wsdl:documentation>More.</wsdl:documentation></wsdl:service>"),
    "R4003": ("encoding='UTF-8'", "encoding='ISO-8859-1'"),
    "R4004": ("<?xml version='1.0'", "<?xml version='1.1'"),
    "R4005": (
        "<wsdl:service ",
        '<wsdl:service xmlns:xml="http://www.w3.org/XML/1998/namespace" ',
    ),
    "R2101": ('message="rum:LoginRequestMessage"', 'message="common:LoginRequestMessage"'),
    "R2102": ('<xs:import namespace="http://integration.digitalriver.com/Common/1.0"/>', ""),
    "R2105": (
        'xs:schema targetNamespace="http://integration.digitalriver.com/Common/1.0"',
        "xs:schema",
    ),
    "R2110": (KEY, 'xmlns:e="http://schemas.xmlsoap.org/soap/encoding/" type="e:Array"'),
    "R2111": (KEY, f'{KEY} wsdl:arrayType="common:UserKey[]"'),
    "R2112": ('name="extendedAttributes"', 'name="ArrayOfAttributes"'),
    "R2201": (BODY, '<soap:body use="literal" parts="body rest"/>'),
    "R2204": (PART, '<wsdl:part name="body" type="common:UserKey"/>'),
    "R2206": (PART, PART.replace("LoginRequest", "Login")),
    "R2209": (BODY, '<soap:body use="literal" parts=""/>'),
    "R2210": (PART, f"{PART}{PART.replace('body', 'rest')}"),
    "R2303": (INPUT, ""),
    "R2304": (PORT_TYPE, f'{PORT_TYPE}<wsdl:operation name="GetUser">{INPUT}</wsdl:operation>'),
    "R2306": (PART, PART.replace("/>", ' type="common:UserKey"/>')),
    "R2401": (f'<soap:binding style="document" transport="{SOAP_HTTP_TRANSPORT}"/>', ""),
    "R2701": (f'<soap:binding style="document" transport="{SOAP_HTTP_TRANSPORT}"', "<soap:binding"),
    "R2702": (SOAP_HTTP_TRANSPORT, "http://schemas.xmlsoap.org/soap/smtp"),
    "R2705": ('style="document"', 'style="rpc"'),
    "R2706": (BODY, '<soap:body use="encoded"/>'),
    "R2710": ('element="rum:GetUserRequest"', 'element="rum:LoginRequest"'),
    "R2711": ("<soap12:address", "<soap:address"),
    "R2716": (BODY, '<soap:body use="literal" namespace="urn:x"/>'),
    "R2718": ('<wsdl:operation name="Login">', '<wsdl:operation name="SignIn">'),
    **dict.fromkeys(ABOUT_HEADERS_AND_FAULTS, HEADER),
    "R2801": ("<wsdl:types>", '<wsdl:types><schema xmlns="http://www.w3.org/1999/XMLSchema"/>'),
}


@pytest.mark.parametrize("number", RULES)
def test_the_wsdl_keeps(number: str) -> None:
    assert list(RULES[number](DOCUMENT, etree.fromstring(DOCUMENT))) == []


@pytest.mark.parametrize("number", RULES)
def test_a_wsdl_that_does_not_is_found_out(number: str) -> None:
    old, new = SPOILED[number]
    text = DOCUMENT.decode()
    assert old in text
    assert number in broken(text.replace(old, new, 1).encode())


def test_the_wsdl_keeps_all_of_it() -> None:
    assert broken(DOCUMENT) == set()
