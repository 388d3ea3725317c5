"""The calls that a store makes, each with what the shopper is told if it fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from lxml import etree

from ..answers import Answer, Fault, NotRead, read
from ..endpoint import Endpoint, Exchange, Masks
from ..facts import MEDIA_TYPE
from ..messages import PUBLISHED_STYLE, Value, request

__all__ = ["Calls", "Shopper", "Shown", "Told"]

_SHAPE: Final = "soap11"
_TRY_AGAIN: Final = "We cannot do that at the moment. Please try again in a few minutes."


class Told(Exception):
    """The call did not do; the text is for the shopper."""


@dataclass(slots=True)
class Shopper:
    """Who is signed in: the ERID, the login, and UserInfo as it was fetched last."""

    erid: str
    login: str
    info: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """First and last name, or else the login."""
        names = (self.info.get("firstName"), self.info.get("lastName"))
        return " ".join(filter(None, names)) or self.login


@dataclass(frozen=True, slots=True)
class Shown:
    """One exchange, for the panel: without secrets, a line for each element."""

    about: str
    milliseconds: float
    outcome: str
    good: bool
    request: str
    answer: str


class Calls:
    """Asks `endpoint`, with `site` as the siteID, and for profiles by the request `profile`; may be
    used by many threads."""

    def __init__(
        self,
        endpoint: Endpoint,
        site: str | None,
        masks: Masks,
        profile: str = "GetUserRequest",
    ) -> None:
        self._endpoint = endpoint
        self._site = site
        self._masks = masks
        self._profile = profile

    def sign_in(self, login: str, password: str, panel: list[Shown]) -> Shopper:
        """Login, then GetUser; raises Told."""
        self._masks.add(password)
        fields: dict[str, Value] = {"userKey": self._key(loginID=login), "password": password}
        answer = self._ask("LoginRequest", fields, "Sign-in: Login", panel)
        return self._fetched(self._shopper(answer, login), panel)

    def arrive(self, token: str, panel: list[Shown]) -> Shopper:
        """ValidateSession, then GetUser; raises Told."""
        self._masks.add(token)
        fields: dict[str, Value] = {"userKey": self._key(), "sessionToken": token}
        about = "Arrival with a token: ValidateSession"
        answer = self._ask("ValidateSessionRequest", fields, about, panel)
        return self._fetched(self._shopper(answer, ""), panel)

    def open_account(
        self, login: str, password: str, info: Mapping[str, Value], panel: list[Shown]
    ) -> Shopper:
        """CreateUserProfile, then GetUser; raises Told."""
        self._masks.add(password)
        fields: dict[str, Value] = {
            "userInfo": {"userKey": self._key(loginID=login), "email": login, **info},
            "password": password,
        }
        about = "Checkout: CreateUserProfile"
        answer = self._ask("CreateUserProfileRequest", fields, about, panel)
        return self._fetched(self._shopper(answer, login), panel)

    def refreshed(self, shopper: Shopper, panel: list[Shown]) -> Shopper:
        """The shopper with the profile as it is now. If it cannot be had nobody is told: it stays
        as it was."""
        return self._fetched(shopper, panel)

    def _fetched(self, shopper: Shopper, panel: list[Shown]) -> Shopper:
        fields: dict[str, Value] = {"userKey": self._key(externalReferenceID=shopper.erid)}
        try:
            about = f"Profile: {self._profile.removesuffix('Request')}"
            answer = self._ask(self._profile, fields, about, panel, erid=shopper.erid)
        except Told:
            return shopper
        info = answer.fields.get("userInfo") or {}
        if not info or answer.key.get("externalReferenceID") != shopper.erid:
            return shopper
        return Shopper(shopper.erid, answer.key.get("loginID") or shopper.login, info)

    @staticmethod
    def _shopper(answer: Answer, login: str) -> Shopper:
        if not answer.accepted:
            raise Told(answer.refusal[1] or "That is not possible.")
        erid = answer.key.get("externalReferenceID")
        if not erid or len(answer.erids) != 1:
            raise Told(_TRY_AGAIN)
        return Shopper(erid, answer.key.get("loginID") or login)

    def _key(self, **names: str) -> dict[str, Value]:
        return {"siteID": self._site, **names}

    def _ask(
        self,
        name: str,
        fields: Mapping[str, Value],
        about: str,
        panel: list[Shown],
        *,
        erid: str | None = None,
    ) -> Answer:
        """The answer, shown in `panel` with all that is wrong with it; `erid` is whom it has to be
        about, if that is known. Raises Told."""
        body = request(name, fields, _SHAPE, PUBLISHED_STYLE)
        exchange = self._endpoint.post(body, f"{MEDIA_TYPE[_SHAPE]}; charset=utf-8", about)
        try:
            if exchange.status is None:
                raise NotRead(exchange.failure)
            answer = read(name, _SHAPE, exchange.status, exchange.answer_type, exchange.answer)
        except NotRead as why:
            self._show(exchange, panel, str(why), good=False)
            raise Told(_TRY_AGAIN) from None
        if isinstance(answer, Fault):
            self._show(exchange, panel, f"Fault: {answer.text}", good=False)
            raise Told(_TRY_AGAIN)
        self._masks.add(*set(answer.attributes().values()) - set(answer.key.values()))
        told = "accepted" if answer.accepted else f"refused: {answer.refusal[1]}"
        wrong: Sequence[str] = [*answer.wrong, *_crossed(answer, erid)]
        self._show(exchange, panel, "; ".join([told, *wrong]), good=answer.accepted and not wrong)
        return answer

    def _show(self, exchange: Exchange, panel: list[Shown], outcome: str, *, good: bool) -> None:
        panel.append(
            Shown(
                exchange.about,
                exchange.seconds * 1000,
                self._masks.hide(outcome),
                good,
                self._masks.hide(_pretty(exchange.request.encode())),
                self._masks.hide(_pretty(exchange.answer)),
            )
        )


def _crossed(answer: Answer, erid: str | None) -> Iterator[str]:
    """What is wrong with the ERID of a yes."""
    if not answer.accepted:
        return
    if not answer.key.get("externalReferenceID"):
        yield "without an externalReferenceID"
    elif answer.erids != {answer.key["externalReferenceID"]}:
        yield "CROSS-LINK: userID and externalReferenceID differ"
    elif erid is not None and answer.erids != {erid}:
        yield "CROSS-LINK: the ERID is another one than was asked for"


def _pretty(body: bytes) -> str:
    """XML with a line for each element; anything else as it is."""
    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_blank_text=True)
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        return body.decode("utf-8", "replace")
    return etree.tostring(root, encoding="unicode", pretty_print=True)
