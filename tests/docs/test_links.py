"""Links lead somewhere, and nothing tells of the machine it was written on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
GENERATED = {"build", "dist", "demo", "__pycache__", "node_modules"}
TEXTS = {
    ".py",
    ".md",
    ".toml",
    ".cfg",
    ".wsdl",
    ".xml",
    ".html",
    ".json",
    ".yml",
    ".txt",
    ".sh",
    "",
}


def _ids(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=_ids)
def test_every_internal_link_resolves(page: Path) -> None:
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if link.startswith(("http://", "https://")):
            continue
        file, _, anchor = link.partition("#")
        target = page if not file else page.parent / file
        assert target.exists(), link
        if anchor:
            assert anchor in _anchors(target), link


def _anchors(page: Path) -> set[str]:
    """The anchors that the usual renderers give to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _files() -> Iterator[Path]:
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        hidden = any(p.startswith(".") and p not in (".ci", ".gitignore") for p in parts)
        if hidden or GENERATED & set(parts) or any(p.endswith(".egg-info") for p in parts):
            continue
        if path.is_file() and path.suffix in TEXTS:
            yield path


def _pattern() -> re.Pattern[str]:
    """Folders that are somebody's own: put together here so that this file has none."""
    homes = "|".join("/" + name + "/" for name in ("home", "Users", "root", "work"))
    return re.compile(rf"(?<![\w.:}}$/-])(?:{homes})\w|\.\./" + "shared")


def test_no_file_names_a_folder_of_the_machine_it_was_written_on() -> None:
    pattern = _pattern()
    assert pattern.search("see " + "/ho" + "me/somebody/x")
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in _files()
        for match in pattern.finditer(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert found == []


def test_there_are_files_to_look_at() -> None:
    names = {path.name for path in _files()}
    assert {"README.md", "bridge.py", "demo.toml", "RemoteUserManagement.wsdl", "Makefile"} <= names


@pytest.mark.parametrize("page", PAGES, ids=_ids)
def test_a_page_has_one_title(page: Path) -> None:
    without_code = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    assert len(re.findall(r"^# ", without_code, re.M)) == 1
