"""The wire's types and messages as Spyne models: the code's side of `wsdl/`.

Attributes have the names, and stand in the order, that they have on the wire. A bare
`Unicode`, or a type of this module, is a child that may be absent and may be nil: that
is Spyne's default and the contract's. What each one means is documented in the WSDL,
and a test compares the two child by child."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from spyne import Boolean, ComplexModel, Unicode

from .namespaces import COMMON, RUM

__all__ = [
    "COMMON_TYPES",
    "MESSAGES",
    "AddressInfo",
    "CreateUserProfileRequest",
    "CreateUserProfileResponse",
    "ExtendedAttributesInfo",
    "ExtendedAttributesInfoArray",
    "GetUserProfileRequest",
    "GetUserProfileResponse",
    "GetUserRequest",
    "GetUserResponse",
    "LoginRequest",
    "LoginResponse",
    "UserInfo",
    "UserKey",
    "ValidateSessionRequest",
    "ValidateSessionResponse",
]


class UserKey(ComplexModel):
    """The names by which a user is known."""

    __namespace__ = COMMON

    userID = Unicode
    externalReferenceID = Unicode
    companyID = Unicode
    loginID = Unicode
    siteID = Unicode


class ExtendedAttributesInfo(ComplexModel):
    """One name with its value, for whatever has no field of its own."""

    __namespace__ = COMMON

    name = Unicode
    value = Unicode
    valueDataType = Unicode


class ExtendedAttributesInfoArray(ComplexModel):
    """Any number of them."""

    __namespace__ = COMMON

    item = ExtendedAttributesInfo.customize(max_occurs="unbounded")


class AddressInfo(ComplexModel):
    """A shipping or billing address; `name1` and `name2` are first and last name."""

    __namespace__ = COMMON

    addressID = Unicode
    city = Unicode
    countryA2 = Unicode
    country = Unicode
    countryName = Unicode
    line1 = Unicode
    line2 = Unicode
    line3 = Unicode
    locationCode = Unicode
    name1 = Unicode
    name2 = Unicode
    phoneNumber = Unicode
    postalCode = Unicode
    state = Unicode
    email = Unicode
    faxPhone = Unicode
    companyName = Unicode
    phoneNumber2 = Unicode
    countyName = Unicode
    extendedAttributes = ExtendedAttributesInfoArray


class UserInfo(ComplexModel):
    """A user's profile."""

    __namespace__ = COMMON

    userKey = UserKey
    firstName = Unicode
    lastName = Unicode
    email = Unicode
    locale = Unicode
    homePhone = Unicode
    faxPhone = Unicode
    shippingAddress = AddressInfo
    billingAddress = AddressInfo


class _SessionQuestion(ComplexModel):
    """The children of every request about a user who is signed in already."""

    __mixin__ = True
    __namespace__ = RUM

    userKey = UserKey
    sessionToken = Unicode
    extendedAttributes = ExtendedAttributesInfoArray


class _Outcome(ComplexModel):
    """The children of every answer that says yes or no."""

    __mixin__ = True
    __namespace__ = RUM

    successful = Boolean(min_occurs=1, nillable=False)
    errorCode = Unicode
    errorMessage = Unicode
    userKey = UserKey
    extendedAttributes = ExtendedAttributesInfoArray


class _ProfileAnswer(ComplexModel):
    """The children of the answer to GetUserProfile, by either of its names."""

    __mixin__ = True
    __namespace__ = RUM

    userInfo = UserInfo
    errorMessage = Unicode
    extendedAttributes = ExtendedAttributesInfoArray


class LoginRequest(ComplexModel):
    """May this person sign in?"""

    __namespace__ = RUM

    userKey = UserKey
    password = Unicode
    extendedAttributes = ExtendedAttributesInfoArray


class LoginResponse(_Outcome):
    """Who signed in, or that nobody did."""


class GetUserRequest(_SessionQuestion):
    """GetUserProfileRequest, by the name that the page about the ERID gives it."""


class GetUserResponse(_ProfileAnswer):
    """GetUserProfileResponse, by the name that the page about the ERID gives it."""


class GetUserProfileRequest(_SessionQuestion):
    """What is known of this user?"""


class GetUserProfileResponse(_ProfileAnswer):
    """The profile, or nil and why."""


class ValidateSessionRequest(_SessionQuestion):
    """Whose session is this?"""


class ValidateSessionResponse(_Outcome):
    """Who came in with the session, or that it is not good."""


class CreateUserProfileRequest(ComplexModel):
    """Make an account for this person."""

    __namespace__ = RUM

    userInfo = UserInfo
    password = Unicode
    extendedAttributes = ExtendedAttributesInfoArray


class CreateUserProfileResponse(_Outcome):
    """The new user's key, or why there is no new user."""


def _by_name(*models: type[ComplexModel]) -> Mapping[str, type[ComplexModel]]:
    return MappingProxyType({model.get_type_name(): model for model in models})


COMMON_TYPES: Final = _by_name(
    UserKey, ExtendedAttributesInfo, ExtendedAttributesInfoArray, AddressInfo, UserInfo
)
"""The types in `COMMON`, by the local name that `xsi:type` gives them."""

MESSAGES: Final = _by_name(
    LoginRequest,
    LoginResponse,
    GetUserRequest,
    GetUserResponse,
    GetUserProfileRequest,
    GetUserProfileResponse,
    ValidateSessionRequest,
    ValidateSessionResponse,
    CreateUserProfileRequest,
    CreateUserProfileResponse,
)
"""The messages in `RUM`, by the local name of their element."""
