"""What a proof prints, and its exit status."""

from __future__ import annotations

import argparse

import pytest

from tests.proofs.verdict import Verdict, run, verdict

SQLITE = argparse.Namespace(engine="sqlite")


def test_a_proof_that_finds_nothing_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(SQLITE, lambda *_: ({"contacts": 7}, [verdict("it holds", [])]), durable=False) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("engine: sqlite; contacts: 7; seconds: ")
    assert lines[1:] == ["PASS  it holds"]


def test_a_broken_promise_fails_the_proof_and_shows_what_breaks_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    verdicts = [Verdict("it holds"), verdict("so does this", map(str, range(7)))]
    assert run(SQLITE, lambda *_: ({}, verdicts), durable=False) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:3] == ["PASS  it holds", "FAIL  so does this"]
    assert [line.strip() for line in lines[3:]] == ["0", "1", "2", "3", "4", "and 2 more"]


def test_a_proof_that_cannot_be_run_here_fails() -> None:
    def cannot(*_: object) -> tuple[dict[str, str], list[Verdict]]:
        pytest.skip("no such server")

    assert run(SQLITE, cannot, durable=False) == 1
