"""Asking clients to let go of the connections they keep, before a worker ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["Leaving"]

StartResponse = Callable[..., Any]


class Leaving:
    """`application`, whose answers end their connection once `begin` was called.

    A client that is told so does not send its next request to a worker that is gone by then."""

    def __init__(
        self, application: Callable[[dict[str, Any], StartResponse], Iterable[bytes]]
    ) -> None:
        self._application = application
        self._begun = False

    def begin(self) -> None:
        """From the next call on."""
        self._begun = True

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """As the application does."""
        if self._begun:
            return self._application(environ, _ending(start_response))
        return self._application(environ, start_response)


def _ending(start_response: StartResponse) -> StartResponse:
    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        kept = [(name, value) for name, value in headers if name.lower() != "connection"]
        return start_response(status, [*kept, ("Connection", "close")], exc_info)

    return start
