"""Processes for the proofs: quick to start, since what they import is imported once."""

from __future__ import annotations

import multiprocessing
from multiprocessing.context import ForkServerContext

__all__ = ["context"]


def context() -> ForkServerContext:
    """Where processes come from. None inherits a connection or a thread from the tests."""
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(["tests.proofs.aftermath", "tests.proofs.town"])
    return made
