"""What happens to the bridge's own processes, their clock, their files and their log."""

from __future__ import annotations

import fcntl
import os
import resource
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.database.shelf import Road
from tests.faults.disks import empty, fill
from tests.faults.scenario import Fault
from tests.faults.stage import WORKERS, Stage

__all__ = ["PROCESS_FAULTS"]

CLOCK: Final = Path(__file__).with_name("clock.c")
DAY: Final = 86_400
REPLACED_SECONDS: Final = 10.0
"""How long a worker that replaces another may take to be there."""
UNDER_WAY_SECONDS: Final = 0.05
"""How late every answer of the user database is, so that calls are under way at any moment."""


class ProcessFault(Fault):
    """Something that happens to processes of the bridge, in the middle of calls."""

    loses = True
    hold = 0.0

    def arrange(self, stage: Stage) -> None:
        assert stage.victim is not None
        road = Road(stage.victim)
        road.delay = UNDER_WAY_SECONDS
        stage.after.callback(road.close)
        stage.seen["users"] = road.url_of(stage.url("users"))

    def end(self, stage: Stage) -> None:
        """The bridge heals it by itself."""


class WorkerKilled(ProcessFault):
    name = "worker killed"
    what = "SIGKILL to one of two workers"

    def begin(self, stage: Stage) -> None:
        os.kill(stage.bridge.workers()[0], signal.SIGKILL)


class WorkersKilled(ProcessFault):
    name = "workers killed again and again"
    what = "SIGKILL to a worker and, three times, to the one that replaced it"

    def begin(self, stage: Stage) -> None:
        for _ in range(4):
            newest = stage.bridge.workers()[-1]
            os.kill(newest, signal.SIGKILL)
            ends = time.monotonic() + REPLACED_SECONDS
            while newest in (now := stage.bridge.workers()) or len(now) < WORKERS:
                assert time.monotonic() < ends, "a worker is not replaced"
                time.sleep(0.02)
            time.sleep(1.0)


class Terminated(ProcessFault):
    name = "stopped and started"
    what = "SIGTERM to the server, which is started again when it has ended"

    def begin(self, stage: Stage) -> None:
        stage.bridge.stop()

    def end(self, stage: Stage) -> None:
        stage.bridge.start()


class Reloaded(ProcessFault):
    name = "reloaded"
    what = "SIGHUP to the server"
    loses = False
    is_felt = False
    hold = 6.0

    def begin(self, stage: Stage) -> None:
        stage.bridge.signal(signal.SIGHUP)


class Clock(Fault):
    """The bridge's clock jumps, and back again. The monotonic one does not, as on any machine."""

    days: float
    is_felt = False

    def arrange(self, stage: Stage) -> None:
        library = stage.folder / "clock.so"
        compiler = shutil.which("cc")
        if compiler is None:
            pytest.skip("no C compiler; install it with: apt-get install gcc libc6-dev")
        command = [compiler, "-shared", "-fPIC", "-o", str(library), str(CLOCK)]
        subprocess.run(command, check=True)
        self._set(stage, 0)
        stage.bridge.environment |= {
            "LD_PRELOAD": str(library),
            "CLOCK_FILE": str(self._file(stage)),
        }

    def begin(self, stage: Stage) -> None:
        self._set(stage, self.days)

    def end(self, stage: Stage) -> None:
        self._set(stage, 0)

    @staticmethod
    def _file(stage: Stage) -> Path:
        return stage.folder / "clock"

    def _set(self, stage: Stage, days: float) -> None:
        new = stage.folder / "clock.new"
        new.write_text(f"{days * DAY:.0f}\n")
        new.replace(self._file(stage))


class ClockForward(Clock):
    name = "clock jumps forward"
    what = "the bridge's clock is a day ahead, then right again"
    days = 1


class ClockBack(Clock):
    name = "clock jumps back"
    what = "the bridge's clock is a day behind, then right again"
    days = -1


