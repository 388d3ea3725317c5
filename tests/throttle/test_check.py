"""`check` tells whether the Redis of the throttle can be used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from sso_bridge import demo
from sso_bridge.cli import group
from sso_bridge.config.load import settings_from
from sso_bridge.config.surroundings import hazards
from tests.services import Redis
from tests.throttle.nodes import KEY


def found(config: Path, url: str) -> tuple[int, dict[str, str]]:
    """The exit status of `check`, and what it finds of each kind."""
    with config.open("a") as file:
        file.write(
            f'\n[throttle]\nstorage = "redis"\nurl = "{url}"\nkey = "{KEY}"\npatience = 10.0\n'
        )
    done = CliRunner().invoke(group, ["check", "--json", "--config", str(config)])
    return done.exit_code, {one["check"]: one["text"] for one in json.loads(done.stdout)}


def test_one_that_takes_what_is_counted_is_well(tmp_path: Path, redis: Redis) -> None:
    url = redis.new_database()
    status, findings = found(demo.prepare(tmp_path), url)
    assert status == 0
    assert "throttle" in findings
    assert "throttle_unusable" not in findings
    redis.drop(url)


def test_one_that_is_gone_is_a_warning(tmp_path: Path) -> None:
    status, findings = found(demo.prepare(tmp_path), "redis://:hidden@127.0.0.1:1/0")
    assert status == 0
    assert "ConnectionError" in findings["throttle_unusable"]
    assert "hidden" not in str(findings)


@pytest.mark.parametrize(
    ("workers", "kind", "storage", "told"),
    [
        (1, "digest", "memory", False),
        (2, "digest", "memory", True),
        (2, "any", "memory", True),
        (2, "text", "memory", False),
        (2, "digest", "redis", False),
    ],
)
def test_workers_that_remember_used_tokens_each_by_itself_are_told_of(
    tmp_path: Path, workers: int, kind: str, storage: str, told: bool
) -> None:
    tables = {
        "server": {"workers": workers},
        "throttle": {"storage": storage, "url": "redis://127.0.0.1:1", "key": KEY},
        "callers": {
            "dr": {
                "username_token": "dr",
                "username_token_password": "secret",
                "username_token_type": kind,
            }
        },
        "sources": {
            "shop": {
                "url": "sqlite:///users.db",
                "table": "users",
                "subject": "id",
                "login": "email",
                "password": "hash",
            }
        },
        "sites": {"demo": {"source": "shop"}},
    }
    settings, _ = settings_from(tables, tmp_path / "bridge.toml")
    places = [hazard.place for hazard in hazards(settings, tmp_path)]
    assert ("throttle.storage" in places) is told
