"""A foreign SOAP client makes of the WSDL what was meant by it, without a network."""

from __future__ import annotations

import io
from typing import Any

import pytest
from lxml import etree
from zeep import Client
from zeep.transports import Transport

from sso_bridge.soap.contract import OPERATIONS, Operation, schema, wsdl
from sso_bridge.soap.namespaces import RUM, SOAP11_ENVELOPE, SOAP12_ENVELOPE, XSI, qname

SERVICE = "RemoteUserManagementService"
PORTS = {
    "RemoteUserManagementSoap11Port": SOAP11_ENVELOPE,
    "RemoteUserManagementSoap12Port": SOAP12_ENVELOPE,
}
ADDRESS: dict[str, Any] = {
    "city": "Kraków & Łódź",
    "countryA2": "PL",
    "name1": "Zofia",
    "extendedAttributes": {"item": [{"name": "deliveryNote", "value": "<ring>"}]},
}
KEY = {"externalReferenceID": "10000417", "siteID": "acmeus"}
ARGUMENTS: dict[str, dict[str, Any]] = {
    "Login": {"userKey": {"loginID": "demo@example.com"}, "password": "a & b"},
    "GetUser": {"userKey": KEY},
    "GetUserProfile": {"userKey": KEY, "sessionToken": "abc/8443"},
    "ValidateSession": {
        "sessionToken": "abc/8443",
        "extendedAttributes": {"item": [{"name": "one", "value": "1"}, {"name": "two"}]},
    },
    "CreateUserProfile": {
        "userInfo": {"userKey": {"loginID": "zofia"}, "shippingAddress": ADDRESS},
        "password": "",
    },
}


class NoNetwork(Transport):
    """Fails at the first attempt to fetch anything that the WSDL does not hold."""

    def load(self, url: str) -> bytes:
        raise AssertionError(f"the WSDL made zeep fetch {url}")


def client(url: str = "http://localhost/") -> Any:
    file = io.BytesIO(wsdl(url))
    return Client(file, transport=NoNetwork())


@pytest.fixture(scope="module")
def zeep() -> Any:
    return client()


def test_both_ports_offer_every_operation(zeep: Any) -> None:
    ports = zeep.wsdl.services[SERVICE].ports
    assert list(ports) == list(PORTS)
    for port in ports.values():
        assert list(port.binding.all()) == [o.name for o in OPERATIONS]


@pytest.mark.parametrize(("port", "envelope"), PORTS.items(), ids=["soap11", "soap12"])
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)
def test_a_request_that_it_makes_is_valid(
    zeep: Any, port: str, envelope: str, operation: Operation
) -> None:
    proxy = zeep.bind(SERVICE, port)
    message = zeep.create_message(proxy, operation.name, **ARGUMENTS[operation.name])
    assert message.tag == qname(envelope, "Envelope")
    (request,) = message.iterfind(f"{qname(envelope, 'Body')}/*")
    assert request.tag == qname(RUM, operation.request)
    schema().assertValid(etree.fromstring(etree.tostring(request)))


def test_it_types_the_answer(zeep: Any) -> None:
    answer = zeep.get_element(qname(RUM, "LoginResponse"))
    value = answer.parse(
        etree.fromstring(
            f'<r:LoginResponse xmlns:r="{RUM}" xmlns:xsi="{XSI}">'
            "<successful>true</successful>"
            '<errorCode xsi:nil="true"/>'
            "<userKey><externalReferenceID>1</externalReferenceID></userKey>"
            "</r:LoginResponse>"
        ),
        zeep.wsdl.types,
    )
    assert value.successful is True
    assert value.errorCode is None
    assert value.userKey.externalReferenceID == "1"


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("https://example.com/?a=1&b=2", id="ampersand"),
        pytest.param("https://example.com/'\"/>", id="quotes"),
        pytest.param("https://bücher.example/日本", id="unicode"),
    ],
)
def test_it_reads_the_configured_address(url: str) -> None:
    ports = client(url).wsdl.services[SERVICE].ports.values()
    assert [port.binding_options["address"] for port in ports] == [url, url]
