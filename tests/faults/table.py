"""The table as it stands in docs/reliability.md."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path
from typing import Final

from tests.faults.cases import Case
from tests.faults.judge import Figures

__all__ = ["headline", "row"]

COLUMNS: Final = (
    "what breaks",
    "how",
    "calls",
    "good",
    "Faults",
    "cut off",
    "refused",
    "slowest Fault",
    "first good after",
    "all good after",
    "promises",
)


def headline() -> str:
    """The machine, the commit, and the heads of the columns."""
    machine = (
        f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"
    )
    line = "|".join(f" {name} " for name in COLUMNS)
    return f"{machine}; commit {_commit()}\n\n|{line}|\n|{'---|' * len(COLUMNS)}"


def row(case: Case, found: Figures | None, said: str) -> str:
    """One row; `found` is None where nothing was measured."""
    place = f"{case.role}, {case.engine}" if case.role else "bridge"
    cells = [f"{place}: {case.fault.name}", case.fault.what]
    if found is None:
        cells += [""] * 8
    else:
        cells += [str(n) for n in (found.calls, found.good, found.faults, found.cut, found.refused)]
        cells += [_seconds(found.slowest_fault or None), _seconds(found.first)]
        cells += [_seconds(found.normal)]
    return "| " + " | ".join([*cells, said]) + " |"


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f} s"


def _commit() -> str:
    """What is checked out here; "?" where it is not known."""
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "?"
