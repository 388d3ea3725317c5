"""`sso-bridge check` from the command line, sources in Python, and the way to the server."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import make_url, text

from sso_bridge.cli import check
from sso_bridge.doctor import CHECKS
from tests.database.certificates import write_certificates
from tests.doctor.looking import bad, look, of
from tests.people import TABLE, People
from tests.running import demo_in
from tests.services import MariaDB, PostgreSQL

PROGRAM = """
from sso_bridge.errors import SourceUnavailable


class Users:
    def __init__(self, works, hashes):
        self.works, self.hashes = works, hashes

    def find(self, key, deadline, *, profile=False):
        return None

    def create(self, user, deadline, accept):
        return None

    def password_hashes(self, count, deadline):
        return self.hashes[:count]

    def check(self, deadline):
        if not self.works:
            raise SourceUnavailable("the CRM is closed")


def make(*, name, options):
    return Users(options["works"], options["hashes"])
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a factory."""
    (tmp_path / "crm_of_a_test.py").write_text(PROGRAM)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "crm_of_a_test:make"
    sys.modules.pop("crm_of_a_test", None)


@pytest.mark.parametrize("works", [True, False])
def test_a_source_in_python_is_asked_what_it_can_be_asked(
    tmp_path: Path, program: str, works: bool
) -> None:
    options = {"works": works, "hashes": ["$5$unfinished", "?"]}
    people = People(tmp_path, sources={"crm": {"factory": program, "options": options}})
    found = {f.check for f in look(people) if f.place.startswith("sources.crm")}
    if works:
        assert {"program", "hashes", "hashes_unknown"} <= found
    else:
        assert found - {"fingerprint_missing"} == {"unreachable"}
        assert "the CRM is closed" in repr(look(people))


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return demo_in(tmp_path / "demo")


def run(config: Path, *options: str) -> tuple[int, str]:
    done = CliRunner().invoke(check.command, ["--config", str(config), *options])
    return done.exit_code, done.output


def test_findings_are_grouped_by_source_and_end_with_a_verdict(config: Path) -> None:
    status, output = run(config)
    lines = [line.strip() for line in output.splitlines()]
    assert status == 0
    parts = [line for line in lines if line in ("sources.shop", "sessions.cookie", "ledger")]
    assert parts == ["sources.shop", "sessions.cookie", "ledger"]
    assert lines[-1] == "safe to serve: 0 error(s), 0 warning(s)"


def test_json_has_the_name_of_each_finding(config: Path) -> None:
    status, output = run(config, "--json")
    found = json.loads(output)
    assert status == 0
    assert {"reachable", "columns", "hashes", "login_cost", "ledger"} <= {f["check"] for f in found}
    assert all(set(f) == {"check", "severity", "place", "text"} for f in found)


def test_errors_exit_with_1(config: Path) -> None:
    config.write_text(config.read_text().replace('login = "email"', 'login = "mail"'))
    status, output = run(config)
    assert status == 1
    assert "not safe to serve: 1 error(s)" in output
    assert "there is 'email'" in " ".join(output.split())


def test_a_ledger_that_is_missing_is_an_error(config: Path) -> None:
    (config.parent / "erids.db").unlink()
    status, output = run(config)
    assert status == 1
    assert "ledger_unusable" in output


def test_every_finding_is_of_a_known_kind_and_severity(config: Path) -> None:
    for finding in json.loads(run(config, "--json")[1]):
        assert CHECKS[finding["check"]].severity == finding["severity"]


def test_settings_that_are_not_safe_to_serve_are_an_error(config: Path) -> None:
    config.write_text(config.read_text().replace("port = 8080", 'host = "0.0.0.0"\nport = 8080'))
    status, output = run(config, "--json")
    assert status == 1
    assert "settings_unsafe" in output


def test_traces_that_can_go_nowhere_are_an_error(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server would not start with them."""
    config.write_text(config.read_text() + "\n[traces]\nenabled = true\n")
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "nobody knows it")
    status, output = run(config, "--json")
    assert status == 1
    assert "settings_unsafe" in output and "traces.enabled" in output


def test_a_guard_that_does_not_enforce_is_told(tmp_path: Path) -> None:
    people = People(tmp_path, source={"erid": {"guard": "observe"}})
    assert [place for place, _ in of(people, "guard_open")] == ["erid.guard"]


@pytest.mark.parametrize("kind", [PostgreSQL, MariaDB])
def test_a_server_on_this_machine_is_no_network(
    kind: type[PostgreSQL] | type[MariaDB], tmp_path: Path
) -> None:
    certificates = write_certificates(tmp_path)
    with kind(tls=certificates) as server:
        url = server.new_database()
        people = People(tmp_path, TABLE, url=url)
        [(_, told)] = of(people, "reachable")
        assert told.endswith("a socket")
        parsed = make_url(url)
        if kind is PostgreSQL:
            query = {"sslmode": "verify-full", "sslrootcert": str(certificates / "ca.pem")}
            near = parsed.set(host="localhost", port=server.port, query=query)
        else:
            with server.administration() as connection:
                connection.execute(text("CREATE USER near@'%' REQUIRE SSL"))
                connection.execute(text("GRANT ALL ON *.* TO near@'%'"))
            query = {"ssl_ca": str(certificates / "ca.pem")}
            near = parsed.set(username="near", host="localhost", port=server.port, query=query)
        folder = tmp_path / "near"
        folder.mkdir()
        people = People(folder, "", url=near.render_as_string(hide_password=False))
        [(_, told)] = of(people, "reachable")
        assert "TLSv1" in told and "on this machine" in told
        assert not bad(people) & {"network_in_clear", "certificate_unchecked"}
