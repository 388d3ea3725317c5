"""From a database URL to somebody who signs in, with nothing written by hand."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from types import ModuleType

import pytest

import tests.known
from tests.wizard.running import config_of, run

PRESETS = Path(__file__).parents[2] / "config"


def _modules() -> list[ModuleType]:
    names = [found.name for found in pkgutil.iter_modules(tests.known.__path__)]
    modules = [importlib.import_module(f"tests.known.{n}") for n in names if n[:5] != "test_"]
    return [module for module in modules if hasattr(module, "make")]


def _preset(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2].replace("_", "-")


CASES = [
    pytest.param(module, engine, id=f"{_preset(module)}-{engine}")
    for module in _modules()
    for engine in module.ENGINES
]


def test_every_preset_has_users_to_be_tried_with() -> None:
    known = {path.stem for path in PRESETS.glob("*.toml")} - {"demo", "example"}
    assert {_preset(module) for module in _modules()} == known


@pytest.mark.parametrize(("module", "engine"), CASES)
def test_init_is_all_that_it_takes(
    module: ModuleType, engine: str, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module.make(url)
    for name, value in getattr(module, "ENVIRONMENT", {}).items():
        monkeypatch.setenv(name, value)
    done, config = config_of(url, tmp_path)
    assert done.exit_code == 0, done.output
    assert f"{_preset(module)}.toml" in done.output
    for person in module.PEOPLE:
        if person.password is None:
            continue
        tried = run("try", "login", person.login, "--config", str(config), stdin=person.password)
        assert tried.exit_code == (0 if person.active else 1), tried.output
        assert ("accepted: " in tried.output) == person.active, tried.output
