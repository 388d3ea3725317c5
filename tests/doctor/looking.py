"""What `check` finds about the people of a test."""

from __future__ import annotations

from sso_bridge.cli.check import findings_of
from sso_bridge.doctor import Finding
from tests.people import People

__all__ = ["bad", "look", "of"]


def look(people: People) -> list[Finding]:
    """Every finding."""
    return list(findings_of(people.settings, people.folder, people.parts))


def of(people: People, check: str) -> list[tuple[str, str]]:
    """Place and text of the findings of one kind."""
    prefix = "sources.shop: "
    return [(f.place.removeprefix(prefix), f.text) for f in look(people) if f.check == check]


def bad(people: People) -> set[str]:
    """The kinds of everything that is not as it should be, but for what the tests' tables lack by
    design: a fingerprint, and a database user with few rights."""
    usual = {"fingerprint_missing", "rights_wide"}
    return {f.check for f in look(people) if f.severity != "ok"} - usual
