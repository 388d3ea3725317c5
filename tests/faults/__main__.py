"""The fault table: the real server under load, and everything that can break around it.

    python -m tests.faults --only users-killed-postgresql

Prints a row of Markdown for each fault, and what broke a promise; exits with 1 if anything did."""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from fnmatch import fnmatch

import pytest

from tests.faults.cases import CASES, Case, Outcome, Servers, run
from tests.faults.scenario import Lengths
from tests.faults.table import headline, row
from tests.proofs.verdict import ENGINES, Verdict


def main() -> int:
    """The command."""
    options = argparse.ArgumentParser(description="What happens when something breaks.")
    options.add_argument("--only", action="append", help="a name of --list, * is anything")
    options.add_argument("--engine", choices=(*ENGINES, "all"), default="all")
    options.add_argument("--list", action="store_true", help="print the names, do nothing")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--rate", type=float, default=Lengths().rate, help="calls a second")
    options.add_argument("--log", action="store_true", help="print the log of what failed")
    given = options.parse_args()
    wanted = [case for case in CASES if given.engine in ("all", case.engine)]
    if given.only:
        wanted = [c for c in wanted if any(fnmatch(c.name, f"*{one}*") for one in given.only)]
    if given.list or not wanted:
        print("\n".join(case.name for case in wanted or CASES))
        return 0 if wanted else 2
    began, failed = time.monotonic(), 0
    print(headline())
    with Servers() as servers:
        for number, case in enumerate(wanted, start=1):
            _progress(f"{number} of {len(wanted)}: {case.name}")
            failed += not _played(case, servers, given)
    _progress("")
    minutes = (time.monotonic() - began) / 60
    print(f"\n{len(wanted)} faults, {failed} with a broken promise, {minutes:.1f} minutes.")
    return int(failed > 0)


def _played(case: Case, servers: Servers, given: argparse.Namespace) -> bool:
    """Play a case and print its row; whether every promise was kept."""
    lengths = Lengths(rate=given.rate)
    outcome: Outcome | None = None
    try:
        outcome = run(case, servers, lengths, given.seed)
        verdicts = [*outcome.verdicts]
    except pytest.skip.Exception as why:
        print(row(case, None, f"not run here: {why}"), flush=True)
        return True
    except Exception as error:
        verdicts = [Verdict("it can be played to its end", (f"{type(error).__name__}: {error}",))]
        traceback.print_exc()
    broken = [one for one in verdicts if not one.kept]
    said = "kept" if not broken else "**broken**"
    print(row(case, outcome.figures if outcome else None, said), flush=True)
    for one in broken:
        print("\n".join(one.lines()), file=sys.stderr)
    if broken and given.log and outcome:
        print(outcome.log[-20_000:], file=sys.stderr)
    return not broken


def _progress(text: str) -> None:
    """What is going on, for somebody who watches."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
