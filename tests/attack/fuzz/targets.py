"""What is fuzzed: each target takes any bytes, and raises if a promise is broken.

Nothing here needs the fuzzer: a target is a function, and a test calls it with what was found."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.passwords.hashes import HASHES

from . import of_messages, of_secrets
from .of_messages import Check

__all__ = ["EVERYTHING", "TARGETS", "Target"]

SAMPLES: Final = Path(__file__).parents[2] / "contract" / "samples"
TOKENS: Final = Path(__file__).parents[2] / "sessions" / "tokens_made_elsewhere.json"


@dataclass(frozen=True, slots=True)
class Target:
    """`prepare` makes the check, given a folder of its own; `seeds` are what it begins with."""

    prepare: Callable[[Path], Check]
    seeds: Callable[[], Iterable[bytes]]
    spells: bool = False
    """Whether its bytes are choices, so that words of XML are no use to it."""


def _samples() -> Iterable[bytes]:
    return [path.read_bytes() for path in sorted(SAMPLES.glob("*.xml"))]


def _spelled() -> Iterable[bytes]:
    return [bytes([n, n + 1, n + 2] * 20) for n in range(0, 60, 5)]


def _sample_bodies() -> Iterable[bytes]:
    for sample in list(_samples())[:3]:
        yield b"\0\0" + sample
        yield b"\1\0" + gzip.compress(sample)
        yield b"\2\1" + zlib.compress(sample)


def _sample_tokens() -> Iterable[bytes]:
    found = json.dumps(json.loads(TOKENS.read_text()))
    yield from (b"\0" + word.encode() for word in found.split('"') if word.startswith("ey"))
    yield b'\1{"alg":"none"}\xff{"sub":"1","exp":4102444800}\xff'
    yield b'\1{"alg":"dir","enc":"A256GCM","zip":"DEF"}\xff\xff123456789012\xff1\xff1234567890'
    yield b'\2{"sub":"4711","exp":4102444800,"iat":1700000000,"site":"shop","aud":["a"]}'


TARGETS: Final = {
    "envelope": Target(of_messages.envelopes, lambda: [b"\0" + sample for sample in _samples()]),
    "codec": Target(of_messages.codecs, _spelled, spells=True),
    "answers": Target(of_messages.answers, _samples),
    "calls": Target(of_messages.calls, _spelled, spells=True),
    "body": Target(of_messages.bodies, _sample_bodies),
    "headers": Target(
        of_secrets.headers,
        lambda: [
            b"Basic ZHI6czNjcmV0",
            b"Bearer abc",
            b'text/xml; charset="utf-8"',
            b"application/soap+xml; charset*=utf-8''utf-16; action=a",
        ],
    ),
    "security": Target(
        of_secrets.security,
        lambda: [b"\0\2\0\1", b"\1\2\2\0\1", b"\0\5\0\1\5\0\1", *_spelled()],
        spells=True,
    ),
    "tokens": Target(of_secrets.tokens, _sample_tokens),
    "transit": Target(
        of_secrets.transit,
        lambda: [b"\0" + base64.b64encode(bytes(range(n))) for n in (0, 8, 16, 28, 32, 48, 64, 80)],
    ),
    "hashes": Target(of_secrets.hashes, lambda: [row.stored.encode() for row in HASHES]),
}
"""By the name that the command knows them by."""


def _everything(folder: Path) -> Check:
    """The first byte says which target has the others."""
    checks = [target.prepare(folder / name) for name, target in TARGETS.items()]

    def check(data: bytes) -> None:
        if data:
            checks[data[0] % len(checks)](data[1:])

    return check


def _every_seed() -> Iterable[bytes]:
    for number, target in enumerate(TARGETS.values()):
        yield from (bytes([number]) + seed for seed in target.seeds())


EVERYTHING: Final = Target(_everything, _every_seed)
"""All of them at once, for a short run: most of its time would be spent on beginning, else."""
