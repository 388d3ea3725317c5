"""Counts of workers that are gone stay, and take no more room for each of them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest, mmap_dict, multiprocess

from sso_bridge.web.past import settled

made: Any = mmap_dict


def gone() -> int:
    """The number of a process that is no more."""
    with subprocess.Popen(["true"]) as process:
        process.wait()
    return process.pid


def worker(folder: Path, process: int, calls: int) -> None:
    """What a worker leaves that counted so many calls of a quarter of a second."""
    counter = made.MmapedDict(str(folder / f"counter_{process}.db"))
    for outcome in ("accepted", "refused"):
        key = made.mmap_key("calls", "calls_total", ["outcome"], [outcome], "Calls.")
        counter.write_value(key, float(calls), 0.0)
    histogram = made.MmapedDict(str(folder / f"histogram_{process}.db"))
    for name, labels, value in (
        ("seconds_sum", {}, calls / 4),
        ("seconds_bucket", {"le": "0.1"}, 0),
        ("seconds_bucket", {"le": "0.5"}, calls),
        ("seconds_bucket", {"le": "+Inf"}, 0),
    ):
        key = made.mmap_key("seconds", name, [*labels], [*labels.values()], "Seconds.")
        histogram.write_value(key, float(value), 0.0)
    gauge = made.MmapedDict(str(folder / f"gauge_max_{process}.db"))
    mine = float(process == os.getpid())
    gauge.write_value(made.mmap_key("good", "good", [], [], "Good."), mine, 0.0)
    for written in (counter, histogram, gauge):
        written.close()


def exposed(folder: Path) -> list[str]:
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry, path=str(folder))  # type: ignore[no-untyped-call]
    return sorted(generate_latest(registry).decode().splitlines())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three workers that are gone, many times, and this one."""
    worker(tmp_path, os.getpid(), 1)
    return tmp_path


def test_what_is_told_stays_the_same_in_a_bounded_number_of_files(folder: Path) -> None:
    for generation in range(4):
        for calls in range(1, 8):
            worker(folder, gone(), calls)
        before = exposed(folder)
        with settled(str(folder)):
            assert exposed(folder) == before
        assert exposed(folder) == before
        assert f'calls_total{{outcome="refused"}} {28.0 * (generation + 1) + 1}' in before
        assert f'seconds_bucket{{le="0.5"}} {28.0 * (generation + 1) + 1}' in before
        assert "good 1.0" in before
        assert len(list(folder.glob("*.db"))) == 5
    assert (folder / f"counter_{os.getpid()}.db").exists()


def test_a_few_are_left_as_they_are(folder: Path) -> None:
    worker(folder, gone(), 3)
    with settled(str(folder)):
        assert len(list(folder.glob("counter_*.db"))) == 2
