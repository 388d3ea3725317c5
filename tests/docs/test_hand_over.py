"""The commands of "Hand ERIDs to Digital River" run, against the API that the page starts."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from sso_bridge import cli, demo
from tests.provision import running_api
from tests.running import demo_in

PAGE = (Path(__file__).parents[2] / "docs" / "hand-over-erids.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.M | re.DOTALL)


def test_the_commands_of_the_page_run_one_after_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = demo_in(tmp_path / "demo")
    monkeypatch.chdir(tmp_path)
    key, secret = re.findall(r"`SHOPPER_API_\w+=(.+?)`", PAGE)
    monkeypatch.setenv("SHOPPER_API_KEY", key)
    monkeypatch.setenv("SHOPPER_API_SECRET", secret)
    (fragment,) = blocks("toml fragment")
    lines = "".join(blocks("sh")).splitlines()
    assert len(lines) >= 8
    with running_api(tmp_path / "api.db") as api:
        there = fragment.replace("http://127.0.0.1:8090", api.url)
        assert api.url in there
        config.write_text(f"{config.read_text()}\n{there}")
        for line in lines:
            monkeypatch.setattr(sys, "argv", shlex.split(line, comments=True))
            status: object = 0
            try:
                cli.main()
            except SystemExit as stop:
                status = stop.code
            printed = "".join(capsys.readouterr())
            assert status == (1 if line.endswith("# exits 1") else 0), f"{line}\n{printed}"
        assert api.state()["shoppers"] == len(demo.PEOPLE)
