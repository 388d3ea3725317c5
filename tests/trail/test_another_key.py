"""A trail has one key from its first record to its last."""

from __future__ import annotations

from pathlib import Path

import pytest

from sso_bridge.config import Settings
from sso_bridge.config.load import settings_from
from sso_bridge.errors import ConfigurationError
from sso_bridge.reloading import check_changes
from sso_bridge.wiring import trail_file
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


def test_a_start_with_another_key_is_refused_until_the_file_is_another(tmp_path: Path) -> None:
    begun = trail_file(settings(tmp_path, file="trail.jsonl", key="a" * 32))
    assert begun is not None
    begun.append([("call", {})])
    for later in ({"key": "b" * 32}, {}):
        with pytest.raises(ConfigurationError, match=r"begun with another key.*trail\.file"):
            trail_file(settings(tmp_path, file="trail.jsonl", **later))
        trail_file(settings(tmp_path, file="other.jsonl", **later))
    trail_file(settings(tmp_path, file="trail.jsonl", key="a" * 32))


@pytest.mark.parametrize(
    "head",
    [b"", b"nonsense", b"[]", b'{"key": 7}', b"[" * 4000],
    ids=["empty", "no JSON", "a list", "a number", "deep"],
)
def test_a_head_that_says_no_key_keeps_nobody_from_starting(tmp_path: Path, head: bytes) -> None:
    configured = settings(tmp_path, file="trail.jsonl", key="a" * 32)
    begun = trail_file(configured)
    assert begun is not None
    begun.append([("call", {})])
    (tmp_path / "trail.jsonl.head").write_bytes(head)
    trail_file(configured)
