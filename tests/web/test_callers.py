"""Whose conditions a request meets: all of a caller's, and nobody's by halves."""

from __future__ import annotations

import hashlib
import time
from base64 import b64encode
from collections.abc import Hashable
from typing import Any

import pytest
from werkzeug.exceptions import Forbidden, HTTPException, Unauthorized

from sso_bridge.core.call import ANYBODY, Caller
from sso_bridge.core.deadline import Deadline
from sso_bridge.errors import Busy, DeadlineExceeded
from sso_bridge.web.callers import Callers, Conditions
from sso_bridge.web.certificates import Certificate
from sso_bridge.web.proxies import Proxies, network

TOKEN = "0123456789abcdef0123456789abcdef"
PROXY = "10.0.0.5"
PROXIES = Proxies([network(PROXY)], address_header="Forwarded", certificate_header="ClientCert")
STORE: Hashable = ("DNS", "store.example.com")


class Hashed:
    """A slow hash of one password, which counts how often it was computed."""

    def __init__(self, password: str) -> None:
        self.password, self.computed = password, 0

    def __call__(self, sent: str, deadline: Deadline) -> bool:
        deadline.left()
        self.computed += 1
        return sent == self.password


def conditions(name: str = "dr", **given: Any) -> Conditions:
    for key, value in given.items():
        if key == "networks":
            given[key] = [network(one) for one in value]
        elif key == "tokens":
            given[key] = [hashlib.sha256(one.encode()).digest() for one in value]
    return Conditions(caller=Caller(name), **given)


def callers(*known: Conditions) -> Callers:
    """Behind a proxy that passes on a certificate as one of its names, or "expired"."""

    def read(said: str) -> Certificate | None:
        if said == "expired":
            return Certificate(frozenset({STORE}), ends=time.time() - 1)
        if said == "early":
            return Certificate(frozenset({STORE}), begins=time.time() + 60)
        return Certificate(frozenset({("DNS", said)})) if said.endswith(".com") else None

    return Callers(known, proxies=PROXIES, read=read)


def basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def who(
    known: Callers,
    authorization: str | None = None,
    *,
    peer: str = "192.0.2.1",
    client: str | None = None,
    certificate: str | None = None,
) -> str:
    """The caller's name, or the name of the error. `client` and `certificate` are what the proxy
    says, if there is one."""
    environ = {"REMOTE_ADDR": peer}
    if client is not None or certificate is not None:
        environ["REMOTE_ADDR"] = PROXY
    for key, value in (
        ("HTTP_AUTHORIZATION", authorization),
        ("HTTP_FORWARDED", client and f"for={client}"),
        ("HTTP_CLIENTCERT", certificate),
    ):
        if value is not None:
            environ[key] = value
    try:
        return known.who(environ).name
    except HTTPException as error:
        return type(error).__name__


def test_anybody_may_call_where_nobody_is_configured() -> None:
    assert Callers([]).who({"HTTP_AUTHORIZATION": "x"}) is ANYBODY


def test_several_passwords_and_hashes_are_good_at_once() -> None:
    known = callers(
        conditions(user="dr", passwords=["old", "new"], hashes=[Hashed("third"), Hashed("fourth")])
    )
    for password in ("old", "new", "third", "fourth"):
        assert who(known, basic("dr", password)) == "dr"
    assert who(known, basic("dr", "other")) == "Unauthorized"


def test_the_same_user_may_be_in_two_tables() -> None:
    known = callers(
        conditions("one", user="dr", passwords=["1"]), conditions("two", user="dr", passwords=["2"])
    )
    assert [who(known, basic("dr", password)) for password in "12"] == ["one", "two"]


def test_a_password_is_one_user_s_only() -> None:
    known = callers(
        conditions("a", user="a", passwords=["pa"], hashes=[Hashed("ha")]),
        conditions("b", user="b", passwords=["pb"], hashes=[Hashed("hb")]),
    )
    for user, password in (("a", "pb"), ("b", "pa"), ("a", "hb"), ("b", "ha"), ("c", "pa")):
        assert who(known, basic(user, password)) == "Unauthorized"


def test_a_token_is_compared_whole() -> None:
    known = callers(conditions(tokens=[TOKEN, TOKEN[::-1]]))
    assert who(known, f"Bearer {TOKEN}") == "dr"
    assert who(known, f"bearer {TOKEN[::-1]}") == "dr"
    for wrong in (TOKEN[:-1], TOKEN + "0", TOKEN.upper(), "", "x y"):
        assert who(known, f"Bearer {wrong}") == "Unauthorized"
    assert who(known, basic("dr", TOKEN)) == "Unauthorized"


