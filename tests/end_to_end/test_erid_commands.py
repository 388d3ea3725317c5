"""`sso-bridge erid`: what an operator does, as they would type it."""

from __future__ import annotations

import csv
import json
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
import zeep

from sso_bridge import cli, demo
from tests.running import demo_in, edited, running_server


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    status: int
    out: str
    err: str


Run = Callable[..., Done]
DEMO, BO, SOEREN, GONE = (person.email for person in demo.PEOPLE)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return demo_in(tmp_path)


@pytest.fixture
def run(config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def command(*words: str, config: Path = config) -> Done:
        monkeypatch.setattr(sys, "argv", ["sso-bridge", *words, "--config", str(config)])
        capsys.readouterr()
        status: object = 0
        try:
            cli.main()
        except SystemExit as stop:
            status = stop.code
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return Done(status if isinstance(status, int) else 0, printed.out, printed.err)

    return command


def pairs(run: Run) -> dict[str, str]:
    """ERIDs by subject, as they are exported."""
    rows = csv.DictReader(run("erid", "export").out.splitlines())
    return {row["subject"]: row["erid"] for row in rows}


def counts(done: Done) -> dict[str, int]:
    return {kind: n for kind, n in json.loads(done.out).items() if n}


def write(folder: Path, *lines: str) -> str:
    path = folder / "pairs.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def sql(config: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(config.with_name("users.db"))) as connection, connection:
        connection.execute(statement, values)


def test_assign_gives_everybody_an_erid_once(run: Run) -> None:
    assert counts(run("erid", "assign", "--json")) == {"bound": 4}
    given = pairs(run)
    assert len(set(given.values())) == 4
    assert counts(run("erid", "assign", "--json")) == {"there": 4}
    assert pairs(run) == given


def test_a_dry_run_says_the_same_and_writes_nothing(run: Run) -> None:
    done = run("erid", "assign", "--dry-run")
    assert done.status == 0
    assert "4 got their ERID" in done.out
    assert "dry run" in done.out
    assert pairs(run) == {}


def test_the_erid_that_was_assigned_is_the_one_that_is_answered(run: Run, config: Path) -> None:
    run("erid", "assign")
    answer = json.loads(run("try", "user", DEMO, "--json").out)
    assert answer["key"]["external_reference_id"] == pairs(run)["1"]


def test_assign_binds_what_a_column_holds_and_nothing_that_is_not_sound(
    run: Run, config: Path
) -> None:
    sql(config, "ALTER TABLE users ADD COLUMN erid TEXT")
    for subject, erid in ((1, "C-1"), (2, "C-2"), (3, "C-2"), (4, " C-4")):
        sql(config, "UPDATE users SET erid = ? WHERE id = ?", erid, subject)
    column = edited(
        config, ("[sources.shop.erid]", '[sources.shop.erid]\nstrategy = "column"\ncolumn = "erid"')
    )
    done = run("erid", "assign", "--json", config=column)
    assert done.status == 1
    assert counts(done) == {"bound": 1, "refused": 3}
    assert "limit. (begins or ends with white space)" in done.err
    assert pairs(run) == {"1": "C-1"}


def test_an_import_by_primary_key_or_by_login_is_answered(
    run: Run, config: Path, tmp_path: Path
) -> None:
    by_key = write(tmp_path, "subject,erid", "1,DR-1", "2,DR-2")
    assert counts(run("erid", "import", by_key, "--json")) == {"bound": 2}
    by_login = write(tmp_path, "erid,login", f"DR-3,{SOEREN}")
    assert counts(run("erid", "import", by_login, "--json")) == {"bound": 1}
    assert pairs(run) == {"1": "DR-1", "2": "DR-2", "3": "DR-3"}
    assert "ERID DR-3" in run("try", "user", SOEREN).out


def test_an_import_that_was_stopped_is_run_again(run: Run, tmp_path: Path) -> None:
    run("erid", "import", write(tmp_path, "subject,erid", "1,DR-1"))
    whole = write(tmp_path, "subject,erid", "1,DR-1", "2,DR-2")
    done = run("erid", "import", whole, "--json")
    assert (done.status, counts(done)) == (0, {"there": 1, "bound": 1})


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_an_import_overwrites_nothing_and_says_which_lines_are_wrong(
    run: Run, tmp_path: Path, dry: tuple[str, ...]
) -> None:
    run("erid", "import", write(tmp_path, "subject,erid", "1,DR-1"))
    wrong = write(
        tmp_path,
        "subject,erid",
        "1,DR-other",
        "2,dr-1",
        "3,DR-3",
        "4,DR-3",
        "99,DR-99",
        "4, DR-4",
        "4,",
        "4",
    )
    done = run("erid", "import", wrong, "--json", *dry)
    assert done.status == 1
    assert counts(done) == {"bound": 1, "other": 1, "shared": 2, "refused": 4}
    for line in (2, 3, 5, 6, 7, 8, 9):
        assert f"line {line}: " in done.err
    assert pairs(run) == ({"1": "DR-1"} if dry else {"1": "DR-1", "3": "DR-3"})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("subject;erid\n1;A\n", "must name the columns erid"),
        ("", "must name the columns erid"),
        ("subject,erid,subject\n1,A,2\n", "once each"),
        ("subject,login,erid\n1,a,b\n", "must name the columns erid"),
        ('subject,erid\n1,"A\n', "near line"),
        ("subject,erid\n1,A\udcff\n", "not UTF-8"),
    ],
)
def test_a_file_that_is_not_such_a_table_is_an_error(
    run: Run, tmp_path: Path, text: str, says: str
) -> None:
    path = tmp_path / "pairs.csv"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    done = run("erid", "import", str(path))
    assert done.status == 2
    assert says in done.err
    assert pairs(run) == {}


