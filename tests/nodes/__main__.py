"""The proof of several nodes: whichever node dies, each call is answered rightly or fails visibly.

    python -m tests.nodes --proxy all --calls 60000

Nodes on addresses of their own are behind a proxy with its file of `deploy/`, and share one
PostgreSQL for users and ledger and one Redis for what is counted. While a mixed load goes through
the proxy, one node after the other is killed, each as a power cut would, and started again; in the
middle another is added. Every answer is judged as it comes. In the end everybody is asked about
once more, and what was ever answered is held against the ledger and the users."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.nodes.kills import Lengths, run
from tests.nodes.proxies import PROXIES
from tests.nodes.report import lines
from tests.services import PostgreSQL, Redis


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Nodes are killed behind a proxy.")
    parser.add_argument("--proxy", choices=(*PROXIES, "all"), default="all")
    parser.add_argument("--calls", type=int, default=60_000)
    parser.add_argument("--rate", type=float, default=300.0, help="calls a second")
    parser.add_argument("--every", type=float, default=10.0, help="seconds between two kills")
    parser.add_argument("--users", type=int, default=3_000)
    parser.add_argument("--gently", action="store_true", help="SIGTERM in place of SIGKILL")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    lengths = Lengths(given.calls, given.rate, given.every, given.users, gently=given.gently)
    kept = True
    for name in PROXIES if given.proxy == "all" else (given.proxy,):
        with (
            tempfile.TemporaryDirectory(prefix="sso-bridge-nodes-") as folder,
            PostgreSQL(private=True) as server,
            Redis(private=True) as redis,
        ):
            seen = run(PROXIES[name], server, redis, Path(folder), lengths, given.seed)
        print("\n".join(lines(seen)), flush=True)
        kept = kept and all(verdict.kept for verdict in seen.verdicts)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
