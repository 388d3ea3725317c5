"""A span for each call and one for each phase of it, told to OpenTelemetry. Needs the extra `otel`.

What a call did is noted while it runs anyway (`core.deadline`), so spans are made when it has been
answered. Where they go is said by OpenTelemetry's own environment variables."""

from __future__ import annotations

import os
import time
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, Final

from . import __version__
from .core.call import Call
from .errors import ConfigurationError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor

__all__ = ["Tracing", "check_tracing", "tracing"]

_INSTALL: Final = "install it with: pip install 'sso-bridge[otel]'"


class Tracing:
    """Implements `core.ports.Tracer`. `processor` gets the spans."""

    def __init__(self, processor: SpanProcessor) -> None:
        from opentelemetry import trace
        from opentelemetry.sdk.resources import OTELResourceDetector, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        ours = Resource.create({"service.name": "sso-bridge", "service.version": __version__})
        self.provider = TracerProvider(resource=ours.merge(OTELResourceDetector().detect()))
        self.provider.add_span_processor(processor)
        self._tracer = self.provider.get_tracer("sso_bridge", __version__)
        self._trace, self._propagator = trace, TraceContextTextMapPropagator()

    def note(self, call: Call, outcome: str, status: int, parent: str | None, state: str) -> None:
        """See `core.ports.Tracer`."""
        phases = call.deadline.phases
        ended = time.monotonic()
        began = min((begun for _, begun, _ in phases), default=ended)
        shift = time.time() - ended
        carrier = {} if parent is None else {"traceparent": parent, "tracestate": state}

        def moment(at: float) -> int:
            return int((at + shift) * 1e9)

        span = self._tracer.start_span(
            call.operation or "unknown",
            self._propagator.extract(carrier),
            kind=self._trace.SpanKind.SERVER,
            attributes={
                "http.request.method": "POST",
                "http.response.status_code": status,
                "sso_bridge.call": call.id,
                "sso_bridge.caller": call.caller.name,
                "sso_bridge.site": call.site,
                "sso_bridge.outcome": outcome,
            },
            start_time=moment(began),
        )
        if span.is_recording():
            if status >= 400:
                span.set_status(self._trace.StatusCode.ERROR)
            within = self._trace.set_span_in_context(span)
            for phase, begun, over in phases:
                part = self._tracer.start_span(phase, within, start_time=moment(begun))
                part.end(moment(over))
        span.end(moment(ended))


def check_tracing() -> None:
    """Raises ConfigurationError, with the remedy, if spans could go nowhere."""
    _exporter()


def tracing() -> Tracing | None:
    """Spans as OTEL_TRACES_EXPORTER, OTEL_EXPORTER_OTLP_ENDPOINT and so on say; None if they say
    that there are to be none. To be made after a fork, since a thread sends them."""
    found = _exporter()
    if found is None:
        return None
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    make: Any = found.load()
    return Tracing(BatchSpanProcessor(make()))


def _exporter() -> EntryPoint | None:
    try:
        import opentelemetry.sdk.trace.export  # noqa: F401
    except ImportError:
        raise ConfigurationError(f"traces.enabled: OpenTelemetry is missing; {_INSTALL}") from None
    name = os.environ.get("OTEL_TRACES_EXPORTER", "") or "otlp"
    if name == "none" or os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    if name == "otlp":
        protocol = os.environ.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or os.environ.get(
            "OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"
        )
        name = "otlp_proto_grpc" if protocol == "grpc" else "otlp_proto_http"
    for found in entry_points(group="opentelemetry_traces_exporter", name=name):
        return found
    raise ConfigurationError(
        f"traces.enabled: there is no exporter {name!r}, which OTEL_TRACES_EXPORTER or "
        f"OTEL_EXPORTER_OTLP_PROTOCOL asks for; for http/protobuf {_INSTALL}"
    )