def test_what_is_exported_can_be_imported_into_another_ledger(
    run: Run, config: Path, tmp_path: Path
) -> None:
    run("erid", "assign")
    exported = tmp_path / "erids.csv"
    assert run("erid", "export", "--output", str(exported)).status == 0
    given = pairs(run)
    config.with_name("erids.db").unlink()
    assert run("ledger", "create").status == 0
    assert counts(run("erid", "import", str(exported), "--json")) == {"bound": 4}
    assert pairs(run) == given


def test_an_export_as_json_is_one_object_a_line(run: Run) -> None:
    run("erid", "assign")
    lines = run("erid", "export", "--format", "json").out.splitlines()
    assert [json.loads(line)["source"] for line in lines] == ["shop"] * 4


def test_the_history_is_shown_by_erid_key_and_login(run: Run, tmp_path: Path) -> None:
    run("erid", "import", write(tmp_path, "subject,erid", "2,DR-2"))
    for key in ("DR-2", "2", BO):
        done = run("erid", "show", key)
        assert done.status == 0
        assert "bound shop subject 2 ERID DR-2 (imported)" in done.out
    assert run("erid", "show", "nobody").status == 1
    (events,) = json.loads(run("erid", "show", "DR-2", "--json").out).values()
    assert events[0]["erid"] == "DR-2"


def test_a_relinked_erid_is_the_other_person_s_and_the_history_tells_why(
    run: Run, tmp_path: Path
) -> None:
    run("erid", "import", write(tmp_path, "subject,erid", "1,DR-1", "2,DR-2"))
    done = run("erid", "relink", "DR-1", "--login", BO, "--reason", "merged")
    assert (done.status, pairs(run)) == (0, {"2": "DR-1"})
    assert run("try", "user", "DR-2").status == 1
    refused = run("try", "user", DEMO)
    assert refused.status == 1
    assert "subject_retired" in refused.err
    assert "ERID DR-1" in run("try", "user", BO).out
    assert run("erid", "relink", "--new", "--subject", "1", "--reason", "split").status == 0
    assert pairs(run)["1"] not in ("DR-1", "DR-2")
    shown = run("erid", "show", "DR-1").out
    assert "unlinked shop subject 1 (imported)" in shown
    assert "relinked shop subject 2 ERID DR-1 (operator): merged" in shown


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("relink", "DR-1", "--subject", "99", "--reason", "x"), 1),
        (("relink", "DR-1", "--subject", "1", "--reason", "x"), 1),
        (("relink", " x", "--subject", "1", "--reason", "x"), 1),
        (("relink", "--subject", "1", "--reason", "x"), 2),
        (("relink", "DR-1", "--new", "--subject", "1", "--reason", "x"), 2),
        (("relink", "DR-1", "--reason", "x"), 2),
        (("relink", "DR-1", "--subject", "2"), 2),
        (("retire", "DR-9", "--reason", "x"), 1),
        (("retire", "--subject", "9", "--reason", "x"), 1),
        (("retire", "--reason", "x"), 2),
        (("retire", "DR-1"), 2),
    ],
)
def test_what_cannot_be_done_changes_nothing(
    run: Run, tmp_path: Path, words: tuple[str, ...], status: int
) -> None:
    run("erid", "import", write(tmp_path, "subject,erid", "1,DR-1"))
    done = run("erid", *words)
    assert done.status == status
    assert done.err
    assert pairs(run) == {"1": "DR-1"}


def test_who_was_retired_stays_out_and_nobody_gets_the_erid(run: Run, tmp_path: Path) -> None:
    run("erid", "import", write(tmp_path, "subject,erid", "1,DR-1"))
    assert run("erid", "retire", "DR-1", "--reason", "closed").status == 0
    assert run("try", "user", DEMO).status == run("try", "user", "DR-1").status == 1
    assert run("erid", "relink", "DR-1", "--subject", "2", "--reason", "x").status == 1
    again = write(tmp_path, "subject,erid", "1,DR-7", "2,dr-1")
    assert counts(run("erid", "import", again, "--json")) == {"retired": 1, "shared": 1}
    assert run("erid", "relink", "DR-1", "--subject", "1", "--reason", "by mistake").status == 0
    assert "ERID DR-1" in run("try", "user", DEMO).out


