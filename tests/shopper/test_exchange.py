"""What is sent, how often, and how answers are read: flows without any network."""

from __future__ import annotations

import email.utils
import json
import time
from collections.abc import Sequence
from typing import Any, TypeVar

import pytest
from pydantic import SecretStr

from sso_bridge.shopper import (
    AlreadyExists,
    Forbidden,
    InvalidToken,
    NotFound,
    NotUnderstood,
    PasswordFailure,
    RateLimited,
    Refused,
    ServerFailed,
    Shopper,
    ShopperError,
    TakenErid,
    Token,
    Unreachable,
    ValidationFailed,
    WrongCustomer,
)
from sso_bridge.shopper.answers import Answer
from sso_bridge.shopper.exchange import Exchange, Flow, Wait
from sso_bridge.shopper.messages import Request
from sso_bridge.shopper.tokens import Tokens
from tests.shopper.conftest import CREDENTIALS

T = TypeVar("T")
ANN = Shopper(erid="E-1", first_name="Ann", email="ann@example.com")
LOST = Unreachable("did not answer")
NEVER_SENT = Unreachable("cannot be reached", sent=False)


def ok(body: Any, status: int = 200) -> Answer:
    return Answer(status, {}, b"" if body is None else json.dumps(body).encode())


def no(status: int, code: str = "", **headers: str) -> Answer:
    error = {"relation": "r", "code": code, "description": "what was sent: secret"}
    body = json.dumps({"errors": {"error": [error]}}).encode()
    return Answer(status, {k.replace("_", "-"): v for k, v in headers.items()}, body)


def token(name: str = "t", seconds: object = 3600) -> Answer:
    return ok({"access_token": name, "token_type": "bearer", "expires_in": seconds})


def shopper(erid: str | None = "E-1", **fields: str) -> Answer:
    return ok({"shopper": {"id": 7, **fields, **({"externalReferenceId": erid} if erid else {})}})


class Played:
    """A flow that was carried out against answers that were prepared."""

    def __init__(self, flow: Flow[T], answers: Sequence[Answer | Unreachable]) -> None:
        self.sent: list[Request] = []
        self.waits: list[Wait] = []
        self.result: Any = None
        self.error: ShopperError | None = None
        left = list(answers)
        try:
            step = next(flow)
            while True:
                if isinstance(step, Wait):
                    self.waits.append(step)
                    step = next(flow)
                    continue
                self.sent.append(step)
                answer = left.pop(0)
                step = flow.throw(answer) if isinstance(answer, Unreachable) else flow.send(answer)
        except StopIteration as stop:
            self.result = stop.value
        except ShopperError as error:
            self.error = error
        assert not left, f"{len(left)} answers were not asked for"

    @property
    def calls(self) -> list[str]:
        """Method and path of each call, in order."""
        return [f"{request.method} {request.path}" for request in self.sent]


@pytest.fixture
def exchange() -> Exchange:
    return Exchange(CREDENTIALS, attempts=4, jitter=lambda least, most: most)


TOKEN, CREATE, SHOW = "POST /oauth20/token", "POST /v1/shoppers", "GET /v1/shoppers/me"


def test_a_token_names_the_erid_and_goes_with_basic_credentials(exchange: Exchange) -> None:
    played = Played(exchange.token("E-1"), [token()])
    (sent,) = played.sent
    assert sent.form == {
        "grant_type": "client_credentials",
        "dr_external_reference_id": "E-1",
    }
    assert sent.headers["authorization"] == "Basic dGVzdC1rZXk6dGVzdC1zZWNyZXQ="


@pytest.mark.parametrize("seconds", ["3600", 3600, 3600.0])
def test_the_life_of_a_token_is_read_as_text_or_number(exchange: Exchange, seconds: Any) -> None:
    assert Played(exchange.token(None), [token(seconds=seconds)]).result.expires_in == 3600.0


def test_a_token_is_asked_for_once_and_again_shortly_before_it_expires() -> None:
    now = [0.0]
    exchange = Exchange(CREDENTIALS, tokens=Tokens(lambda: now[0]))
    assert Played(exchange.token("E-1"), [token("a", 100)]).result.expires_in == 100
    now[0] = 89.0
    kept = Played(exchange.token("E-1"), [])
    assert kept.sent == [] and kept.result.access.get_secret_value() == "a"
    assert kept.result.expires_in == 11.0
    assert Played(exchange.token("E-2"), [token("other")]).calls == [TOKEN]
    now[0] = 90.0
    assert Played(exchange.token("E-1"), [token("b")]).result.access.get_secret_value() == "b"


def test_a_token_of_a_store_session_is_never_a_remembered_one(exchange: Exchange) -> None:
    Played(exchange.token("E-1"), [token("a")])
    tied = Played(exchange.token("E-1", "session"), [token("b")])
    assert tied.sent[0].form is not None and tied.sent[0].form["dr_session_token"] == "session"
    assert Played(exchange.token("E-1"), []).result.access.get_secret_value() == "a"


