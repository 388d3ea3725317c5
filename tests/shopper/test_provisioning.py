"""`sso-bridge shopper provision`: everybody, once, also where somebody is in the way."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sso_bridge.errors import BridgeError
from sso_bridge.shopper import Shopper, ShopperClient, ShopperError
from sso_bridge.shopper.checkpoint import Checkpoint
from sso_bridge.shopper.customers import Customer, Result
from sso_bridge.shopper.provisioning import provision
from tests.provision import Lengths, prove, settle
from tests.running import edited
from tests.shopper.conftest import CREDENTIALS, HASTE, Done, Run, Running, Start
from tests.shopper.test_commands import BO, DEMO, sql


def report(done: Done) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.out)
    return found


def counts(done: Done) -> dict[str, int]:
    return {kind: n for kind, n in report(done).items() if kind != "people" and n}


def ledger(run: Run) -> set[str]:
    lines = run("erid", "export", "--format", "json").out.splitlines()
    return {json.loads(line)["erid"] for line in lines}


def test_everybody_is_made_known_with_the_erid_of_the_ledger(run: Run, api: Running) -> None:
    done = run("shopper", "provision", "--json")
    assert done.status == 0
    assert counts(done) == {"made": 4}
    assert {erid for (erid,) in api.rows("SELECT erid FROM shopper")} == ledger(run)
    assert api.rows("SELECT first_name FROM shopper WHERE email = ?", BO) == [("Bo",)]


def test_a_run_that_is_complete_adds_only_who_is_new(run: Run, api: Running, config: Path) -> None:
    run("shopper", "provision")
    settle(config.with_name("users.db"), 6)
    before = api.state()["calls"]
    assert counts(run("shopper", "provision", "--json")) == {"made": 6}
    assert api.state()["calls"] == before + 3  # a token, and two people
    config.with_name("provision-shop.db").unlink()
    assert counts(run("shopper", "provision", "--json")) == {"equal": 6}


def test_a_dry_run_looks_and_writes_nothing(run: Run, api: Running, config: Path) -> None:
    run("shopper", "create", DEMO)
    done = run("shopper", "provision", "--dry-run", "--json")
    assert (done.status, counts(done)) == (0, {"made": 3, "equal": 1})
    assert api.rows("SELECT count(*) FROM shopper") == [(1,)]
    assert len(ledger(run)) == 1
    assert not config.with_name("provision-shop.db").exists()


def test_a_dry_run_leaves_the_ledger_as_it_is(run: Run, config: Path, tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("subject,erid\n1,DR-1\n2,DR-2\n", encoding="utf-8")
    without = edited(config, ('fingerprint = ["created_at"]\n', ""))
    run("ledger", "adopt", "shop", config=without)
    run("erid", "import", str(pairs), config=without)
    run("ledger", "adopt", "shop")
    before = history(config)
    assert counts(run("shopper", "provision", "--dry-run", "--json")) == {"made": 4}
    assert history(config) == before
    assert counts(run("shopper", "provision", "--json")) == {"made": 4}
    assert len(history(config)) == len(before) + 4  # two are bound, and two are sealed


def history(config: Path) -> list[Any]:
    with closing(sqlite3.connect(config.with_name("erids.db"))) as connection:
        return connection.execute("SELECT id, action FROM sso_bridge_entry").fetchall()


def test_who_differs_is_named_with_fields_and_left_alone(
    run: Run, api: Running, config: Path
) -> None:
    run("shopper", "provision")
    theirs = "WHERE email LIKE 'bo@%'"  # whatever number they got: several are made at once
    api.rows(f"UPDATE shopper SET last_name = 'Elsewhere', email = upper(email) {theirs}")
    config.with_name("provision-shop.db").unlink()
    done = run("shopper", "provision", "--json")
    assert (done.status, counts(done)) == (1, {"equal": 3, "different": 1})
    (problem,) = report(done)["people"]
    assert (problem["subject"], problem["fields"]) == ("2", ["lastName"])
    assert "Elsewhere" not in done.out
    shown = run("shopper", "provision", "--values")
    assert "Elsewhere" in shown.out and "lastName" in shown.out
    assert api.rows(f"SELECT last_name FROM shopper {theirs}") == [("Elsewhere",)]
    api.rows(f"UPDATE shopper SET last_name = 'Brandt' {theirs}")
    assert run("shopper", "provision").status == 0


def test_somebody_elses_user_name_is_a_refusal_and_nobody_is_overwritten(
    run: Run, api: Running, config: Path
) -> None:
    api.rows("INSERT INTO shopper (username, first_name) VALUES (?, 'Stranger')", BO)
    named = edited(config, ("calls_per_second", "send_username = true\ncalls_per_second"))
    done = run("shopper", "provision", "--json", config=named)
    assert (done.status, counts(done)) == (1, {"made": 3, "refused": 1})
    (problem,) = report(done)["people"]
    assert "shopper-already-exists" in problem["reason"]
    assert api.rows("SELECT first_name, erid FROM shopper WHERE username = ?", BO) == [
        ("Stranger", None)
    ]


def test_who_has_no_erid_or_another_row_is_refused_and_the_others_are_made(
    run: Run, api: Running, config: Path
) -> None:
    run("erid", "assign")
    run("erid", "retire", "--subject", "3", "--reason", "closed")
    sql(config, "UPDATE users SET created_at = '1999-01-01' WHERE id = 1")
    done = run("shopper", "provision", "--json")
    assert (done.status, counts(done)) == (1, {"made": 2, "refused": 1, "without_erid": 1})
    assert "sources.shop subject 3" in done.err
    assert report(done)["people"][0]["subject"] == "1"
    assert api.rows("SELECT count(*) FROM shopper WHERE email = ?", DEMO) == [(0,)]


def test_only_those_who_are_named_or_active_are_handed_over(
    run: Run, api: Running, tmp_path: Path
) -> None:
    keys = tmp_path / "keys.csv"
    keys.write_text(f"login\n{BO}\n{BO}\nnobody@example.com\n", encoding="utf-8")
    done = run("shopper", "provision", "--keys", str(keys), "--json")
    assert (done.status, counts(done)) == (1, {"made": 1, "without_erid": 1})
    assert "line 4: no user has that key" in done.err
    assert counts(run("shopper", "provision", "--active-only", "--json")) == {"made": 3}
    keys.write_text("email\nx\n", encoding="utf-8")
    assert run("shopper", "provision", "--keys", str(keys)).status == 2


def test_a_limit_is_how_many_more_are_handed_over(run: Run, api: Running) -> None:
    for expected in (3, 4):
        done = run("shopper", "provision", "--limit", "3", "--rate", "500", "--json")
        assert counts(done) == {"made": expected}
    assert api.rows("SELECT count(*) FROM shopper") == [(4,)]


def test_wrong_credentials_stop_it_before_anything_is_written(
    run: Run, api: Running, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_API_SECRET", "wrong")
    done = run("shopper", "provision")
    assert done.status == 1
    assert "invalid_client" in done.err
    assert ledger(run) == set()


# The engine, with people who are made up


def people(count: int, first_name: str = "Pat") -> list[Customer]:
    return [
        Customer("shop", str(n), Shopper(erid=f"E-{n}", first_name=first_name))
        for n in range(count)
    ]


@pytest.fixture
def client(api: Running) -> Iterator[ShopperClient]:
    with ShopperClient(api.url, CREDENTIALS, pace=HASTE, attempts=3) as made:
        yield made


def test_whoever_was_begun_is_looked_for_and_whoever_is_done_is_not(
    client: ShopperClient, api: Running, tmp_path: Path
) -> None:
    path = tmp_path / "run.db"
    crowd = people(4)
    with Checkpoint(path, api="a") as killed:
        killed.begin(crowd)
        killed.end([(crowd[0], Result("made"))])
    for known in crowd[1:3]:
        client.create(known.shopper)
    before = api.state()["calls"]
    with Checkpoint(path, api="a") as resumed:
        assert resumed.resumed
        assert provision(client, resumed, [crowd], workers=1)
        assert resumed.counts() == {"made": 2, "equal": 2}
    assert api.rows("SELECT erid FROM shopper ORDER BY erid") == [("E-1",), ("E-2",), ("E-3",)]
    # A token and a look for each of two; for the other no token, and a creation.
    assert api.state()["calls"] == before + 6


def test_an_erid_that_changed_meanwhile_is_handed_over_too(
    client: ShopperClient, api: Running, tmp_path: Path
) -> None:
    path = tmp_path / "run.db"
    with Checkpoint(path, api="a") as first:
        provision(client, first, [people(1)], workers=1)
    relinked = Customer("shop", "0", Shopper(erid="E-new"))
    with Checkpoint(path, api="a") as second:
        provision(client, second, [[relinked]], workers=1)
        assert second.counts() == {"made": 1}
    assert api.rows("SELECT erid FROM shopper ORDER BY erid") == [("E-0",), ("E-new",)]


def test_an_outage_stops_the_run_and_what_was_done_is_kept(start: Start, tmp_path: Path) -> None:
    with (
        ShopperClient("http://127.0.0.1:9", CREDENTIALS, pace=HASTE, attempts=1) as client,
        Checkpoint(tmp_path / "run.db", api="a") as checkpoint,
    ):
        with pytest.raises(ShopperError, match="50 people in a row"):
            provision(client, checkpoint, [people(500)], workers=4)
        assert 50 <= checkpoint.counts()["unresolved"] < 200
    api = start()
    with (
        ShopperClient(api.url, CREDENTIALS, pace=HASTE) as client,
        Checkpoint(tmp_path / "run.db", api="a") as checkpoint,
    ):
        assert provision(client, checkpoint, [people(60)], workers=4)
        assert checkpoint.counts() == {"made": 60}


def test_a_checkpoint_is_of_one_api_and_of_one_run_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    with Checkpoint(path, api="a"):
        with pytest.raises(BridgeError, match="another run is using"):
            Checkpoint(path, api="a")
        assert path.stat().st_mode & 0o077 == 0
    with pytest.raises(BridgeError, match="another API"):
        Checkpoint(path, api="b")
    path.write_text("not a database at all, but something else")
    with pytest.raises(BridgeError, match="cannot be used as a checkpoint"):
        Checkpoint(path, api="a")


def test_a_checkpoint_keeps_no_values_and_no_key_unless_asked(
    client: ShopperClient, tmp_path: Path
) -> None:
    client.create(Shopper(erid="E-0", first_name="Somebody"))
    for values in (False, True):
        path = tmp_path / f"{values}.db"
        with Checkpoint(path, api="https://api secret-key", values=values) as checkpoint:
            provision(client, checkpoint, [people(1, "Else")], workers=1)
            (problem,) = checkpoint.problems()
        assert problem.fields == {"firstName": ["Else", "Somebody"] if values else None}
        content = path.read_bytes()
        assert (b"Somebody" in content) is values
        assert b"secret-key" not in content


def test_people_are_read_no_faster_than_they_are_settled(client: ShopperClient) -> None:
    read: list[tuple[int, int]] = []
    done: list[int] = []

    def batches() -> Iterator[list[Customer]]:
        for start in range(0, 100, 10):
            read.append((start, sum(done)))
            yield people(100)[start : start + 10]

    with Checkpoint(None, api="a") as checkpoint:
        provision(client, checkpoint, batches(), workers=2, told=done.append)
        assert checkpoint.counts() == {"made": 100}
    assert all(start - settled <= 8 for start, settled in read)


def test_it_is_killed_on_its_way_and_everybody_is_there_once(tmp_path: Path) -> None:
    figures, verdicts = prove(tmp_path, Lengths(users=300, kills=2, rate=100, quotas=0.001))
    assert all(v.kept for v in verdicts), (figures, [*map(str, verdicts)])


def test_a_checkpoint_is_readable_by_hand(client: ShopperClient, tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    with Checkpoint(path, api="a") as checkpoint:
        provision(client, checkpoint, [people(2)], workers=1)
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT source, subject, erid, outcome FROM person").fetchall()
    assert rows == [("shop", "0", "E-0", "made"), ("shop", "1", "E-1", "made")]