class NoDescriptors(Fault):
    is_felt = None
    delays = 4.0
    name = "no file descriptors"
    what = "the workers may open few more files, and idle connections take all of them; they end"
    loses = True
    hold = 4.0

    def begin(self, stage: Stage) -> None:
        for worker in stage.bridge.workers():
            now = len(os.listdir(f"/proc/{worker}/fd"))
            resource.prlimit(worker, resource.RLIMIT_NOFILE, (now + 40, now + 40))
        stage.facts["idle"] = [
            socket.create_connection(("127.0.0.1", stage.bridge.port), 1.0) for _ in range(150)
        ]

    def end(self, stage: Stage) -> None:
        for connection in stage.facts["idle"]:
            connection.close()


class LogDiskFull(Fault):
    name = "log disk full"
    what = "the file system of the log has no room left"
    is_felt = False
    wants_disk = True

    def arrange(self, stage: Stage) -> None:
        assert stage.disk is not None
        stage.bridge.log = stage.disk / "log"

    def begin(self, stage: Stage) -> None:
        assert stage.disk is not None
        fill(stage.disk)

    def end(self, stage: Stage) -> None:
        assert stage.disk is not None
        empty(stage.disk)


class LogReaderHangs(Fault):
    name = "log reader hangs"
    what = "standard error is a pipe, and whoever reads it does not"
    is_felt = False

    def arrange(self, stage: Stage) -> None:
        pipe = stage.folder / "log-pipe"
        os.mkfifo(pipe)
        reader = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
        fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
        stage.after.callback(os.close, reader)
        stage.facts["reader"] = reader
        stage.bridge.log = pipe

    def begin(self, stage: Stage) -> None:
        """Nobody has read it so far, and some twelve lines have filled it."""

    def end(self, stage: Stage) -> None:
        os.read(stage.facts["reader"], 4096)


class TrailDiskFull(Fault):
    name = "audit trail disk full"
    what = "the file system of the audit trail has no room left"
    is_felt = False
    wants_disk = True
    tells = "trail_incomplete"
    hold = 4.0

    def arrange(self, stage: Stage) -> None:
        key = "what records of the trail are chained with"
        stage.more["trail"] = {"file": f"{stage.disk}/trail.jsonl", "key": key}

    def begin(self, stage: Stage) -> None:
        assert stage.disk is not None
        fill(stage.disk)

    def end(self, stage: Stage) -> None:
        assert stage.disk is not None
        empty(stage.disk)


class TemporaryDiskFull(Fault):
    name = "temporary disk full"
    what = "the file system of temporary files (workers count calls there) has no room left"
    is_felt: bool | None = False
    wants_disk = True

    def arrange(self, stage: Stage) -> None:
        assert stage.disk is not None
        stage.bridge.environment["TMPDIR"] = str(stage.disk)

    def begin(self, stage: Stage) -> None:
        assert stage.disk is not None
        fill(stage.disk)

    def end(self, stage: Stage) -> None:
        assert stage.disk is not None
        empty(stage.disk)


class TemporaryDiskFullWorkerKilled(TemporaryDiskFull):
    tells = "uncounted"
    name = "temporary disk full, worker killed"
    what = "the same, and a worker is killed meanwhile, which has to be replaced"
    is_felt = None
    loses = True

    def begin(self, stage: Stage) -> None:
        super().begin(stage)
        stage.facts["before"] = set(stage.bridge.workers())
        os.kill(min(stage.facts["before"]), signal.SIGKILL)

    def end(self, stage: Stage) -> None:
        new = set(stage.bridge.workers()) - stage.facts["before"]
        time.sleep(1.0)
        assert new <= set(stage.bridge.workers()) and len(new) == 1, "it was not replaced for good"
        super().end(stage)


PROCESS_FAULTS: Final[Sequence[type[Fault]]] = (
    WorkerKilled,
    WorkersKilled,
    Terminated,
    Reloaded,
    ClockForward,
    ClockBack,
    NoDescriptors,
    LogDiskFull,
    LogReaderHangs,
    TrailDiskFull,
    TemporaryDiskFull,
    TemporaryDiskFullWorkerKilled,
)
