"""A UsernameToken of WS-Security proves who calls, once, and only for a while."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from werkzeug.exceptions import Unauthorized

from sso_bridge.core.call import Caller, FailedAuthentication, Unproven, UsernameToken
from sso_bridge.errors import Busy
from sso_bridge.observing import Silent
from sso_bridge.throttle import Memory, Throttle, Waits
from sso_bridge.web.callers import Callers, Conditions
from sso_bridge.web.proxies import network
from sso_bridge.web.username_tokens import TokenOwner, UsernameTokens

NOW: Final = datetime(2026, 11, 30, 10, 0, 0, tzinfo=UTC).timestamp()
DR: Final = TokenOwner("dr", ["old secret", "new secret"])
TEXT: Final = TokenOwner("text", ["plain secret"], digest=False, text=True)


def replays(most: int = 1000, clock: Callable[[], float] = lambda: 0.0) -> Throttle:
    memory = Memory(Waits(1, 1, 1, 1), most=1, most_used=most, clock=clock)
    return Throttle(memory, key=b"k" * 32, logins=False, rates=[], observer=Silent(), operations=[])


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def tokens(told: list[str]) -> UsernameTokens:
    return UsernameTokens(replays(), fresh=300.0, skew=60.0, clock=lambda: NOW, told=told.append)


def at(seconds: float) -> str:
    """So many seconds after now, as Created."""
    return datetime.fromtimestamp(NOW + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def digest(password: str, created: str = at(0), nonce: bytes = b"0123456789abcdef") -> str:
    return b64encode(hashlib.sha1(nonce + created.encode() + password.encode()).digest()).decode()


def token(
    user: str = "dr", password: str = "new secret", created: str = at(0), nonce: bytes = b"0" * 16
) -> UsernameToken:
    return UsernameToken(user, digest(password, created, nonce), True, nonce, created)


def test_the_digest_is_that_of_the_standard(tokens: UsernameTokens) -> None:
    """Base64 of SHA-1 over nonce, created and password; the figures are of another program:
    printf 'abc2026-11-30T10:00:00Znew secret' | openssl sha1 -binary | base64"""
    sent = UsernameToken("dr", "pvwzhiA6tkCvgAg7GB4QPHjvPF8=", True, b"abc", at(0))
    assert tokens.owner(sent, [(DR, 1)]) == 1


@pytest.mark.parametrize("password", DR.passwords)
def test_each_of_the_passwords_is_good(tokens: UsernameTokens, password: str) -> None:
    assert tokens.owner(token(password=password), [(TEXT, 1), (DR, 2)]) == 2


def test_a_password_as_it_is_needs_no_nonce_and_may_be_sent_again(tokens: UsernameTokens) -> None:
    sent = UsernameToken("text", "plain secret", False)
    assert [tokens.owner(sent, [(DR, 1), (TEXT, 2)]) for _ in range(2)] == [2, 2]


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        pytest.param(token(user="DR"), "nobody", id="another user"),
        pytest.param(token(user=""), "nobody", id="no user"),
        pytest.param(token(password="wrong"), "nobody", id="another password"),
        pytest.param(replace(token(), nonce=b"1" * 16), "nobody", id="another nonce"),
        pytest.param(replace(token(), created=at(1)), "nobody", id="another time"),
        pytest.param(replace(token(), is_digest=False), "nobody", id="digest as text"),
        pytest.param(UsernameToken("dr", "new secret", False), "nobody", id="text for a digest"),
        pytest.param(token("text", "plain secret"), "nobody", id="a digest for text"),
        pytest.param(token(created=at(-361)), "361 s ago", id="too old"),
        pytest.param(token(created=at(61)), "-61 s ago", id="not yet"),
        pytest.param(token(created="2026-11-30T10:00:00"), "zone", id="no zone"),
        pytest.param(token(created="2026-11-30 10:00:00Z"), "zone", id="a space"),
        pytest.param(token(created="2026-11-30"), "zone", id="a day"),
        pytest.param(token(created="2026-13-30T10:00:00Z"), "no time", id="a 13th month"),
        pytest.param(token(created="2026-11-30T24:60:00Z"), "no time", id="a 61st minute"),
        pytest.param(token(created="٢٠٢٦-11-30T10:00:00Z"), "zone", id="other digits"),
        pytest.param(token(created=""), "zone", id="never"),
        pytest.param(token(created="0001-01-01T00:00:00+14:00"), "no time|ago", id="before time"),
    ],
)
def test_anything_else_is_refused_and_the_log_hears_why(
    tokens: UsernameTokens, told: list[str], sent: UsernameToken, why: str
) -> None:
    with pytest.raises(FailedAuthentication):
        tokens.owner(sent, [(DR, 1), (TEXT, 2)])
    assert any(part in told[0] for part in why.split("|"))
    assert "secret" not in told[0]


@pytest.mark.parametrize(
    "created", [at(-359), at(59), "2026-11-30T12:00:00.123456+02:00", "2026-11-30T09:59:59.9Z"]
)
def test_clocks_may_be_apart(tokens: UsernameTokens, created: str) -> None:
    assert tokens.owner(token(created=created), [(DR, 1)])


def test_a_digest_is_good_once(tokens: UsernameTokens, told: list[str]) -> None:
    assert tokens.owner(token(), [(DR, 1)])
    with pytest.raises(FailedAuthentication):
        tokens.owner(token(), [(DR, 1)])
    assert told == ["used before"]
    assert tokens.owner(token(nonce=b"another nonce"), [(DR, 1)])


def test_what_is_refused_uses_nothing_up(tokens: UsernameTokens) -> None:
    """A stranger who saw a nonce, or fills the memory, keeps nobody out."""
    for sent in (token(password="wrong"), token(created=at(-1000))):
        with pytest.raises(FailedAuthentication):
            tokens.owner(sent, [(DR, 1)])
    assert tokens.owner(token(), [(DR, 1)])


def test_bytes_moved_from_the_nonce_to_the_time_make_no_new_token(
    tokens: UsernameTokens,
) -> None:
    tokens.owner(token(nonce=b"abc2"), [(DR, 1)])
    sent = UsernameToken("dr", digest("new secret", at(0), b"abc2"), True, b"abc", "2" + at(0))
    with pytest.raises(FailedAuthentication):
        tokens.owner(sent, [(DR, 1)])


def test_a_token_is_remembered_for_as_long_as_any_node_would_take_it() -> None:
    """By the slowest clock, of a token from the future."""
    now = [0.0]
    remembered = replays(clock=lambda: now[0])
    first = UsernameTokens(remembered, fresh=300, skew=60, clock=lambda: NOW)
    late = UsernameTokens(remembered, fresh=300, skew=60, clock=lambda: NOW + now[0] - 60)
    sent = token(created=at(60))
    assert first.owner(sent, [(DR, 1)])
    for now[0] in (60, 300, 480):
        with pytest.raises(FailedAuthentication, match="used"):
            late.owner(sent, [(DR, 1)])
    now[0] = 481
    with pytest.raises(FailedAuthentication, match="ago"):
        late.owner(sent, [(DR, 1)])


def test_more_tokens_than_can_be_remembered_are_refused_and_not_taken_twice() -> None:
    now = [0.0]
    tokens = UsernameTokens(replays(3, lambda: now[0]), clock=lambda: NOW)
    sent = [token(nonce=bytes([number])) for number in range(4)]
    for one in sent[:3]:
        tokens.owner(one, [(DR, 1)])
    with pytest.raises(Busy):
        tokens.owner(sent[3], [(DR, 1)])
    with pytest.raises(FailedAuthentication):
        tokens.owner(sent[0], [(DR, 1)])
    now[0] = 1000.0
    assert tokens.owner(sent[3], [(DR, 1)])


# Together with what else a caller has to show.

NEAR = [network("10.0.0.0/8")]


def conditions(name: str, **more: Any) -> Conditions:
    return Conditions(caller=Caller(name), **more)


def who(
    tokens: UsernameTokens, sent: UsernameToken | None, *known: Conditions, **environ: str
) -> str:
    """The name of the caller; raises what the request is refused with."""
    caller = Callers(known, username_tokens=tokens).who(
        {"REMOTE_ADDR": environ.pop("address", "10.0.0.1"), **environ}
    )
    if isinstance(caller, Unproven):
        assert not caller.may("Login")
        assert caller.sites == frozenset()
        caller = caller.prove(sent)
    return caller.name


BASIC = "Basic " + b64encode(b"basic:word").decode()


def test_basic_and_a_token_both_have_to_be_good(tokens: UsernameTokens) -> None:
    both = conditions("both", user="basic", passwords=["word"], username_token=DR)
    assert who(tokens, token(), both, HTTP_AUTHORIZATION=BASIC) == "both"
    with pytest.raises(Unauthorized):
        who(tokens, token(nonce=b"2"), both)
    for sent in (None, token(password="wrong")):
        with pytest.raises(FailedAuthentication):
            who(tokens, sent, both, HTTP_AUTHORIZATION=BASIC)


def test_callers_are_told_apart_by_their_tokens(tokens: UsernameTokens) -> None:
    known = [
        conditions("one", username_token=DR),
        conditions("other", username_token=replace(DR, user="other")),
        conditions("near", networks=NEAR),
    ]
    assert who(tokens, token(), *known) == "one"
    assert who(tokens, token("other", nonce=b"2"), *known) == "other"
    assert who(tokens, None, *known) == "near"
    with pytest.raises(FailedAuthentication):
        who(tokens, None, *known, address="192.0.2.1")


def test_a_token_that_is_nobodys_is_not_passed_over(tokens: UsernameTokens) -> None:
    known = [conditions("near", networks=NEAR), conditions("one", username_token=DR)]
    with pytest.raises(FailedAuthentication):
        who(tokens, token(password="wrong"), *known)


def test_from_elsewhere_a_good_token_does_not_help(tokens: UsernameTokens) -> None:
    known = conditions("one", username_token=DR, networks=NEAR)
    other = conditions("two", user="basic", passwords=["word"])
    with pytest.raises(Unauthorized):
        who(tokens, token(), known, other, address="192.0.2.1")