@pytest.mark.parametrize(
    "header",
    [
        *("", "Basic", "Basic ", "Basic !", "Basic ZHI=", "Basic Og==", "Digest username=dr"),
        *(f"Bearer {TOKEN},Basic x", f"Basic x,Bearer {TOKEN}", TOKEN, "Bearer", "\x00", "é" * 9),
    ],
)
def test_a_header_that_is_none_is_nobody_s(header: str) -> None:
    known = callers(conditions("a", user="dr", passwords=["x"]), conditions("b", tokens=[TOKEN]))
    assert who(known, header) == "Unauthorized"


def test_a_wrong_password_costs_every_hash_whoever_is_named() -> None:
    """So that its time does not tell whether the user is known, or has a hash at all."""
    hashes = [Hashed("a1"), Hashed("a2"), Hashed("b1")]
    known = callers(
        conditions("a", user="a", hashes=hashes[:2]),
        conditions("b", user="b", hashes=hashes[2:]),
        conditions("c", user="c", passwords=["plain"]),
    )
    for user in ("a", "b", "c", "nobody", ""):
        for one in hashes:
            one.computed = 0
        assert who(known, basic(user, "wrong")) == "Unauthorized"
        assert [one.computed for one in hashes] == [1, 1, 1]


def test_a_good_password_is_hashed_once_a_wrong_one_each_time() -> None:
    hashed = Hashed("good")
    known = callers(conditions(user="dr", hashes=[hashed]))
    for _ in range(3):
        assert who(known, basic("dr", "good")) == "dr"
    assert hashed.computed == 1
    for _ in range(3):
        assert who(known, basic("dr", "bad")) == "Unauthorized"
    assert hashed.computed == 4


def test_a_hash_that_cannot_be_computed_now_is_not_a_wrong_password() -> None:
    def busy(sent: str, deadline: Deadline) -> bool:
        raise Busy

    known = callers(conditions(user="dr", hashes=[busy]))
    with pytest.raises(Busy):
        known.who({"HTTP_AUTHORIZATION": basic("dr", "x"), "REMOTE_ADDR": "192.0.2.1"})


def test_all_hashes_together_have_the_time_of_one_call() -> None:
    def slow(sent: str, deadline: Deadline) -> bool:
        deadline.left()
        time.sleep(0.03)
        return False

    known = Callers([conditions(user="dr", hashes=[slow] * 5)], seconds=0.05)
    with pytest.raises(DeadlineExceeded):
        known.who({"HTTP_AUTHORIZATION": basic("dr", "x"), "REMOTE_ADDR": "192.0.2.1"})


def test_everything_that_is_configured_must_hold() -> None:
    known = callers(
        conditions(
            user="dr",
            passwords=["good"],
            networks=["203.0.113.0/24", "2001:db8::/32"],
            certificate=frozenset({STORE}),
        )
    )
    good: dict[str, Any] = {
        "authorization": basic("dr", "good"),
        "client": "203.0.113.9",
        "certificate": "store.example.com",
    }
    assert who(known, **good) == "dr"
    assert who(known, **{**good, "client": '"[2001:db8::1]"'}) == "dr"
    for change, refused in (
        ({"authorization": None}, "Unauthorized"),
        ({"authorization": basic("dr", "bad")}, "Unauthorized"),
        ({"client": "203.0.114.9"}, "Forbidden"),
        ({"client": None}, "Forbidden"),
        ({"client": "unknown"}, "Forbidden"),
        ({"certificate": None}, "Forbidden"),
        ({"certificate": ""}, "Forbidden"),
        ({"certificate": "other.example.com"}, "Forbidden"),
        ({"certificate": "garbage"}, "Forbidden"),
        ({"certificate": "expired"}, "Forbidden"),
        ({"certificate": "early"}, "Forbidden"),
    ):
        assert who(known, **{**good, **change}) == refused, change


def test_no_password_is_looked_at_from_elsewhere() -> None:
    hashed = Hashed("good")
    known = callers(conditions(user="dr", hashes=[hashed], networks=["203.0.113.0/24"]))
    assert who(known, basic("dr", "good")) == "Forbidden"
    assert hashed.computed == 0


