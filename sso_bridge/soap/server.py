"""From the bytes of a request to the bytes of its answer.

Spyne says which methods there are and what they take and return; what is done with a call is
written here, step by step. Every failure becomes a Fault here, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from spyne import Application
from spyne.protocol import ProtocolBase

from ..core.bridge import Bridge
from ..core.deadline import Deadline
from ..core.model import Refusal
from ..errors import BridgeError, Rejected
from .codec import Codec
from .envelope import Shape, open_envelope, parse, shape_of, wrap
from .faults import fault
from .namespaces import RUM
from .service import service
from .translation import FORMS
from .types import MESSAGES

__all__ = ["Answer", "Call", "Endpoint"]


@dataclass(slots=True)
class Call:
    """One call under way; `operation` is "" until it is known."""

    deadline: Deadline
    shape: Shape
    operation: str = ""


@dataclass(slots=True)
class Answer:
    """What goes back: an HTTP status, a Content-Type, a body; and what the call came to.

    `outcome` is "accepted", the kind of a refusal, or the name of the error that a Fault was
    made of; `error` is that error, None if it was the client's."""

    status: int
    media_type: str
    body: bytes
    operation: str
    outcome: str
    error: Exception | None


class Endpoint:
    """The transport-free server: bytes in, bytes out, never an exception."""

    def __init__(self, bridge: Bridge) -> None:
        application: Final = Application(
            [service(bridge)],
            tns=RUM,
            name="RemoteUserManagement",
            in_protocol=ProtocolBase(),
            out_protocol=ProtocolBase(),
        )
        self._codec = Codec(MESSAGES, FORMS)
        self._methods: dict[str, tuple[Callable[[Call, Any], Any], str]] = {
            method.in_message.get_type_name(): (
                method.function,
                method.out_message.get_type_name(),
            )
            for method in application.interface.method_id_map.values()
        }

    def answer(
        self, body: bytes, *, charset: str | None, guess: Shape, deadline: Deadline
    ) -> Answer:
        """The answer to `body`. `guess` is the shape of a Fault for a body that shows none."""
        call = Call(deadline, guess)
        try:
            return self._answer(call, body, charset)
        except Exception as error:  # the last resort of every call: a Fault, with the rest logged
            return self._fault(call, error)

    def _answer(self, call: Call, body: bytes, charset: str | None) -> Answer:
        document = parse(body, charset)
        call.shape = shape_of(document)
        request = open_envelope(document)
        call.operation = request.name.removesuffix("Request")
        method, response = self._methods[request.name]
        answer = method(call, self._codec.read(request.name, request.element))
        return Answer(
            200,
            call.shape.media_type,
            wrap(call.shape, self._codec.write(response, answer)),
            call.operation,
            answer.kind if isinstance(answer, Refusal) else "accepted",
            None,
        )

    @staticmethod
    def _fault(call: Call, error: Exception) -> Answer:
        status, body = fault(call.shape, error)
        known = isinstance(error, BridgeError)
        outcome = type(error).__name__ if known else "internal_error"
        kept = None if isinstance(error, Rejected) else error
        return Answer(status, call.shape.media_type, body, call.operation, outcome, kept)
