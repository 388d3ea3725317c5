"""What an audit finds, and what it does not, on every engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sso_bridge.audit import CHECKS, Bound, Finding, audit
from sso_bridge.core.deadline import Deadline
from sso_bridge.core.erid import EridRule
from sso_bridge.core.logins import LoginRule
from sso_bridge.errors import ConfigurationError, LedgerUnavailable, SourceUnavailable
from sso_bridge.sources import LoginColumn, Mapping
from tests.audit.crowds import (
    LEDGER,
    MAPPING,
    PARTNERS,
    SEALED,
    SPOILED,
    Ended,
    audited,
    engine_of,
    expected,
    fill,
    found,
    seal,
    sealed,
    source,
    user,
)


def of(findings: tuple[Finding, ...], check: str) -> Finding:
    (finding,) = (f for f in findings if f.check == check)
    return finding


def test_a_database_that_is_spoiled_in_every_way_is_found_out_in_every_way(
    database_url: str,
) -> None:
    fill(database_url, SPOILED)
    fill(database_url, PARTNERS, table="partners")
    shop = source(database_url, erids=EridRule(pattern="[^#]*"), mapping=SEALED)
    partners = source(database_url, "partners", table="partners", logins=LoginRule.ASCII_CASE)
    with audited(shop, partners, ledger=LEDGER, ended=Ended(), seal=seal) as done:
        assert found(done) == expected(engine_of(database_url))
        assert {f.check for f in done.report.findings} == set(CHECKS)
        counted = Counter(row.check for row in done.rows())
    for finding in done.report.findings:
        if finding.check == "column_keys":
            assert finding.count in (len(SPOILED), len(PARTNERS))
        elif finding.check != "login_duplicated":
            assert finding.count == counted[finding.check]
        assert len(finding.examples) <= 5
    assert done.report.verdict == "cross_link"
    assert of(done.report.findings, "erid_duplicated_across").source == ""
    assert of(done.report.findings, "erid_taken").examples == ("taken",)
    assert of(done.report.findings, "ledger_stranger").source == "former"


def test_a_sound_database_passes(database_url: str) -> None:
    rows = [user(f"{n}", first_name="Ünï", erid=f"{n}-é") for n in range(30)]
    fill(database_url, [*rows, user("x", status="former")], sound=True)
    ledger = [Bound("shop", row["id"], row["erid"]) for row in rows]
    with audited(source(database_url), ledger=ledger) as done:
        assert found(done) == {}
    report = done.report
    assert (report.findings, report.verdict) == ((), None)
    assert report.ledger_entries == len(rows)
    (shop,) = report.sources
    assert (shop.name, shop.strategy) == ("shop", "column")
    assert (shop.users, shop.active) == (31, 30)
    assert shop.passwords == {"bcrypt": 31}
    assert shop.erid_lengths == {3: 10, 4: 20, 9: 1}


def test_without_an_erid_column_the_ledger_s_erids_are_looked_at(database_url: str) -> None:
    fill(database_url, [user("1"), user("2")], sound=True)
    minted = replace(MAPPING, erid=None, active=(), profile={})
    ledger = [
        Bound("shop", "1", "me@example.com"),
        Bound("shop", "2", " x"),
        Bound("shop", "3", "y"),
    ]
    with audited(source(database_url, mapping=minted), ledger=ledger) as done:
        assert found(done) == {
            "erid_email": {"shop 1"},
            "erid_spaces": {"shop 2"},
            "ledger_gone": {"shop 3"},
        }
    assert done.report.sources[0].erid_lengths == {}


FAULTY = (
    user("1", erid=None),
    user("2", erid="\u200b"),
    user("3", erid="x" * 256),
    user("4", erid="a\x01"),
    user("5", erid=" a"),
    user("6", erid="no #"),
    user("7", erid="me@example.org"),
    user("8", login="log", erid="LOG"),
    user("9", first_name="Zed", erid="zed"),
    user("10", erid="second hand"),
    user("11", erid="twice"),
    user("12", erid="twice"),
    user("13", erid="Alike"),
    user("14", erid="alike"),
    user("15", erid="taken"),
    user("16", erid="TAKEN"),
)
"""Every one has a cell in the ERID column that is a finding."""


def test_the_column_has_no_say_in_an_erid_that_did_not_come_from_it(database_url: str) -> None:
    fill(database_url, FAULTY)
    fill(database_url, [user("other", erid="taken"), user("17", erid="twice")], table="partners")
    shop = source(database_url, erids=EridRule(pattern="[^#]*"))
    partners = source(database_url, "partners", table="partners")
    ledger = [Bound("shop", row["id"], f"given {row['id']}", False) for row in FAULTY]
    ledger.append(Bound("partners", "other", "taken"))
    with audited(shop, partners, ledger=ledger, ended=Ended()) as done:
        assert found(done) == {}
    assert done.report.sources[0].erid_lengths == {}


def test_where_the_guard_is_off_the_column_is_what_is_answered(database_url: str) -> None:
    fill(database_url, [user("1", erid="same"), user("2", erid="same"), user("3", erid=None)])
    ledger = [Bound("shop", row, f"given {row}", False) for row in "123"]
    with audited(source(database_url, guarded=False), ledger=ledger) as done:
        assert found(done) == {
            "erid_duplicated": {"shop 1", "shop 2"},
            "erid_missing": {"shop 3"},
        }


def test_an_erid_of_an_operator_s_is_still_that_user_s_alone(database_url: str) -> None:
    fill(database_url, [user("1", erid="x"), user("2", erid="given")])
    with audited(source(database_url), ledger=[Bound("shop", "1", "given", False)]) as done:
        assert found(done) == {"erid_taken": {"shop 2"}}


def test_a_source_that_moved_to_a_column_is_quiet_about_all_who_were_there(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'users.db'}"
    fill(url, [user(f"{n}", erid=None if n % 2 else "x") for n in range(5000)])
    ledger = [Bound("shop", f"{n}", f"minted {n}", False) for n in range(4999)]
    with audited(source(url), ledger=ledger) as done:
        assert found(done) == {"erid_missing": {"shop 4999"}}


@pytest.mark.parametrize("first_name", ["Eve", None], ids=str)
def test_a_row_that_is_not_the_one_that_was_sealed_is_found(
    database_url: str, first_name: str | None
) -> None:
    fill(database_url, [user("1", first_name=first_name), user("2")])
    ledger = [Bound("shop", n, f"erid of {n}", seal=sealed(n, "Ann")) for n in "12"]
    with audited(source(database_url, mapping=SEALED), ledger=ledger, seal=seal) as done:
        assert found(done) == {"subject_reused": {"shop 1"}}
        (row,) = done.rows()
        assert (row.severity, row.erid) == ("lock_out", None)


def test_a_seal_of_a_person_whom_the_column_does_not_concern_is_compared(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'users.db'}"
    fill(url, [user("1", erid=None)])
    ledger = [Bound("shop", "1", "given", False, sealed("1", "Eve"))]
    with audited(source(url, mapping=SEALED), ledger=ledger, seal=seal) as done:
        assert found(done) == {"subject_reused": {"shop 1"}}


@pytest.mark.parametrize(
    ("mapping", "guarded", "kept"),
    [
        (SEALED, True, None),
        (SEALED, True, sealed("1", "Eve", "Lee", columns=("first_name", "last_name"))),
        (SEALED, False, sealed("1", "Eve")),
        (MAPPING, True, sealed("1", "Eve")),
    ],
    ids=["none taken", "of other columns", "guard off", "no fingerprint now"],
)
def test_where_the_fingerprint_says_nothing_there_is_no_finding(
    tmp_path: Path, mapping: Mapping, guarded: bool, kept: str | None
) -> None:
    url = f"sqlite:///{tmp_path / 'users.db'}"
    fill(url, [user("1")])
    shop = source(url, mapping=mapping, guarded=guarded)
    with audited(shop, ledger=[Bound("shop", "1", "erid of 1", seal=kept)], seal=seal) as done:
        assert found(done) == {}


def test_an_empty_table_is_audited(database_url: str) -> None:
    fill(database_url, [], sound=True)
    with audited(source(database_url)) as done:
        assert done.report.findings == ()
        assert done.report.sources[0].users == 0


def test_where_erids_that_look_alike_are_two_it_is_advice(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'users.db'}"
    fill(url, [user("1", erid="a"), user("2", erid="A")])
    with audited(source(url), alike_is_one=False) as done:
        assert of(done.report.findings, "erid_alike").severity == "advice"
        assert {row.severity for row in done.rows()} == {"advice"}


def test_logins_of_several_sources_do_not_collide(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'users.db'}"
    fill(url, [user("1", login="a", erid="1")], sound=True)
    fill(url, [user("1", login="a", erid="2")], table="partners", sound=True)
    with audited(source(url), source(url, "partners", table="partners")) as done:
        assert found(done) == {}


def test_a_ledger_that_gives_two_users_each_other_s_erid_is_found_out(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'users.db'}"
    fill(url, [user("1", erid="a"), user("2", erid="b")], sound=True)
    with audited(source(url), ledger=[Bound("shop", "1", "b"), Bound("shop", "2", "a")]) as done:
        assert found(done) == {
            "erid_changed": {"shop 1", "shop 2"},
            "erid_taken": {"shop 1", "shop 2"},
        }


def test_everybody_sharing_one_erid_is_one_finding_with_few_examples(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'users.db'}"
    fill(url, [user(f"{n}", erid="0") for n in range(5000)])
    with audited(source(url)) as done:
        finding = of(done.report.findings, "erid_duplicated")
        assert (finding.count, len(finding.examples)) == (5000, 5)
        assert sum(row.check == "erid_duplicated" for row in done.rows()) == 5000


def test_a_column_that_is_not_there_is_a_wrong_configuration(database_url: str) -> None:
    fill(database_url, [user("1")])
    columns = {f: getattr(MAPPING, f) for f in Mapping.__dataclass_fields__}
    wrong = Mapping(**{**columns, "logins": (LoginColumn("e_mail"),)})
    with (
        pytest.raises(ConfigurationError, match=r"users\.e_mail"),
        audited(source(database_url, mapping=wrong)),
    ):
        pytest.fail("there is a report")


def test_a_database_that_fails_halfway_gives_no_report(tmp_path: Path) -> None:
    path = tmp_path / "users.db"
    fill(f"sqlite:///{path}", [user(f"{n}") for n in range(20_000)])
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"\xff" * (size // 4))
    with pytest.raises(SourceUnavailable), audited(source(f"sqlite:///{path}")):
        pytest.fail("there is a report")


def test_a_ledger_that_fails_halfway_gives_no_report(tmp_path: Path) -> None:
    def bindings() -> Iterator[list[Bound]]:
        yield [Bound("shop", "1", "a")]
        raise LedgerUnavailable("ledger: it went away")

    url = f"sqlite:///{tmp_path / 'users.db'}"
    fill(url, [user("1")])
    with (
        pytest.raises(LedgerUnavailable),
        audit([source(url)], bindings(), Deadline(60), version="1"),
    ):
        pytest.fail("there is a report")


def test_progress_is_told_of_every_user(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'users.db'}"
    fill(url, [user(f"{n}") for n in range(4500)])
    told: Counter[str] = Counter()
    with audited(source(url), progress=lambda name, users: told.update({name: users})):
        assert told == {"shop": 4500}


def test_a_login_in_one_column_that_is_anothers_in_another_is_found(database_url: str) -> None:
    mapping = replace(MAPPING, logins=(LoginColumn("login"), LoginColumn("last_name")))
    users = [
        user("own", login="own@example.com", last_name="own@example.com"),
        user("case", login="case@example.com", last_name="CASE@example.com"),
        user("one", login="shared", last_name="alone"),
        user("other", login="else", last_name="shared"),
    ]
    fill(database_url, users)
    with audited(source(database_url, mapping=mapping)) as done:
        found = {f.check: set(f.examples) for f in done.report.findings if "login" in f.check}
    assert found == {"login_duplicated": {"one", "other"}}
