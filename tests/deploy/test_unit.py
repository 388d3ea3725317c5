"""The systemd unit: systemd finds nothing wrong with it, and the bridge works as it confines it."""

from __future__ import annotations

import ctypes.util
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import make_url

from sso_bridge import demo
from tests.database.certificates import write_certificates
from tests.deploy.confined import allowed_calls, command, read_unit
from tests.running import RunningServer, edited
from tests.services import PostgreSQL, give_up
from tests.survival.client import post
from tests.survival.messages import envelope, get_user, login, message

UNIT: Final = Path(__file__).parents[2] / "deploy" / "systemd" / "sso-bridge.service"
WORST: Final = 1.2
"""The exposure that systemd may see; 10 is a service without any of these settings."""
TRIES: Final = """
import mmap, os, socket
def write_and_execute(): mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
def look_at_the_network(): socket.socket(16, socket.SOCK_RAW)
def become_another(): os.setuid(1)
def change_root(): os.chroot("/")
for one in (write_and_execute, look_at_the_network, become_another, change_root):
    try: one()
    except OSError: continue
    print(one.__name__)
"""


@pytest.fixture
def systemd() -> None:
    """The program that reads units."""
    if shutil.which("systemd-analyze") is None:
        give_up("no systemd-analyze on this machine; install it with: apt-get install systemd")


def test_systemd_understands_every_line(systemd: None, tmp_path: Path) -> None:
    program = tmp_path / "sso-bridge"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/sso-bridge/bin/sso-bridge", str(program)))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_its_exposure_is_low(systemd: None) -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(UNIT)],
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    assert float(found[1]) <= WORST


@pytest.fixture
def confined(systemd: None) -> None:
    """What it takes to confine a process here."""
    if ctypes.util.find_library("seccomp") is None:
        give_up("no libseccomp on this machine; install it with: apt-get install libseccomp2")
    if sys.platform != "linux" or ctypes.CDLL(None).prctl(66, 0, 0, 0, 0) < 0:
        pytest.skip("the kernel cannot deny memory that is written and executed (Linux 6.3)")


def test_what_it_forbids_is_forbidden(confined: None, tmp_path: Path) -> None:
    done = subprocess.run(
        command(UNIT, tmp_path, [sys.executable, "-c", TRIES]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_system_calls_are_those_of_its_groups_and_no_others(systemd: None) -> None:
    calls = allowed_calls(read_unit(UNIT)["SystemCallFilter"])
    assert {"read", "accept4", "futex", "setpriority"} <= calls
    assert not calls & {"mount", "ptrace", "reboot", "setuid", "bpf", "init_module", "adjtimex"}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[str]:
    """The URL of a database that is reached by name and with TLS."""
    (tmp_path / "tls").mkdir()
    with PostgreSQL(tls=write_certificates(tmp_path / "tls")) as server:
        name = make_url(server.new_database()).database
        checked = f"sslmode=verify-full&sslrootcert={tmp_path}/tls/ca.pem"
        yield f"postgresql://postgres@localhost:{server.port}/{name}?{checked}"


@pytest.fixture
def served(confined: None, tmp_path: Path, ledger: str) -> Iterator[RunningServer]:
    """The demo with two workers and its ledger on a server, confined."""
    config = demo.prepare(tmp_path)
    config = edited(
        config,
        ("port = 8080", "port = 0\nworkers = 2"),
        ('url = "sqlite:///erids.db"', f'url = "{ledger}"'),
    )
    with config.open("a") as file:
        file.write('\n[trail]\nfile = "trail.jsonl"\n')
    bridge = [sys.executable, "-m", "sso_bridge"]
    subprocess.run([*bridge, "ledger", "create", "--config", str(config)], check=True)
    log = tmp_path / "log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            command(UNIT, tmp_path, [*bridge, "serve", "--config", str(config)]),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
            env={**os.environ, "TMPDIR": str(tmp_path)},
        )
    killer = threading.Timer(60, process.kill)
    killer.start()
    try:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found, log.read_text()
        server = RunningServer(process, found[0], log, [])
        yield server
        assert server.stop() == 0, log.read_text()
        assert "Traceback" not in log.read_text()
    finally:
        killer.cancel()
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_the_bridge_works_as_it_is_confined(served: RunningServer) -> None:
    created = message(
        "CreateUserProfileRequest",
        "<userInfo><userKey><loginID>zoe@example.com</loginID></userKey></userInfo>"
        "<password>correct horse</password>",
    )
    for request, element, wanted in (
        (login(), "successful", "true"),
        (get_user(), "firstName", "Bo"),
        (created, "successful", "true"),
        (login("zoe@example.com", "correct horse"), "successful", "true"),
        (login("zoe@example.com", "wrong horse"), "errorMessage", "Invalid login"),
    ):
        reply = post(served, envelope(request))
        assert (reply.status, reply.value(element)) == (200, wanted)
    assert (served.log.parent / "trail.jsonl").stat().st_size
