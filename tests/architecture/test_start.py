"""What is loaded when: the help of a command and the start of a worker must not wait for libraries
that they do not need. Times depend on the machine; what is imported does not."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from sso_bridge import demo
from sso_bridge.cli import COMMANDS, group

ROOMS_OF_HELP = {"cli", "core", "errors"}

WORKER = Path(__file__).with_name("loaded_in_worker.py")


def subcommands(command: click.Command, *words: str) -> Iterator[tuple[str, ...]]:
    """`words`, which call `command`, and those of everything below it."""
    yield words
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from subcommands(below, *words, name)


def imported_by(code: str, *arguments: str) -> set[str]:
    """The modules that are there after `code`, however it ended."""
    told = f"import sys\ntry:\n    {code}\nfinally:\n    print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", told, *arguments], capture_output=True, text=True, check=True
    )
    return set(done.stderr.split())


def is_foreign(module: str) -> bool:
    """Whether it is neither the standard library's nor ours."""
    return module.partition(".")[0] not in {*sys.stdlib_module_names, "sso_bridge"}


@pytest.fixture(scope="module")
def always() -> set[str]:
    """What an interpreter imports by itself, the hooks of the environment among it."""
    return imported_by("pass")


@pytest.mark.parametrize("words", [*subcommands(group)], ids=lambda words: " ".join(words) or "-")
def test_help_loads_only_click_and_the_core(words: tuple[str, ...], always: set[str]) -> None:
    run = "from sso_bridge.__main__ import main; main()"
    loaded = imported_by(run, *words, "--help") - always
    ours = {name.split(".")[1] for name in loaded if name.startswith("sso_bridge.")}
    ours.discard("__main__")
    assert "cli" in ours
    assert ours <= ROOMS_OF_HELP
    assert {name.partition(".")[0] for name in loaded if is_foreign(name)} == {"click"}


def test_the_help_of_every_command_is_looked_at() -> None:
    called = set(subcommands(group))
    assert {words[0] for words in called if words} == COMMANDS.keys()
    assert {("erid", "import"), ("ledger", "create"), ("try", "login")} <= called


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `loaded_in_worker.py` tells of a worker for the demo's users."""
    config, person = demo.prepare(tmp_path_factory.mktemp("demo")), demo.PEOPLE[0]
    done = subprocess.run(
        [sys.executable, str(WORKER), str(config), person.email, person.password],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_a_worker_finds_everything_loaded(worker: dict[str, Any]) -> None:
    assert worker["status"] == 200
    late = {name for name in worker["late"] if is_foreign(name) or name.startswith("sso_bridge")}
    assert late <= {"sso_bridge.wsdl"}  # a folder of files, which has no code


def test_a_server_does_not_load_what_only_operators_need(worker: dict[str, Any]) -> None:
    loaded = {*worker["early"], *worker["late"]}
    assert {"sso_bridge.wiring.application", "sqlalchemy"} <= loaded
    for name in ("alembic", "sso_bridge.audit", "sso_bridge.doctor", "sso_bridge.wizard"):
        assert name not in loaded


def test_the_collector_of_a_worker_leaves_out_what_its_parent_loaded(
    worker: dict[str, Any],
) -> None:
    assert worker["collects"]
    assert worker["frozen"] > 5 * worker["own"] > 0
