"""A call is a span of the trace that its caller began, its phases are within it, and a real server
sends them where the environment says."""

from __future__ import annotations

import json
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from sso_bridge import demo, tracing
from sso_bridge.core.call import Call
from sso_bridge.core.deadline import Deadline
from sso_bridge.core.model import UserKey
from sso_bridge.errors import ConfigurationError
from sso_bridge.soap.namespaces import RUM
from tests.running import edited, running_server

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


def test_a_call_continues_the_trace_of_its_caller_and_holds_its_phases() -> None:
    exporter = InMemorySpanExporter()
    traces = tracing.Tracing(SimpleSpanProcessor(exporter))
    call = Call("c1", Deadline(5.0), operation="GetUser", site="demo")
    call.about = UserKey(login_id="demo@example.com", external_reference_id="E-1")
    begun = time.monotonic()
    call.deadline.took("source", begun)
    call.deadline.took("write", begun + 0.001)
    traces.note(call, "accepted", 200, PARENT, "")
    traces.note(call, "LedgerUnavailable", 500, None, "")
    *parts, whole = exporter.get_finished_spans()[:3]
    assert [part.name for part in parts] == ["source", "write"]
    assert whole.name == "GetUser" and whole.parent is not None
    assert f"{whole.parent.trace_id:032x}" == TRACE
    assert all(part.parent is not None for part in parts)
    assert {part.parent.span_id for part in parts if part.parent} == {whole.context.span_id}
    assert whole.start_time is not None and abs(whole.start_time / 1e9 - time.time()) < 60
    told = json.dumps(dict(whole.attributes or {}))
    assert "c1" in told and "E-1" not in told and "example.com" not in told
    alone = exporter.get_finished_spans()[-1]
    assert alone.parent is None and not alone.status.is_ok


@pytest.mark.parametrize("parent", ["", "00-zz", "00-" + "0" * 32 + "-" + "0" * 16 + "-01", "é\n"])
def test_a_traceparent_that_is_none_begins_a_new_trace(parent: str) -> None:
    exporter = InMemorySpanExporter()
    traces = tracing.Tracing(SimpleSpanProcessor(exporter))
    traces.note(Call("c1", Deadline(5.0)), "InvalidMessage", 400, parent, "a=b,,")
    (span,) = exporter.get_finished_spans()
    assert span.parent is None and span.name == "unknown"


@contextmanager
def collector() -> Iterator[tuple[str, list[ExportTraceServiceRequest]]]:
    """An OTLP receiver: its address, and what it got."""
    got: list[ExportTraceServiceRequest] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", got
    finally:
        server.shutdown()
        server.server_close()


def config_in(folder: Path) -> Path:
    demo.prepare(folder)
    return edited(folder / "demo.toml", ("[log]", "[traces]\nenabled = true\n\n[log]"))


def test_a_server_sends_its_spans_where_the_environment_says(tmp_path: Path) -> None:
    body = (
        f'<r:GetUserRequest xmlns:r="{RUM}"><userKey><loginID>demo@example.com</loginID></userKey>'
    )
    sent = f"{body}</r:GetUserRequest>".encode()
    with collector() as (address, got):
        environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": address, "OTEL_BSP_SCHEDULE_DELAY": "100"}
        with running_server(config_in(tmp_path), environment=environment) as server:
            headers = {"Content-Type": "text/xml", "traceparent": PARENT}
            request = urllib.request.Request(server.url, sent, headers)
            with urllib.request.urlopen(request, timeout=30) as answer:
                call_id = answer.headers["X-Call-Id"]
            ends = time.monotonic() + 30.0
            while not got:
                assert time.monotonic() < ends, server.log_text()
                time.sleep(0.05)
    (resource,) = got[0].resource_spans
    named = {one.key: one.value.string_value for one in resource.resource.attributes}
    assert named["service.name"] == "sso-bridge"
    spans = [span for scope in resource.scope_spans for span in scope.spans]
    assert {"parse", "source", "ledger", "write", "GetUser"} <= {span.name for span in spans}
    assert {span.trace_id.hex() for span in spans} == {TRACE}
    told = {a.key: a.value.string_value for s in spans for a in s.attributes}
    assert told["sso_bridge.call"] == call_id


def test_an_exporter_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "pigeon")
    with pytest.raises(ConfigurationError, match="pigeon"):
        tracing.check_tracing()
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    tracing.check_tracing()
    assert tracing.tracing() is None


def test_without_the_extra_the_remedy_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace.export", None)
    with pytest.raises(ConfigurationError, match=r"sso-bridge\[otel\]"):
        tracing.check_tracing()
