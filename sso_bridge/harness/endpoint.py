"""The endpoint under test, and every exchange with it."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.sax.saxutils import escape

import httpx

__all__ = ["Endpoint", "Exchange", "Masks", "wrong_with"]

_SHOWN: Final = 20_000
"""Bytes of a request or an answer that are kept."""
_HIDDEN: Final = "•••"
_LEAST_SECRET: Final = 6
_PLACES: Final = re.compile(
    r"(<(?:[\w.-]+:)?(?:password|sessionToken|value)\b[^>]*(?<!/)>)[^<]*(</)"
)
_LONGEST_ANSWER: Final = 4 * 1024 * 1024


@dataclass(slots=True)
class Exchange:
    """One request and what came back; `status` is None if nothing did, and `failure` says why."""

    number: int
    about: str
    request: str
    media_type: str
    seconds: float = 0.0
    status: int | None = None
    answer_type: str = ""
    answer: bytes = b""
    failure: str = ""


class Masks:
    """Takes secrets out of what is shown: by where they stand, and those that are known wherever
    they stand."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()

    def add(self, *secrets: str | None) -> None:
        """Hide these from now on, unless they are so short that they could be anything."""
        for secret in secrets:
            if secret and len(secret) >= _LEAST_SECRET:
                self._secrets |= {secret, escape(secret)}

    def hide(self, text: str) -> str:
        """`text` without them."""
        text = _PLACES.sub(rf"\1{_HIDDEN}\2", text)
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, _HIDDEN)
        return text


@dataclass(slots=True)
class Endpoint:
    """Posts to `url`. `headers` go with each request: who the caller is."""

    url: str
    seconds: float
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    verify: ssl.SSLContext | bool = True
    exchanges: list[Exchange] = field(default_factory=list, repr=False)
    silent: int = 0
    """How many calls, the last ones in a row, were waited for in vain."""
    _client: httpx.Client | None = field(default=None, repr=False)

    def post(
        self,
        body: bytes,
        media_type: str,
        about: str,
        *,
        headers: Mapping[str, str] | None = None,
        strange: bool = False,
    ) -> Exchange:
        """Send `body`, with `headers` in place of the caller's if they are given. Never raises for
        what the endpoint does. `strange` bodies are shown shortened."""
        shown = body[: _SHOWN if not strange else 2000].decode("utf-8", "replace")
        exchange = Exchange(len(self.exchanges) + 1, about, shown, media_type)
        self.exchanges.append(exchange)
        sent = {"Content-Type": media_type, **(self.headers if headers is None else headers)}
        began = time.monotonic()
        try:
            self._exchange(exchange, body, sent)
            self.silent = 0
        except httpx.TimeoutException:
            exchange.failure = f"no answer in {self.seconds:g} seconds"
            self.silent += 1
        except (httpx.HTTPError, ValueError) as error:
            exchange.failure = f"{type(error).__name__}: {error}"
        exchange.seconds = time.monotonic() - began
        return exchange

    def _exchange(self, exchange: Exchange, body: bytes, headers: Mapping[str, str]) -> None:
        ends = time.monotonic() + self.seconds
        with self._http().stream("POST", self.url, content=body, headers=headers) as response:
            pieces: list[bytes] = []
            for piece in response.iter_bytes():
                pieces.append(piece)
                if sum(map(len, pieces)) > _LONGEST_ANSWER:
                    raise ValueError(f"the answer is longer than {_LONGEST_ANSWER} bytes")
                if time.monotonic() > ends:
                    raise httpx.ReadTimeout("the answer trickles")
        exchange.status = response.status_code
        exchange.answer_type = response.headers.get("Content-Type", "")
        exchange.answer = b"".join(pieces)

    def _http(self) -> httpx.Client:
        if self._client is None:
            self._client = httpx.Client(
                timeout=self.seconds,
                verify=self.verify,
                follow_redirects=False,
                limits=httpx.Limits(max_connections=32),
                trust_env=False,
            )
        return self._client

    def close(self) -> None:
        """Let go of the connections."""
        if self._client is not None:
            self._client.close()

    def durations(self) -> list[float]:
        """Seconds of each exchange that got an answer."""
        return [e.seconds for e in self.exchanges if e.status is not None]


def wrong_with(url: str) -> str:
    """Why no calls can be sent to `url`, or it may not be shown; "" if all is well."""
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL as error:
        return f"is no address ({error})"
    if parts.scheme not in ("http", "https") or not parts.host:
        return "should begin with https:// or http://, and a host"
    if (parts.port or 0) > 65535:
        return "has a port above 65535"
    if parts.userinfo:
        return "holds credentials; give them in the file of --users, as [caller]"
    return ""