@pytest.mark.parametrize("trouble", [LOST, NEVER_SENT, no(500), no(503, retry_after="3")])
def test_what_may_be_repeated_is_sent_again(exchange: Exchange, trouble: Any) -> None:
    played = Played(exchange.show("E-1", expand=(), fields=()), [trouble, token(), shopper(None)])
    assert played.calls == [TOKEN, TOKEN, SHOW]
    played = Played(exchange.show("E-1", expand=(), fields=()), [trouble, shopper(None)])
    assert played.calls == [SHOW, SHOW]
    assert [wait.everybody for wait in played.waits] == [False]


def test_attempts_end_and_the_waits_between_grow(exchange: Exchange) -> None:
    played = Played(exchange.token(None), [no(500)] * 4)
    assert isinstance(played.error, ServerFailed)
    seconds = [wait.seconds for wait in played.waits]
    assert seconds == sorted(seconds) and len(set(seconds)) == 3


@pytest.mark.parametrize(("status", "code"), [(409, "rate-limit-quota-exceeded"), (429, "")])
def test_a_call_too_many_lets_everybody_wait_and_is_sent_again(
    exchange: Exchange, status: int, code: str
) -> None:
    Played(exchange.token(None), [token()])
    answers = [no(status, code, retry_after="7"), ok(None, 201)]
    played = Played(exchange.create(ANN), answers)
    assert played.calls == [CREATE, CREATE]
    assert [wait.everybody for wait in played.waits] == [True]
    assert 7.0 <= played.waits[0].seconds < 8.0


def test_a_retry_after_may_be_a_date_and_too_long_a_one_ends_the_call(exchange: Exchange) -> None:
    soon = email.utils.formatdate(time.time() + 60, usegmt=True)
    played = Played(exchange.token(None), [no(429, retry_after=soon), token()])
    assert 50.0 < played.waits[0].seconds < 62.0
    late = Played(exchange.token("E-1"), [no(429, retry_after="86400")])
    assert isinstance(late.error, Unreachable) and "86400 seconds" in str(late.error)


# Creating


def test_a_creation_that_was_not_sent_is_simply_sent_again(exchange: Exchange) -> None:
    played = Played(exchange.create(ANN), [token(), NEVER_SENT, ok(None, 201)])
    assert played.calls == [TOKEN, CREATE, CREATE]
    assert played.result.sure


@pytest.mark.parametrize("trouble", [LOST, no(500), no(502)])
def test_a_creation_without_an_answer_is_looked_for_and_not_sent_again(
    exchange: Exchange, trouble: Any
) -> None:
    played = Played(
        exchange.create(ANN), [token("anonymous"), trouble, token("full"), shopper(firstName="Ann")]
    )
    assert played.calls == [TOKEN, CREATE, TOKEN, SHOW]
    assert played.sent[3].query == {"expand": "externalReferenceId"}
    assert played.sent[3].headers["authorization"] == "bearer full"
    assert not played.result.sure and played.result.shopper.first_name == "Ann"


def test_a_creation_is_sent_again_only_if_nobody_is_found(exchange: Exchange) -> None:
    nobody = no(400, "validation-error")
    played = Played(exchange.create(ANN), [token(), LOST, nobody, ok(None, 201)])
    assert played.calls == [TOKEN, CREATE, TOKEN, CREATE]
    assert played.result.sure


@pytest.mark.parametrize("answer", [no(500), no(401, "invalid_client"), no(403), LOST])
def test_an_outage_while_looking_is_not_nobody(exchange: Exchange, answer: Any) -> None:
    repeats = 4 if answer is LOST or answer.status == 500 else 1
    played = Played(exchange.create(ANN), [token(), LOST, *[answer] * repeats])
    assert played.calls == [TOKEN, CREATE, *[TOKEN] * repeats]
    assert played.error is not None


def test_a_conflict_after_a_lost_answer_is_looked_at(exchange: Exchange) -> None:
    answers: list[Answer | Unreachable] = [
        token(),
        LOST,
        no(404),
        no(409, "external-reference-ID-conflict"),
        token(),
        shopper(),
    ]
    played = Played(exchange.create(ANN), answers)
    assert not played.result.sure
    assert played.calls == [TOKEN, CREATE, TOKEN, CREATE, TOKEN, SHOW]


def test_a_customer_with_another_erid_than_asked_for_is_an_error(exchange: Exchange) -> None:
    assert isinstance(Played(exchange.look("E-1"), [token(), shopper("E-2")]).error, WrongCustomer)
    assert isinstance(Played(exchange.create(ANN), [token(), shopper("E-2")]).error, WrongCustomer)
    silent = Played(exchange.look("E-1"), [shopper(None)])
    assert isinstance(silent.error, NotUnderstood)


def test_an_update_that_may_have_arrived_is_not_sent_again(exchange: Exchange) -> None:
    Played(exchange.token("E-1"), [token()])
    for trouble in (LOST, no(500)):
        played = Played(exchange.update("E-1", ANN), [trouble])
        assert isinstance(played.error, (Unreachable, ServerFailed))


def test_an_update_never_sends_an_erid(exchange: Exchange) -> None:
    played = Played(exchange.update("E-1", ANN), [token(), ok(None, 204)])
    assert played.sent[1].json == {
        "shopper": {"firstName": "Ann", "emailAddress": "ann@example.com"}
    }


