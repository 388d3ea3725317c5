from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sso_bridge.config import Settings, load
from sso_bridge.errors import ConfigurationError

SMALL = """
[sources.shop]
url = "sqlite:///users.db"
table = "users"
subject = "id"
login = "email"
password = "password_hash"

[sites.demo]
source = "shop"
"""
"""The least that is a configuration."""

Loader = Callable[[str], tuple[Settings, list[str]]]
Complaints = Callable[[str], str]


@pytest.fixture
def load_text(tmp_path: Path) -> Loader:
    """Load `top + SMALL`: what is given stands before the tables and may open its own."""

    def load_it(text: str) -> tuple[Settings, list[str]]:
        path = tmp_path / "bridge.toml"
        path.write_text(text, encoding="utf-8")
        return load(path)

    return load_it


@pytest.fixture
def complaint(load_text: Loader, tmp_path: Path) -> Complaints:
    """What is said about a configuration that is refused, without the file's own name."""

    def complain(text: str) -> str:
        with pytest.raises(ConfigurationError) as refused:
            load_text(text)
        lines = refused.value.details.splitlines()
        prefix = f"{tmp_path / 'bridge.toml'}: "
        assert all(line.startswith(prefix) for line in lines)
        return "\n".join(line.removeprefix(prefix) for line in lines)

    return complain
