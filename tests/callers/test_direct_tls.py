"""Client certificates that the server itself verifies, and what TLS it speaks."""

from __future__ import annotations

import shutil
import signal
import ssl
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.database.certificates import Authority, write_certificates
from tests.running import RunningServer, running_server

from .asking import ANN, asked, configuration, post, trusting

pytestmark = pytest.mark.xdist_group("callers-tls")
SERVER = """
tls_certificate = "server.pem"
tls_key = "server-key.pem"
tls_client_ca = "ours.pem"
tls_client_crl = ["revoked.pem"]
"""
PATIENCE = 30.0
REFUSED = (ssl.SSLError, ConnectionError)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With certificates: `good`, `revoked`, `expired`, `late`, which is revoked later, `unlisted`,
    of an authority without a list, and `theirs`, of one that is not known."""
    folder = write_certificates(tmp_path_factory.mktemp("tls"))
    ours, theirs, unlisted = (Authority(name) for name in ("ours", "theirs", "unlisted"))
    made = {
        "good": ours.sign("store"),
        "revoked": ours.sign("store"),
        "expired": ours.sign("store", valid=-timedelta(minutes=1)),
        "theirs": theirs.sign("store"),
        "unlisted": unlisted.sign("store"),
        "late": ours.sign("store"),
    }
    for name, (certificate, key) in made.items():
        (folder / f"{name}.pem").write_bytes(certificate)
        (folder / f"{name}-key.pem").write_bytes(key)
    (folder / "ours.pem").write_bytes(ours.pem + unlisted.pem)
    (folder / "revoked.crl").write_bytes(ours.revoke(made["revoked"][0]))
    (folder / "later.crl").write_bytes(ours.revoke(made["revoked"][0], made["late"][0]))
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[RunningServer]:
    server = SERVER.replace("revoked.pem", "revoked.crl")
    callers = '[callers.dr]\ncertificate = ["*"]\n'
    with running_server(configuration(folder, server, callers)) as running:
        yield running


def ask(server: RunningServer, folder: Path, certificate: str | None) -> bytes:
    shown = None if certificate is None else folder / f"{certificate}.pem"
    context = trusting(folder / "ca.pem", shown)
    reply = post((server.host, server.port), asked("GetUser", ANN), context=context)
    assert reply.status == 200
    return reply.body


def connects(server: RunningServer, folder: Path, certificate: str) -> bool:
    try:
        ask(server, folder, certificate)
    except REFUSED:
        return False
    return True


def test_a_certificate_of_our_authority_is_a_caller_s(server: RunningServer, folder: Path) -> None:
    assert ANN.encode() in ask(server, folder, "good")


@pytest.mark.parametrize("certificate", [None, "theirs", "expired", "revoked", "unlisted"])
def test_nobody_else_can_connect(
    server: RunningServer, folder: Path, certificate: str | None
) -> None:
    with pytest.raises(REFUSED):
        ask(server, folder, certificate)


def test_a_list_of_revoked_certificates_that_changed_counts_from_a_reload_on(
    server: RunningServer, folder: Path
) -> None:
    ask(server, folder, "late")
    (folder / "later.crl").replace(folder / "revoked.crl")
    ask(server, folder, "late")
    server.process.send_signal(signal.SIGHUP)
    ends = time.monotonic() + PATIENCE
    while connects(server, folder, "late"):
        assert time.monotonic() < ends
        time.sleep(0.1)
    ask(server, folder, "good")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1")
@pytest.mark.parametrize("version", ["TLSv1", "TLSv1_1"])
def test_old_tls_is_not_spoken(server: RunningServer, folder: Path, version: str) -> None:
    context = trusting(folder / "ca.pem", folder / "good.pem")
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = ssl.TLSVersion[version]
    with pytest.raises(REFUSED):
        post((server.host, server.port), asked("GetUser", ANN), context=context)


def test_the_ciphers_are_those_of_the_documentation(server: RunningServer, folder: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "callers.md").read_text(encoding="utf-8")
    documented = page.partition("## TLS")[2]
    openssl = shutil.which("openssl")
    assert openssl is not None
    spoken = set()
    known = subprocess.check_output([openssl, "ciphers", "ALL:@SECLEVEL=0"], text=True)
    for name in known.strip().split(":"):
        if name.startswith("TLS_"):
            continue
        context = trusting(folder / "ca.pem", folder / "good.pem")
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(f"{name}:@SECLEVEL=0")
        try:
            post((server.host, server.port), asked("GetUser", ANN), context=context)
        except REFUSED:
            continue
        spoken.add(name)
    assert spoken
    assert all(name.startswith("ECDHE-ECDSA-") for name in spoken)
    for name in spoken:
        assert f"`{name.removeprefix('ECDHE-ECDSA-')}`" in documented
