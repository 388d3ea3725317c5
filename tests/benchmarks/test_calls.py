"""The comparison of GetUser: that it runs, and that a peer that answers wrongly is found."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHECK = """
import sys
from pathlib import Path
import calls_measure, calls_world
from calls_peers import PEERS, World

where = World(Path(sys.argv[1]), 1)
peer = next(peer for peer in PEERS if peer.name == "constant")
with calls_measure.started(peer.make(where)) as server:
    calls_measure.check(peer, server, [1])
    calls_measure.check(peer, server, [2])
"""


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "benchmarks")},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_every_peer_in_python_gives_the_same_answer() -> None:
    names = ["constant", "handwritten", "bridge", "spyne"]
    small = ["--users", "30", "--calls", "40", "--rounds", "1", "--warm-up", "60"]
    done = python("benchmarks/calls.py", "get-user", *small, "--peers", *names)
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith("| ")]
    assert len(rows) == 1 + len(names)
    assert done.stderr == ""


def test_a_peer_that_answers_another_user_is_found(tmp_path: Path) -> None:
    done = python("-c", CHECK, str(tmp_path))
    assert "constant answers user 2 by erid wrongly, status 200" in done.stderr


def test_a_peer_that_cannot_be_had_is_named_and_left_out(tmp_path: Path) -> None:
    small = ["--users", "30", "--calls", "40", "--rounds", "1", "--warm-up", "60"]
    hidden = f"import os, runpy, sys; os.environ['PATH'] = {str(tmp_path)!r}; sys.argv.pop(0); "
    run = "runpy.run_path(sys.argv[0], run_name='__main__')"
    peers = ["--peers", "handwritten", "node"]
    done = python("-c", hidden + run, "benchmarks/calls.py", "get-user", *small, *peers)
    assert done.returncode == 0, done.stderr
    assert "left out: node: no node and npm" in done.stderr
    assert "hand-written" in done.stdout
