"""`sso-bridge try` explains each step, and tells no value."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sso_bridge.cli import attempt
from tests.people import TABLE, People
from tests.running import demo_in

Make = Callable[..., People]
CONFIG = """
[ledger]
url = "sqlite:///erids.db"
[sources.shop]
url = "{url}"
table = "users"
subject = "id"
login = ["login", "mail"]
password = "password"
active = [{{ column = "status", values = ["active"] }}, {{ column = "locked", null = true }}]
[sources.shop.profile]
first_name = "first_name"
[sites.de]
source = "shop"
[sites.at]
source = "shop"
filter = {{ first_name = "Eve" }}
[server]
default_site = "de"
"""


def run(config: Path, *words: str, sent: str = "open sesame") -> Result:
    return CliRunner().invoke(attempt.command, [*words, "--config", str(config)], input=sent + "\n")


@pytest.fixture
def config(make: Make, tmp_path: Path, database_url: str) -> Path:
    """Bob, whose e-mail address is another login; Eve, who is locked; Max, whose status is odd."""
    more = "first_name TEXT, mail VARCHAR(100), locked VARCHAR(20)"
    people = make(TABLE.replace("first_name TEXT", more), source={"login": ["login", "mail"]})
    people.add("bob", mail="bob@example.com", first_name="Xqfirst")
    people.add("eve", locked="yes", first_name="Eve")
    people.add("max", status="gone", first_name="Max")
    people.add("twin", mail="same")
    people.add("same", mail="x")
    path = tmp_path / "bridge.toml"
    url = people.url or "sqlite:///users.db"
    text = CONFIG.format(url=url).replace("[server]\ndefault_site", "[server]\n#")
    path.write_text('default_site = "de"\n' + text)
    return path


def test_each_step_of_a_login_is_explained(config: Path) -> None:
    done = run(config, "login", "bob@example.com")
    assert done.exit_code == 0, done.output
    told = done.stderr
    assert "site de: --site was not given, and it is the default_site" in told
    assert "source shop: table users, login_match exact" in told
    assert "row 1 by its mail, active, password hash bcrypt" in told
    assert "computed the stored password hash, which is bcrypt" in told
    assert "the password is right" in told
    assert "ERID: made at random now" in told
    assert "guard: enforce, without a fingerprint" in told
    assert re.search(r"ms  source shop: SELECT users\.id.* WHERE users\.login = (\?|:\w+) OR", told)
    assert re.search(r"ms  ledger: INSERT INTO sso_bridge_entry", told)
    assert "the ledger had it (minted)" in run(config, "login", "bob").stderr


def test_the_steps_hold_no_value(config: Path) -> None:
    for words in (("login", "bob@example.com"), ("user", "bob"), ("login", "nobody@example.com")):
        told = run(config, *words, sent="wrong one").stderr
        for value in ("bob", "nobody@", "Xqfirst", "wrong one", "$2b$", "active'"):
            assert value not in told, (words, value)


@pytest.mark.parametrize(
    ("login", "why"),
    [
        ("eve", "not active: locked is not NULL"),
        ("max", "not active: status is none of `values`"),
        ("nobody", "finds 0 rows by login"),
        ("same", "finds 2 rows by login, of which 2 by login_match"),
    ],
)
def test_a_refusal_says_why(config: Path, login: str, why: str) -> None:
    done = run(config, "login", login)
    assert done.exit_code == 1
    assert "refused: invalid_login" in done.stdout
    assert why in done.stderr


def test_the_site_that_is_named_is_meant(config: Path) -> None:
    done = run(config, "login", "bob", "--site", "at")
    assert "site at: --site names it" in done.stderr
    assert "finds 0 rows" in done.stderr
    assert done.exit_code == 1


def test_a_user_is_explained_by_erid_too(config: Path) -> None:
    shown = json.loads(run(config, "user", "bob", "--json").stdout)
    done = run(config, "user", shown["key"]["external_reference_id"])
    assert "row 1, active" in done.stderr
    assert "the ledger knows the ERID as one of source shop" in done.stderr


def test_json_holds_the_steps(config: Path) -> None:
    answer: dict[str, Any] = json.loads(run(config, "login", "bob", "--json").stdout)
    kinds = {step["kind"] for step in answer["steps"]}
    assert {"fact", "sql", "step"} <= kinds
    assert all("milliseconds" in step for step in answer["steps"] if step["kind"] != "fact")
    refused = json.loads(run(config, "login", "bob", "--json", sent="no").stdout)
    assert refused["kind"] == "invalid_login"
    assert refused["steps"][-1]["text"] == "refused: wrong password"


def test_statements_about_the_database_itself_are_not_listed(config: Path) -> None:
    told = run(config, "login", "bob").stderr
    assert not re.search(r"PRAGMA|pg_catalog|information_schema|: SET |: SHOW ", told)


def test_a_database_that_is_down_is_told_and_is_no_refusal(tmp_path: Path) -> None:
    path = demo_in(tmp_path / "demo")
    (path.parent / "users.db").unlink()
    done = run(path, "login", "demo@example.com")
    assert done.exit_code != 0
    assert "SourceUnavailable" in done.stderr
    assert "refused" not in done.stdout