def test_who_was_forgotten_is_nowhere_in_the_ledger_and_stays_out(
    run: Run, config: Path, tmp_path: Path
) -> None:
    sql(config, "UPDATE users SET id = 471108154711 WHERE id = 1")
    run("erid", "import", write(tmp_path, "subject,erid", "471108154711,DR-0815"))
    assert run("try", "user", DEMO).status == 0
    assert run("erid", "retire", "DR-0815", "--forget", "--reason", "Dana asked").status == 0
    with closing(sqlite3.connect(config.with_name("erids.db"))) as connection:
        dump = "\n".join(connection.iterdump())
    for personal in ("471108154711", "DR-0815", "Dana", DEMO):
        assert personal not in dump
    assert run("try", "user", DEMO).status == 1
    again = write(tmp_path, "subject,erid", "471108154711,DR-7", "2,DR-0815")
    assert counts(run("erid", "import", again, "--json")) == {"retired": 1, "shared": 1}


def test_a_running_server_follows_within_the_stated_time(
    run: Run, config: Path, tmp_path: Path
) -> None:
    quick = edited(config, ("[ledger]\n", "[ledger]\nwatch_seconds = 0.5\n"))
    run("erid", "import", write(tmp_path, "subject,erid", "1,DR-1", "2,DR-2"))
    with running_server(quick, "--workers", "2") as server:
        calls = zeep.Client(f"{server.url}?wsdl").service

        def erid(login: str) -> str | None:
            info = calls.GetUser(userKey={"loginID": login}).userInfo
            key = None if info is None else info.userKey
            return None if key is None else str(key.externalReferenceID)

        assert {erid(DEMO) for _ in range(9)} == {"DR-1"}
        assert run("erid", "retire", "DR-1", "--reason", "closed").status == 0
        time.sleep(1.0)
        assert {erid(DEMO) for _ in range(9)} == {None}
        assert {erid(BO) for _ in range(9)} == {"DR-2"}


def test_a_relinked_erid_is_that_of_the_row_as_it_is_now(
    run: Run, config: Path, tmp_path: Path
) -> None:
    run("erid", "import", write(tmp_path, "subject,erid", "1,DR-1"))
    assert run("erid", "relink", "--new", "--subject", "1", "--reason", "key reused").status == 0
    sql(config, "UPDATE users SET created_at = '1999-12-31' WHERE id = 1")
    done = run("try", "user", DEMO)
    assert done.status == 1
    assert "subject_reused" in done.err


def test_a_file_that_is_all_of_other_sources_is_no_success(run: Run, tmp_path: Path) -> None:
    done = run("erid", "import", write(tmp_path, "source,subject,erid", "former,1,DR-1"))
    assert done.status == 1
    assert "1 lines are of other sources" in done.out


def test_an_export_that_fails_leaves_the_last_one(run: Run, config: Path, tmp_path: Path) -> None:
    run("erid", "assign")
    target = tmp_path / "erids.csv"
    run("erid", "export", "--output", str(target))
    whole = target.read_text()
    assert target.stat().st_mode & 0o777 == 0o600
    config.with_name("erids.db").rename(config.with_name("elsewhere.db"))
    assert run("erid", "export", "--output", str(target)).status == 2
    assert target.read_text() == whole
    assert run("erid", "export", "--output", str(tmp_path / "no" / "folder.csv")).status != 0


def test_an_erid_that_was_set_aside_may_be_retired_and_forgotten(
    run: Run, config: Path, tmp_path: Path
) -> None:
    run("erid", "import", write(tmp_path, "subject,erid", "1,DR-0815"))
    run("erid", "relink", "--new", "--subject", "1", "--reason", "key reused")
    assert run("erid", "retire", "DR-0815", "--forget", "--reason", "asked").status == 0
    with closing(sqlite3.connect(config.with_name("erids.db"))) as connection:
        assert "DR-0815" not in "\n".join(connection.iterdump())
    assert run("erid", "relink", "DR-0815", "--subject", "1", "--reason", "x").status == 1
    assert run("try", "user", DEMO).status == 0


def test_a_source_that_means_other_rows_is_refused_until_it_is_adopted(
    run: Run, config: Path
) -> None:
    other = edited(config, ('subject = "id"', 'subject = "created_at"'), name="other.toml")
    done = run("erid", "assign", config=other)
    assert done.status == 2
    assert "sources.shop.subject is 'created_at', and was 'id'" in done.err
    assert run("ledger", "adopt", "shop", config=other).status == 0
    assert run("ledger", "status", config=other).status == 0


def test_a_ledger_beside_the_users_takes_everybody(run: Run, config: Path) -> None:
    for number in range(1200):
        sql(
            config,
            "INSERT INTO users (email, password_hash, status, created_at) VALUES (?, '', '', 1)",
            f"{number}@example.com",
        )
    beside = edited(config, ('url = "sqlite:///erids.db"', 'url = "sqlite:///users.db"'))
    assert run("ledger", "create", config=beside).status == 0
    assert counts(run("erid", "assign", "--json", config=beside)) == {"bound": 1204}
