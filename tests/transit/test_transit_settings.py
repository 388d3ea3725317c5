"""What may be configured, what is warned of, and the commands."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from pydantic import ValidationError

from sso_bridge import demo
from sso_bridge.cli import attempt, password
from sso_bridge.config import load
from sso_bridge.errors import ConfigurationError

from .agreed import K256, agreed, agreement

BAD: list[tuple[dict[str, Any], str]] = [
    (agreed("aes-gcm", "00" * 15), r"keys\.k1\.key: has 15 bytes.*16 or 24 or 32"),
    (agreed("aes-gcm", key_encoding="base64"), r"has 48 bytes"),
    (agreed("aes-gcm", "xyz"), r"is not hexadecimal digits"),
    (agreed("3des-cbc", "0001020304050607" * 3), r"is DES with one key"),
    (agreed("aes-cbc", K256, K256), r"two of its keys are the same"),
    (agreed("aes-cbc", fixed_iv="00"), r"fixed_iv: has 1 bytes.*needs 16"),
]
WRONG: list[tuple[dict[str, Any], str]] = [
    (agreed("aes-gcm", fixed_iv="00" * 12), "forge"),
    ({**agreed("aes-cbc-hmac"), "keys": {"k1": {"key": K256}}}, "k1 is missing a mac_key"),
    ({**agreed("aes-gcm"), "keys": {"k1": {"key": K256, "mac_key": K256}}}, "k1 has a mac_key"),
    ({**agreed("aes-gcm"), "keys": {}}, "at least 1"),
    (agreed("aes-gcm", *[f"{n:064x}" for n in range(5)]), "at most 4"),
]


@pytest.mark.parametrize(("table", "why"), BAD, ids=[why for _, why in BAD])
def test_a_key_that_does_not_fit_is_an_error_that_names_it(table: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigurationError, match=r"password_encryption\.dr.*" + why) as raised:
        agreement(table)
    assert K256 not in str(raised.value)


@pytest.mark.parametrize(("table", "why"), WRONG, ids=[why for _, why in WRONG])
def test_what_does_not_go_together_is_an_error(table: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        agreement(table)


FIXED = f'fixed_iv = "{16 * "00"}"'


def configured(folder: Path, algorithm: str = "aes-gcm", more: str = "") -> Path:
    """The demo's configuration, where passwords come encrypted; without the demo's files."""
    config = folder / "demo.toml"
    config.write_bytes(resources.files("sso_bridge.presets").joinpath("demo.toml").read_bytes())
    (folder / "session.key").write_text("0123456789" * 4)
    (folder / "dr.key").write_text(K256[: 48 if algorithm == "3des-cbc" else 64] + "\n")
    text = config.read_text().replace("[sites.demo]", '[sites.demo]\npassword_encryption = "dr"')
    config.write_text(
        f'{text}\n[password_encryption.dr]\nalgorithm = "{algorithm}"\nkey_encoding = "hex"\n{more}'
        '\n[password_encryption.dr.keys.2026]\nkey_file = "dr.key"\n'
    )
    return config


@pytest.mark.parametrize(
    ("algorithm", "more", "warned"),
    [
        ("aes-gcm", "", []),
        ("aes-cbc", "", ["algorithm: aes-cbc"]),
        ("3des-cbc", "", ["algorithm: 3des-cbc", "algorithm: 3DES is withdrawn"]),
        ("aes-cbc", FIXED, ["fixed_iv is a secret", "algorithm", "fixed_iv:"]),
        ("aes-gcm", "accept_plaintext = true", ["accept_plaintext"]),
    ],
)  # fmt: skip
def test_weak_agreements_are_warned_of(
    algorithm: str, more: str, warned: list[str], tmp_path: Path
) -> None:
    config = configured(tmp_path, algorithm, more)
    _, warnings = load(config)
    told = [line.partition("password_encryption.dr.")[2] for line in warnings]
    assert len(told) == len(warned)
    assert all(line.startswith(start) for line, start in zip(told, warned, strict=True)), told


def test_a_site_names_an_agreement_that_is_there(tmp_path: Path) -> None:
    config = configured(tmp_path)
    config.write_text(
        config.read_text().replace('password_encryption = "dr"', "password_encryption = 'd'")
    )
    with pytest.raises(ConfigurationError, match=r"sites\.demo\.password_encryption"):
        load(config)


def run(command: Any, *words: str, sent: str = "123123") -> Result:
    return CliRunner().invoke(command, words, input=sent + "\n")


def test_a_password_is_encrypted_and_tried(tmp_path: Path) -> None:
    demo.prepare(tmp_path)
    patient = configured(tmp_path)
    patient.write_text(patient.read_text().replace("[server]", "[server]\ncall_seconds = 60"))
    config = str(patient)
    made = run(password.command, "encrypt", "--key", "2026", "--config", config)
    assert made.exit_code == 0
    sent = made.stdout.strip()
    assert agreement(agreed("aes-gcm")).opened(sent) == ("123123",)
    tried = run(
        attempt.command, "login", "demo@example.com", "--encrypted", "--config", config, sent=sent
    )
    assert (tried.exit_code, "key 2026 decrypted the password" in tried.stderr) == (0, True)
    typed = run(attempt.command, "login", "demo@example.com", "--config", config)
    assert (typed.exit_code, "encrypted what was typed with key 2026" in typed.stderr) == (0, True)
    clear = run(attempt.command, "login", "demo@example.com", "--encrypted", "--config", config)
    assert (clear.exit_code, "password_not_decrypted" in clear.stderr) == (1, True)


def test_what_cannot_be_encrypted_is_said(tmp_path: Path) -> None:
    config = str(configured(tmp_path))
    made = run(password.command, "encrypt", "--key", "2025", "--config", config)
    assert isinstance(made.exception, ConfigurationError)
    assert "no key '2025'; there is 2026" in str(made.exception)
    plain = tmp_path / "plain.toml"
    text = (tmp_path / "demo.toml").read_text()
    plain.write_text(text.replace('password_encryption = "dr"', ""))
    made = run(password.command, "encrypt", "--config", str(plain))
    assert "sites.demo has no password_encryption" in str(made.exception)
