"""A short run of every fuzzer; `make fuzz` runs them for as long as wanted."""

from __future__ import annotations

from pathlib import Path

import pytest

from .fuzz.targets import TARGETS

ENOUGH = 2000
"""Inputs that even a busy machine gets through in the time."""


def test_the_fuzzers_find_nothing(tmp_path: Path) -> None:
    pytest.importorskip("atheris", reason="the fuzzer has wheels for Linux on x86-64 only")
    from .fuzz.__main__ import fuzzed

    result = fuzzed("everything", 5, tmp_path, seed=1)
    assert not result.finding
    assert result.runs > ENOUGH
    assert result.branches > 500


@pytest.mark.parametrize("name", TARGETS)
def test_no_seed_breaks_a_promise(name: str, tmp_path: Path) -> None:
    check = TARGETS[name].prepare(tmp_path)
    for seed in TARGETS[name].seeds():
        check(seed)
        check(seed[: len(seed) // 2])
