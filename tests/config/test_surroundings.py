"""What is around the settings is looked at before anything is served."""

from __future__ import annotations

import os
import resource
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sso_bridge.config import Settings, load, surroundings
from sso_bridge.config.surroundings import Hazard, file_system, hazards
from sso_bridge.errors import ConfigurationError
from sso_bridge.reloading import settings_to_serve

from .conftest import SMALL

PUBLIC: Final = (
    "[server]\nhost = '0.0.0.0'\nallow_plain_http = true\n"
    "public_url = 'https://sso.example.com/RemoteUserManagement'\n"
)
CALLER: Final = "[callers.dr]\nuser = 'dr'\npassword_file = 'secret'\n"
SERVER: Final = "[ledger]\nurl = 'postgresql://db/erids'\n"
MOUNTS: Final = """\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
25 22 0:21 / /srv/shared rw - nfs4 files:/srv rw
26 25 0:22 / /srv/shared/local rw - xfs /dev/vdb rw
27 22 0:23 / /mnt/My\\040Disk rw - cifs //files/disk rw
28 22 0:24 / /tmp rw - tmpfs tmpfs rw
"""

Read = Callable[[str], Settings]


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that whoever is on the machine may look into, which pytest's are not."""
    with tempfile.TemporaryDirectory(prefix="sso-bridge-test-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "secret").write_text("a caller's password")
        (folder / "secret").chmod(0o640)
        yield folder


@pytest.fixture
def read(folder: Path) -> Read:
    def read_it(text: str) -> Settings:
        (folder / "bridge.toml").write_text(text + SMALL)
        (folder / "bridge.toml").chmod(0o640)
        return load(folder / "bridge.toml")[0]

    return read_it


def found(settings: Settings, folder: Path, place: str) -> list[Hazard]:
    return [one for one in hazards(settings, folder) if place in one.place]


def test_a_configuration_that_anybody_may_change_is_not_served(read: Read, folder: Path) -> None:
    settings = read("")
    assert not found(settings, folder, "bridge.toml")
    (folder / "bridge.toml").chmod(0o646)
    (hazard,) = found(settings, folder, "bridge.toml")
    assert hazard.refused
    with pytest.raises(ConfigurationError, match=r"bridge.toml: every user .* chmod o-w"):
        settings_to_serve(folder / "bridge.toml", {})


def test_passwords_that_may_be_guessed_without_a_wait_are_told_of(read: Read, folder: Path) -> None:
    off = "[throttle.logins]\nenabled = false\n"
    (hazard,) = found(read(PUBLIC + CALLER + off), folder, "throttle")
    assert not hazard.refused
    assert not found(read(PUBLIC + CALLER), folder, "throttle")
    assert not found(read(off), folder, "throttle")


def test_a_secret_that_anybody_may_read_is_told_of(
    read: Read, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = read(CALLER)
    assert not found(settings, folder, "secret")
    (folder / "secret").chmod(0o644)
    (hazard,) = found(settings, folder, "secret")
    assert not hazard.refused
    settings_to_serve(folder / "bridge.toml", {})
    assert "secret: every user of this machine may read this secret" in capsys.readouterr().err


def test_a_secret_in_a_folder_that_is_closed_is_nobody_elses(read: Read, folder: Path) -> None:
    settings = read(CALLER)
    (folder / "secret").chmod(0o666)
    assert len(found(settings, folder, "secret")) == 2
    folder.chmod(0o750)
    assert not found(settings, folder, "secret")


def test_a_key_of_tls_is_a_secret(read: Read, folder: Path) -> None:
    write_certificate(folder, days=90)
    (folder / "key").chmod(0o644)
    settings = read("[server]\ntls_certificate = 'crt'\ntls_key = 'key'\n")
    assert len(found(settings, folder, "key")) == 1


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/srv/erids.db", "ext4"),
        ("/srv/shared/erids.db", "nfs4"),
        ("/srv/shared/local/erids.db", "xfs"),
        ("/srv/sharedness/erids.db", "ext4"),
        ("/mnt/My Disk/erids.db", "cifs"),
    ],
)
def test_the_disk_of_a_file_is_known(path: str, kind: str) -> None:
    assert file_system(Path(path), MOUNTS) == kind


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells by /proc")
def test_it_is_known_of_this_machine() -> None:
    assert file_system(Path("/proc/self/status")) == "proc"


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Has every file be on a disk of that kind."""

    def put(kind: str) -> None:
        monkeypatch.setattr(surroundings, "file_system", lambda path: kind)

    return put


@pytest.mark.parametrize(("kind", "is_refused"), [("nfs4", True), ("cifs", True), ("ext4", False)])
def test_a_ledger_in_a_file_on_a_networks_disk_is_not_served(
    kind: str, is_refused: bool, read: Read, folder: Path, disk: Callable[[str], None]
) -> None:
    disk(kind)
    assert [h.refused for h in found(read(""), folder, "ledger")] == [True] * is_refused
    assert not found(read(SERVER), folder, "ledger")


def test_a_ledger_that_may_not_stay_is_told_of(
    read: Read, folder: Path, disk: Callable[[str], None]
) -> None:
    disk("overlay")
    told = [h.text for h in found(read(PUBLIC + CALLER), folder, "ledger")]
    assert ["overlay" in text for text in told] == [True, False]


def test_a_ledger_in_a_file_behind_a_proxy_is_for_one_node(read: Read, folder: Path) -> None:
    told = [h.text for h in found(read(PUBLIC + CALLER), folder, "ledger")]
    assert any("A second one needs the same ledger" in text for text in told)
    assert not found(read(PUBLIC + CALLER + SERVER), folder, "ledger")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("public_url = 'https://sso.example.com/RemoteUserManagement'\n", []),
        ("public_url = 'http://sso.example.com/RemoteUserManagement'\n", ["is not https://"]),
        ("", ["is not set"]),
    ],
)
def test_the_public_address_is_one_for_passwords(
    line: str, told: list[str], read: Read, folder: Path
) -> None:
    top = "[server]\nhost = '0.0.0.0'\nallow_plain_http = true\n" + line
    hazards_found = found(read(top + CALLER + SERVER), folder, "public_url")
    assert [h.text.startswith(t) for h, t in zip(hazards_found, told, strict=True)] == [True] * len(
        told
    )


@pytest.mark.parametrize(("days", "told"), [(90, ""), (10, "ends on"), (-1, "has ended on")])
def test_a_certificate_that_ends_is_told_of(days: int, told: str, read: Read, folder: Path) -> None:
    write_certificate(folder, days=days)
    top = "[server]\nhost = '0.0.0.0'\ntls_certificate = 'crt'\ntls_key = 'key'\n"
    texts = [h.text for h in found(read(top + CALLER + SERVER), folder, "tls_certificate")]
    assert [text.startswith(told) for text in texts] == [True] * bool(told)


@pytest.fixture
def descriptors() -> Iterator[Callable[[int], None]]:
    """Lowers how many this process may have, for the test."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield lambda count: resource.setrlimit(resource.RLIMIT_NOFILE, (count, before[1]))
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.skipif(sys.platform != "linux", reason="looked at on Linux")
def test_too_few_descriptors_are_told_of(
    read: Read, folder: Path, descriptors: Callable[[int], None]
) -> None:
    settings = read(PUBLIC + CALLER + SERVER)
    descriptors(300)
    assert any("LimitNOFILE" in h.text for h in found(settings, folder, "process"))
    descriptors(1024)
    assert not any("LimitNOFILE" in h.text for h in found(settings, folder, "process"))


