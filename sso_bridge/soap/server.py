"""From the bytes of a request to the bytes of its answer.

Spyne says which methods there are and what they take and return; what is done with a call is
written here, step by step. Every failure becomes a Fault here, and nowhere else."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from lxml import etree
from spyne import Application
from spyne.protocol import ProtocolBase

from ..core.bridge import Bridge
from ..core.call import Call, Unproven
from ..core.gate import Gate
from ..core.model import Refusal
from ..errors import BridgeError, Rejected
from .codec import Codec
from .envelope import Shape, open_envelope, shape_of, wrap
from .faults import fault
from .namespaces import RUM
from .parsing import parse
from .security import username_token
from .service import service
from .translation import FORMS
from .types import MESSAGES

__all__ = ["Answer", "Endpoint"]


@dataclass(slots=True)
class Answer:
    """What goes back: an HTTP status, a Content-Type, a body; and what the call came to.

    `outcome` is "accepted", the kind of a refusal, or the name of the error that a Fault was
    made of; `error` is that error, None if it was the client's."""

    status: int
    media_type: str
    body: bytes
    outcome: str
    error: Exception | None


class Endpoint:
    """The transport-free server: bytes in, bytes out, never an exception."""

    def __init__(self, bridge: Bridge, gate: Gate) -> None:
        application: Final = Application(
            [service(bridge)],
            tns=RUM,
            name="RemoteUserManagement",
            in_protocol=ProtocolBase(),
            out_protocol=ProtocolBase(),
        )
        self._gate = gate
        self._codec = Codec(MESSAGES, FORMS)
        self._methods: dict[str, tuple[Callable[[Call, Any], Any], str]] = {
            method.in_message.get_type_name(): (
                method.function,
                method.out_message.get_type_name(),
            )
            for method in application.interface.method_id_map.values()
        }

    def answer(self, body: bytes, *, charset: str | None, guess: Shape, call: Call) -> Answer:
        """The answer to `body`. `guess` is the shape of a Fault for a body that shows none."""
        shape, begun = guess, time.monotonic()
        try:
            document = parse(body, charset)
            shape = shape_of(document)
            return self._answer(call, shape, document, begun)
        except Exception as error:  # the last resort of every call: a Fault, with the rest logged
            return self._fault(call, shape, error)

    def _answer(self, call: Call, shape: Shape, document: etree._Element, begun: float) -> Answer:
        sent = open_envelope(document, security=isinstance(call.caller, Unproven))
        if isinstance(call.caller, Unproven):
            call.caller = call.caller.prove(username_token(sent.security))
        call.operation = sent.name.removesuffix("Request")
        method, response = self._methods[sent.name]
        request = self._codec.read(sent.name, sent.element)
        call.about = request.key
        call.deadline.took("parse", begun)
        answer = self._gate.enter(call, request)
        if answer is None:
            try:
                answer = method(call, request)
            finally:
                self._gate.leave(call, answer)
        if not isinstance(answer, Refusal):
            call.about = answer.key
        begun = time.monotonic()
        body = wrap(shape, self._codec.write(response, answer))
        call.deadline.took("write", begun)
        return Answer(
            200,
            shape.media_type,
            body,
            answer.kind if isinstance(answer, Refusal) else "accepted",
            None,
        )

    @staticmethod
    def _fault(call: Call, shape: Shape, error: Exception) -> Answer:
        status, body = fault(shape, error, call.id)
        known = isinstance(error, BridgeError)
        outcome = type(error).__name__ if known else "internal_error"
        kept = None if isinstance(error, Rejected) else error
        return Answer(status, shape.media_type, body, outcome, kept)
