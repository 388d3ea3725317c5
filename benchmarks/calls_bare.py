"""The bare hash libraries, without any server: verifications a second on all processors.

    calls_bare.py SCHEME SECONDS HASH

is one of the processes that do it, and prints its own figures."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import calls_world as world


@dataclass(frozen=True)
class Bare:
    """Verifications a second of all processes together, and seconds of the processors for each."""

    rate: float
    busy: float


def measure(scheme: str, seconds: float) -> Bare:
    """One process for each processor."""
    hashed = getattr(world.Hashes.made(), scheme)
    processes = [
        subprocess.Popen(
            [sys.executable, __file__, scheme, str(seconds), hashed],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(os.cpu_count() or 1)
    ]
    found = [json.loads(process.communicate()[0]) for process in processes]
    done = sum(one["done"] for one in found)
    return Bare(
        sum(one["done"] / one["seconds"] for one in found),
        sum(one["busy"] for one in found) / done,
    )


def verifier(scheme: str, hashed: str) -> Callable[[], bool]:
    """One verification of the right password."""
    secret = world.PASSWORD.encode()
    if scheme == "argon2id":
        import argon2

        hasher = argon2.PasswordHasher()
        return lambda: hasher.verify(hashed, secret)
    if scheme == "bcrypt":
        import bcrypt

        return lambda: bcrypt.checkpw(secret, hashed.encode())
    _, rounds, salt, stored = hashed.split("$")
    wanted = base64.b64decode(stored)
    return lambda: hmac.compare_digest(
        hashlib.pbkdf2_hmac("sha256", secret, salt.encode(), int(rounds)), wanted
    )


def main() -> None:
    """Verify until the time is up."""
    scheme, seconds, hashed = sys.argv[1:]
    verify = verifier(scheme, hashed)
    assert verify()
    began, used, done = time.monotonic(), time.process_time(), 0
    while time.monotonic() < began + float(seconds):
        verify()
        done += 1
    facts = {"done": done, "seconds": time.monotonic() - began, "busy": time.process_time() - used}
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