def test_a_remembered_token_that_is_refused_is_replaced_once(exchange: Exchange) -> None:
    Played(exchange.token("E-1"), [token("old")])
    expired = no(401, "invalid_token")
    played = Played(exchange.show("E-1", expand=(), fields=()), [expired, token("new"), shopper()])
    assert played.sent[2].headers["authorization"] == "bearer new"
    again = Played(exchange.show("E-1", expand=(), fields=()), [expired, token(), expired])
    assert isinstance(again.error, InvalidToken)


@pytest.mark.parametrize(
    "wrong", [Shopper(first_name="Ann"), Shopper(erid=""), Shopper(password=SecretStr("p"))]
)
def test_a_customer_who_could_not_be_known_again_is_not_sent(
    exchange: Exchange, wrong: Shopper
) -> None:
    played = Played(exchange.create(wrong), [])
    assert played.error is not None and "required" in str(played.error)


def test_a_password_goes_in_base64(exchange: Exchange) -> None:
    hosted = Shopper(username="ann", password=SecretStr("blåbær"))
    played = Played(exchange.create(hosted), [token(), ok(None, 201)])
    assert played.sent[1].json["shopper"]["password"] == "YmzDpWLDpnI="
    assert "blåbær" not in repr(hosted) + repr(played.sent)


# Reading


def test_answers_are_read_in_any_letter_case(exchange: Exchange) -> None:
    body = {"SHOPPER": {"firstname": "John", "externalreferenceid": "E-1", "EmailAddress": "j@x"}}
    found = Played(exchange.look("E-1"), [token(), ok(body)]).result
    assert (found.first_name, found.erid, found.email) == ("John", "E-1", "j@x")


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "validation-error", ValidationFailed),
        (400, "password-failure", PasswordFailure),
        (400, "Validation-Error", ValidationFailed),
        (401, "invalid_token", InvalidToken),
        (401, "invalid_client", Refused),
        (403, "", Forbidden),
        (404, "resource-not-found", NotFound),
        (405, "", Refused),
        (409, "shopper-already-exists", AlreadyExists),
        (409, "external-reference-ID-conflict", TakenErid),
        (409, "rate-limit-quota-exceeded", RateLimited),
        (412, "", Refused),
        (500, "", ServerFailed),
    ],
)
def test_an_error_is_an_exception_by_its_code(status: int, code: str, kind: type[Refused]) -> None:
    exchange = Exchange(CREDENTIALS, attempts=1)
    error = Played(exchange.token("E-1"), [no(status, code)]).error
    assert type(error) is kind
    assert (error.status, error.code, error.subcode) == (status, code, None)
    assert error.description == "what was sent: secret"
    assert "secret" not in str(error) + error.details


@pytest.mark.parametrize(
    "body",
    [
        {"errors": {"error": {"code": "validation-error", "subcode": "s"}}},
        {"ERRORS": {"Error": [{"Code": "validation-error", "subCode": "s"}]}},
        {"error": "validation-error", "subcode": "s", "error_description": "d"},
    ],
)
def test_an_error_is_read_in_the_shapes_that_occur(exchange: Exchange, body: Any) -> None:
    error = Played(exchange.token("E-1"), [ok(body, 400)]).error
    assert isinstance(error, ValidationFailed) and error.subcode == "s"


@pytest.mark.parametrize(
    "body", [b"<html>", b"", b"[]", b'{"errors": []}', b'{"errors":{"error":[]}}']
)
def test_an_error_that_is_none_of_theirs_goes_by_its_status(
    exchange: Exchange, body: bytes
) -> None:
    error = Played(exchange.token("E-1"), [Answer(404, {}, body)]).error
    assert isinstance(error, NotFound) and "HTTP 404" in str(error)


def test_a_code_that_is_no_word_is_not_repeated(exchange: Exchange) -> None:
    error = Played(exchange.token("E-1"), [no(400, "ann@example.com was here")]).error
    assert "ann@" not in str(error)


@pytest.mark.parametrize(
    "answer",
    [
        ok([]),
        ok({}),
        ok({"access_token": ""}),
        ok({"access_token": "a", "expires_in": "soon"}),
        ok({"access_token": "a", "expires_in": -1}),
        ok({"access_token": "a", "token_type": "mac"}),
        Answer(200, {}, b"<html>"),
    ],
)
def test_an_answer_that_is_no_token_is_not_understood(exchange: Exchange, answer: Answer) -> None:
    assert isinstance(Played(exchange.token(None), [answer]).error, NotUnderstood)


def test_what_a_token_is_is_asked_with_the_token_in_a_header(exchange: Exchange) -> None:
    known = Token(access=SecretStr("t"), expires_in=1.0)
    body = {"externalReferenceId": "E-1", "authenticated": "true", "expiresIn": "12"}
    played = Played(exchange.information(known), [ok(body)])
    assert played.sent[0].query == {} and played.sent[0].headers == {"authorization": "bearer t"}
    about = played.result
    assert (about.erid, about.authenticated, about.expires_in) == ("E-1", True, 12.0)
