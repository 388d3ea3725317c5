"""What each type of the wire is in the domain. Field names are matched by rule, once."""

from __future__ import annotations

import re
from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final

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
from .codec import NIL, Form, Forms

__all__ = ["FORMS"]

Made = Callable[[dict[str, Any]], Any]
_NOBODY: Final = UserKey()


def _python_name(wire_name: str) -> str:
    """`countryA2` as `country_a2`, `userID` as `user_id`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", wire_name).lower()


def _shared(model: Any, domain: Any) -> dict[str, str]:
    """The fields that a type has in common with a class: the wire's name and the domain's."""
    names = {name: _python_name(name) for name in model.get_flat_type_info(model)}
    return {name: ours for name, ours in names.items() if ours in domain._fields}


_KEY: Final = _shared(wire.UserKey, UserKey)
_ADDRESS: Final = _shared(wire.AddressInfo, Address)
_PROFILE: Final = _shared(wire.UserInfo, Profile)


def _key(sent: dict[str, Any]) -> UserKey:
    return UserKey(*map(sent.get, _KEY))


def _attribute(sent: dict[str, Any]) -> Attribute:
    return Attribute(sent.get("name"), sent.get("value"), sent.get("valueDataType"))


def _attributes(sent: dict[str, Any]) -> tuple[Attribute, ...]:
    return tuple(item for item in sent.get("item", ()) if item is not None)


def _address(sent: dict[str, Any]) -> Address:
    values = {_ADDRESS[name]: value for name, value in sent.items()}
    values["extended_attributes"] = values.get("extended_attributes") or None
    return Address(**values)


def _user_info(sent: dict[str, Any]) -> tuple[UserKey, Profile]:
    profile = {_PROFILE[name]: value for name, value in sent.items() if name in _PROFILE}
    return sent.get("userKey") or _NOBODY, Profile(**profile)


def _login(sent: dict[str, Any]) -> Login:
    return Login(
        sent.get("userKey") or _NOBODY,
        sent.get("password"),
        sent.get("extendedAttributes") or (),
    )


def _question(asked: type[GetUser] | type[ValidateSession]) -> Made:
    return lambda sent: asked(
        sent.get("userKey") or _NOBODY,
        sent.get("sessionToken"),
        sent.get("extendedAttributes") or (),
    )


def _create_user(sent: dict[str, Any]) -> CreateUser:
    """Raises InvalidMessage if it describes no user."""
    info = sent.get("userInfo")
    if info is None:
        raise InvalidMessage("CreateUserProfileRequest has no userInfo")
    key, profile = info
    return CreateUser(key, profile, sent.get("password"), sent.get("extendedAttributes") or ())


def _direct(domain: Any, names: dict[str, str]) -> dict[type, Form]:
    """A named tuple, whose cells it is itself."""
    assert domain._fields == tuple(names.values())
    return {domain: Form(tuple(names), tuple)}


_OUTCOME: Final = {
    Accepted: Form(
        ("successful", "userKey", "extendedAttributes"),
        lambda answer: (True, answer.key, answer.attributes or None),
    ),
    Refusal: Form(
        ("successful", "errorCode", "errorMessage"),
        lambda answer: (False, answer.code, answer.text),
    ),
}
_PROFILE_ANSWER: Final = {
    ProfileAnswer: Form(
        ("userInfo", "errorMessage", "extendedAttributes"),
        lambda answer: (answer, "", answer.attributes or None),
    ),
    Refusal: Form(("userInfo", "errorMessage"), lambda answer: (NIL, answer.text)),
}
_USER_INFO: Final = Form(("userKey", *_PROFILE), lambda answer: (answer.key, *answer.profile))
assert Profile._fields == tuple(_PROFILE.values())

FORMS: Final = Forms(
    made={
        wire.UserKey: _key,
        wire.ExtendedAttributesInfo: _attribute,
        wire.ExtendedAttributesInfoArray: _attributes,
        wire.AddressInfo: _address,
        wire.UserInfo: _user_info,
        wire.LoginRequest: _login,
        wire.GetUserRequest: _question(GetUser),
        wire.GetUserProfileRequest: _question(GetUser),
        wire.ValidateSessionRequest: _question(ValidateSession),
        wire.CreateUserProfileRequest: _create_user,
    },
    written={
        wire.UserKey: _direct(UserKey, _KEY),
        wire.ExtendedAttributesInfo: {
            Attribute: Form(
                ("name", "value", "valueDataType"), attrgetter("name", "value", "data_type")
            )
        },
        wire.ExtendedAttributesInfoArray: {tuple: Form(("item",), lambda items: (items,))},
        wire.AddressInfo: _direct(Address, _ADDRESS),
        wire.UserInfo: {ProfileAnswer: _USER_INFO},
        wire.LoginResponse: _OUTCOME,
        wire.ValidateSessionResponse: _OUTCOME,
        wire.CreateUserProfileResponse: _OUTCOME,
        wire.GetUserResponse: _PROFILE_ANSWER,
        wire.GetUserProfileResponse: _PROFILE_ANSWER,
    },
)
"""The domain's values on the wire. A refused GetUser has a nil userInfo; a key that is missing or
nil names nobody."""
