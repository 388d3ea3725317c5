"""How things stand in each worker: connections, the queue for hashes, the trail, the process.

Each worker writes down its own twice a second, and whoever is asked adds them up. A worker that is
gone has no part in it any more."""

from __future__ import annotations

import os
import platform
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, multiprocess
from prometheus_client.process_collector import ProcessCollector

from .. import __version__

__all__ = ["STATES", "Gauges", "Measure", "Reading", "forget_the_dead", "lives"]

Reading = tuple[str, tuple[str, ...], float]
"""A metric's name, the values of its labels, and what it is now."""
Measure = Callable[[], Iterable[Reading]]


class _State(NamedTuple):
    help: str
    labels: tuple[str, ...] = ()
    mode: Literal["livesum", "liveall", "livemostrecent", "max", "counter"] = "livesum"


STATES: Final[dict[str, _State]] = {
    "sso_bridge_database_connections": _State(
        "Connections to a database now, by database and state.", ("database", "state")
    ),
    "sso_bridge_database_limit": _State("Connections that there may be.", ("database",)),
    "sso_bridge_hash_jobs": _State("Password hashes now, by state.", ("state",)),
    "sso_bridge_hash_refused_total": _State(
        "Password hashes refused since the queue was full.", mode="counter"
    ),
    "sso_bridge_trail_records_total": _State("Records of the audit trail.", mode="counter"),
    "sso_bridge_trail_lost_total": _State(
        "Records that the audit trail could not keep.", mode="counter"
    ),
    "sso_bridge_trail_waiting": _State("Records of the audit trail not written yet."),
    "sso_bridge_certificate_expires_seconds": _State(
        "Unix time when the TLS certificate expires.", mode="livemostrecent"
    ),
    "sso_bridge_workers": _State("Worker processes."),
    "sso_bridge_worker_threads": _State("Threads.", mode="liveall"),
    "sso_bridge_worker_resident_bytes": _State("Memory of a worker.", mode="liveall"),
    "sso_bridge_worker_cpu_seconds": _State("Time on a processor.", mode="liveall"),
    "sso_bridge_worker_open_files": _State("Open files of a worker.", mode="liveall"),
    "sso_bridge_worker_files_limit": _State("Files it may have open.", mode="liveall"),
    "sso_bridge_worker_start_seconds": _State("Unix time a worker began.", mode="liveall"),
    "sso_bridge_build_info": _State("The version, as a label.", ("version", "python"), "max"),
}
"""What is told of how things stand. A counter's reading is its total in one worker."""

_OF_THE_PROCESS: Final = {
    "process_resident_memory_bytes": "sso_bridge_worker_resident_bytes",
    "process_cpu_seconds_total": "sso_bridge_worker_cpu_seconds",
    "process_open_fds": "sso_bridge_worker_open_files",
    "process_max_fds": "sso_bridge_worker_files_limit",
    "process_start_time_seconds": "sso_bridge_worker_start_seconds",
}


class Gauges:
    """The metrics of STATES, in `registry`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._measures: list[Measure] = [self._process]
        self._lock = threading.Lock()
        self._counted: dict[tuple[str, tuple[str, ...]], float] = {}
        self._metrics: dict[str, Gauge | Counter] = {}
        for name, state in STATES.items():
            if state.mode == "counter":
                metric: Gauge | Counter = Counter(name, state.help, state.labels, registry=registry)
            else:
                metric = Gauge(
                    name,
                    state.help,
                    state.labels,
                    registry=registry,
                    multiprocess_mode=state.mode,
                )
            self._metrics[name] = metric
        self._of_process = ProcessCollector(registry=CollectorRegistry())

    def add(self, measure: Measure) -> None:
        """Ask `measure` too, from now on."""
        self._measures.append(measure)

    def take(self) -> None:
        """Ask all and write down what they say."""
        with self._lock:
            for measure in self._measures:
                for name, labels, value in measure():
                    self._write(name, labels, value)

    def _write(self, name: str, labels: tuple[str, ...], value: float) -> None:
        metric = self._metrics[name].labels(*labels) if labels else self._metrics[name]
        if isinstance(metric, Counter):
            metric.inc(value - self._counted.get((name, labels), 0.0))
            self._counted[name, labels] = value
        else:
            metric.set(value)

    def _process(self) -> Iterable[Reading]:
        yield "sso_bridge_workers", (), 1.0
        yield "sso_bridge_build_info", (__version__, platform.python_version()), 1.0
        yield "sso_bridge_worker_threads", (), float(threading.active_count())
        for metric in self._of_process.collect():
            for sample in metric.samples:
                if sample.name in _OF_THE_PROCESS:
                    yield _OF_THE_PROCESS[sample.name], (), sample.value


def forget_the_dead(folder: str) -> None:
    """Take away what workers said of themselves that are gone."""
    for path in Path(folder).glob("gauge_live*_*.db"):
        number = path.stem.rpartition("_")[2]
        if number.isdigit() and not lives(int(number)):
            with suppress(OSError):
                multiprocess.mark_process_dead(int(number), folder)  # type: ignore[no-untyped-call]


def lives(process: int) -> bool:
    """Whether there is a process of that number."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
