"""The clients: a flow of `exchange` carried out with httpx, waiting or with asyncio."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from typing import Any, Final, Self, TypeVar

import httpx

from .answers import Answer
from .errors import Unreachable
from .exchange import Created, Exchange, Flow, Wait
from .messages import Request, Shopper, Token, TokenInformation
from .pace import Pace
from .tokens import Credentials

__all__ = ["AsyncShopperClient", "ShopperClient"]

T = TypeVar("T")

ERID: Final = ("externalReferenceId",)
"""What `expand` has to name for an ERID to be in the answer."""

# At INFO they write addresses, at DEBUG headers too; both may hold a token.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class _Client:
    """What both have: where the API is, who asks, and how quickly."""

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        *,
        pace: Pace,
        timeout: float = 30.0,
        attempts: int = 6,
        connections: int = 16,
    ) -> None:
        """`base_url` without a path, `timeout` in seconds for each call. Clients that use one API
        key share one `pace`."""
        self._pace = pace
        self._exchange = Exchange(credentials, attempts=attempts)
        self._settings: dict[str, Any] = {
            "base_url": base_url,
            "timeout": httpx.Timeout(timeout),
            "limits": httpx.Limits(
                max_connections=connections, max_keepalive_connections=connections
            ),
            "headers": {"accept": "application/json"},
        }


class ShopperClient(_Client):
    """Waits for each answer; may be used by several threads at once. Close it after use, or use it
    in a `with` block. All methods raise what `errors` describes."""

    def __init__(self, base_url: str, credentials: Credentials, **settings: Any) -> None:
        super().__init__(base_url, credentials, **settings)
        self._http = httpx.Client(**self._settings)

    def token(self, erid: str | None = None, *, session_token: str | None = None) -> Token:
        """A token on behalf of the customer with `erid`, or an anonymous one."""
        return self._run(self._exchange.token(erid, session_token))

    def refresh(self, refresh_token: str) -> Token:
        """A new token for a refresh token."""
        return self._run(self._exchange.refresh(refresh_token))

    def information(self, token: Token) -> TokenInformation:
        """What `token` is."""
        return self._run(self._exchange.information(token))

    def show(
        self, erid: str, *, expand: Iterable[str] = ERID, fields: Iterable[str] = ()
    ) -> Shopper:
        """The customer with `erid`."""
        return self._run(self._exchange.show(erid, expand=expand, fields=fields))

    def look(self, erid: str) -> Shopper | None:
        """The customer with `erid`, None if there is none."""
        return self._run(self._exchange.look(erid))

    def create(self, shopper: Shopper) -> Created:
        """Make `shopper` a customer."""
        return self._run(self._exchange.create(shopper))

    def update(self, erid: str, shopper: Shopper) -> None:
        """Change what `shopper` has of the customer with `erid`."""
        self._run(self._exchange.update(erid, shopper))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _run(self, flow: Flow[T]) -> T:
        try:
            step = next(flow)
            while True:
                if isinstance(step, Wait):
                    if step.everybody:
                        self._pace.pause(step.seconds)
                    else:
                        time.sleep(step.seconds)
                    step = next(flow)
                    continue
                with self._pace.turn():
                    done = self._send(step)
                step = flow.throw(done) if isinstance(done, Unreachable) else flow.send(done)
        except StopIteration as stop:
            result: T = stop.value
            return result

    def _send(self, request: Request) -> Answer | Unreachable:
        try:
            return _answer(self._http.request(**_arguments(request)))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return _failed(error)


class AsyncShopperClient(_Client):
    """The same with asyncio, for one event loop. Close it after use, or use `async with`."""

    def __init__(self, base_url: str, credentials: Credentials, **settings: Any) -> None:
        super().__init__(base_url, credentials, **settings)
        self._http = httpx.AsyncClient(**self._settings)
        self._line = asyncio.Lock()

    async def token(self, erid: str | None = None, *, session_token: str | None = None) -> Token:
        """A token on behalf of the customer with `erid`, or an anonymous one."""
        return await self._run(self._exchange.token(erid, session_token))

    async def refresh(self, refresh_token: str) -> Token:
        """A new token for a refresh token."""
        return await self._run(self._exchange.refresh(refresh_token))

    async def information(self, token: Token) -> TokenInformation:
        """What `token` is."""
        return await self._run(self._exchange.information(token))

    async def show(
        self, erid: str, *, expand: Iterable[str] = ERID, fields: Iterable[str] = ()
    ) -> Shopper:
        """The customer with `erid`."""
        return await self._run(self._exchange.show(erid, expand=expand, fields=fields))

    async def look(self, erid: str) -> Shopper | None:
        """The customer with `erid`, None if there is none."""
        return await self._run(self._exchange.look(erid))

    async def create(self, shopper: Shopper) -> Created:
        """Make `shopper` a customer."""
        return await self._run(self._exchange.create(shopper))

    async def update(self, erid: str, shopper: Shopper) -> None:
        """Change what `shopper` has of the customer with `erid`."""
        await self._run(self._exchange.update(erid, shopper))

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    async def _run(self, flow: Flow[T]) -> T:
        try:
            step = next(flow)
            while True:
                if isinstance(step, Wait):
                    if step.everybody:
                        self._pace.pause(step.seconds)
                    else:
                        await asyncio.sleep(step.seconds)
                    step = next(flow)
                    continue
                async with self._pace.async_turn(self._line):
                    done = await self._send(step)
                step = flow.throw(done) if isinstance(done, Unreachable) else flow.send(done)
        except StopIteration as stop:
            result: T = stop.value
            return result

    async def _send(self, request: Request) -> Answer | Unreachable:
        try:
            return _answer(await self._http.request(**_arguments(request)))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return _failed(error)


def _arguments(request: Request) -> dict[str, Any]:
    return {
        "method": request.method,
        "url": request.path,
        "params": request.query,
        "headers": request.headers,
        "data": request.form,
        "json": request.json,
    }


def _answer(response: httpx.Response) -> Answer:
    return Answer(response.status_code, response.headers, response.content)


def _failed(error: httpx.HTTPError | httpx.InvalidURL) -> Unreachable:
    """What became of a call. It is returned, not raised: an exception of httpx knows the request's
    headers, and would be the context of ours."""
    never = isinstance(error, _NEVER_SENT)
    what = "cannot be reached" if never else "did not answer"
    return Unreachable(f"the Shopper API {what} ({type(error).__name__})", sent=not never)


_NEVER_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.InvalidURL,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
)
