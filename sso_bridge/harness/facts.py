"""What is publicly known of the wire, as the harness holds answers against it.

From Digital River's pages on single sign-on, transport and the external reference identifier, and
its published samples of the `Common/1.0` types. This is a copy of its own on purpose."""

from __future__ import annotations

from typing import Final

__all__ = [
    "ANSWER_OF",
    "COMMON",
    "LONGEST_ERID",
    "MEDIA_TYPE",
    "MESSAGES",
    "PUBLISHED",
    "RUM",
    "SOAP11",
    "SOAP12",
    "TYPES",
    "XSD",
    "XSI",
    "Children",
]

RUM: Final = "http://integration.digitalriver.com/RemoteUserManagement/1.0"
COMMON: Final = "http://integration.digitalriver.com/Common/1.0"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
XSD: Final = "http://www.w3.org/2001/XMLSchema"
SOAP11: Final = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12: Final = "http://www.w3.org/2003/05/soap-envelope"

Children = dict[str, str]
"""Of a type or a message: each child, in the contract's order, and its type."""

_KEY: Final = {"userKey": "UserKey"}
_MORE: Final = {"extendedAttributes": "ExtendedAttributesInfoArray"}
_ADDRESS: Final = (
    "addressID city countryA2 country countryName line1 line2 line3 locationCode name1 name2 "
    "phoneNumber postalCode state email faxPhone companyName phoneNumber2 countyName"
)

TYPES: Final[dict[str, Children]] = {
    "UserKey": dict.fromkeys(
        ("userID", "externalReferenceID", "companyID", "loginID", "siteID"), "string"
    ),
    "ExtendedAttributesInfo": dict.fromkeys(("name", "value", "valueDataType"), "string"),
    "ExtendedAttributesInfoArray": {"item": "ExtendedAttributesInfo"},
    "AddressInfo": dict.fromkeys(_ADDRESS.split(), "string") | _MORE,
    "UserInfo": _KEY
    | dict.fromkeys(("firstName", "lastName", "email", "locale", "homePhone", "faxPhone"), "string")
    | {"shippingAddress": "AddressInfo", "billingAddress": "AddressInfo"},
}

_ASKED: Final = _KEY | {"sessionToken": "string"} | _MORE
_OUTCOME: Final = (
    {"successful": "boolean", "errorCode": "string", "errorMessage": "string"} | _KEY | _MORE
)
_PROFILE: Final = {"userInfo": "UserInfo", "errorMessage": "string"} | _MORE

MESSAGES: Final[dict[str, Children]] = {
    "LoginRequest": _KEY | {"password": "string"} | _MORE,
    "LoginResponse": _OUTCOME,
    "GetUserRequest": _ASKED,
    "GetUserResponse": _PROFILE,
    "GetUserProfileRequest": _ASKED,
    "GetUserProfileResponse": _PROFILE,
    "ValidateSessionRequest": _ASKED,
    "ValidateSessionResponse": _OUTCOME,
    "CreateUserProfileRequest": {"userInfo": "UserInfo", "password": "string"} | _MORE,
    "CreateUserProfileResponse": _OUTCOME,
}

ANSWER_OF: Final = {
    name: name.replace("Request", "Response") for name in MESSAGES if name.endswith("Request")
}
"""The element that answers each request."""

MEDIA_TYPE: Final = {"soap11": "text/xml", "soap12": "application/soap+xml", "plain": "text/xml"}
"""The Content-Type of each shape, there and back."""

PUBLISHED: Final = {
    "login refused": ("5", "Invalid login"),
    "login taken": ("5", "Email already used"),
    "user inactive": (None, "User not active"),
}
"""errorCode and errorMessage of the answers that are published; None where there is no place."""

LONGEST_ERID: Final = 255
"""Characters; longer ones have been cut by systems on the way."""
