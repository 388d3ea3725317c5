"""No user is served to the network unprotected, unless the configuration says so."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sso_bridge.config import Settings
from sso_bridge.config.safety import safe_to_serve
from sso_bridge.errors import ConfigurationError

from .conftest import SMALL, Loader

CALLER = "[callers.dr]\nuser = 'dr'\npassword = 'x'\n"
TLS = "tls_certificate = 'crt'\ntls_key = 'key'\n"


def objection(settings: Settings) -> str | None:
    """Why it is not served, None if it is."""
    try:
        safe_to_serve(settings)
    except ConfigurationError as error:
        return error.details
    return None


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A folder with a certificate and its key."""
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-keyout", str(tmp_path / "key"), "-out", str(tmp_path / "crt")),
        ],
        check=True,
        capture_output=True,
    )
    return tmp_path


def test_a_certificate_without_its_key_is_found_before_serving(
    load_text: Loader, certificate: Path
) -> None:
    (certificate / "key").write_bytes((certificate / "crt").read_bytes())
    settings = load_text("[server]\n" + TLS + SMALL)[0]
    with pytest.raises(ConfigurationError, match="not a PEM certificate and its"):
        safe_to_serve(settings)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.53", "::1", "localhost"])
def test_loopback_needs_nothing(host: str, load_text: Loader) -> None:
    assert objection(load_text(f"[server]\nhost = '{host}'\n" + SMALL)[0]) is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "localhost.example.com", ""])
def test_beyond_loopback_needs_tls(host: str, load_text: Loader) -> None:
    settings = load_text(f"[server]\nhost = '{host}'\n" + CALLER + SMALL)[0]
    with pytest.raises(ConfigurationError, match="allow_plain_http"):
        safe_to_serve(settings)


def test_beyond_loopback_needs_callers(load_text: Loader, certificate: Path) -> None:
    settings = load_text("[server]\nhost = '0.0.0.0'\n" + TLS + SMALL)[0]
    with pytest.raises(ConfigurationError, match=r"\[callers.NAME\].*allow_anonymous"):
        safe_to_serve(settings)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(TLS + CALLER, id="tls-and-callers"),
        pytest.param("allow_plain_http = true\n" + CALLER, id="a-proxy-has-tls"),
        pytest.param(TLS + "allow_anonymous = true\n", id="anybody"),
        pytest.param("allow_plain_http = true\nallow_anonymous = true\n", id="wide-open"),
    ],
)
def test_what_is_said_in_so_many_words_is_done(
    text: str, load_text: Loader, certificate: Path
) -> None:
    settings = load_text("[server]\nhost = '0.0.0.0'\n" + text + SMALL)[0]
    assert objection(settings) is None


@pytest.mark.parametrize(("missing", "key"), [("crt", "tls_certificate"), ("key", "tls_key")])
def test_a_certificate_that_cannot_be_read_is_found_before_serving(
    missing: str, key: str, load_text: Loader, certificate: Path
) -> None:
    (certificate / missing).unlink()
    settings = load_text("[server]\n" + TLS + SMALL)[0]
    with pytest.raises(ConfigurationError, match=rf"server\.{key}: cannot read"):
        safe_to_serve(settings)
