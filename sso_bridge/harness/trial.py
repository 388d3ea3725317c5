"""What a check works with: it asks, looks at the answer, and says what is wrong."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from .answers import Answer, Fault, NotRead, read
from .endpoint import Endpoint, Exchange, Masks
from .facts import LONGEST_ERID, MEDIA_TYPE, PUBLISHED
from .identities import Identities
from .messages import PUBLISHED_STYLE, Style, Value, request
from .people import Cast, User

__all__ = ["Check", "Group", "LeftOut", "Trial", "Useless"]

_SILENT: Final = 5
"""So many calls without an answer, one after the other, and no more is asked."""


class LeftOut(Exception):
    """The check cannot be made; the text says why, and what would let it be made."""


class Useless(Exception):
    """Nothing else need be asked; the text says why."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is checked. `group` is what it is about."""

    name: str
    title: str
    group: str
    run: Callable[[Trial], None]
    asks: bool = True
    """Whether it sends anything; what does not can be made of a silent endpoint too."""


class Group:
    """Checks about one thing, in the order in which they were added."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._checks: list[Check] = []

    def __iter__(self) -> Iterator[Check]:
        return iter(self._checks)

    def put(
        self, name: str, title: str, run: Callable[[Trial], None], *, asks: bool = True
    ) -> None:
        """One check more."""
        self._checks.append(Check(name, title, self._name, run, asks))

    def add(
        self, name: str, *, asks: bool = True
    ) -> Callable[[Callable[[Trial], None]], Callable[[Trial], None]]:
        """Adds the function; its docstring is the title."""

        def add(run: Callable[[Trial], None]) -> Callable[[Trial], None]:
            title = " ".join((run.__doc__ or name).split())
            self.put(name, title.removesuffix("."), run, asks=asks)
            return run

        return add


@dataclass(slots=True)
class Trial:
    """One check under way. `seen` is shared by all of them, and so is `known`: what one found out
    and another may use. `useless` says why no other check need be made."""

    cast: Cast
    endpoint: Endpoint
    seen: Identities
    masks: Masks
    known: dict[str, str]
    shape: str = "soap11"
    style: Style = PUBLISHED_STYLE
    wrong: list[str] = field(default_factory=list)
    exchanges: list[int] = field(default_factory=list)
    useless: str = ""

    # What is asked

    def key(self, **names: str | None) -> dict[str, Value]:
        """A userKey with these children, and the site's ID."""
        return {"siteID": self.cast.site, **names}

    def login(self, login: str, password: str | None, **key: str | None) -> Answer | Fault | None:
        """LoginRequest."""
        fields = {"userKey": self.key(loginID=login, **key), "password": password}
        return self.ask("LoginRequest", fields, f"login of {login}")

    def profile(
        self, about: str, *, token: str | None = None, by: str | None = None, **key: str | None
    ) -> Answer | Fault | None:
        """The profile, by the first of its requests that the endpoint has, or by another."""
        fields: dict[str, Value] = {"userKey": self.key(**key), "sessionToken": token}
        return self.ask(by or self.cast.profile_requests[0], fields, f"profile {about}")

    def session(self, token: str | None, about: str, **key: str | None) -> Answer | Fault | None:
        """ValidateSessionRequest."""
        self.masks.add(token)
        fields: dict[str, Value] = {"userKey": self.key(**key), "sessionToken": token}
        return self.ask("ValidateSessionRequest", fields, f"session {about}")

    def create(self, login: str, password: str | None, **info: Value) -> Answer | Fault | None:
        """CreateUserProfileRequest."""
        fields: dict[str, Value] = {
            "userInfo": {"userKey": self.key(loginID=login), "email": login, **info},
            "password": password,
        }
        return self.ask("CreateUserProfileRequest", fields, f"creation of {login}")

    def ask(self, name: str, fields: Mapping[str, Value], about: str) -> Answer | Fault | None:
        """The answer to a request, after everything that the contract says of any answer; None if
        there was none that could be read, which is wrong already."""
        exchange = self.send(request(name, fields, self.shape, self.style), about)
        return self.answer(name, exchange)

    def send(
        self,
        body: bytes,
        about: str,
        *,
        headers: Mapping[str, str] | None = None,
        media_type: str | None = None,
        strange: bool = False,
    ) -> Exchange:
        """One exchange, whatever is in it."""
        exchange = self.endpoint.post(
            body,
            media_type or f"{MEDIA_TYPE[self.shape]}; charset=utf-8",
            about,
            headers=headers,
            strange=strange,
        )
        self.exchanges.append(exchange.number)
        if self.endpoint.silent >= _SILENT:
            raise Useless(f"the endpoint left {_SILENT} calls in a row without an answer")
        return exchange

    def answer(self, name: str, exchange: Exchange) -> Answer | Fault | None:
        """What came back to the request `name`; what is wrong with it is noted."""
        where = f"exchange {exchange.number}, {exchange.about}"
        if exchange.status is None:
            self.says(f"{where}: {exchange.failure}")
            return None
        try:
            found = read(name, self.shape, exchange.status, exchange.answer_type, exchange.answer)
        except NotRead as why:
            self.says(f"{where}: {why}")
            return None
        for wrong in found.wrong:
            self.says(f"{where}: {wrong}")
        if isinstance(found, Answer):
            found.exchange = exchange.number
            self._sound(found, where)
            self.masks.add(*set(found.attributes().values()) - set(found.key.values()))
        return found

    def _sound(self, found: Answer, where: str) -> None:
        """What any answer keeps to, whatever was asked."""
        if len(found.erids) > 1:
            self.says(f"{where}: userID and externalReferenceID differ")
        for erid in found.erids:
            if len(erid) > LONGEST_ERID:
                self.says(f"{where}: the ERID has {len(erid)} characters; {LONGEST_ERID} at most")
            if erid != erid.strip() or not erid.isprintable():
                self.says(f"{where}: the ERID {erid!r} has blanks around it or unseen characters")
        if not found.accepted and found.erids:
            self.says(f"{where}: a refusal names an ERID")
        if not found.accepted and not any(found.refusal):
            self.says(f"{where}: a refusal has neither errorCode nor errorMessage")

    # What is expected

    def says(self, wrong: str) -> None:
        """Note something that is wrong."""
        self.wrong.append(wrong)

    def expect(self, good: bool, otherwise: str) -> bool:
        """Note `otherwise` unless it is good; whether it is."""
        if not good:
            self.says(otherwise)
        return good

    def accepted(self, found: Answer | Fault | None, person: str, what: str) -> str | None:
        """The ERID of a yes about `person`, which is remembered as theirs."""
        if found is None:
            return None
        if isinstance(found, Fault):
            self.says(f"{what}: a Fault ({found.text}); it should be accepted")
            return None
        if not found.accepted:
            self.says(f"{what}: refused ({found.refusal[1]}); it should be accepted")
            return None
        named = found.key.get("loginID")
        if named != person and any(user.login == named for user in self.cast.users):
            self.says(f"CROSS-LINK: {what}: the answer is about {named}, not {person}")
        erid = found.key.get("externalReferenceID")
        if not erid:
            self.says(f"{what}: the answer has no externalReferenceID")
            return None
        for one in found.erids:
            self.seen.saw(person, one, found.exchange)
        return str(erid)

    def refused(
        self, found: Answer | Fault | None, what: str, published: str | None = None
    ) -> None:
        """A no, in the published words if there are such."""
        if found is None:
            return
        if isinstance(found, Fault):
            self.says(f"{what}: a Fault ({found.text}); a refusal is an ordinary answer")
            return
        if found.accepted:
            self.says(f"{what}: accepted; it should be refused")
            return
        if published is not None:
            code, text = PUBLISHED[published]
            said_code, said_text = found.refusal
            if said_text != text:
                self.says(f"{what}: errorMessage is {said_text!r}; published is {text!r}")
            if code is not None and said_code != code:
                self.says(f"{what}: errorCode is {said_code!r}; published is {code!r}")

    def faulted(self, exchange: Exchange, what: str) -> None:
        """A refusal of HTTP, or a Fault that blames the sender, in time and without insides."""
        if exchange.status is None:
            self.says(f"{what}: {exchange.failure}")
            return
        text = exchange.answer.decode("utf-8", "replace")
        for sign in ("Traceback (most recent", "at java.", "Stack trace", "SQLSTATE", "<b>Warning"):
            if sign in text:
                self.says(f"{what}: the answer shows the insides of the program ({sign!r})")
        if 400 <= exchange.status < 500:
            return
        try:
            found = read(
                "LoginRequest", self.shape, exchange.status, exchange.answer_type, exchange.answer
            )
        except NotRead as why:
            self.says(f"{what}: neither a Fault nor a status from 400 to 499: {why}")
            return
        if not isinstance(found, Fault):
            self.says(f"{what}: answered; it should be a Fault")
        elif not found.senders:
            self.says(f"{what}: the Fault blames the endpoint ({found.text}), not the request")

    # Who takes part

    def anybody(self) -> User:
        """An active user with a password; leaves the check out if there is none."""
        return self.several(1)[0]

    def several(self, count: int) -> list[User]:
        """So many active users with passwords."""
        found = self.cast.active()
        if len(found) < count:
            raise LeftOut(
                f"needs {count} active [[users]] with a password; the file has {len(found)}"
            )
        return found[:count]

    def new_login(self) -> str:
        """A login that nobody has; leaves the check out if nobody may be created."""
        if not self.cast.creation.allowed:
            raise LeftOut("may not create users; set creation.allowed = true, or give --create")
        return self.cast.creation.login.replace("{}", secrets.token_hex(6))

    @contextmanager
    def written(self, shape: str, style: Style) -> Iterator[None]:
        """Inside the block requests are written like this."""
        before = self.shape, self.style
        self.shape, self.style = shape, style
        try:
            yield
        finally:
            self.shape, self.style = before
