"""`sso-bridge shopper` for one user, as an operator types it."""

from __future__ import annotations

import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import zeep

from sso_bridge import demo
from tests.running import edited, running_server
from tests.shopper.conftest import Run, Running

DEMO, BO, SOEREN, GONE = (person.email for person in demo.PEOPLE)


def sql(config: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(config.with_name("users.db"))) as connection, connection:
        connection.execute(statement, values)


def test_a_token_names_the_erid_of_the_soap_answer(run: Run, config: Path) -> None:
    assert run("shopper", "create", DEMO).status == 0
    about = json.loads(run("shopper", "token", DEMO, "--information", "--json").out)
    with running_server(config) as server:
        answer = zeep.Client(f"{server.url}?wsdl").service.Login(
            userKey={"loginID": DEMO}, password="123123"
        )
    assert answer.successful
    assert about["erid"] == answer.userKey.externalReferenceID
    assert about["authenticated"] is True


@pytest.mark.parametrize("by", ["login", "subject", "erid"])
def test_a_user_is_named_by_login_primary_key_or_erid(run: Run, api: Running, by: str) -> None:
    run("shopper", "create", BO)
    ((erid,),) = api.rows("SELECT erid FROM shopper")
    key = {"login": BO, "subject": "2", "erid": erid}[by]
    for options in ([], ["--by", by]):
        shown = json.loads(run("shopper", "show", key, "--json", *options).out)
        assert shown["externalReferenceId"] == erid
        assert shown["firstName"] == "Bo"
    others = {"login", "subject", "erid"} - {by}
    assert all(run("shopper", "show", key, "--by", other).status == 1 for other in others)


def test_a_key_that_names_two_users_is_refused(run: Run, config: Path) -> None:
    sql(config, "UPDATE users SET email = '1' WHERE id = 2")
    done = run("shopper", "create", "1")
    assert done.status == 1
    assert "--by" in done.err
    assert (
        "Dana"
        in run("shopper", "show", "1", "--by", "subject").out
        + run("shopper", "create", "1", "--by", "subject").out
        + run("shopper", "show", "1", "--by", "subject").out
    )


def test_a_token_is_printed_alone_and_works(run: Run, api: Running) -> None:
    run("shopper", "create", DEMO)
    token = run("shopper", "token", DEMO).out.strip()
    assert api.rows("SELECT shopper FROM token WHERE access = ?", token) == [(1,)]
    anonymous = run("shopper", "token", "--anonymous").out.strip()
    assert api.rows("SELECT shopper FROM token WHERE access = ?", anonymous) == [(None,)]


