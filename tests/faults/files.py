"""What happens to databases that are files of SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import make_url

from tests.faults.disks import empty, fill
from tests.faults.scenario import Fault
from tests.faults.stage import Stage

__all__ = ["FILE_FAULTS", "FileFault"]


class FileFault(Fault):
    """Something that happens to the file of the users or of the ledger."""

    @staticmethod
    def file(stage: Stage) -> Path:
        """The file."""
        name = make_url(stage.url(stage.role)).database
        assert name
        return Path(name)


class DiskFull(FileFault):
    name = "full disk"
    what = "its file system has no room left"
    wants_disk = True

    def begin(self, stage: Stage) -> None:
        assert stage.disk is not None
        fill(stage.disk)

    def end(self, stage: Stage) -> None:
        assert stage.disk is not None
        empty(stage.disk)


class Locked(FileFault):
    name = "locked"
    what = "another process has the file to itself for 4 s"
    hold = 4.0

    def begin(self, stage: Stage) -> None:
        lock = sqlite3.connect(self.file(stage), isolation_level=None, timeout=20)
        stage.after.callback(lock.close)
        lock.execute("BEGIN EXCLUSIVE")
        stage.facts["lock"] = lock

    def end(self, stage: Stage) -> None:
        stage.facts["lock"].execute("ROLLBACK")


class Gone(FileFault):
    name = "gone"
    what = "the file has another name, and then its own again"

    def begin(self, stage: Stage) -> None:
        file = self.file(stage)
        file.rename(file.with_suffix(".away"))

    def end(self, stage: Stage) -> None:
        file = self.file(stage)
        file.with_suffix(".away").rename(file)


FILE_FAULTS: Final[Sequence[type[FileFault]]] = (DiskFull, Locked, Gone)
"""Each happens to the users and to the ledger."""
