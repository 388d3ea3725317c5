"""Whatever an operator can meet is in the documentation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import click
import pytest

from sso_bridge import serving, worker
from sso_bridge.cli import COMMANDS, group
from sso_bridge.config.example import sections
from sso_bridge.config.source import Erid
from sso_bridge.core.alarms import ALARMS, NOTICES
from sso_bridge.core.site import GuardMode
from sso_bridge.ledger.entries import BOUND
from sso_bridge.ledger.schema import METADATA, REVISIONS
from sso_bridge.passwords import MAKERS
from sso_bridge.soap.contract import OPERATIONS
from sso_bridge.web import observation
from sso_bridge.web.observation import METRICS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
IGNORED = {"help", "version"}
LOGGING = [Path(str(module.__file__)) for module in (observation, serving, worker)]
EVENTS = {
    event
    for path in LOGGING
    for event in re.findall(r"_log(?:\(\))?\.\w+\(\s*\"(\w+)\"", path.read_text(encoding="utf-8"))
}
TABLES = {*METADATA.tables, REVISIONS}


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by what is typed."""
    yield from _below(group, "")


def _below(command: click.Command, typed: str) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield typed, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        assert inner is not None
        yield from _below(inner, f"{typed} {name}".strip())


COMMANDS_TYPED = [pytest.param(*entry, id=entry[0]) for entry in commands()]


@pytest.mark.parametrize(("typed", "command"), COMMANDS_TYPED)
def test_every_command_and_option_is_documented(typed: str, command: click.Command) -> None:
    (row,) = re.findall(rf"^\| `{typed}` \|.*$", page("operations.md"), re.M)
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.name not in IGNORED:
            option = max(parameter.opts, key=len)
            assert f"`{option}`" in row, f"{typed} {option}"


@pytest.mark.parametrize(("typed", "command"), COMMANDS_TYPED)
def test_every_command_has_an_example_in_its_help(typed: str, command: click.Command) -> None:
    assert re.search(rf"Example: .*sso-bridge {typed}\b", command.help or "", re.DOTALL)
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help


def test_no_command_is_documented_that_does_not_exist() -> None:
    listed = re.findall(r"^\| `([a-z ]+)` \|", page("operations.md"), re.M)
    known = {typed for typed, _ in commands()}
    assert set(listed) - EVENTS == known
    assert {name.split()[0] for name in known} == set(COMMANDS)


def test_every_log_event_is_documented() -> None:
    assert {"call", "notice"} <= EVENTS
    for event in EVENTS:
        assert re.search(rf"^\| `{event}` \| [a-z]+ \|", page("operations.md"), re.M), event


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_is_documented(name: str) -> None:
    assert f"| `{name}` |" in page("operations.md")


def test_no_metric_is_documented_that_does_not_exist() -> None:
    for name in re.findall(r"sso_bridge_\w+", "".join(page(p.name) for p in DOCS.glob("*.md"))):
        assert name in METRICS or name in TABLES


@pytest.mark.parametrize("kind", ALARMS)
def test_every_alarm_has_a_section_that_says_what_to_do(kind: str) -> None:
    section = page("alarms.md").partition(f"\n## {kind}\n")[2].partition("\n## ")[0]
    assert "**Do:**" in section
    assert len(section) > 100


def test_no_alarm_is_documented_that_does_not_exist() -> None:
    headings = re.findall(r"^## ([a-z_]+)$", page("alarms.md"), re.M)
    assert sorted(headings) == sorted(ALARMS)


@pytest.mark.parametrize("kind", NOTICES)
def test_every_notice_has_a_section_that_says_when_to_look(kind: str) -> None:
    notices = page("alarms.md").partition("\n## Notices\n")[2]
    section = notices.partition(f"\n### {kind}\n")[2].partition("\n##")[0]
    assert "**Look**" in section


def test_no_notice_is_documented_that_does_not_exist() -> None:
    headings = re.findall(r"^### ([a-z_]+)$", page("alarms.md"), re.M)
    assert sorted(headings) == sorted(NOTICES)


@pytest.mark.parametrize("strategy", get_args(Erid.model_fields["strategy"].annotation))
def test_every_strategy_has_a_section(strategy: str) -> None:
    text = page("choose-an-erid-strategy.md")
    assert f"\n## {strategy}\n" in text
    assert f"\n| `{strategy}`" in text


@pytest.mark.parametrize("mode", GuardMode)
def test_every_mode_of_the_guard_has_a_column(mode: GuardMode) -> None:
    (header,) = re.findall(r"^\| what is found \|.*$", page("choose-an-erid-strategy.md"), re.M)
    assert f"`{mode.value}`" in header


@pytest.mark.parametrize("key", Erid.model_fields)
def test_every_setting_of_erids_is_in_the_guide(key: str) -> None:
    assert re.search(rf"\b{key}(_env)? = |`{key}`", page("choose-an-erid-strategy.md"))


@pytest.mark.parametrize("table", sorted(TABLES))
def test_what_each_table_of_the_ledger_holds_and_who_may_use_it_is_documented(table: str) -> None:
    assert len(re.findall(rf"^\| `{table}`", page("ledger.md"), re.M)) == 2


@pytest.mark.parametrize("action", sorted({*BOUND, "unlinked", "replaced", "retired"}))
def test_every_action_of_the_history_is_explained(action: str) -> None:
    assert re.search(rf"^\| .*`{action}`.* \|", page("ledger.md"), re.M)


@pytest.mark.parametrize(
    ("header", "key"),
    [(h, field.alias or name) for h, s in sections() for name, field in s.model_fields.items()],
)
def test_every_setting_is_documented(header: str, key: str) -> None:
    assert re.search(rf"`{key}`|\b{key} = |[.\[]{key}\b", page("configuration.md")), header


@pytest.mark.parametrize("scheme", MAKERS)
def test_every_scheme_of_new_passwords_is_documented(scheme: str) -> None:
    assert f"`{scheme}`" in page("password-hashes.md")


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_operation_is_documented(operation: object) -> None:
    assert f"`{getattr(operation, 'request', '')}`" in page("protocol.md")


def test_every_page_is_in_the_index() -> None:
    listed = set(re.findall(r"\]\(([a-z0-9/-]+\.md)\)", page("README.md")))
    pages = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    assert listed >= pages - {"README.md"}


PRESETS = {path.stem for path in (ROOT / "config").glob("*.toml")} - {"demo", "example"}


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_every_known_schema_has_a_page_that_links_its_preset(preset: str) -> None:
    pages = [path.read_text(encoding="utf-8") for path in (DOCS / "known").glob("*.md")]
    assert len(PRESETS) > 12
    assert any(f"](../../config/{preset}.toml)" in text for text in pages)
