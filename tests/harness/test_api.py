"""`sso-bridge harness api`: what it answers, by the wire; and that it does what it describes."""

from __future__ import annotations

import signal
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import sampled_from
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from sso_bridge import cli
from sso_bridge.harness.api import Faults
from tests.provision import running_api
from tests.shopper.conftest import KEY, SECRET, Running, running

BASIC = {"authorization": "Basic " + b64encode(f"{KEY}:{SECRET}".encode()).decode()}
ANN = {"externalReferenceId": "E-1", "firstName": "Ann", "emailAddress": "ann@example.com"}


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path / "api.db") as served:
        yield served


@pytest.fixture
def http(api: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=api.url) as client:
        yield client


def grant(http: httpx.Client, **form: str) -> dict[str, Any]:
    data = {"grant_type": "client_credentials", **form}
    answer = http.post("/oauth20/token", data=data, headers=BASIC)
    assert answer.status_code == 200, answer.text
    token: dict[str, Any] = answer.json()
    return token


def bearer(http: httpx.Client, **form: str) -> dict[str, str]:
    return {"authorization": f"bearer {grant(http, **form)['access_token']}"}


def code(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of an error, in the documented shape."""
    (error,) = answer.json()["errors"]["error"]
    assert set(error) <= {"relation", "code", "subcode", "description"}
    assert error["relation"] and error["description"]
    return answer.status_code, error["code"]


def create(http: httpx.Client, **fields: str) -> httpx.Response:
    return http.post("/v1/shoppers", json={"shopper": fields}, headers=bearer(http))


def test_a_creation_is_answered_201_without_the_erid(http: httpx.Client) -> None:
    answer = create(http, **ANN)
    assert answer.status_code == 201
    shown = answer.json()["shopper"]
    assert shown["firstName"] == "Ann"
    assert shown.get("externalReferenceId") is None
    by_key = http.post(
        "/v1/shoppers",
        params={"apiKey": KEY},
        json={"shopper": {**ANN, "externalReferenceId": "E-2"}},
    )
    assert by_key.status_code == 201


def test_fields_are_read_in_any_letter_case(http: httpx.Client) -> None:
    assert create(http, firstname="Ann", EXTERNALREFERENCEID="E-1").status_code == 201
    me = http.get("/v1/shoppers/me", headers=bearer(http, dr_external_reference_id="E-1"))
    assert me.json()["shopper"]["firstName"] == "Ann"


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, False),
        ({"expand": "externalReferenceId"}, True),
        ({"expand": "all"}, True),
        ({"expand": "paymentOptions"}, False),
        ({"fields": "externalReferenceId"}, False),
        ({"fields": "externalReferenceId", "expand": "externalReferenceId"}, True),
    ],
)
def test_the_erid_is_there_only_with_expand(
    http: httpx.Client, query: dict[str, str], names: bool
) -> None:
    create(http, **ANN)
    headers = bearer(http, dr_external_reference_id="E-1")
    shown = http.get("/v1/shoppers/me", params=query, headers=headers).json()["shopper"]
    assert ("externalReferenceId" in shown) is names
    if "fields" in query:
        assert set(shown) <= {"externalReferenceId"}


def test_errors_have_the_documented_status_and_code(http: httpx.Client) -> None:
    create(http, **ANN, username="ann")
    full = bearer(http, dr_external_reference_id="E-1")
    create(http, externalReferenceId="E-2")
    me = "/v1/shoppers/me"
    cases = {
        (409, "external-reference-ID-conflict"): create(http, **ANN),
        (409, "shopper-already-exists"): create(http, externalReferenceId="E-3", username="ANN"),
        (400, "validation-error"): create(http, firstName="Ann"),
        (400, "password-failure"): create(http, username="bo", password="not base64!"),
        (401, "invalid_token"): http.get(me),
        (401, "invalid_client"): http.post(
            "/oauth20/token",
            data={"grant_type": "password"},
            headers={"authorization": "Basic eDp5"},
        ),
        (403, "forbidden"): http.post(me, json={"shopper": {}}, headers=bearer(http)),
        (404, "not-found"): http.get("/v1/nothing"),
        (405, "method-not-allowed"): http.delete("/v1/shoppers"),
    }
    for expected, answer in cases.items():
        assert code(answer) == expected
    taken = {"shopper": {"externalReferenceId": "E-2"}}
    assert code(http.post(me, json=taken, headers=full))[1] == "external-reference-ID-conflict"
    unknown = {"grant_type": "client_credentials", "dr_external_reference_id": "nobody"}
    answer = http.post("/oauth20/token", data=unknown, headers=BASIC)
    assert code(answer) == (400, "validation-error")
    for body in ("nonsense", "[]", "{}", '{"shopper": 1}', '{"shopper": {"locale": 1}}'):
        sent = http.post("/v1/shoppers", content=body, headers=bearer(http))
        assert code(sent) == (400, "validation-error"), body


def test_credentials_of_their_own_customers_give_a_token(http: httpx.Client) -> None:
    password = b64encode("blåbær".encode()).decode()
    assert create(http, username="ann", password=password).status_code == 201
    token = grant(http, grant_type="password", username="ann", password="blåbær")
    about = http.get("/oauth20/access-tokens", params={"token": token["access_token"]}).json()
    assert (about["authenticated"], about["userId"]) == ("true", "1")
    wrong = {"grant_type": "password", "username": "ann", "password": "x"}
    refused = http.post("/oauth20/token", data=wrong, headers=BASIC)
    assert code(refused) == (400, "password-failure")
    assert grant(http, grant_type="password")["expires_in"] > 0


def test_an_update_takes_fields_and_query(http: httpx.Client, api: Running) -> None:
    create(http, **ANN)
    headers = bearer(http, dr_external_reference_id="E-1")
    query = {"applyEmailToSubscriptions": "true", "currency": "SEK", "locale": "sv_SE"}
    body = {"shopper": {"lastName": "Ek"}}
    answer = http.post("/v1/shoppers/me", params=query, json=body, headers=headers)
    assert (answer.status_code, answer.content) == (204, b"")
    assert api.rows("SELECT last_name, currency, locale FROM shopper") == [("Ek", "SEK", "sv_SE")]


def test_each_key_has_a_quota_of_its_own(tmp_path: Path) -> None:
    with running(tmp_path / "api.db", rate=4) as api, httpx.Client(base_url=api.url) as http:
        answers = [
            http.post("/oauth20/token", data={"grant_type": "password"}, headers=BASIC)
            for _ in range(12)
        ]
        refused = [answer for answer in answers if answer.status_code != 200]
        assert refused
        for answer in refused:
            assert code(answer) == (409, "rate-limit-quota-exceeded")
            assert answer.headers["retry-after"] == "1"
        assert http.get("/v1/shoppers/me").status_code == 401


def test_faults_come_before_and_after_the_work(tmp_path: Path) -> None:
    for kind in ("errors", "drops", "quotas"):
        faults = Faults(seed=3, latency=0.001, **{kind: 1.0})
        with running(tmp_path / f"{kind}.db", faults=faults) as api:
            seen: set[object] = set()
            with httpx.Client(base_url=api.url) as http:
                for number in range(12):
                    body = {"shopper": {"externalReferenceId": f"E-{number}"}}
                    try:
                        seen.add(
                            http.post("/v1/shoppers", params={"apiKey": KEY}, json=body).status_code
                        )
                    except httpx.TransportError as error:
                        seen.add(type(error))
            made = api.state()["shoppers"]
        assert seen == {{"errors": 500, "quotas": 429}.get(kind, httpx.RemoteProtocolError)}
        assert made == 0 if kind == "quotas" else 0 < made < 12


def test_what_was_answered_outlives_a_sigkill(tmp_path: Path) -> None:
    data = tmp_path / "api.db"
    with running_api(data, f"--client={KEY}:{SECRET}") as api:
        with httpx.Client(base_url=api.url) as http:
            create(http, **ANN)
            headers = bearer(http, dr_external_reference_id="E-1")
        api.process.send_signal(signal.SIGKILL)
        api.process.wait()
    with running(data) as again, httpx.Client(base_url=again.url) as http:
        assert http.get("/v1/shoppers/me", headers=headers).json()["shopper"]["firstName"] == "Ann"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--client", "nonsense"], "KEY:SECRET"),
        (["--errors", "0.7", "--drops", "0.7"], "more than 1 together"),
        (["--errors", "1.7"], "--errors"),
        (["--host", "no.such.host.invalid"], "cannot listen"),
        (["--port", "99999"], "cannot listen"),
        (["--data", "/no/such/folder/api.db"], "/no/such/folder"),
    ],
)
def test_wrong_options_are_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    command = ["sso-bridge", "harness", "api", "--port", "0", *options]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 2
    assert says in capsys.readouterr().err


def test_without_its_libraries_it_says_what_to_install(tmp_path: Path) -> None:
    told = (
        "import sys; sys.modules['fastapi'] = None; sys.argv = ['sso-bridge', 'harness', 'api'];"
        "from sso_bridge.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", told],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "pip install 'sso-bridge[harness]'" in done.stderr


CHECKS = [
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
]


@pytest.mark.parametrize("mode", GenerationMode)
def test_it_does_what_its_description_says(
    http: httpx.Client, api: Running, mode: GenerationMode
) -> None:
    """Calls that are made up from the description, good ones or bad ones."""
    create(http, **ANN)
    schema = schemathesis.openapi.from_url(f"{api.url}/openapi.json")
    senders = [BASIC, bearer(http), bearer(http, dr_external_reference_id="E-1"), {}]
    operations: list[Any] = [one.ok() for one in schema.get_all_operations()]  # type: ignore[union-attr]
    for operation in operations:

        @settings(
            max_examples=10, deadline=None, database=None, derandomize=True,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy(generation_mode=mode), sender=sampled_from(senders))
        def holds(case: Any, sender: dict[str, str]) -> None:
            case.headers.update(sender)
            case.call_and_validate(checks=CHECKS)

        holds()
    assert {operation.label for operation in operations} == {
        "POST /oauth20/token",
        "GET /oauth20/access-tokens",
        "GET /oauth20/access-token",
        "POST /v1/shoppers",
        "GET /v1/shoppers/me",
        "POST /v1/shoppers/me",
    }