def test_a_token_is_refreshed_and_tied_from_standard_input(
    run: Run, api: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("shopper", "create", DEMO)
    made = json.loads(run("shopper", "token", DEMO, "--json").out)
    monkeypatch.setattr("sys.stdin", io.StringIO(made["refresh_token"] + "\n"))
    again = run("shopper", "token", "--refresh").out.strip()
    assert again != made["access_token"]
    assert api.rows("SELECT shopper FROM token WHERE access = ?", again) == [(1,)]
    monkeypatch.setattr("sys.stdin", io.StringIO("store-session\n"))
    tied = run("shopper", "token", DEMO, "--session-token", "-").out.strip()
    assert api.rows("SELECT session FROM token WHERE access = ?", tied) == [("store-session",)]


def test_a_user_who_may_not_come_in_gets_no_token(run: Run, api: Running) -> None:
    assert run("shopper", "create", GONE).status == 0
    done = run("shopper", "token", GONE)
    assert (done.status, done.out) == (1, "")
    assert "not active" in done.err
    assert api.rows("SELECT count(*) FROM token WHERE shopper IS NOT NULL") == [(0,)]


def test_who_is_there_is_compared_and_not_changed(run: Run, api: Running, config: Path) -> None:
    assert json.loads(run("shopper", "create", DEMO, "--json").out)["outcome"] == "made"
    assert json.loads(run("shopper", "create", DEMO, "--json").out)["outcome"] == "equal"
    sql(config, "UPDATE users SET first_name = 'Daniela' WHERE id = 1")
    done = run("shopper", "create", DEMO, "--json")
    assert done.status == 1
    assert json.loads(done.out)["differing"] == "firstName"
    assert "Daniela" not in done.out
    assert api.rows("SELECT first_name FROM shopper") == [("Dana",)]
    assert "firstName" in run("shopper", "update", DEMO).out
    assert api.rows("SELECT first_name FROM shopper") == [("Daniela",)]


def test_nobody_is_written_over_and_no_token_given_if_the_erid_leads_to_another(
    run: Run, api: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sso_bridge.harness.api.store import Store

    run("shopper", "create", DEMO)
    honest = Store.shopper

    def crossed(store: Store, shopper: int) -> dict[str, object]:
        return {**honest(store, shopper), "externalReferenceId": "another"}

    monkeypatch.setattr(Store, "shopper", crossed)
    for words in (["update", DEMO], ["token", DEMO], ["show", DEMO]):
        done = run("shopper", *words)
        assert (done.status, done.out) == (1, "")
        assert "another ERID" in done.err
    assert run("shopper", "update", BO).status == 1
    done = run("shopper", "provision", "--json")
    assert "another customer is answered" in done.out
    assert api.rows("SELECT first_name FROM shopper WHERE id = 1") == [("Dana",)]


@pytest.mark.parametrize("what", ["show", "token", "update"])
def test_a_user_whom_digital_river_does_not_know_is_said_to_be_so(run: Run, what: str) -> None:
    done = run("shopper", what, DEMO)
    assert (done.status, done.out) == (1, "")
    assert "knows nobody by this user's ERID" in done.err


def test_what_an_operator_did_is_in_the_audit_trail(run: Run, config: Path) -> None:
    with config.open("a", encoding="utf-8") as file:
        file.write('\n[trail]\nfile = "trail.log"\n')
    for words in (["create", DEMO], ["token", DEMO], ["update", DEMO], ["provision"]):
        assert run("shopper", *words).status == 0
    trail = config.with_name("trail.log").read_text(encoding="utf-8")
    for command in ("create", "token", "update", "provision"):
        assert f'"shopper {command}"' in trail
    there = json.loads(run("shopper", "show", DEMO, "--json").out)
    assert there["externalReferenceId"] not in trail and DEMO not in trail


def test_nobody_is_nobody(run: Run, api: Running) -> None:
    done = run("shopper", "create", "nobody@example.com")
    assert done.status == 1
    assert "no user has the ERID, login or primary key" in done.err
    assert api.rows("SELECT count(*) FROM shopper") == [(0,)]


def test_a_primary_key_that_is_another_person_s_now_is_not_handed_over(
    run: Run, api: Running, config: Path
) -> None:
    run("erid", "assign")
    sql(config, "UPDATE users SET created_at = '1999-01-01' WHERE id = 1")
    done = run("shopper", "create", DEMO)
    assert done.status == 1
    assert api.rows("SELECT count(*) FROM shopper") == [(0,)]


@pytest.mark.parametrize(
    "words",
    [[], [DEMO, "--anonymous"], ["--anonymous", "--refresh"]],
)
def test_a_token_is_of_one_thing(run: Run, words: list[str]) -> None:
    done = run("shopper", "token", *words)
    assert done.status == 2
    assert "KEY" in done.err


def test_what_is_missing_or_unsafe_in_the_settings_is_named(run: Run, config: Path) -> None:
    without = edited(config, ('api_secret_env = "TEST_API_SECRET"\n', ""))
    done = run("shopper", "show", DEMO, config=without)
    assert done.status == 2
    assert "shopper.api_secret: is missing" in done.err
    url = next(x for x in config.read_text().splitlines() if x.startswith("base_url"))
    for wrong in ("http://api.example.com", "ftp://x", "https://user:pass@x", "nonsense"):
        other = edited(config, (url, f'base_url = "{wrong}"'))
        done = run("shopper", "show", DEMO, config=other)
        assert done.status == 2
        assert "shopper.base_url: should" in done.err
