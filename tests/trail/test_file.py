"""The trail's file: rotated, renamed, torn, cut, on a full disk, and written by many at once."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from sso_bridge.trail import Chain, TrailFile, parts_of, verify

from .test_chain import KEY, report_on, written


def append(path: Path, *events: str, most: int = 1 << 30) -> None:
    file = TrailFile(path, Chain(KEY), most)
    assert file.append([(event, {}) for event in events]) == len(events)
    file.close()


def events(path: Path) -> list[str]:
    found: list[str] = []
    for line in path.read_bytes().splitlines():
        try:
            record: dict[str, Any] = json.loads(line)
        except ValueError:
            record = {"event": "?"}
        found.append(record["event"])
    return found


def test_a_file_that_is_long_enough_is_put_aside_and_the_chain_goes_on(tmp_path: Path) -> None:
    path = written(tmp_path, 30, most=1500)
    parts = parts_of(path)
    assert len(parts) > 3 and parts[-1] == path
    assert {events(part)[0] for part in parts[1:]} == {"continued"}
    report = report_on(path)
    assert report.complete and report.records == 30 + len(parts), report
    assert not verify([*parts[:1], *parts[2:]], Chain(KEY)).complete
    later = verify(parts[1:], Chain(KEY))
    assert later.complete and later.begins_after == report.records - later.records


@pytest.mark.parametrize("created", [False, True], ids=["renamed", "and made anew"])
def test_a_file_that_somebody_renamed_is_continued_in_a_new_one(
    tmp_path: Path, created: bool
) -> None:
    path = tmp_path / "trail.jsonl"
    mine, other = (TrailFile(path, Chain(KEY), 1 << 30) for _ in range(2))
    mine.append([("one", {})])
    other.append([("two", {})])
    path.rename(tmp_path / "trail.jsonl.1")
    if created:
        path.touch()
    mine.append([("three", {})])
    other.append([("four", {})])
    assert events(path) == ["continued", "three", "four"]
    assert verify([tmp_path / "trail.jsonl.1", path], Chain(KEY), live=path).complete


def test_a_line_that_a_killed_writer_left_torn_is_told_and_breaks_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, 2)
    with path.open("ab") as file:
        file.write(b'{"n":4,"time":"2026')
    assert report_on(path).torn == 1 and report_on(path).complete
    append(path, "after")
    assert events(path) == ["begin", "call", "call", "?", "torn", "after"]
    report = report_on(path)
    assert report.complete and report.torn == 1, report
    path.write_bytes(path.read_bytes().replace(b'"2026\n', b'"2027\n'))
    assert report_on(path).broken == "trail.jsonl line 4 is no record"


def test_a_writer_that_is_killed_before_it_says_where_it_stands_is_continued(
    tmp_path: Path,
) -> None:
    path = written(tmp_path, 1)
    head = path.with_name("trail.jsonl.head")
    before = head.read_bytes()
    append(path, "two", "three")
    head.write_bytes(before)
    append(path, "four")
    assert events(path) == ["begin", "call", "two", "three", "four"]
    assert report_on(path).complete


@pytest.mark.parametrize("head", [b"", b"{}", b'{"n": 1, "mac": 7}', None])
def test_a_head_that_is_gone_or_nonsense_is_made_again(tmp_path: Path, head: bytes | None) -> None:
    path = written(tmp_path, 1)
    beside = path.with_name("trail.jsonl.head")
    beside.unlink()
    if head is not None:
        beside.write_bytes(head)
    append(path, "after")
    assert events(path) == ["begin", "call", "head_lost", "after"]
    assert report_on(path).complete


def test_an_end_that_is_cut_off_is_not_covered_by_what_comes_later(tmp_path: Path) -> None:
    path = written(tmp_path, 5)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:3]))
    append(path, "after")
    assert events(path)[-2:] == ["end_lost", "after"]
    assert "4 should come, and is gone" in (report_on(path).broken or "")


def test_a_disk_that_is_full_takes_what_it_can_and_the_rest_later(tmp_path: Path) -> None:
    """A limit on the length of files stands for the disk: a write is cut short by both."""
    path = tmp_path / "trail.jsonl"
    program = f"""
import resource, signal
from pathlib import Path
from sso_bridge.trail import Chain, TrailFile
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
file = TrailFile(Path({str(path)!r}), Chain({KEY!r}), 1 << 30)
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
records = [("call", {{"number": number}}) for number in range(10)]
done = file.append(records)
assert 0 < done < 10, done
try:
    file.append(records[done:])
except OSError as error:
    print(error.errno)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
assert file.append(records[done:]) == 10 - done
"""
    subprocess.run([sys.executable, "-c", program], check=True)
    report = report_on(path)
    assert report.complete and report.torn == 1, report
    assert events(path).count("call") == 10


def test_many_processes_that_are_killed_at_any_moment_leave_one_unbroken_chain(
    tmp_path: Path,
) -> None:
    path = tmp_path / "trail.jsonl"
    program = f"""
import sys
from pathlib import Path
from sso_bridge.trail import Chain, TrailFile
file = TrailFile(Path({str(path)!r}), Chain({KEY!r}), 20_000)
print("begun", flush=True)
while True:
    file.append([("call", {{"text": "x" * 50}}) for _ in range(3)])
"""
    order = random.Random(11)
    writers = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) for _ in range(4)
    ]
    try:
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"begun\n"
        for writer in writers:
            time.sleep(order.uniform(0.05, 0.2))
            os.kill(writer.pid, signal.SIGKILL)
    finally:
        for writer in writers:
            writer.kill()
            writer.communicate()
    append(path, "after")
    report = report_on(path)
    assert report.complete and report.records > 50, report
