"""Agreements and keys for tests."""

from __future__ import annotations

from typing import Any

from sso_bridge.config.model import Settings
from sso_bridge.transit import Agreement
from sso_bridge.wiring.transit import agreements
from tests.people import MAPPED, Watched

__all__ = ["ALGORITHMS", "AUTHENTICATED", "CLASSIC", "K256", "MAC", "agreed", "agreement"]

K256 = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
MAC = "c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
AUTHENTICATED = ("aes-gcm", "aes-cbc-hmac")
CLASSIC = ("aes-cbc", "3des-cbc")
ALGORITHMS = (*AUTHENTICATED, *CLASSIC)


def agreed(algorithm: str, *keys: str, **more: Any) -> dict[str, Any]:
    """The table of an agreement whose keys, in hexadecimal digits, are called k1, k2, …"""
    length = 48 if algorithm == "3des-cbc" else 64
    mac = {"mac_key": MAC} if algorithm == "aes-cbc-hmac" else {}
    named = {f"k{n}": {"key": key[:length], **mac} for n, key in enumerate(keys or (K256,), 1)}
    return {"algorithm": algorithm, "key_encoding": "hex", "keys": named, **more}


def agreement(table: dict[str, Any], watched: Watched | None = None) -> Agreement:
    """What the settings of `table` become."""
    settings = Settings.model_validate(
        {
            "sources": {"shop": MAPPED},
            "sites": {"de": {"source": "shop", "password_encryption": "dr"}},
            "password_encryption": {"dr": table},
        }
    )
    return agreements(settings, watched or Watched())["dr"]
