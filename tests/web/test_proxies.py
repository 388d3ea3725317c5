"""Whose address a request is said to have, and by whom that is believed."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from sso_bridge.web.proxies import Proxies, address_of, network

EDGE, INNER = "198.51.100.7", "10.0.0.5"
LISTED = Proxies(
    [network("198.51.100.0/24"), network("10.0.0.5"), network("2001:db8:aaaa::/48")],
    address_header="X-Forwarded-For",
)
FORWARDED = Proxies([network("10.0.0.5")], address_header="Forwarded")


def client(proxies: Proxies, peer: str, said: str | None = None) -> str | None:
    """Where a request comes from, as a text."""
    environ: dict[str, Any] = {"REMOTE_ADDR": peer}
    if said is not None:
        environ["HTTP_FORWARDED" if proxies is FORWARDED else "HTTP_X_FORWARDED_FOR"] = said
    found = proxies.client(environ)
    return None if found is None else str(found)


def test_who_connects_is_the_client_where_no_proxy_is_trusted() -> None:
    assert client(Proxies(), "192.0.2.1") == "192.0.2.1"
    assert client(Proxies(), "192.0.2.1", "10.0.0.1") == "192.0.2.1"


def test_what_somebody_says_who_is_no_proxy_is_not_believed() -> None:
    assert client(LISTED, "192.0.2.1", "203.0.113.9") == "192.0.2.1"
    assert client(FORWARDED, "192.0.2.1", "for=203.0.113.9") == "192.0.2.1"


@pytest.mark.parametrize(
    ("said", "address"),
    [
        pytest.param("203.0.113.9", "203.0.113.9", id="one"),
        pytest.param(f"203.0.113.9, {EDGE}", "203.0.113.9", id="two-proxies"),
        pytest.param(f"203.0.113.9,{EDGE}\t,{EDGE}", "203.0.113.9", id="three"),
        pytest.param("192.0.2.66, 203.0.113.9", "203.0.113.9", id="forged-before-it"),
        pytest.param(f"192.0.2.66, 203.0.113.9, {EDGE}", "203.0.113.9", id="forged-and-two"),
        pytest.param(f"{INNER}, 203.0.113.9", "203.0.113.9", id="forged-as-a-proxy"),
        pytest.param("garbage, , 203.0.113.9", "203.0.113.9", id="garbage-before-it"),
        pytest.param(f"{EDGE}", EDGE, id="a-proxy-itself"),
        pytest.param("203.0.113.9:4711", "203.0.113.9", id="port"),
        pytest.param("2001:db8::9", "2001:db8::9", id="v6"),
        pytest.param("[2001:db8::9]:4711", "2001:db8::9", id="v6-and-port"),
        pytest.param("2001:db8::9, 2001:db8:aaaa::1", "2001:db8::9", id="v6-proxy"),
        pytest.param("::ffff:203.0.113.9", "203.0.113.9", id="v4-in-v6"),
        pytest.param(f"203.0.113.9, ::ffff:{EDGE}", "203.0.113.9", id="proxy-as-v4-in-v6"),
    ],
)
def test_the_client_is_the_first_from_the_right_that_is_not_trusted(
    said: str, address: str
) -> None:
    assert client(LISTED, INNER, said) == address
    assert client(LISTED, f"::ffff:{INNER}", said) == address


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(None, id="nothing"),
        pytest.param("", id="empty"),
        pytest.param(" ", id="blank"),
        pytest.param("203.0.113.9, ", id="empty-hop"),
        pytest.param(f"203.0.113.9, , {EDGE}", id="empty-hop-between"),
        pytest.param("unknown", id="unknown"),
        pytest.param("203.0.113.9, garbage", id="garbage"),
        pytest.param("203.0.113", id="short"),
        pytest.param("203.0.113.009", id="leading-zero"),
        pytest.param("203.0.113.256", id="too-much"),
        pytest.param("203.0.113.9:", id="no-port"),
        pytest.param("203.0.113.9:port", id="odd-port"),
        pytest.param("203.0.113.9 203.0.113.8", id="no-comma"),
        pytest.param("fe80::1%eth0", id="zone"),
        pytest.param("[2001:db8::9", id="half-a-bracket"),
        pytest.param("[203.0.113.9]", id="v4-in-brackets"),
        pytest.param("3405803785", id="number"),
        pytest.param("\uff11.1.1.1", id="other-digits"),
        pytest.param("203.0.113.9\n", id="line-break"),
        pytest.param("203.0.113.9," * 200 + "203.0.113.9", id="endless"),
    ],
)
def test_what_cannot_be_read_is_no_address(said: str | None) -> None:
    assert client(LISTED, INNER, said) is None


@pytest.mark.parametrize("peer", ["", "unix", "10.0.0.5%1", "localhost"])
def test_who_connects_from_nowhere_known_is_nobody(peer: str) -> None:
    assert client(LISTED, peer, "203.0.113.9") is None


@pytest.mark.parametrize(
    ("said", "address"),
    [
        pytest.param("for=203.0.113.9", "203.0.113.9", id="one"),
        pytest.param("For=203.0.113.9;proto=https;by=10.0.0.5", "203.0.113.9", id="more"),
        pytest.param('by=_b;for="203.0.113.9:4711"', "203.0.113.9", id="port"),
        pytest.param('for="[2001:db8::9]"', "2001:db8::9", id="v6"),
        pytest.param('for="[2001:db8::9]:_p"', "2001:db8::9", id="v6-hidden-port"),
        pytest.param("for=192.0.2.66, for=203.0.113.9", "203.0.113.9", id="forged-before-it"),
        pytest.param("for=203.0.113.9, for=10.0.0.5", "203.0.113.9", id="two-proxies"),
        pytest.param('for=x;host="a, for=1.2.3.4" , for=203.0.113.9', "203.0.113.9", id="quoted"),
        pytest.param(r'for="203.0.113\.9"', "203.0.113.9", id="escaped"),
        pytest.param("for=unknown, for=203.0.113.9", "203.0.113.9", id="unknown-before-it"),
    ],
)
def test_a_forwarded_header_is_read_likewise(said: str, address: str) -> None:
    assert client(FORWARDED, INNER, said) == address


@pytest.mark.parametrize(
    "said",
    [
        pytest.param("203.0.113.9", id="no-pair"),
        pytest.param("for=unknown", id="unknown"),
        pytest.param("for=_hidden", id="hidden"),
        pytest.param("proto=https", id="no-for"),
        pytest.param("for=203.0.113.9, proto=https", id="no-for-at-last"),
        pytest.param("for=203.0.113.9,", id="empty-element"),
        pytest.param("for=203.0.113.9;", id="empty-pair"),
        pytest.param("for=203.0.113.9;for=203.0.113.8", id="twice"),
        pytest.param('for=", for=203.0.113.9', id="a-quote-left-open"),
        pytest.param('x=", for=203.0.113.9;host="a"', id="a-quote-closed-by-the-proxy-s"),
        pytest.param("for=[2001:db8::9]", id="v6-without-quotes"),
        pytest.param('for="2001:db8::9:80:"', id="v6-without-brackets"),
        pytest.param("for = 203.0.113.9", id="spaces"),
        pytest.param("for=203.0.113.9 for=203.0.113.8", id="no-separator"),
        pytest.param('for="203.0.113.9"x', id="behind-the-quotes"),
        pytest.param("a\u00e9=1, for=203.0.113.9", id="not-ascii"),
    ],
)
def test_a_forwarded_header_with_anything_odd_in_it_is_no_address(said: str) -> None:
    assert client(FORWARDED, INNER, said) is None


@given(some.text(alphabet=some.sampled_from('for=", ;10.0.0.5[]:\\unkow\tFx%_-é'), max_size=80))
def test_whatever_a_client_puts_before_what_the_proxy_adds_it_is_not_taken_for_somebody_else(
    before: str,
) -> None:
    """At most the whole header is refused."""
    for separator in (", ", ","):
        said = f'{before}{separator}for=203.0.113.9;host="shop.example.com"'
        assert client(FORWARDED, INNER, said) in ("203.0.113.9", None)
        assert client(LISTED, INNER, f"{before}{separator}203.0.113.9") == "203.0.113.9"


@given(some.text(max_size=60))
def test_an_address_is_one_or_none(text: str) -> None:
    found = address_of(text)
    assert found is None or found == ip_address(str(found))
