"""config/example.toml and docs/configuration.md are printed from the model, and are true."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel, SecretStr
from pydantic_core import PydanticUndefined

from sso_bridge import wiring
from sso_bridge.config import Settings, load
from sso_bridge.config.example import example, reference, sections
from sso_bridge.config.load import settings_from
from sso_bridge.config.places import alternatives
from sso_bridge.errors import ConfigurationError
from sso_bridge.observing import Silent

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "config" / "example.toml"
SECRETS = {
    "SSO_BRIDGE_CALLER_PASSWORD": "open sesame",
    "SSO_BRIDGE_SHOP_URL": "sqlite:///users.db",
    "SSO_BRIDGE_SHOP_REPLICA_URL": "sqlite:///replica.db",
    "SSO_BRIDGE_PEPPER": "0123456789" * 4,
    "SSO_BRIDGE_FIREBASE_SIGNER_KEY": "MDEyMzQ1Njc4OQ==",
    "SSO_BRIDGE_SIGNING_KEY": "0123456789" * 4,
    "SSO_BRIDGE_CALLER_PASSWORD_HASH": "$2b$",
    "SSO_BRIDGE_CALLER_TOKEN": "0123456789" * 4,
    "SSO_BRIDGE_ENCRYPTION_KEY": "0123456789",
    "SSO_BRIDGE_LEDGER_URL": "sqlite:///erids.db",
    "SSO_BRIDGE_LEDGER_KEY": "0123456789" * 4,
    "SSO_BRIDGE_TRAIL_KEY": "0123456789" * 4,
    "SSO_BRIDGE_LOG_KEY": "0123456789" * 4,
    "SSO_BRIDGE_ERID_SECRET": "0123456789" * 4,
    "SSO_BRIDGE_CALLER_TOKEN_PASSWORD": "open sesame",
    "SSO_BRIDGE_REDIS_URL": "redis://127.0.0.1:6379/0",
    "SSO_BRIDGE_THROTTLE_KEY": "0123456789" * 4,
    "SSO_BRIDGE_PASSWORD_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "SSO_BRIDGE_PASSWORD_MAC_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "SSO_BRIDGE_PASSWORD_IV": "MDEyMzQ1Njc4OTAxMjM0NQ==",
    "SSO_BRIDGE_SHOPPER_API_KEY": "0123456789",
    "SSO_BRIDGE_SHOPPER_API_SECRET": "0123456789",
}
DIFFERENT = {"user", "expiry_kind", "values", "column", "expiry_column"}
"""Keys that the example sets to something else, because their section needs it."""

KEYS = [
    pytest.param(section, field.alias or name, id=f"{header or 'top'}-{field.alias or name}")
    for header, section in sections()
    for name, field in section.model_fields.items()
]


CRM = """
class CrmSource:
    def __init__(self, name, options):
        self.find = self.create = self.replace_hash = self.password_hashes = self.check = print
"""


@pytest.fixture(autouse=True)
def _crm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The module with a source in Python that the example names."""
    package = tmp_path / "crm" / "shop_bridge"
    package.mkdir(parents=True)
    (package / "users.py").write_text(CRM, encoding="utf-8")
    monkeypatch.syspath_prepend(str(package.parent))
    for module in ("shop_bridge", "shop_bridge.users"):
        monkeypatch.delitem(sys.modules, module, raising=False)


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> tuple[Settings, list[str]]:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    return load(EXAMPLE)


def test_the_example_is_what_the_model_prints() -> None:
    assert EXAMPLE.read_text(encoding="utf-8") == example(), (
        "run: python -m sso_bridge.config.example > config/example.toml"
    )


def test_the_reference_is_what_the_model_prints() -> None:
    page = ROOT / "docs" / "configuration.md"
    assert page.read_text(encoding="utf-8") == reference(), (
        "run: python -m sso_bridge.config.example docs > docs/configuration.md"
    )