def test_a_password_that_was_good_once_is_not_good_from_elsewhere() -> None:
    known = callers(
        conditions("near", user="dr", passwords=["good"], networks=["203.0.113.0/24"]),
        conditions("far", user="other", passwords=["x"]),
    )
    assert who(known, basic("dr", "good"), peer="203.0.113.9") == "near"
    assert who(known, basic("dr", "good"), peer="192.0.2.1") == "Unauthorized"
    assert who(known, basic("dr", "good"), peer="203.0.113.9") == "near"


def test_one_password_of_two_networks_is_two_callers() -> None:
    known = callers(
        conditions("one", user="dr", passwords=["good"], networks=["203.0.113.1"]),
        conditions("two", user="dr", passwords=["good"], networks=["203.0.113.2"]),
    )
    for _ in range(2):
        assert who(known, basic("dr", "good"), peer="203.0.113.1") == "one"
        assert who(known, basic("dr", "good"), peer="203.0.113.2") == "two"


def test_an_address_or_a_certificate_alone_may_be_enough() -> None:
    known = callers(
        conditions("near", networks=["203.0.113.0/24"]),
        conditions("certified", certificate=frozenset()),
    )
    assert who(known, peer="203.0.113.9") == "near"
    assert who(known, certificate="any.example.com") == "certified"
    assert who(known, peer="192.0.2.1") == "Forbidden"
    assert who(known, peer="203.0.113.9", authorization="Basic left over") == "near"


def test_a_wrong_password_is_nobody_s_though_the_address_would_do() -> None:
    known = callers(
        conditions("near", networks=["203.0.113.0/24"]),
        conditions("dr", user="dr", passwords=["good"]),
    )
    assert who(known, peer="203.0.113.9") == "near"
    assert who(known, basic("dr", "good"), peer="203.0.113.9") == "dr"
    assert who(known, basic("dr", "bad"), peer="203.0.113.9") == "Unauthorized"


def test_a_certificate_that_somebody_passes_on_who_is_no_proxy_is_refused() -> None:
    """Also where nobody asks for one: it is an attempt, or a proxy that was forgotten."""
    known = callers(conditions(user="dr", passwords=["good"]))
    environ = {
        "REMOTE_ADDR": "192.0.2.1",
        "HTTP_AUTHORIZATION": basic("dr", "good"),
        "HTTP_CLIENTCERT": "store.example.com",
    }
    with pytest.raises(Forbidden, match="not trusted"):
        known.who(environ)
    assert known.who({**environ, "HTTP_CLIENTCERT": ""}).name == "dr"


def test_what_is_asked_for_is_what_somebody_could_show() -> None:
    password, token = conditions(user="a", passwords=["x"]), conditions(tokens=[TOKEN])
    assert callers(password).challenge == 'Basic realm="sso-bridge", charset="UTF-8"'
    assert callers(token).challenge == 'Bearer realm="sso-bridge"'
    assert callers(password, token).challenge.count("realm") == 2


def test_no_secret_is_in_a_repr_or_an_error() -> None:
    known = conditions(user="dr", passwords=["sesame"], tokens=[TOKEN])
    assert "sesame" not in repr(known)
    assert repr(hashlib.sha256(TOKEN.encode()).digest()) not in repr(known)
    with pytest.raises(Unauthorized) as refused:
        callers(known).who({"HTTP_AUTHORIZATION": basic("dr", "wrong sesame"), "REMOTE_ADDR": ""})
    assert "sesame" not in str(refused.value)


@pytest.mark.parametrize("kind", ["password", "everything"])
def test_who_calls_is_found_in_a_few_microseconds(kind: str) -> None:
    more: dict[str, Any] = {
        "networks": ["203.0.113.0/24", "198.51.100.0/24"],
        "certificate": frozenset({STORE}),
    }
    known = callers(
        *(conditions(str(n), user=str(n), hashes=[Hashed("x")]) for n in range(5)),
        conditions(user="dr", passwords=["good"], **(more if kind == "everything" else {})),
    )
    environ = {
        "REMOTE_ADDR": PROXY,
        "HTTP_AUTHORIZATION": basic("dr", "good"),
        "HTTP_FORWARDED": "for=203.0.113.9",
        "HTTP_CLIENTCERT": "store.example.com",
    }
    best = 1.0
    for _ in range(50):
        began = time.perf_counter()
        for _ in range(20):
            assert known.who(environ).name == "dr"
        best = min(best, (time.perf_counter() - began) / 20)
    assert best < 100e-6, best
    print(f"{kind}: {best * 1e6:.1f} µs")
