"""Between the wire's messages and the domain's values. Field names are matched by rule once."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import Any, Final

from spyne import ComplexModel

from ..core.model import (
    Accepted,
    Address,
    Attribute,
    CreateUser,
    GetUser,
    Login,
    Profile,
    ProfileAnswer,
    Refusal,
    UserKey,
    ValidateSession,
)
from ..errors import InvalidMessage
from . import types as wire
from .codec import NIL

__all__ = ["create_user", "get_user", "login", "outcome", "profile_answer", "validate_session"]


def _python_name(wire_name: str) -> str:
    """`countryA2` as `country_a2`, `userID` as `user_id`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", wire_name).lower()


def _pairs(model: Any, domain: type) -> tuple[tuple[str, str], ...]:
    """(wire name, domain name) of the text fields that both have."""
    domain_names = {field.name for field in dataclasses.fields(domain)}
    return tuple(
        (name, _python_name(name))
        for name, child in model.get_flat_type_info(model).items()
        if not issubclass(child, ComplexModel) and _python_name(name) in domain_names
    )


_KEY: Final = _pairs(wire.UserKey, UserKey)
_ADDRESS: Final = _pairs(wire.AddressInfo, Address)
_PROFILE: Final = _pairs(wire.UserInfo, Profile)


def login(message: Any) -> Login:
    """LoginRequest."""
    return Login(_key(message.userKey), message.password, _attributes(message))


def get_user(message: Any) -> GetUser:
    """GetUserRequest or GetUserProfileRequest."""
    return GetUser(_key(message.userKey), message.sessionToken, _attributes(message))


def validate_session(message: Any) -> ValidateSession:
    """ValidateSessionRequest."""
    return ValidateSession(_key(message.userKey), message.sessionToken, _attributes(message))


def create_user(message: Any) -> CreateUser:
    """CreateUserProfileRequest; raises InvalidMessage if it describes no user."""
    info = message.userInfo
    if info is None:
        raise InvalidMessage("CreateUserProfileRequest has no userInfo")
    profile = Profile(
        **{domain: getattr(info, name) for name, domain in _PROFILE},
        shipping_address=_address(info.shippingAddress),
        billing_address=_address(info.billingAddress),
    )
    return CreateUser(_key(info.userKey), profile, message.password, _attributes(message))


def outcome(model: Any, answer: Accepted | Refusal) -> Any:
    """The answer to a login, a session or a creation, as an instance of `model`."""
    if isinstance(answer, Refusal):
        return _new(model, successful=False, errorCode=answer.code, errorMessage=answer.text)
    return _new(
        model,
        successful=True,
        userKey=_wire(wire.UserKey, _KEY, answer.key),
        extendedAttributes=_wire_attributes(answer.attributes),
    )


def profile_answer(model: Any, answer: ProfileAnswer | Refusal) -> Any:
    """The answer to GetUser, as an instance of `model`; a refusal has a nil userInfo."""
    if isinstance(answer, Refusal):
        return _new(model, userInfo=NIL, errorMessage=answer.text)
    profile = answer.profile
    info = _wire(wire.UserInfo, _PROFILE, profile)
    info.__dict__.update(
        userKey=_wire(wire.UserKey, _KEY, answer.key),
        shippingAddress=_wire_address(profile.shipping_address),
        billingAddress=_wire_address(profile.billing_address),
    )
    attributes = _wire_attributes(answer.attributes)
    return _new(model, userInfo=info, errorMessage="", extendedAttributes=attributes)


def _key(sent: Any) -> UserKey:
    if sent is None:
        return UserKey()
    return UserKey(sent.userID, sent.externalReferenceID, sent.companyID, sent.loginID, sent.siteID)


def _attributes(message: Any) -> tuple[Attribute, ...]:
    array = message.extendedAttributes
    if array is None or array.item is None:
        return ()
    return tuple(Attribute(a.name, a.value, a.valueDataType) for a in array.item if a is not None)


def _address(sent: Any) -> Address | None:
    if sent is None:
        return None
    return Address(
        **{domain: getattr(sent, name) for name, domain in _ADDRESS},
        extended_attributes=_attributes(sent) or None,
    )


def _new(model: Any, **values: Any) -> Any:
    """An instance of a Spyne model without the cost of its constructor."""
    instance = model.__new__(model)
    instance.__dict__.update(values)
    return instance


def _wire(model: Any, pairs: Sequence[tuple[str, str]], value: object) -> Any:
    return _new(model, **{name: getattr(value, domain) for name, domain in pairs})


def _wire_address(address: Address | None) -> Any:
    if address is None:
        return None
    made = _wire(wire.AddressInfo, _ADDRESS, address)
    if address.extended_attributes:
        made.__dict__["extendedAttributes"] = _wire_attributes(address.extended_attributes)
    return made


def _wire_attributes(attributes: Sequence[Attribute]) -> Any:
    if not attributes:
        return None
    items = [
        _new(wire.ExtendedAttributesInfo, name=a.name, value=a.value, valueDataType=a.data_type)
        for a in attributes
    ]
    return _new(wire.ExtendedAttributesInfoArray, item=items)
