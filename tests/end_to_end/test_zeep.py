"""A foreign SOAP client, built from the served WSDL, makes every call in both SOAP versions."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
import zeep

from tests.running import RunningServer

pytestmark = pytest.mark.xdist_group("end_to_end")
DEMO = {"loginID": "demo@example.com"}


@pytest.fixture(scope="module", params=[0, 1], ids=["soap11", "soap12"])
def calls(request: pytest.FixtureRequest, server: RunningServer) -> Any:
    """The operations through the WSDL's first port (SOAP 1.1) or its second (SOAP 1.2)."""
    client = zeep.Client(f"{server.url}?wsdl")
    (service,) = client.wsdl.services.values()
    port = list(service.ports)[request.param]
    return client.bind(service.name, port)


def test_the_served_address_is_the_one_that_answers(server: RunningServer) -> None:
    client = zeep.Client(f"{server.url}?wsdl")
    (service,) = client.wsdl.services.values()
    addresses = {port.binding_options["address"] for port in service.ports.values()}
    assert addresses == {server.url}


def test_a_good_login_is_accepted(calls: Any) -> None:
    answer = calls.Login(userKey=DEMO, password="123123")
    assert (answer.successful, answer.errorCode) == (True, None)
    assert (answer.userKey.loginID, answer.userKey.siteID) == ("demo@example.com", "demo")
    assert answer.userKey.userID == answer.userKey.externalReferenceID


def test_a_bad_password_is_refused(calls: Any) -> None:
    answer = calls.Login(userKey=DEMO, password="321321")
    assert (answer.successful, answer.errorCode, answer.errorMessage) == (
        False,
        "5",
        "Invalid login",
    )
    assert answer.userKey is None


@pytest.mark.parametrize("name", ["GetUser", "GetUserProfile"])
def test_a_profile_is_fetched_with_both_addresses(calls: Any, name: str) -> None:
    info = calls[name](userKey=DEMO).userInfo
    assert (info.firstName, info.email) == ("Dana", "demo@example.com")
    assert info.shippingAddress.line1 == "1 Market Square"
    assert info.billingAddress.line1 == "2 Bank Street"


@pytest.mark.parametrize("name", ["GetUser", "GetUserProfile"])
@pytest.mark.parametrize(
    ("login", "message"),
    [("gone@example.com", "User not active"), ("nobody@example.com", "User not found")],
    ids=["inactive", "unknown"],
)
def test_no_profile_is_given(calls: Any, name: str, login: str, message: str) -> None:
    answer = calls[name](userKey={"loginID": login})
    assert answer.errorMessage == message
    assert not any(answer.userInfo[field] for field in answer.userInfo)


def test_the_session_that_a_login_hands_out_is_valid(calls: Any) -> None:
    login = calls.Login(userKey=DEMO, password="123123")
    (token,) = [a.value for a in login.extendedAttributes.item if a.name == "crmSession"]
    answer = calls.ValidateSession(sessionToken=token)
    assert answer.successful
    assert answer.userKey.externalReferenceID == login.userKey.externalReferenceID


def test_a_made_up_session_is_refused(calls: Any) -> None:
    answer = calls.ValidateSession(sessionToken="made-up")
    assert (answer.successful, answer.errorCode, answer.errorMessage) == (
        False,
        "5",
        "Invalid session",
    )


def test_an_account_is_created_once_however_often_it_is_sent(calls: Any) -> None:
    login = f"{uuid.uuid4().hex}@example.com"
    request = {
        "userInfo": {
            "userKey": {"loginID": login},
            "firstName": "New",
            "email": login,
            "shippingAddress": {"line1": "3 New Street", "city": "Newtown"},
        },
        "password": "a new password",
    }
    first, again = calls.CreateUserProfile(**request), calls.CreateUserProfile(**request)
    assert first.successful
    assert again.userKey.externalReferenceID == first.userKey.externalReferenceID
    assert first.userKey.userID == first.userKey.externalReferenceID
    signed_in = calls.Login(userKey={"loginID": login}, password="a new password")
    assert signed_in.userKey.externalReferenceID == first.userKey.externalReferenceID
    profile = calls.GetUser(userKey={"loginID": login}).userInfo
    assert (profile.firstName, profile.shippingAddress.city) == ("New", "Newtown")


def test_a_taken_login_is_refused(calls: Any) -> None:
    answer = calls.CreateUserProfile(
        userInfo={"userKey": DEMO, "email": "demo@example.com"}, password="123123"
    )
    assert (answer.successful, answer.errorCode, answer.errorMessage) == (
        False,
        "5",
        "Email already used",
    )


def test_a_request_that_names_nobody_is_a_fault(calls: Any) -> None:
    with pytest.raises(zeep.exceptions.Fault, match="userKey"):
        calls.GetUser(userKey={})
