"""Every XML namespace this package reads or writes, each spelt once, here.

`RUM` and `COMMON` are Digital River's, `CALL` is ours; the others are the W3C's and the SOAP and
WSDL specifications'. `qname` joins one of them with a local name, as lxml spells tags."""

from __future__ import annotations

from typing import Final

__all__ = [
    "CALL",
    "COMMON",
    "RUM",
    "SOAP11_ACTOR_NEXT",
    "SOAP11_ENVELOPE",
    "SOAP12_ENVELOPE",
    "SOAP_HTTP_TRANSPORT",
    "WSDL",
    "WSDL_SOAP11",
    "WSDL_SOAP12",
    "WSSE",
    "WSS_BASE64",
    "WSS_TOKEN",
    "WSU",
    "XML",
    "XSD",
    "XSI",
    "qname",
]

RUM: Final = "http://integration.digitalriver.com/RemoteUserManagement/1.0"
"""The request and response elements: the only qualified names in a message."""

COMMON: Final = "http://integration.digitalriver.com/Common/1.0"
"""The named types that messages are made of, as `xsi:type` names them."""

CALL: Final = "urn:sso-bridge:call"
"""The element in the detail of a Fault that says which call it was."""

SOAP11_ENVELOPE: Final = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12_ENVELOPE: Final = "http://www.w3.org/2003/05/soap-envelope"

SOAP11_ACTOR_NEXT: Final = "http://schemas.xmlsoap.org/soap/actor/next"
"""Not a namespace but the name of whoever is next on a message's way."""

WSDL: Final = "http://schemas.xmlsoap.org/wsdl/"
WSDL_SOAP11: Final = "http://schemas.xmlsoap.org/wsdl/soap/"
WSDL_SOAP12: Final = "http://schemas.xmlsoap.org/wsdl/soap12/"

SOAP_HTTP_TRANSPORT: Final = "http://schemas.xmlsoap.org/soap/http"
"""Not a namespace but the URI by which a WSDL binding says "over HTTP", in both SOAPs."""

_WSS: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"

WSSE: Final = f"{_WSS}-wssecurity-secext-1.0.xsd"
"""WS-Security: the Security header, and the codes of its Faults."""

WSU: Final = f"{_WSS}-wssecurity-utility-1.0.xsd"
"""WS-Security: times."""

WSS_TOKEN: Final = f"{_WSS}-username-token-profile-1.0"
"""Not a namespace but what the types of a password begin with."""

WSS_BASE64: Final = f"{_WSS}-soap-message-security-1.0#Base64Binary"
"""Not a namespace but an encoding."""

XML: Final = "http://www.w3.org/XML/1998/namespace"
XSD: Final = "http://www.w3.org/2001/XMLSchema"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"


def qname(namespace: str, local_name: str) -> str:
    """The two as one tag or attribute name, `{namespace}local_name`."""
    return f"{{{namespace}}}{local_name}"
