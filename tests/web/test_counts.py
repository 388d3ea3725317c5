"""Room for the files of the metrics: taken beforehand, and done without where there is none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from sso_bridge.web.gauges import STATES

COUNTS = """
import os, resource, sys
from sso_bridge.web import take_room
if sys.argv[1] != "-":
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
print(take_room(os.environ["PROMETHEUS_MULTIPROC_DIR"]))
from prometheus_client import Counter
calls = Counter("calls", "Calls.", ["number"])
for number in range(1000):
    calls.labels(str(number)).inc()
print(calls.labels("1")._value.get())
"""


def counted(folder: Path, most: str) -> list[str]:
    """What a process prints that counts in `folder`, where a file has `most` bytes at most."""
    done = subprocess.run(
        [sys.executable, "-c", COUNTS, most],
        env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_room_is_taken_before_anything_is_counted(tmp_path: Path) -> None:
    assert counted(tmp_path, "-") == ["True", "1.0"]
    modes = {f"gauge_{state.mode}" for state in STATES.values()} - {"gauge_counter"}
    files = {file.name.rpartition("_")[0]: file.stat() for file in tmp_path.iterdir()}
    assert {*files} == {"counter", "histogram", *modes}
    assert all(found.st_blocks * 512 >= found.st_size >= 2**16 for found in files.values())


def test_where_there_is_no_room_a_process_counts_for_itself(tmp_path: Path) -> None:
    assert counted(tmp_path, "5000") == ["False", "1.0"]
    assert list(tmp_path.iterdir()) == []
