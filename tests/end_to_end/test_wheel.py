"""A wheel, installed outside the checkout, is all that is needed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import urllib.request
import venv
from pathlib import Path

import pytest

from sso_bridge.soap.contract import wsdl

CHECKOUT = Path(__file__).parents[2]
SOURCES = ("sso_bridge", "wsdl", "config", "setup.cfg", "setup.py", "pyproject.toml", "README.md")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that has the wheel, and beside it only the libraries
    that this one has; the checkout is not on its path."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        source, copy = CHECKOUT / name, folder / "source" / name
        copy.parent.mkdir(exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    options = ["--no-deps", "--no-build-isolation", "--wheel-dir", str(folder)]
    subprocess.run([*pip, "wheel", *options, str(folder / "source")], check=True)
    shutil.rmtree(folder / "source")
    (wheel,) = folder.glob("*.whl")
    environment = folder / "environment"
    venv.create(environment, with_pip=False)
    python = environment / "bin" / "python"
    subprocess.run([*pip, "--python", str(python), "install", "--no-deps", str(wheel)], check=True)
    (site,) = (environment / "lib").glob("python*/site-packages")
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def run(python: Path, *args: str) -> str:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [str(python), *args], cwd="/", env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_it_is_not_the_checkout(installed: Path) -> None:
    place = run(installed, "-c", "import sso_bridge; print(sso_bridge.__file__)")
    assert place.startswith(str(installed.parents[1]))


def test_it_has_the_same_contract(installed: Path) -> None:
    url = "https://sso.example.com/RemoteUserManagement"
    printed = run(installed.parent / "sso-bridge", "wsdl", "--public-url", url)
    assert printed.encode() == wsdl(url) + b"\n"


def test_it_serves_the_same_demo_contract_and_page(installed: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [str(installed.parent / "sso-bridge"), "demo", "--port", "0", "--directory", "demo"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        printed = ""
        while "Users:" not in printed:
            line = process.stdout.readline()
            assert line, printed
            printed += line
        found = re.search(r"http://\S+/RemoteUserManagement", printed)
        assert found
        url = found.group()
        with urllib.request.urlopen(f"{url}?wsdl", timeout=10) as answer:
            assert answer.read() == wsdl(url)
        with urllib.request.urlopen(url, timeout=10) as page:
            assert b"CreateUserProfile" in page.read()
        curl = next(line for line in printed.splitlines() if line.strip().startswith("curl"))
        done = subprocess.run(curl, shell=True, capture_output=True, text=True, check=True)
        assert "<successful>true</successful>" in done.stdout
    finally:
        process.terminate()
        process.wait(20)
