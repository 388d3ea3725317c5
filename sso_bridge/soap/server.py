"""From the bytes of a request to the bytes of its answer: Spyne's pipeline on our own codec.

Spyne drives the steps (document, operation, message, method, answer); each step is ours. It
never sees an exception: its handling would log what it failed on and put the text of any
error on the wire. Every failure becomes a Fault here, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from spyne import Application
from spyne.context import MethodContext
from spyne.protocol import ProtocolBase
from spyne.server import ServerBase

from ..core.bridge import Bridge
from ..core.deadline import Deadline
from ..errors import BridgeError, Rejected
from .codec import Codec
from .envelope import Request, Shape, open_envelope, parse, shape_of, wrap
from .faults import fault
from .namespaces import RUM, qname
from .service import service

__all__ = ["Answer", "Call", "Endpoint"]


@dataclass(slots=True)
class Call:
    """One call under way. `outcome` is "accepted", the kind of a refusal, or the name of
    the error that a Fault was made of; `operation` is "" until it is known."""

    deadline: Deadline
    shape: Shape
    operation: str = ""
    outcome: str = ""
    request: Request | None = None
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: an HTTP status, a Content-Type, a body; and what the call came to."""

    status: int
    media_type: str
    body: bytes
    operation: str
    outcome: str
    error: Exception | None


class BridgeProtocol(ProtocolBase):
    """Spyne's protocol steps over the envelope and the compiled codec."""

    def __init__(self, codec: Codec) -> None:
        super().__init__()
        self._codec = codec

    def create_in_document(self, ctx: Any, in_string_encoding: str | None = None) -> None:
        """Parse the bytes."""
        ctx.in_document = parse(ctx.in_string[0], in_string_encoding)

    def decompose_incoming_envelope(self, ctx: Any, message: str) -> None:
        """Learn the shape, then take the request out of its envelope."""
        call: Call = ctx.udc
        call.shape = shape_of(ctx.in_document)
        request = call.request = open_envelope(ctx.in_document)
        call.operation = request.name.removesuffix("Request")
        ctx.in_body_doc = request.element
        ctx.method_request_string = qname(RUM, request.name)

    def deserialize(self, ctx: Any, message: str) -> None:
        """Read the message."""
        ctx.in_object = self._codec.read(ctx.udc.request.name, ctx.in_body_doc)

    def serialize(self, ctx: Any, message: str) -> None:
        """Write the answer."""
        name = f"{ctx.udc.operation}Response"
        ctx.out_document = self._codec.write(name, ctx.out_object[0])

    def create_out_string(self, ctx: Any, out_string_encoding: str = "utf-8") -> None:
        """Wrap the answer as the request was."""
        ctx.out_string = [wrap(ctx.udc.shape, ctx.out_document)]


class BridgeApplication(Application):
    """Spyne's application, save that an exception of a method is kept for the server."""

    def call_wrapper(self, ctx: Any) -> Any:
        """The method's answer; None after an exception, which is then in the call."""
        try:
            return super().call_wrapper(ctx)
        except Exception as error:  # every failure is answered as a Fault by the server
            ctx.udc.error = error
            return None


class Endpoint(ServerBase):
    """The transport-free server: bytes in, bytes out, never an exception."""

    transport: Final = "urn:sso-bridge:bytes"

    def __init__(self, bridge: Bridge) -> None:
        codec = Codec()
        application = BridgeApplication(
            [service(bridge)],
            tns=RUM,
            name="RemoteUserManagement",
            in_protocol=BridgeProtocol(codec),
            out_protocol=BridgeProtocol(codec),
        )
        super().__init__(application)

    def answer(
        self, body: bytes, *, charset: str | None, guess: Shape, deadline: Deadline
    ) -> Answer:
        """The answer to `body`. `guess` is the shape of a Fault for a body that shows none."""
        call = Call(deadline, guess)
        ctx = MethodContext(self, MethodContext.SERVER)
        ctx.udc = call
        ctx.in_string = [body]
        try:
            return self._answer(ctx, call, charset)
        except Exception as error:  # the last resort of every call: a Fault, with the rest logged
            return self._fault(call, error)

    def _answer(self, ctx: Any, call: Call, charset: str | None) -> Answer:
        (ctx,) = self.generate_contexts(ctx, charset)
        self.get_in_object(ctx)
        self.get_out_object(ctx)
        error = call.error or ctx.out_error or ctx.in_error
        if error is not None:
            raise error
        self.get_out_string(ctx)
        media_type, (body,) = call.shape.media_type, ctx.out_string
        return Answer(200, media_type, body, call.operation, call.outcome, None)

    @staticmethod
    def _fault(call: Call, error: Exception) -> Answer:
        status, body = fault(call.shape, error)
        known = isinstance(error, BridgeError)
        outcome = type(error).__name__ if known else "internal_error"
        kept = None if isinstance(error, Rejected) else error
        return Answer(status, call.shape.media_type, body, call.operation, outcome, kept)
