"""A trail has one key from its first record to its last."""

from __future__ import annotations

from pathlib import Path

import pytest

from sso_bridge.config import Settings
from sso_bridge.config.load import settings_from
from sso_bridge.errors import ConfigurationError
from sso_bridge.reloading import check_changes
from tests.people import MAPPED


def settings(folder: Path, **trail: str) -> Settings:
    tables = {"sources": {"shop": MAPPED}, "sites": {"de": {"source": "shop"}}, "trail": trail}
    return settings_from(tables, folder / "bridge.toml")[0]


@pytest.mark.parametrize("later", [{"key": "b" * 32}, {}], ids=["another key", "no key"])
def test_a_running_server_takes_another_key_for_another_file_only(
    tmp_path: Path, later: dict[str, str]
) -> None:
    old = settings(tmp_path, file="trail.jsonl", key="a" * 32)
    with pytest.raises(ConfigurationError, match=r"another trail\.file"):
        check_changes(old, settings(tmp_path, file="trail.jsonl", **later))
    check_changes(old, settings(tmp_path, file="trail-b.jsonl", **later))
    check_changes(old, settings(tmp_path, file="trail.jsonl", key="a" * 32))


def test_where_there_was_no_trail_one_begins_with_any_key(tmp_path: Path) -> None:
    check_changes(settings(tmp_path), settings(tmp_path, file="trail.jsonl", key="a" * 32))
