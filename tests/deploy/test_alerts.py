"""The alert rules and the dashboard name metrics that there are, and do what their page says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sso_bridge.web.observation import METRICS

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "alerts.yml"
CASES = RULES.with_name("alerts_test.yml")
DASHBOARD = ROOT / "deploy" / "grafana" / "dashboard.json"
PAGE = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
HISTOGRAMS = {f"{name}_{part}" for name in METRICS for part in ("bucket", "sum", "count")}


def alerts() -> Iterator[dict[str, Any]]:
    for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]:
        yield from group["rules"]


ALERTS = {rule["alert"]: rule for rule in alerts()}


def unknown_metrics(text: str) -> set[str]:
    return {
        name
        for name in re.findall(r"\bsso_bridge_\w+", text)
        if name not in {*METRICS, *HISTOGRAMS}
    }


def expressions() -> list[str]:
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]


@pytest.mark.parametrize("name", ALERTS)
def test_each_alert_is_about_metrics_that_there_are_and_says_what_to_do(name: str) -> None:
    rule = ALERTS[name]
    assert unknown_metrics(rule["expr"]) == set()
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["annotations"]["summary"]
    section = PAGE.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    assert "**Do:**" in section


def test_no_alert_is_documented_that_does_not_exist() -> None:
    assert re.findall(r"^## (\w+)$", PAGE, re.M) == list(ALERTS)


def test_what_no_shopper_sees_has_alerts_of_its_own() -> None:
    silent = [rule for name, rule in ALERTS.items() if name.startswith("SsoBridgeSilent")]
    assert len(silent) == 3
    for rule in silent:
        assert rule["labels"]["severity"] == "page"
        assert "ValidateSession" in rule["expr"] and "GetUser" in rule["expr"]


def test_each_alert_is_shown_to_be_raised_and_not_to_be() -> None:
    raised: set[str] = set()
    silent: set[str] = set()
    for case in yaml.safe_load(CASES.read_text(encoding="utf-8"))["tests"]:
        for check in case["alert_rule_test"]:
            (raised if check.get("exp_alerts") else silent).add(check["alertname"])
    assert raised == set(ALERTS)
    assert silent == set(ALERTS)


def test_the_rules_do_what_their_cases_say() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        message = "promtool is missing: apt-get install prometheus"
        if os.environ.get("SSO_BRIDGE_REQUIRE_SERVICES") == "1":
            pytest.fail(message)
        pytest.skip(message)
    for words in (["check", "rules", RULES.name], ["test", "rules", CASES.name]):
        done = subprocess.run(
            [promtool, *words], cwd=RULES.parent, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_dashboard_is_about_metrics_that_there_are_and_shows_all_of_them() -> None:
    shown = " ".join(expressions())
    assert len(expressions()) > 20
    assert unknown_metrics(shown) == set()
    parts = {name: {name, *(f"{name}_{p}" for p in ("bucket", "sum", "count"))} for name in METRICS}
    words = set(re.findall(r"\bsso_bridge_\w+", DASHBOARD.read_text(encoding="utf-8")))
    assert {name for name, names in parts.items() if not names & words} == set()


def test_the_expressions_of_the_dashboard_are_prometheus_expressions(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is missing: apt-get install prometheus")
    rules = [
        {"record": f"panel:{place}", "expr": re.sub(r"\$__\w+", "5m", expression)}
        for place, expression in enumerate(expressions())
    ]
    file = tmp_path / "panels.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    done = subprocess.run(
        [promtool, "check", "rules", file], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
