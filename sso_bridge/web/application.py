"""The WSGI application: one port, a handful of paths, and an answer to everything."""

from __future__ import annotations

import json
import secrets
import time
import traceback
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import count
from typing import Any

from werkzeug.exceptions import (
    HTTPException,
    MethodNotAllowed,
    NotFound,
    RequestEntityTooLarge,
    ServiceUnavailable,
    Unauthorized,
    UnsupportedMediaType,
)
from werkzeug.http import parse_options_header
from werkzeug.wrappers import Response

from ..core.call import Call, Caller, Unproven
from ..core.deadline import Deadline
from ..core.turn import TURN
from ..errors import BridgeError, Unavailable
from ..soap.contract import PATH
from ..soap.envelope import Shape
from ..soap.server import Answer, Endpoint
from .body import Reads, before_discarding, read_body
from .callers import Callers
from .health import Health
from .observation import Observation
from .page import Page

__all__ = ["WebApplication"]

StartResponse = Callable[..., Any]
View = Callable[[dict[str, Any]], Response]
_MEDIA_TYPES = frozenset({"text/xml", "application/xml", "application/soap+xml", ""})


class WebApplication:
    """Everything that is served, as one WSGI callable.

    Errors of HTTP are a status and a line of plain text; errors of SOAP are Faults. `reads`
    is for the `ConnectionGuard` of the process."""

    def __init__(
        self,
        *,
        endpoint: Endpoint,
        callers: Callers,
        observation: Observation,
        health: Health,
        page: Page,
        contract: bytes,
        max_body_bytes: int,
        body_seconds: float,
        call_seconds: float,
    ) -> None:
        self._endpoint = endpoint
        self._callers = callers
        self._observation = observation
        self._health = health
        self._page = page
        self._contract = contract
        self._max_body_bytes = max_body_bytes
        self._body_seconds = body_seconds
        self._call_seconds = call_seconds
        self._process, self._calls = secrets.token_hex(4), count()
        """What names a call: the process, and the call's number in it."""
        self.reads = Reads()
        self._views: dict[str, View] = {
            "/": self._front,
            PATH: self._front,
            "/health/live": self._live,
            "/health/ready": self._ready,
            "/metrics": self._metrics,
        }

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; never raises."""
        try:
            if environ["REQUEST_METHOD"] == "POST" and environ.get("PATH_INFO") == PATH:
                return self._soap(environ, start_response)
            response = self._page_for(environ)
        except HTTPException as error:
            answer = self._refusal(error, environ)(environ, start_response)
            if isinstance(error, RequestEntityTooLarge):
                return before_discarding(answer, environ, self.reads)
            return answer
        except Exception as error:  # the last resort of everything that is not a SOAP call
            call_id = self._next_id()
            self._observation.failed(call_id, error, _where(error), "")
            response = _line(f"Internal error (call {call_id})", 500, call_id)
        return response(environ, start_response)

    def _soap(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        caller = self._caller(environ)
        guess, charset = _content_type(environ.get("CONTENT_TYPE"))
        arrives = time.monotonic()
        with self.reads:
            body = read_body(environ, most=self._max_body_bytes, seconds=self._body_seconds)
        call = Call(self._next_id(), Deadline(self._call_seconds), caller)
        begun = call.deadline.took("read", arrives)
        with TURN:
            call.deadline.took("turn", begun)
            self._observation.begins(call)
            answer = self._endpoint.answer(body, charset=charset, guess=guess, call=call)
            if isinstance(call.caller, Unproven):
                call.stranger = self._callers.address(environ)
            self._note(call, answer, time.monotonic() - begun)
            self._observation.record(call, answer.outcome)
            parent, state = environ.get("HTTP_TRACEPARENT"), environ.get("HTTP_TRACESTATE", "")
            self._observation.trace(call, answer.outcome, answer.status, parent, state)
            start_response(
                f"{answer.status} {_REASONS[answer.status]}",
                [
                    ("Content-Type", answer.media_type),
                    ("Content-Length", str(len(answer.body))),
                    ("Cache-Control", "no-store"),
                    ("X-Call-Id", call.id),
                ],
            )
        return [answer.body]

    def _next_id(self) -> str:
        return f"{self._process}{next(self._calls):08x}"

    def _note(self, call: Call, answer: Answer, seconds: float) -> None:
        error = answer.error
        if error is not None:
            details = error.details if isinstance(error, BridgeError) else ""
            self._observation.failed(call.id, error, _where(error), details)
        self._observation.call(call, answer.outcome, answer.status, seconds)

    def _caller(self, environ: dict[str, Any]) -> Caller:
        """Who calls; raises Unauthorized, Forbidden."""
        try:
            return self._callers.who(environ)
        except Unavailable:
            raise ServiceUnavailable("the caller's password cannot be checked now") from None

    def _page_for(self, environ: dict[str, Any]) -> Response:
        view = self._views.get(environ.get("PATH_INFO", ""))
        if view is None:
            raise NotFound(f"the endpoint is {PATH}")
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            post = ["POST"] if environ.get("PATH_INFO") == PATH else []
            raise MethodNotAllowed(["GET", "HEAD", *post], "the method is not served here")
        return view(environ)

    def _refusal(self, error: HTTPException, environ: dict[str, Any]) -> Response:
        status, call_id = error.code or 500, self._next_id()
        address = self._callers.address(environ)
        self._observation.refused(call_id, status, str(error.description), address)
        response = _line(f"{error.name}: {error.description} (call {call_id})", status, call_id)
        if isinstance(error, MethodNotAllowed):
            response.headers["Allow"] = ", ".join(error.valid_methods or ())
        if isinstance(error, Unauthorized):
            response.headers["WWW-Authenticate"] = self._callers.challenge
        response.headers["Connection"] = "close"
        return response

    def _front(self, environ: dict[str, Any]) -> Response:
        query = environ.get("QUERY_STRING", "").lower()
        if query == "wsdl":
            return Response(self._contract, content_type="text/xml; charset=utf-8")
        if query.startswith("xsd"):
            raise NotFound("the WSDL imports no schema; ask for ?wsdl")
        report = self._health.report(Deadline(self._call_seconds))
        return self._page.response(self._health.needed(report))

    def _live(self, environ: dict[str, Any]) -> Response:
        return _json({"status": "ok"})

    def _ready(self, environ: dict[str, Any]) -> Response:
        report = self._health.report(Deadline(self._call_seconds))
        ready = all(state == "ok" for state in self._health.needed(report).values())
        well = all(state == "ok" for state in report.values())
        status = "ok" if well else "degraded" if ready else "not ready"
        return _json({"status": status, "parts": report}, 200 if ready else 503)

    def _metrics(self, environ: dict[str, Any]) -> Response:
        return Response(self._observation.exposition(), content_type="text/plain; version=0.0.4")


@lru_cache(maxsize=64)
def _content_type(header: str | None) -> tuple[Shape, str | None]:
    """The shape that a Content-Type lets expect, and its charset; raises UnsupportedMediaType."""
    media_type, options = parse_options_header(header)
    if media_type.lower() not in _MEDIA_TYPES:
        raise UnsupportedMediaType("the Content-Type is not that of XML")
    is_soap12 = media_type.lower().endswith("soap+xml")
    return Shape.SOAP12 if is_soap12 else Shape.SOAP11, options.get("charset")


_REASONS = {200: "OK", 400: "Bad Request", 500: "Internal Server Error"}


def _json(value: object, status: int = 200) -> Response:
    return Response(json.dumps(value) + "\n", status, content_type="application/json")


def _line(text: str, status: int, call_id: str) -> Response:
    response = Response(f"{text}\n", status, content_type="text/plain")
    response.headers["X-Call-Id"] = call_id
    return response


def _where(error: Exception) -> str:
    """The innermost line that `error` passed; its message may hold anything and is left out."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno}" if frames else ""
