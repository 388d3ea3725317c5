"""The space an audit works in: private, bounded, gone, and sure of what it says."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sso_bridge.audit.scratch import Entry, Scratch
from sso_bridge.core.logins import LoginRule
from sso_bridge.errors import BridgeError


@pytest.fixture
def scratch() -> Iterator[Scratch]:
    space = Scratch([LoginRule.EXACT])
    yield space
    space.close()


def entry(subject: str, *, kind: int = 0, login: str = "", erid: str = "") -> Entry:
    """One whose hashes are those of all others. The ledger knows no logins."""
    if kind == 1:
        return (kind, 0, 1, None, 1, 1, subject, None, erid or subject)
    return (kind, 0, 1, 1, 1, 1, subject, login or subject, erid or subject)


def test_values_whose_hashes_meet_by_chance_are_no_finding(scratch: Scratch) -> None:
    scratch.add([entry("one"), entry("two")])
    scratch.add([entry(s, kind=1) for s in ("one", "two")])
    scratch.compare()
    assert scratch.counts() == []


def test_what_is_alike_is_found_among_values_whose_hashes_meet(scratch: Scratch) -> None:
    scratch.add([entry("one", login="a"), entry("two", login="a"), entry("three", erid="ONE")])
    scratch.compare()
    assert scratch.counts() == [("erid_alike", 0, 2), ("login_duplicated", 0, 2)]
    assert scratch.examples("login_duplicated", 0) == ["one", "two"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_what_is_on_disk_has_no_name_and_is_the_owner_s(scratch: Scratch) -> None:
    for _ in range(70):
        scratch.add([entry("x" * 200, erid="y" * 200)] * 2000)
    links = [Path("/proc/self/fd") / number for number in os.listdir("/proc/self/fd")]
    spilled = [link for link in links if "/etilqs_" in _target(link)]
    assert spilled
    for link in spilled:
        assert _target(link).endswith(" (deleted)")
        assert stat.S_IMODE(link.stat().st_mode) == 0o600


def _target(link: Path) -> str:
    return os.readlink(link) if link.is_symlink() else ""


def test_a_scratch_space_that_fails_says_where_to_find_room(scratch: Scratch) -> None:
    scratch.close()
    with pytest.raises(BridgeError, match="TMPDIR"):
        scratch.add([entry("one")])
