"""Bytes made by somebody else's program, and ours read by it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from .agreed import K256, MAC, agreed, agreement

IV = "b0b1b2b3b4b5b6b7b8b9babbbcbdbebf"

VECTORS = [
    # node: createCipheriv("aes-256-gcm", key, nonce), final, getAuthTag
    ("aes-gcm", {}, "oKGio6Slpqeoqaqr" "hHS/iCcIpM0FF0RrY+jZlBnashtV71XwDYY3OQc=", "blåbærgrød"),
    (
        "aes-gcm",
        {"tag": "before", "encoding": "hex"},
        "a0a1a2a3a4a5a6a7a8a9aaab" "e8d99419dab21b55ef55f00d86373907" "8474bf882708a4cd0517446b63",
        "blåbærgrød",
    ),
    # openssl enc -aes-256-cbc -K KEY -iv IV
    ("aes-cbc", {"encoding": "hex"}, IV + "3d9009105e45ea7784014b250fe61fcb", "123123"),
    (
        "aes-cbc",
        {"encoding": "hex", "fixed_iv": IV},
        "3d9009105e45ea7784014b250fe61fcb",
        "123123",
    ),
    # openssl enc -des-ede3-cbc -K KEY -iv IV
    ("3des-cbc", {"encoding": "hex", "fixed_iv": IV[:16]}, "2ef12c5702a95e13", "123123"),
    # the same, then openssl dgst -sha256 -mac HMAC -macopt hexkey:MAC
    (
        "aes-cbc-hmac",
        {},
        "sLGys7S1tre4ubq7vL2+vz2QCRBeRep3hAFLJQ/mH8tX+L2loJsD75FYZnyzIfy16b7l2TDAq5dyl4WAocgC9w==",
        "123123",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("algorithm", "more", "sent", "password"), VECTORS, ids=[str(v[:2]) for v in VECTORS]
)
def test_what_another_program_encrypted_is_decrypted(
    algorithm: str, more: dict[str, Any], sent: str, password: str
) -> None:
    dr = agreement(agreed(algorithm, **more))
    assert (dr.opened(sent), dr.certain(sent)) == ((password,), password)


def test_the_documentation_shows_the_same() -> None:
    page = (Path(__file__).parents[2] / "docs" / "password-encryption.md").read_text("utf-8")
    shown = re.findall(r"\| `([^`]+)` \| `([^`]{16,})` \|$", page, re.M)
    assert sorted(shown) == sorted((password, sent) for _, _, sent, password in VECTORS)


@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
def test_line_breaks_of_mime_and_missing_padding_do_no_harm(line_break: str) -> None:
    dr = agreement(agreed("aes-gcm"))
    sent = dr.sealed("x" * 100)
    broken = line_break.join(sent[i : i + 76] for i in range(0, len(sent), 76)) + line_break
    assert dr.opened(broken) == dr.opened(sent.rstrip("=")) == ("x" * 100,)


def openssl(*words: str, sent: bytes) -> bytes:
    return subprocess.run(["openssl", *words], input=sent, check=True, capture_output=True).stdout


@pytest.mark.parametrize(
    ("algorithm", "name", "digits", "block"),
    [("aes-cbc", "-aes-256-cbc", 64, 16), ("3des-cbc", "-des-ede3-cbc", 48, 8)],
)
@pytest.mark.parametrize("password", ["x", "15 characters..", "16 characters...", "ü" * 200])
def test_openssl_reads_what_is_made_here(
    algorithm: str, name: str, digits: int, block: int, password: str
) -> None:
    data = base64.b64decode(agreement(agreed(algorithm)).sealed(password))
    iv, text = data[:block], data[block:]
    read = openssl("enc", "-d", name, "-K", K256[:digits], "-iv", iv.hex(), sent=text)
    assert read.decode() == password


@pytest.mark.parametrize("mac", ["sha1", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize("place", ["after", "before"])
def test_the_mac_is_over_all_that_is_sent_beside_it(mac: str, place: str) -> None:
    table = agreed("aes-cbc-hmac", mac=mac, tag=place)
    data = base64.b64decode(agreement(table).sealed("123123"))
    size = hashlib.new(mac).digest_size
    tag, rest = (data[-size:], data[:-size]) if place == "after" else (data[:size], data[size:])
    assert tag == hmac.digest(bytes.fromhex(MAC), rest, mac)
    read = openssl("enc", "-d", "-aes-256-cbc", "-K", K256, "-iv", rest[:16].hex(), sent=rest[16:])
    assert read == b"123123"


def test_3des_with_two_keys_has_the_first_as_third() -> None:
    two = {**agreed("3des-cbc"), "keys": {"k1": {"key": K256[:32]}}}
    three = {**two, "keys": {"k1": {"key": K256[:32] + K256[:16]}}}
    assert agreement(three).opened(agreement(two).sealed("123123")) == ("123123",)
