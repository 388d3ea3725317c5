"""The harness against endpoints that are right in another way, and against what is none at all."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sso_bridge.harness import Report, read_cast, run
from sso_bridge.harness.run import chosen

from .faulty import RUM, Faulty, Person, Told, served
from .test_planted_faults import CAST, cast_of, failed


class Other(Faulty):
    """Right as the contract has it, and unlike the bridge wherever it leaves room: profiles by one
    name only, no userID, types on elements, codes of its own, tokens of digits that are good for
    one time and only come with a login, passwords without the blanks around them, and no eye for
    namespaces."""

    def __init__(self) -> None:
        super().__init__()
        self._issued: dict[str, Person] = {}

    def _message(self, message: Any) -> str:
        if message.tag == f"{{{RUM}}}GetUserRequest":
            raise Told("GetUserProfileRequest, please")
        local = message.tag.rpartition("}")[2]
        if local == "LoginRequest":
            message.tag = f"{{{RUM}}}{local}"
        answer = super()._message(message)
        return answer.replace("<successful>", "<successful xsi:type='x:boolean' xmlns:x='urn:x'>")

    def _login(self, message: Any) -> str:
        password = message.find("password")
        if password is not None and password.text:
            password.text = password.text.strip()
        return super()._login(message)

    def _key(self, person: Person, erid: str) -> str:
        return super()._key(person, erid).replace(f"<userID>{erid}</userID>", "")

    def _yes(self, person: Person, attributes: str = "") -> str:
        token = str(10**30 + secrets.randbelow(10**30))
        if attributes:
            self._issued[token] = person
            attributes = f"<item><name>ticket</name><value>{token}</value></item>"
        return super()._yes(person, attributes)

    def _validatesession(self, message: Any) -> str:
        token = message.findtext("sessionToken") or ""
        login = message.findtext("userKey/loginID")
        person = self._issued.get(token)
        if person is None or login not in (None, "", person.login):
            return "<successful>false</successful><errorCode>17</errorCode>"
        del self._issued[token]
        return self._yes(person)


def test_an_endpoint_that_is_right_in_another_way_passes(tmp_path: Path) -> None:
    endpoint = Other()
    file = tmp_path / "other.toml"
    ann, ben, cal = endpoint.known
    lines = CAST.format(ann=ann, ben=ben, cal=cal).splitlines()
    lines = [line for line in lines if "session =" not in line and "_session" not in line]
    lines[lines.index("creation = { allowed = true }")] = (
        "creation = { allowed = true, login = 'new-{}-}@example.com' }"
    )
    file.write_text("\n".join(['profile_requests = ["GetUserProfileRequest"]', *lines]))
    with served(endpoint) as url:
        report = run(url, read_cast(file))
    assert failed(report) == {}
    left_out = {r.name: r.wrong[0] for r in report.results if r.outcome == "left out"}
    assert set(left_out) == {
        "profile-company", "profile-names", "session-expired", "session-inactive",
    }  # fmt: skip
    assert "GetUserRequest" in left_out["profile-names"]


class Page(Faulty):
    """Answers everything with `status` and a page."""

    def __init__(self, status: str) -> None:
        super().__init__()
        self._status = status

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start_response(self._status, [("Content-Type", "text/html"), ("Location", "/other")])
        return [b"<!doctype html><p>Welcome<br>"]


@pytest.mark.parametrize(
    ("status", "why"), [("200 OK", "speaks no XML"), ("301 Moved", "redirects (HTTP 301)")]
)
def test_what_is_no_endpoint_is_said_once(tmp_path: Path, status: str, why: str) -> None:
    endpoint = Page(status)
    with served(endpoint) as url:
        report = run(url, cast_of(endpoint, tmp_path))
    assert (report.count("failed"), report.count("passed")) == (1, 0)
    assert why in report.verdict
    assert len(report.exchanges) == 1


class Silent(Faulty):
    """Takes calls, and answers none before it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.end = threading.Event()

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterator[bytes]:
        self.end.wait(60)
        start_response("503 Late", [])
        yield b""


def test_an_endpoint_that_falls_silent_is_not_asked_for_hours(tmp_path: Path) -> None:
    endpoint = Silent()
    with served(endpoint) as url:
        only = ["login", "profile", "identity"]
        report = run(url, cast_of(endpoint, tmp_path), only=only, seconds=0.2)
        endpoint.end.set()
    assert len(report.exchanges) == 5
    assert "5 calls in a row" in report.verdict
    assert len(report.results) == len(chosen(only))


def identity_alone(tmp_path: Path) -> Report:
    endpoint = Faulty()
    with served(endpoint) as url:
        return run(url, cast_of(endpoint, tmp_path), only=["identity-rule"])


def test_the_rule_is_not_kept_by_answering_nothing(tmp_path: Path) -> None:
    (result,) = identity_alone(tmp_path).results
    assert result.outcome == "left out"


def test_sessions_can_be_checked_alone_with_tokens_of_logins(tmp_path: Path) -> None:
    endpoint = Faulty()
    cast = cast_of(endpoint, tmp_path)
    users = tuple(user.model_copy(update={"session": None}) for user in cast.users)
    with served(endpoint) as url:
        report = run(url, cast.model_copy(update={"users": users}), only=["session"])
    assert failed(report) == {}
    left_out = [r.name for r in report.results if r.outcome == "left out"]
    assert left_out == ["session-inactive"]
