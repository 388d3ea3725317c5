"""docs/audit.md and the checks agree."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sso_bridge.audit import CHECKS, SEVERITIES

PAGE = (Path(__file__).parents[2] / "docs" / "audit.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_is_documented_with_its_severity_and_remedy(name: str) -> None:
    check = CHECKS[name]
    words = SEVERITIES[check.severity]
    chapter = PAGE.partition(f"\n## {words[0].upper()}{words[1:]}\n")[2].partition("\n## ")[0]
    section = chapter.partition(f"\n### {name}\n")[2].partition("\n### ")[0]
    assert f"**{check.title}.**" in section
    assert "**Do:**" in section


def test_no_check_is_documented_that_does_not_exist() -> None:
    headings = re.findall(r"^### (\w+)$", PAGE, re.M)
    assert sorted(headings) == sorted(CHECKS)
