"""docs/check.md and the findings agree."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sso_bridge.doctor import CHECKS

PAGE = (Path(__file__).parents[2] / "docs" / "check.md").read_text(encoding="utf-8")
CHAPTERS = {"error": "Errors", "warning": "Warnings", "ok": "What is well"}


@pytest.mark.parametrize("name", CHECKS)
def test_every_finding_is_documented_with_its_remedy(name: str) -> None:
    check = CHECKS[name]
    chapter = PAGE.partition(f"\n## {CHAPTERS[check.severity]}\n")[2].partition("\n## ")[0]
    if check.severity == "ok":
        assert re.search(rf"^\| `{name}` \| {re.escape(check.title)}", chapter, re.M)
        return
    section = chapter.partition(f"\n### {name}\n")[2].partition("\n### ")[0]
    assert f"**{check.title}.**" in section
    assert "**Do:**" in section


def test_no_finding_is_documented_that_does_not_exist() -> None:
    named = re.findall(r"^### (\w+)$|^\| `(\w+)` \|", PAGE, re.M)
    assert sorted(one or other for one, other in named) == sorted(CHECKS)