@pytest.mark.skipif(sys.platform != "linux", reason="looked at on Linux")
@pytest.mark.parametrize("is_root", [True, False])
@pytest.mark.parametrize("clock", [True, False, None])
def test_root_and_a_clock_that_nobody_keeps_are_told_of(
    is_root: bool,
    clock: bool | None,
    read: Read,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0 if is_root else 1000)
    monkeypatch.setattr(surroundings, "is_synchronised", lambda: clock)
    settings = read(PUBLIC + CALLER + SERVER)
    for serving in (True, False):
        told = [h.text for h in hazards(settings, folder, serving=serving)]
        assert any("runs as root" in text for text in told) == (is_root and serving)
        assert any("not synchronised" in text for text in told) == (clock is False)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel is asked")
def test_the_kernel_is_asked_about_the_clock() -> None:
    """It may not say in a sandbox; a wrong size of its structure would have crashed here."""
    assert surroundings.is_synchronised() in (True, False, None)


def test_on_loopback_little_is_told(read: Read, folder: Path) -> None:
    assert not list(hazards(read(CALLER), folder))


def write_certificate(folder: Path, *, days: int) -> None:
    """`crt` and `key`, which end in so many days."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "crt").write_bytes(certificate.public_bytes(pem))
    private = serialization.PrivateFormat.PKCS8
    (folder / "key").write_bytes(key.private_bytes(pem, private, serialization.NoEncryption()))
    (folder / "key").chmod(0o600)