@pytest.mark.parametrize(("args", "printed"), [([], example), (["docs"], reference)])
def test_the_module_prints_both(args: list[str], printed: Any) -> None:
    command = [sys.executable, "-m", "sso_bridge.config.example", *args]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    assert done.stdout == printed()


def test_the_example_loads_without_a_warning(loaded: tuple[Settings, list[str]]) -> None:
    settings, warnings = loaded
    assert warnings == []
    assert settings.callers["dr"].password == (SecretStr(SECRETS["SSO_BRIDGE_CALLER_PASSWORD"]),)


def test_the_example_can_be_assembled(loaded: tuple[Settings, list[str]], tmp_path: Path) -> None:
    parts = wiring.assemble(loaded[0], tmp_path, Silent())
    assert set(parts.issuers) == {"link", "cookie"}
    parts.pool.close()


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_every_setting_is_in_the_example_and_in_the_reference(
    section: type[BaseModel], key: str
) -> None:
    written = re.compile(rf"^(# )?(\[.*\b)?{re.escape(key)}(_env)?( = |[.\]]|.*\{{ {key} = )", re.M)
    inline = re.compile(rf"\{{ .*\b{re.escape(key)} = ")
    assert written.search(example()) or inline.search(example())
    documented = re.compile(rf"^\| `{re.escape(key)}` \||^## `\[.*{re.escape(key)}|\{{.*{key} = …")
    assert re.compile(documented.pattern, re.M).search(reference())


def test_every_setting_says_what_it_means() -> None:
    for header, section in sections():
        assert section.__doc__
        for name, field in section.model_fields.items():
            assert field.description, f"{header} {name}"
            assert field.description.endswith("."), f"{header} {name}"


def test_every_default_that_is_shown_is_the_real_one() -> None:
    tables = tomllib.loads(example())
    compared = _compare(Settings, tables)
    assert compared > 40


def _compare(section: type[BaseModel], table: dict[str, Any]) -> int:
    """Compare what stands in `table` with the defaults; how many there were."""
    compared = 0
    for name, field in section.model_fields.items():
        value = table.get(field.alias or name)
        types = alternatives(field.annotation)
        if isinstance(value, dict) and get_origin(types[0]) is dict:
            for inner, entry in zip(
                alternatives(get_args(types[0])[1]) * len(value), value.values(), strict=False
            ):
                if isinstance(entry, dict) and issubclass(inner, BaseModel):
                    compared += _compare(inner, entry)
        elif isinstance(value, dict) and not _is_inline(value, field.default):
            compared += _compare(types[0], value)
        elif value is not None and field.default is not PydanticUndefined:
            if name in DIFFERENT and value != _plain(field.default):
                continue
            assert value == _plain(field.default), name
            compared += 1
    return compared


def _is_inline(value: dict[str, Any], default: Any) -> bool:
    return isinstance(default, BaseModel) and default.model_dump() == value


def _plain(default: Any) -> Any:
    if isinstance(default, SecretStr):
        return default.get_secret_value()
    if isinstance(default, tuple):
        return list(default)
    return default.model_dump() if isinstance(default, BaseModel) else default


EXCLUDED = ("give one of", "more than once", "goes with", "go together", "goes together")
NOT_HERE = "names a file that cannot be read"


def test_what_is_behind_a_hash_is_valid_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each line that is left out can be put in, unless it excludes a neighbour."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    lines = example().splitlines()
    left_out = [i for i, line in enumerate(lines) if re.match(r"# \w+ = ", line)]
    assert len(left_out) > 60
    accepted = 0
    for i in left_out:
        tables = tomllib.loads("\n".join([*lines[:i], lines[i][2:], *lines[i + 1 :]]))
        try:
            settings_from(tables, tmp_path / "bridge.toml")
        except ConfigurationError as error:
            said = error.details
        else:
            accepted += 1
            continue
        assert any(reason in said for reason in (*EXCLUDED, NOT_HERE)), lines[i]
    assert accepted > 50
