"""What proxies in front say about whom they serve, as far as they are to be believed.

The client's address is looked for hop by hop, from the right: each proxy adds whom it was asked by,
so the first that is not a trusted proxy is the client, and what stands before it is its word only.
What cannot be read is no address: it is not guessed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final

__all__ = ["Address", "Network", "Proxies", "address_of", "network"]

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_LONGEST: Final = 2000
"""Characters of a header of addresses; there are about fifty in it."""
_REMEMBERED: Final = 1024
_PORT: Final = r"(?::(?:\d{1,5}|_[A-Za-z0-9._-]+))?"
_NODE: Final = re.compile(rf"\[([0-9A-Fa-f:.]+)\]{_PORT}|([0-9.]+){_PORT}|([0-9A-Fa-f:.]+)")
_TOKEN: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PAIR: Final = re.compile(
    rf"[ \t]*({_TOKEN})=(?:({_TOKEN})|\"((?:[^\"\\]|\\.)*)\")[ \t]*(?:([;,])|$)"
)


class Proxies:
    """The proxies that are believed: those whose address is in one of `trusted`.

    `address_header` is where they say whom they serve, `certificate_header` where they pass on
    the client's certificate; None where they do not."""

    def __init__(
        self,
        trusted: Sequence[Network] = (),
        *,
        address_header: str | None = None,
        certificate_header: str | None = None,
    ) -> None:
        self._trusted = tuple(trusted)
        self._address_key = _environ_key(address_header)
        is_forwarded = (address_header or "").lower() == "forwarded"
        self._hops = _forwarded if is_forwarded else _listed
        self.certificate_key = _environ_key(certificate_header)
        self._client = lru_cache(_REMEMBERED)(self._found)
        self.trusts = lru_cache(_REMEMBERED)(self._trusts)

    def client(self, environ: dict[str, Any]) -> Address | None:
        """Where a request comes from; None if a proxy that is believed does not say so clearly."""
        peer = environ.get("REMOTE_ADDR", "")
        said = environ.get(self._address_key) if self._address_key else None
        if said is not None and len(said) > _LONGEST:
            said = ""
        return self._client(peer, said)

    def _trusts(self, peer: str) -> bool:
        """Whether whoever connects from `peer` is a proxy that is believed."""
        return self._is_proxy(address_of(peer))

    def _is_proxy(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self._trusted)

    def _found(self, peer: str, said: str | None) -> Address | None:
        address = address_of(peer)
        if not self._is_proxy(address):
            return address
        for hop in reversed(self._hops(said or "")):
            address = address_of(hop)
            if not self._is_proxy(address):
                break
        return address


def network(text: str) -> Network:
    """The network, or the one address, that `text` names."""
    return ip_network(text)


def address_of(text: str) -> Address | None:
    """The address that `text` is, with or without a port; None if it is none.

    An IPv4 address inside IPv6, as a socket for both gives, is the IPv4 address."""
    node = _NODE.fullmatch(text)
    if node is None:
        return None
    try:
        address = ip_address(node[1] or node[2] or node[3])
    except ValueError:
        return None
    if node[1] and isinstance(address, IPv4Address):
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _listed(said: str) -> list[str]:
    """The hops of a header such as X-Forwarded-For; one that is empty is there as such."""
    return [hop.strip(" \t") for hop in said.split(",")]


def _forwarded(said: str) -> list[str]:
    """The `for` of each element of a Forwarded header; RFC 7239. One element without, or anything
    else in the header that is not as it should be, makes all of it unreadable: a quote that
    is not closed could hide what a proxy added behind it."""
    hops, hop, at, separator = list[str](), "", 0, ","
    while separator:
        pair = _PAIR.match(said, at)
        if pair is None or (pair[1].lower() == "for" and hop):
            return [""]
        if pair[1].lower() == "for":
            hop = pair[2] if pair[3] is None else re.sub(r"\\(.)", r"\1", pair[3])
        at, separator = pair.end(), pair[4] or ""
        if separator != ";":
            hops.append(hop)
            hop = ""
    return hops


def _environ_key(header: str | None) -> str | None:
    """Where WSGI has a header."""
    return None if header is None else "HTTP_" + header.upper().replace("-", "_")
