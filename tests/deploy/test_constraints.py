"""deploy/constraints.txt is what setup.cfg asks for, all of it, and each file of it by its hash."""

from __future__ import annotations

import configparser
import re
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
CONSTRAINTS = (ROOT / "deploy" / "constraints.txt").read_text(encoding="utf-8")
EXTRAS = ("postgresql", "mariadb", "redis", "otel")
"""Extras that the file has."""
ENTRY = re.compile(
    r"^([a-z0-9-]+)==(\S+)( ; .+?)?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", re.MULTILINE
)
PINNED = {name: version for name, version, *_ in ENTRY.findall(CONSTRAINTS)}


def asked() -> list[Requirement]:
    """What setup.cfg asks for."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    lines = parser["options"]["install_requires"].splitlines()
    for extra in EXTRAS:
        lines += parser["options.extras_require"][extra].splitlines()
    return [Requirement(line) for line in lines if line.strip()]


@pytest.mark.parametrize("requirement", asked(), ids=str)
def test_each_requirement_is_pinned_to_a_version_that_it_allows(requirement: Requirement) -> None:
    pinned = PINNED.get(canonicalize_name(requirement.name))
    assert pinned is not None, "run make constraints"
    assert requirement.specifier.contains(pinned), "run make constraints"


def test_each_line_has_a_hash() -> None:
    bare = [line for line in CONSTRAINTS.splitlines() if not line.lstrip().startswith("#")]
    assert len(PINNED) > 20
    assert ENTRY.sub("", "\n".join(bare)).strip() == ""


def test_what_the_packages_need_themselves_is_pinned() -> None:
    missing = set()
    for name in PINNED:
        try:
            needed = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue  # of another platform
        for requirement in map(Requirement, needed):
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                missing.add(canonicalize_name(requirement.name))
    assert missing - set(PINNED) == set()


def test_no_address_is_in_the_file() -> None:
    assert not re.search(r"https?:|//|--(index|extra|find|trusted)|@ ", CONSTRAINTS)
    assert "make constraints" in CONSTRAINTS
