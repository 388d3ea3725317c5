"""The harness against an endpoint that is not the bridge: nothing to say, or just what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from sso_bridge.harness import Cast, Report, read_cast, run

from .faulty import FAULTS, Faulty, served

CAST = """
caller = {{ user = "digital-river", password = "calls-by-the-book" }}
creation = {{ allowed = true }}

[[users]]
login = "ann@example.com"
password = "ann's password"
session = "{ann.session}"
expired_session = "{ann.expired}"
profile = {{ firstName = "Ann" }}

[[users]]
login = "ben@example.com"
password = "ben's password"
session = "{ben.session}"

[[users]]
login = "cal@example.com"
password = "cal's password"
active = false
session = "{cal.session}"
"""


def cast_of(endpoint: Faulty, folder: Path) -> Cast:
    file = folder / "harness.toml"
    ann, ben, cal = endpoint.known[:3]
    file.write_text(CAST.format(ann=ann, ben=ben, cal=cal), encoding="utf-8")
    return read_cast(file)


def checked(endpoint: Faulty, folder: Path, *only: str) -> Report:
    cast = cast_of(endpoint, folder)
    with served(endpoint) as url:
        return run(url, cast, only=only)


def failed(report: Report) -> dict[str, str]:
    return {r.name: "\n".join(r.wrong) for r in report.results if r.outcome == "failed"}


def test_an_endpoint_without_a_fault_passes(tmp_path: Path) -> None:
    report = checked(Faulty(), tmp_path)
    assert failed(report) == {}
    left_out = {result.name for result in report.results if result.outcome == "left out"}
    assert left_out == {"profile-company"}
    assert "none failed" in report.verdict


IDS = [fault.replace(" ", "-") for fault in FAULTS]


@pytest.mark.parametrize(("fault", "check"), FAULTS.items(), ids=IDS)
def test_each_planted_fault_is_named(fault: str, check: str, tmp_path: Path) -> None:
    report = checked(Faulty(fault), tmp_path, check, "login-good", "profile-by-key", "identity")
    assert check in failed(report)
    cross_linking = check == "identity-rule" or fault in (
        "repeated creation is a second user",
        "somebody else's login in the profile",
    )
    assert bool(report.cross_linked) == cross_linking
    assert ("cross-linked" in report.verdict) == cross_linking
