"""Spyne imports, silently, on the Python at hand; and never logs what it was given."""

from __future__ import annotations

import io
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sso_bridge.soap import spyne_import

SECRET = "hunter2"
CHILDREN = ["spyne.protocol.xml", "spyne.application.server"]


def run(program: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """A new interpreter that shows every warning and compiles every module anew."""
    return subprocess.run(
        [sys.executable, "-X", "dev", "-W", "always", "-c", program],
        env={**os.environ, "PYTHONPYCACHEPREFIX": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "program",
    [
        pytest.param("import sso_bridge.soap.types", id="types"),
        pytest.param("import sso_bridge.soap.contract", id="contract"),
        pytest.param("import sso_bridge.soap.server", id="server"),
        pytest.param(
            "from sso_bridge.soap import spyne_import as s; s.prepare(); s.prepare();"
            "import spyne; s.prepare(); from spyne import Application",
            id="prepared many times",
        ),
        pytest.param(
            "import sso_bridge.soap, spyne.client.http, spyne.protocol.dictdoc",
            id="each moved module",
        ),
    ],
)
def test_spyne_imports_without_a_word(program: str, tmp_path: Path) -> None:
    done = run(program, tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    ours = [line for line in done.stderr.splitlines() if "six" in line or "spyne" in line]
    assert ours == []


def test_the_contract_needs_no_spyne(tmp_path: Path) -> None:
    program = "import sys, sso_bridge.soap.contract as c; c.schema(); print('spyne' in sys.modules)"
    assert run(program, tmp_path).stdout == "False\n"


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="Spyne does not import by itself there")
def test_a_spyne_that_was_imported_before_keeps_working(tmp_path: Path) -> None:
    program = "import spyne; import sso_bridge.soap.types; from spyne.util.six.moves import queue"
    assert run(program, tmp_path).returncode == 0


@pytest.fixture
def printed() -> Iterator[io.StringIO]:
    """What a process that prints every record prints; afterwards Spyne is mute again.

    Not `caplog`: pytest listens to loggers that do not propagate, too."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield out
    root.setLevel(level)
    root.removeHandler(handler)
    for name in CHILDREN:
        logging.getLogger(name).setLevel(logging.NOTSET)
    spyne_import.mute_loggers()


@pytest.mark.parametrize("name", ["spyne", *CHILDREN])
def test_no_logger_of_spyne_prints(name: str, printed: io.StringIO) -> None:
    logging.getLogger(name).critical(SECRET)
    assert printed.getvalue() == ""


@pytest.mark.parametrize("name", CHILDREN)
def test_a_logger_with_a_level_of_its_own_does_not_print_either(
    name: str, printed: io.StringIO
) -> None:
    logging.getLogger(name).setLevel(logging.DEBUG)
    logging.getLogger(name).critical(SECRET)
    assert printed.getvalue() == ""


def test_a_logging_setup_that_came_first_is_undone(printed: io.StringIO) -> None:
    spyne = logging.getLogger("spyne")
    spyne.setLevel(logging.DEBUG)
    spyne.propagate = True
    spyne.addHandler(logging.StreamHandler(printed))
    logging.getLogger(CHILDREN[0]).error("can be heard")
    assert printed.getvalue() == "can be heard\n" * 2
    spyne_import.mute_loggers()
    logging.getLogger(CHILDREN[0]).error(SECRET)
    assert SECRET not in printed.getvalue()
