"""What is counted and what is logged: one line a call, and every alarm.

No line and no label holds a secret, a token, a login or an ERID."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from contextvars import ContextVar
from types import MappingProxyType
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, multiprocess

from ..core.alarms import ALARMS, NOTICES
from ..core.call import Call
from ..core.deadline import spent
from ..core.ports import Tracer, Trail
from ..core.pseudonyms import Pseudonyms
from ..core.turn import TURN
from ..logs import Log
from .gauges import STATES, Gauges, Measure
from .past import settled
from .tally import Tally

__all__ = ["METRICS", "Observation"]

METRICS: Final[dict[str, str]] = {
    "sso_bridge_calls_total": "Calls answered, by operation and outcome.",
    "sso_bridge_call_seconds": "Time from a request's last byte to its answer, by operation.",
    "sso_bridge_phase_seconds": "What that time was spent on, by operation and phase.",
    "sso_bridge_alarms_total": "Things that an operator must look at, by kind.",
    "sso_bridge_notices_total": "Things that are allowed and worth knowing, by kind.",
    "sso_bridge_throttle_total": "Decisions of the throttle, by kind, decision and storage.",
    "sso_bridge_http_refused_total": "Requests refused before they were read as XML, by status.",
    "sso_bridge_reload_successful": "1, or 0 if the configuration read last was refused.",
    "sso_bridge_configuration_since_seconds": "Unix time the configuration is in force since.",
    **{name: state.help for name, state in STATES.items()},
}
"""Every metric and its help text; docs/operations.md lists them."""

_READING: Final = frozenset({"GetUser", "GetUserProfile"})
_SLOW: Final = frozenset({"Login", "CreateUserProfile"})
"""Operations that take so long anyway that a record is not worth mentioning."""
_STRANGERS: Final = frozenset({401, 403})

_NONE: Final[Mapping[str, str]] = MappingProxyType({})
_UNDER_WAY: Final[ContextVar[Mapping[str, str]]] = ContextVar("under_way", default=_NONE)
"""The id of the call that this thread is at, as lines have it; nothing between calls."""

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Observation:
    """Implements `core.ports.Observer`, and counts calls. One for each process. Lines go to `log`.

    `multiprocess_directory` says that several workers share their counts through the
    directory named by PROMETHEUS_MULTIPROC_DIR."""

    def __init__(
        self, log: Log, pseudonyms: Pseudonyms, *, multiprocess_directory: str | None = None
    ) -> None:
        self._log = log
        self._tells_steps = log.level == "debug"
        self._trail: Trail | None = None
        self._tracer: Tracer | None = None
        self._pseudonyms = pseudonyms
        self._directory = multiprocess_directory
        self._registry = CollectorRegistry()

        def counter(name: str, *labels: str) -> Counter:
            return Counter(name, METRICS[name], labels, registry=self._registry)

        self._alarms = counter("sso_bridge_alarms_total", "kind")
        self._notices = counter("sso_bridge_notices_total", "kind")
        self._throttle = counter("sso_bridge_throttle_total", "kind", "decision", "storage")
        self._http = counter("sso_bridge_http_refused_total", "status")

        def histogram(name: str, *labels: str) -> Histogram:
            return Histogram(name, METRICS[name], labels, buckets=_BUCKETS, registry=self._registry)

        self._tally = Tally(
            counter("sso_bridge_calls_total", "operation", "outcome"),
            histogram("sso_bridge_call_seconds", "operation"),
            histogram("sso_bridge_phase_seconds", "operation", "phase"),
            _BUCKETS,
        )
        self._gauges = Gauges(self._registry)
        if multiprocess_directory is not None:
            self._tally.pour_regularly(self._gauges.take)
        for kind in ALARMS:
            self._alarms.labels(kind)
        for kind in NOTICES:
            self._notices.labels(kind)

    def measures(self, measures: Iterable[Measure]) -> None:
        """From now on the metrics tell also what these say."""
        for measure in measures:
            self._gauges.add(measure)

    def records_in(self, trail: Trail) -> None:
        """From now on the audit trail is written too."""
        self._trail = trail

    def traced_by(self, tracer: Tracer) -> None:
        """From now on there are traces too."""
        self._tracer = tracer

    def begins(self, call: Call) -> None:
        """What this thread tells of from now on is about `call`, until that was answered."""
        _UNDER_WAY.set({"call": call.id})

    def alarm(self, kind: str, details: str) -> None:
        """Something an operator must look at."""
        self._alarms.labels(kind).inc()
        meaning = ALARMS.get(kind, "")
        self._log.error("alarm", kind=kind, meaning=meaning, details=details, **_UNDER_WAY.get())

    def notice(self, kind: str, details: str) -> None:
        """Something worth knowing that is as it may be."""
        self._notices.labels(kind).inc()
        meaning = NOTICES.get(kind, "")
        self._log.warning("notice", kind=kind, meaning=meaning, details=details, **_UNDER_WAY.get())

    def throttled(self, kind: str, decision: str, storage: str) -> None:
        """A throttle decided."""
        self._throttle.labels(kind, decision, storage).inc()

    def step(self, what: str, **facts: str) -> None:
        """What the call just found out; written at debug level."""
        if self._tells_steps:
            self._log.debug("step", what=what, **facts, **_UNDER_WAY.get())

    def call(self, call: Call, outcome: str, status: int, seconds: float) -> None:
        """One call was answered."""
        _UNDER_WAY.set(_NONE)
        phases = spent(call.deadline.phases)
        self._tally.note(call.operation or "unknown", outcome, seconds, phases)
        self._log.info(
            "call",
            call=call.id,
            caller=call.caller.name,
            operation=call.operation,
            site=call.site,
            person=self._pseudonyms.erid(call.about.erid),
            login=self._pseudonyms.login(call.about.login_id),
            outcome=outcome,
            status=status,
            milliseconds=round(seconds * 1000, 2),
            phases={phase: int(lasted * 1e5) / 100 for phase, lasted in phases.items()},
            **_whence(call),
        )

    def record(self, call: Call, outcome: str) -> None:
        """Put a call into the audit trail, unless it read a profile and that was allowed. A login
        or a new account waits until its record is in the file, and gives its turn back for good."""
        if self._trail is None or (outcome == "accepted" and call.operation in _READING):
            return
        waits = call.operation in _SLOW
        if waits:
            TURN.give_back()
        self._trail.note(
            "call",
            wait=waits,
            call=call.id,
            caller=call.caller.name,
            operation=call.operation,
            site=call.site,
            outcome=outcome,
            person=self._pseudonyms.erid(call.about.erid),
            login=self._pseudonyms.login(call.about.login_id),
            **_whence(call),
        )

    def trace(self, call: Call, outcome: str, status: int, parent: str | None, state: str) -> None:
        """Tell whoever follows calls about one; see `core.ports.Tracer`."""
        if self._tracer is not None:
            with suppress(Exception):  # no call fails for that
                self._tracer.note(call, outcome, status, parent, state)

    def trail(self, number: int, chain: str) -> None:
        """Where the audit trail stands."""
        self._log.info("trail", record=number, chain=chain)

    def failed(self, call_id: str, error: Exception, where: str, details: str) -> None:
        """A call could not be served; `where` is the line of the package that noticed."""
        self._log.error(
            "failed", call=call_id, error=type(error).__name__, where=where, details=details
        )

    def refused(self, call_id: str, status: int, why: str, address: str) -> None:
        """A request from `address` was refused before it was read as XML.

        An address is logged of strangers only: whoever sees attempts must know from where. Callers
        who are let in are known by name; shoppers do not connect to us."""
        self._http.labels(str(status)).inc()
        self._log.info("refused", call=call_id, status=status, why=why, address=address)
        if self._trail is not None and status in _STRANGERS:
            self._trail.note("refused", wait=False, call=call_id, status=status, address=address)

    def exposition(self) -> bytes:
        """All counts of all workers, in Prometheus' text format."""
        self._tally.pour()
        self._gauges.take()
        if self._directory is None:
            return generate_latest(self._registry)
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry, path=self._directory)  # type: ignore[no-untyped-call]
        with settled(self._directory):
            return generate_latest(registry)


def _whence(call: Call) -> dict[str, str]:
    """The address of somebody who did not prove who they are: whoever sees attempts must know."""
    return {"address": call.stranger} if call.stranger else {}
