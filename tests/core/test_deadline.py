"""What a call's time was spent on."""

from __future__ import annotations

import pytest

from sso_bridge.core.deadline import Deadline, spent
from sso_bridge.errors import DeadlineExceeded


def test_what_one_phase_did_within_another_is_counted_once() -> None:
    phases = [
        ("turn", 0.0, 1.0),
        ("ledger", 3.0, 4.0),
        ("ledger", 5.0, 6.0),
        ("source", 2.0, 8.0),
        ("hash", 8.0, 9.0),
        ("outermost", 1.5, 10.0),
    ]
    assert spent(phases) == {
        "turn": 1.0,
        "ledger": 2.0,
        "source": 4.0,
        "hash": 1.0,
        "outermost": 1.5,
    }


def test_a_step_of_a_call_has_less_time_and_the_same_phases() -> None:
    deadline = Deadline(60.0)
    step = deadline.within(0.0)
    with pytest.raises(DeadlineExceeded):
        step.left()
    assert deadline.left() > 50.0
    assert deadline.within(100.0).left() <= 60.0
    step.took("source", 0.0)
    assert [phase for phase, _, _ in deadline.phases] == ["source"]
