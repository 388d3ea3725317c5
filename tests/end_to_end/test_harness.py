"""The harness finds nothing wrong with the bridge itself, in all shapes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sso_bridge import demo
from sso_bridge.harness import read_cast, run
from sso_bridge.passwords import MAKERS
from tests.running import demo_in, edited, running_server


def test_the_demo_passes_every_check(tmp_path: Path) -> None:
    config = demo_in(tmp_path)
    made = {p.email: MAKERS["bcrypt"](cost=4).make(p.password.encode()) for p in demo.PEOPLE}
    with closing(sqlite3.connect(tmp_path / "users.db")) as users, users:
        for email, cheap in made.items():
            users.execute("UPDATE users SET password_hash = ? WHERE email = ?", (cheap, email))
    caller = '[callers.dr]\nuser = "dr"\npassword = "calls-by-the-book"\n\n[ledger]'
    config = edited(config, ("[ledger]", caller))
    file = tmp_path / "harness.toml"
    text = file.read_text(encoding="utf-8")
    called = 'caller = { user = "dr", password = "calls-by-the-book" }\n' + text
    file.write_text(called + "\n[creation]\nallowed = true\n", encoding="utf-8")
    with running_server(config) as server:
        report = run(server.url, read_cast(file))
    assert {r.name: r.wrong for r in report.results if r.outcome == "failed"} == {}
    left_out = {result.name for result in report.results if result.outcome == "left out"}
    assert left_out == {"profile-company", "session-inactive"}
