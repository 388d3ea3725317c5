"""What a client must get from the five operations: accepted, refused, and a Fault for each."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, Final

from tests.interop.stacks import Answer, Program

__all__ = ["CHECKS"]

DEMO: Final = {"loginID": "demo@example.com"}
SITELESS: Final = {"loginID": "demo@example.com", "siteID": "no such site"}
FETCHES: Final = ("GetUser", "GetUserProfile")
ODD: Final = "Žofia & <Ødegård> \"日本\" '𝄞'"
"""Characters that a stack escapes, and some outside of every old character set."""
REFUSED: Final = {"successful": False, "errorCode": "5"}


def _attribute(answer: Answer, name: str) -> str | bool:
    """The value of an extended attribute; the list is a list even if it has one item."""
    (path,) = (path for path, value in answer.items() if path.endswith(".name") and value == name)
    number = path.removeprefix("extendedAttributes.item.").removesuffix(".name")
    assert number.isdigit(), path
    return answer[path.removesuffix("name") + "value"]


def _key(answer: Answer) -> Answer:
    return {path: value for path, value in answer.items() if path.startswith("userKey.")}


def _login(caller: Program, login: str = DEMO["loginID"], password: str = "123123") -> Answer:
    return caller.call("Login", userKey={"loginID": login}, password=password)


def login_is_accepted_and_its_session_valid(caller: Program) -> None:
    answer = _login(caller)
    assert answer["successful"] is True
    assert (answer["userKey.loginID"], answer["userKey.siteID"]) == (DEMO["loginID"], "demo")
    assert answer["userKey.userID"] == answer["userKey.externalReferenceID"]
    assert _attribute(answer, "hasAcceptedTermsNConditions") == "yes"
    token = _attribute(answer, "crmSession")
    valid = caller.call("ValidateSession", sessionToken=token)
    assert valid["successful"] is True
    assert _key(valid) == _key(answer)
    tokens = [{"name": "campaign", "value": "1"}, {"name": "crmSession", "value": token}]
    listed = caller.call("ValidateSession", extendedAttributes={"item": tokens})
    assert _key(listed) == _key(answer)


def login_is_refused(caller: Program) -> None:
    answer = _login(caller, password="321321")
    assert answer == {**REFUSED, "errorMessage": "Invalid login"}


def profile_is_fetched(caller: Program) -> None:
    for operation in FETCHES:
        answer = caller.call(operation, userKey=DEMO)
        assert (answer["userInfo.firstName"], answer["userInfo.locale"]) == ("Dana", "en_US")
        assert answer["userInfo.shippingAddress.line1"] == "1 Market Square"
        assert answer["userInfo.billingAddress.line1"] == "2 Bank Street"
        assert _attribute(answer, "hasAcceptedTermsNConditions") == "yes"


def profile_is_refused(caller: Program) -> None:
    for operation in FETCHES:
        for login, why in (("gone", "User not active"), ("nobody", "User not found")):
            answer = caller.call(operation, userKey={"loginID": f"{login}@example.com"})
            assert answer == {"errorMessage": why}


def session_is_refused(caller: Program) -> None:
    answer = caller.call("ValidateSession", sessionToken="made up")
    assert answer == {**REFUSED, "errorMessage": "Invalid session"}


def account_is_created_once(caller: Program) -> None:
    login, password = f"{uuid.uuid4().hex}.søren@example.com", "pass & <wörd>"
    info = {
        "userKey": {"loginID": login},
        "firstName": ODD,
        "email": login,
        "shippingAddress": {"line1": ODD, "city": "Łódź", "countryA2": "PL"},
    }
    made = caller.call("CreateUserProfile", userInfo=info, password=password)
    again = caller.call("CreateUserProfile", userInfo=info, password=password)
    assert made["successful"] is True
    assert made["userKey.loginID"] == login
    assert _key(again) == _key(made)
    assert _key(_login(caller, login, password)) == _key(made)
    profile = caller.call("GetUser", userKey={"userID": made["userKey.userID"]})
    assert profile["userInfo.firstName"] == profile["userInfo.shippingAddress.line1"] == ODD
    assert profile["userInfo.shippingAddress.city"] == "Łódź"


def account_is_refused(caller: Program) -> None:
    info = {"userKey": DEMO, "email": DEMO["loginID"]}
    answer = caller.call("CreateUserProfile", userInfo=info, password="another")
    assert answer == {**REFUSED, "errorMessage": "Email already used"}


def every_operation_may_end_in_a_fault(caller: Program) -> None:
    requests: dict[str, dict[str, Any]] = {
        "Login": {"userKey": SITELESS, "password": "123123"},
        "GetUser": {"userKey": SITELESS},
        "GetUserProfile": {"userKey": SITELESS},
        "ValidateSession": {"userKey": SITELESS, "sessionToken": "made up"},
        "CreateUserProfile": {"userInfo": {"userKey": SITELESS}, "password": "123123"},
    }
    for operation, request in requests.items():
        fault = caller.fault(operation, **request)
        assert fault.code == ("Client" if caller.name.endswith("1.1") else "Sender"), operation
        assert fault.text == "userKey names no site that is served here", operation


CHECKS: Final[tuple[Callable[[Program], None], ...]] = (
    login_is_accepted_and_its_session_valid,
    login_is_refused,
    profile_is_fetched,
    profile_is_refused,
    session_is_refused,
    account_is_created_once,
    account_is_refused,
    every_operation_may_end_in_a_fault,
)
