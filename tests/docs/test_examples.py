"""The examples in the documentation work: configurations load, commands and code run."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from sso_bridge import cli, wiring
from sso_bridge.config.load import settings_from
from sso_bridge.observing import Silent
from tests.running import demo_in

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```([^\n`]+)\n(.*?)^```$", re.M | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    page: str
    line: int
    kind: str
    text: str


def _blocks() -> list[Block]:
    found = []
    for path in PAGES:
        content = path.read_text(encoding="utf-8")
        for fence in FENCE.finditer(content):
            line = content.count("\n", 0, fence.start()) + 1
            name = str(path.relative_to(ROOT))
            found.append(Block(name, line, fence[1].strip(), fence[2]))
    return found


BLOCKS = _blocks()
COMMANDED = list(dict.fromkeys(block.page for block in BLOCKS if block.kind == "console"))


def of_kind(kind: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "block",
        [block for block in BLOCKS if block.kind == kind],
        ids=lambda block: f"{block.page}:{block.line}",
    )


def test_every_block_is_of_a_known_kind() -> None:
    kinds = {block.kind for block in BLOCKS}
    tested = {"toml", "toml fragment", "console", "python", "python file"}
    clients = {f"{language} client" for language in ("python", "javascript", "php", "java", "sh")}
    assert kinds <= tested | clients | {"sh", "text", "xml"}  # tests/interop runs the clients
    assert tested <= kinds


@of_kind("toml")
def test_a_whole_configuration_loads(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _assemble(tomllib.loads(block.text), tmp_path, monkeypatch)


@of_kind("toml fragment")
def test_a_fragment_fits_the_demo(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = tomllib.loads((ROOT / "config" / "demo.toml").read_text(encoding="utf-8"))
    _assemble(_merged(tables, tomllib.loads(block.text)), tmp_path, monkeypatch)


def _assemble(tables: dict[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Load it and build the bridge, with a secret wherever one is named."""
    _invent_secrets(tables, folder, monkeypatch)
    _write_files(folder)
    monkeypatch.syspath_prepend(str(folder))
    settings, warnings = settings_from(tables, folder / "bridge.toml")
    assert warnings == []
    wiring.assemble(settings, folder, Silent()).pool.close()


def _invent_secrets(table: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in table.items() if isinstance(table, dict) else ():
        secret = "sqlite:///made-up.db" if "url_" in key else "0123456789" * 4
        for name in value if isinstance(value, list) else [value]:
            if key.endswith("_env"):
                monkeypatch.setenv(name, secret)
            elif key.endswith("_file"):
                (folder / name).write_text(secret if key != "key_file" else _key(name))
            else:
                _invent_secrets(name, folder, monkeypatch)


def _key(name: str) -> str:
    """32 bytes in base64, others for each name."""
    return b64encode(sha256(name.encode()).digest()).decode()


def _merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    merged = dict(one)
    for key, value in other.items():
        both_tables = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if both_tables else value
    return merged


@pytest.mark.parametrize("page", COMMANDED)
def test_the_commands_of_a_page_run_one_after_another(
    page: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    demo_in(tmp_path / "demo")
    monkeypatch.chdir(tmp_path)
    blocks = [block for block in BLOCKS if (block.page, block.kind) == (page, "console")]
    lines = [
        line[2:] for block in blocks for line in block.text.splitlines() if line.startswith("$ ")
    ]
    assert len(lines) >= len(blocks)
    for line in lines:
        words = shlex.split(line, comments=True)
        ours = words[0] == "sso-bridge" and not set(line) & set("|<>&;$`")
        status = _ours(words, monkeypatch) if ours else _shell(line)
        printed = "".join(capfd.readouterr())
        assert status == (1 if line.endswith("# exits 1") else 0), f"{line}\n{printed}"
        assert "Traceback" not in printed


def _ours(words: list[str], monkeypatch: pytest.MonkeyPatch) -> object:
    """The exit status of a command of this program, run here since starting takes longest."""
    monkeypatch.setattr(sys, "argv", words)
    try:
        cli.main()
    except SystemExit as stop:
        return stop.code or 0
    return 0


def _shell(line: str) -> int:
    """The exit status of what a shell makes of `line`."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    ).returncode


def _write_files(folder: Path) -> None:
    """The modules of the pages, each under the name in its first line."""
    for block in BLOCKS:
        if block.kind == "python file":
            path = folder / block.text.partition("\n")[0].removeprefix("# ")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")


def test_a_source_in_python_passes_the_exported_suite(tmp_path: Path) -> None:
    _write_files(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None and int(passed[1]) > 15, done.stdout


@of_kind("python")
def test_the_code_runs(block: Block, tmp_path: Path) -> None:
    command = [sys.executable, "-c", block.text]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_readme_says_what_the_makefile_does() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for page in ("README.md", "CONTRIBUTING.md"):
        for target in re.findall(r"\bmake ([a-z]+)\b", (ROOT / page).read_text(encoding="utf-8")):
            assert re.search(rf"^{target}:", makefile, re.M) or page == "README.md", target
