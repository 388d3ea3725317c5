"""Counts that are left as notes reach the metrics, once each, whatever happens on the way."""

from __future__ import annotations

import threading

import pytest
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from sso_bridge.web.tally import Tally

BOUNDS = (0.01, 0.1, 1.0)


class Counted:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.calls = Counter("calls", "Calls.", ("operation", "outcome"), registry=self.registry)
        self.seconds = Histogram(
            "took", "Seconds.", ("operation",), buckets=BOUNDS, registry=self.registry
        )
        self.phases = Histogram(
            "spent", "Seconds.", ("operation", "phase"), buckets=BOUNDS, registry=self.registry
        )
        self.tally = Tally(self.calls, self.seconds, self.phases, BOUNDS)

    def sample(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, labels)


def test_what_is_noted_is_what_the_histogram_itself_would_say() -> None:
    counted, expected = Counted(), Counted()
    for seconds in (0.001, 0.01, 0.010001, 0.1, 0.5, 1.0, 7.0):
        counted.tally.note("Login", "accepted", seconds, {"hash": seconds / 2})
        expected.calls.labels("Login", "accepted").inc()
        expected.seconds.labels("Login").observe(seconds)
        expected.phases.labels("Login", "hash").observe(seconds / 2)
    counted.tally.pour()
    shown = [
        [
            line
            for line in generate_latest(one.registry).decode().splitlines()
            if "_created" not in line
        ]
        for one in (counted, expected)
    ]
    assert shown[0] == shown[1]


def test_threads_lose_no_count() -> None:
    counted = Counted()

    def work() -> None:
        for _ in range(3000):
            counted.tally.note("Login", "accepted", 0.5, {})

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counted.tally.pour()
    counted.tally.pour()
    assert counted.sample("calls_total", operation="Login", outcome="accepted") == 18000
    assert counted.sample("took_sum", operation="Login") == 9000


def test_metrics_that_cannot_be_written_fail_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Counted()

    def fail(*labels: str) -> None:
        raise OSError("no space")

    with monkeypatch.context() as patch:
        patch.setattr(counted.calls, "labels", fail)
        for _ in range(2500):
            counted.tally.note("Login", "accepted", 0.5, {})
    counted.tally.note("Login", "accepted", 0.5, {})
    counted.tally.pour()
    assert counted.sample("calls_total", operation="Login", outcome="accepted") is not None
