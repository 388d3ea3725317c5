"""What is noted is in the file, soon or before the answer, and what is not is known."""

from __future__ import annotations

import fcntl
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sso_bridge.core.deadline import Deadline
from sso_bridge.errors import Unavailable
from sso_bridge.observing import Silent
from sso_bridge.trail import Chain, Link, Trail, TrailFile
from sso_bridge.trail import writer as writing

from .test_chain import KEY, report_on


class Watched(Silent):
    def __init__(self) -> None:
        self.alarms: list[tuple[str, str]] = []

    def alarm(self, kind: str, details: str) -> None:
        self.alarms.append((kind, details))


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enough for a machine that is busy with something else."""
    monkeypatch.setattr(writing, "PATIENCE", 20.0)
    monkeypatch.setattr(writing, "HANGS_SECONDS", 20.0)


def trail_at(path: Path, observer: Watched, anchor: Callable[[Link], None] | None = None) -> Trail:
    return Trail(TrailFile(path, Chain(KEY), 1 << 30), observer, anchor)


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def until(true: Callable[[], bool]) -> None:
    ends = time.monotonic() + 20.0
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.01)


def test_a_record_that_is_waited_for_is_in_the_file_and_the_others_soon(tmp_path: Path) -> None:
    path, anchors = tmp_path / "trail.jsonl", list[Link]()
    trail = trail_at(path, Watched(), anchors.append)
    trail.note("call", wait=True, call="c1")
    assert records(path)[-1]["call"] == "c1"
    threads = [
        threading.Thread(target=trail.note, args=("call",), kwargs={"wait": n % 2 == 0, "call": n})
        for n in range(50)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until(lambda: trail.written == 51)
    trail.close()
    report = report_on(path)
    assert report.complete and report.records == 52
    assert anchors and anchors[0].number >= 2
    assert {record["call"] for record in records(path)[2:]} == set(range(50))


def test_a_command_that_ends_at_once_has_written_its_records(tmp_path: Path) -> None:
    path = tmp_path / "trail.jsonl"
    trail = trail_at(path, Watched())
    for number in range(100):
        trail.note("call", wait=False, number=number)
    trail.close()
    assert len(records(path)) == 101


def test_while_nothing_can_be_written_calls_go_on_and_what_is_lost_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "_MOST_WAITING", 10)
    monkeypatch.setattr(writing, "_RETRY_SECONDS", 0.05)
    folder, watched = tmp_path / "gone", Watched()
    path = folder / "trail.jsonl"
    trail = trail_at(path, watched)
    trail.note("call", wait=True, number=0)
    until(lambda: bool(watched.alarms))
    with pytest.raises(Unavailable, match="No such file"):
        trail.check(Deadline(1.0))
    for number in range(1, 15):  # none of them waits its 20 seconds
        trail.note("call", wait=True, number=number)
    assert (trail.lost, trail.waiting) == (5, 10)
    folder.mkdir()
    until(lambda: trail.waiting == 0)
    trail.check(Deadline(1.0))
    trail.note("call", wait=True, number=15)
    trail.close()
    assert watched.alarms == [("trail_incomplete", "No such file or directory")]
    report = report_on(path)
    assert report.broken is None and report.lost == 5 and not report.complete
    assert [r["number"] for r in records(path) if r["event"] == "call"] == [*range(10), 15]


def test_a_disk_that_hangs_holds_up_nobody_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock that another process holds stands for the disk: the write neither ends nor fails."""
    path, watched = tmp_path / "trail.jsonl", Watched()
    trail = trail_at(path, watched)
    trail.note("call", wait=True, number=0)
    with path.with_name("trail.jsonl.head").open() as head:
        fcntl.flock(head, fcntl.LOCK_EX)
        monkeypatch.setattr(writing, "HANGS_SECONDS", 0.1)
        monkeypatch.setattr(writing, "PATIENCE", 0.5)
        while not watched.alarms:
            trail.note("call", wait=True, number=1)
        assert watched.alarms == [("trail_incomplete", "the disk does not answer")]
        monkeypatch.setattr(writing, "PATIENCE", 20.0)
        for number in range(2, 30):  # none of them waits its 20 seconds
            trail.note("call", wait=True, number=number)
        with pytest.raises(Unavailable, match="does not answer"):
            trail.check(Deadline(1.0))
    until(lambda: trail.waiting == 0)
    trail.check(Deadline(1.0))
    trail.close()
    assert report_on(path).complete and trail.written >= 30
