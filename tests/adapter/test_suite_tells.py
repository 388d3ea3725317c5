"""The exported suite passes a source that is right, and tells what is wrong with another."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sso_bridge.testing import Known, SourceSuite
from tests.adapter.remembered import Remembered
from tests.adapter.wrong import FAULTS

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.xdist_group("suite")


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, set[str]]:
    """The tests that failed, by the source; all of them run once."""
    report = tmp_path_factory.mktemp("suite") / "report.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    command += ["--tb=no", f"--junitxml={report}", str(ROOT / "tests" / "adapter" / "wrong.py")]
    environment = {n: v for n, v in os.environ.items() if not n.startswith("PYTEST_")}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr
    found: dict[str, set[str]] = {}
    for case in ET.parse(report).iter("testcase"):
        name = case.attrib["classname"].rpartition(".Test")[2]
        failures = found.setdefault(name, set())
        if case.find("failure") is not None or case.find("error") is not None:
            failures.add(case.attrib["name"].removeprefix("test_"))
    return found


def test_a_source_that_is_right_passes(failed: Mapping[str, set[str]]) -> None:
    assert failed[Remembered.__name__] == set()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_fault_fails_the_test_that_is_about_it(
    fault: type[Remembered], failed: Mapping[str, set[str]]
) -> None:
    assert FAULTS[fault] <= failed[fault.__name__]


def test_each_test_of_the_suite_fails_for_some_fault() -> None:
    tests = {name.removeprefix("test_") for name in dir(SourceSuite) if name.startswith("test_")}
    told = {name.partition("[")[0] for names in FAULTS.values() for name in names}
    # The first is about what the suite is told; the second is in every outage.
    assert tests - told == {"enough_users_are_known_to_tell", "it_says_that_it_answers"}


def test_a_suite_that_is_told_too_little_says_what_to_override() -> None:
    fixtures: list[Any] = [SourceSuite.source, SourceSuite.known]
    for function in (fixture.__wrapped__ for fixture in fixtures):
        with pytest.raises(NotImplementedError, match="override the fixture"):
            function(SourceSuite())


def test_what_is_known_shows_no_hash() -> None:
    assert "$2b$" not in repr(Known(subject="1", login="bob", password_hash="$2b$x"))
