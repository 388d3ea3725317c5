"""While a hash is computed, other threads move: no scheme holds the GIL."""

from __future__ import annotations

import hashlib
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from sso_bridge.passwords import MAKERS, Limits
from sso_bridge.passwords.schemes import Declared, Layout, StoredHash, read
from sso_bridge.passwords.schemes.rounds import DIGESTS

from .hashes import HASHES

DIGEST_32, DIGEST_64 = "00" * 32, "00" * 64
BASE64_32 = "A" * 43


def keycloak(algorithm: str, iterations: int, parameters: str = "") -> str:
    return (
        f'{{"value":"{BASE64_32}=","salt":"c2FsdHNhbHQ="}}{{"hashIterations":{iterations},'
        f'"algorithm":"{algorithm}","additionalParameters":{{{parameters}}}}}'
    )


SLOW = {
    "argon2i": "$argon2i$v=19$m=32768,t=1,p=1$c29tZXNhbHQ$" + BASE64_32,
    "argon2d": "$argon2d$v=19$m=32768,t=1,p=1$c29tZXNhbHQ$" + BASE64_32,
    "argon2id": "$argon2id$v=19$m=32768,t=1,p=1$c29tZXNhbHQ$" + BASE64_32,
    "bcrypt": "$2b$10$" + "." * 22 + "A" * 31,
    "django-bcrypt-sha256": "bcrypt_sha256$$2b$10$" + "." * 22 + "A" * 31,
    "pbkdf2-sha1": "$pbkdf2$100000$c2FsdA$" + "A" * 27,
    "pbkdf2-sha256": "$pbkdf2-sha256$80000$c2FsdA$" + BASE64_32,
    "pbkdf2-sha512": "$pbkdf2-sha512$100000$c2FsdA$" + "A" * 86,
    "django-pbkdf2-sha1": "pbkdf2_sha1$100000$salt$" + "A" * 27 + "=",
    "django-pbkdf2-sha256": "pbkdf2_sha256$80000$salt$" + BASE64_32 + "=",
    "werkzeug-pbkdf2-sha1": "pbkdf2:sha1:100000$salt$" + "00" * 20,
    "werkzeug-pbkdf2-sha256": "pbkdf2:sha256:80000$salt$" + DIGEST_32,
    "werkzeug-pbkdf2-sha512": "pbkdf2:sha512:100000$salt$" + DIGEST_64,
    "scrypt": "$scrypt$ln=14,r=8,p=1$c2FsdA$" + BASE64_32,
    "werkzeug-scrypt": "scrypt:16384:8:1$salt$" + DIGEST_64,
    "django-scrypt": "scrypt$16384$salt$8$1$" + "A" * 86 + "==",
    "sha256-crypt": "$5$rounds=150000$salt$" + "A" * 43,
    "sha512-crypt": "$6$rounds=150000$salt$" + "A" * 86,
    "yescrypt": "$y$j9T$salt$" + "A" * 43,
    "bcrypt-sha256": "$bcrypt-sha256$v=2,t=2b,r=10$" + "." * 22 + "$" + "A" * 31,
    "wordpress-bcrypt": "$wp$2y$10$" + "." * 22 + "A" * 31,
    "phpass": "$P$F" + "saltsalt" + "A" * 22,
    "drupal-sha512": "$S$F" + "saltsalt" + "A" * 43,
    "drupal-migrated": "U$S$F" + "saltsalt" + "A" * 43,
    "ldap-pbkdf2-sha1": "{PBKDF2}100000$c2FsdA$" + "A" * 27,
    "ldap-pbkdf2-sha256": "{PBKDF2-SHA256}80000$c2FsdA$" + BASE64_32,
    "ldap-pbkdf2-sha512": "{PBKDF2-SHA512}100000$c2FsdA$" + "A" * 86,
    "aspnet-identity-v3": "AQAAAAIAAYagAAAAEA" + "A" * 64 + "==",
    "spring-scrypt": "$e0801$" + "A" * 86 + "==$" + BASE64_32 + "=",
    "spring-pbkdf2-sha1": "{pbkdf2}" + "00" * 40,
    "spring-pbkdf2-sha256": "{pbkdf2@SpringSecurity_v5_8}" + "00" * 48,
    "keycloak-pbkdf2-sha1": keycloak("pbkdf2", 100_000),
    "keycloak-pbkdf2-sha256": keycloak("pbkdf2-sha256", 80_000),
    "keycloak-pbkdf2-sha512": keycloak("pbkdf2-sha512", 100_000),
    "keycloak-argon2id": keycloak("argon2", 1, '"memory":["32768"]'),
    "magento-argon2id": DIGEST_32 + ":salt:2",
    "magento-sha256-argon2id": DIGEST_32 + ":salt:1:3_32_1_33554432",
    "magento-md5-sha256-argon2id": DIGEST_32 + ":salt:0:1:3_32_1_33554432",
}
"""Hashes that take 20 ms or more each; whether anything fits them is no matter. A quick one
would not do: other threads have their turn between two of them."""
ALWAYS_QUICK = {
    "md5-crypt",
    "des-crypt",
    "aspnet-identity-v2",
    "spring-sha256",
    "magento-md5",
    "magento-sha256",
    "magento-md5-sha256",
    *(f"{whose}salted-{name}" for name in DIGESTS for whose in ("", "ldap-", "spring-")),
}
"""About a millisecond each, or much less."""
SECONDS = 0.1
TURN = 0.05
"""Seconds that Python code keeps the GIL when another thread wants it; 0.005 by default.
With this many, code that holds the GIL stands out from noise: 20 ticks a second, not 900."""
ENOUGH = 100.0
"""Ticks a second of the quick thread, which sleeps 1 ms for each."""
ATTEMPTS = 8


@pytest.fixture(autouse=True)
def long_turns() -> Iterator[None]:
    usual = sys.getswitchinterval()
    sys.setswitchinterval(TURN)
    yield
    sys.setswitchinterval(usual)


def ticks_a_second(work: Callable[[], object]) -> float:
    """How often a quick thread gets its turn while `work` is repeated for SECONDS."""
    ticks, done = 0, threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not done.is_set():
            time.sleep(0.001)
            ticks += 1

    quick = threading.Thread(target=tick)
    quick.start()
    began = time.monotonic()
    try:
        while time.monotonic() < began + SECONDS:
            work()
        return ticks / (time.monotonic() - began)
    finally:
        done.set()
        quick.join()


def others_move(work: Callable[[], object]) -> bool:
    """A busy machine mostly lowers the count, so the best of several attempts counts."""
    return any(ticks_a_second(work) > ENOUGH for _ in range(ATTEMPTS))


@pytest.mark.parametrize("scheme", SLOW)
def test_others_move_while_a_stored_hash_is_computed(scheme: str) -> None:
    found = read(SLOW[scheme], Limits())
    assert found is not None
    assert found.scheme == scheme
    assert others_move(lambda: found.fits(b"hunter2"))


def test_every_scheme_is_tried() -> None:
    assert {row.scheme for row in HASHES} - ALWAYS_QUICK == set(SLOW)


@pytest.mark.parametrize("name", MAKERS)
def test_others_move_while_a_new_hash_is_made(name: str) -> None:
    maker = MAKERS[name]()
    assert others_move(lambda: maker.make(b"hunter2"))


def declared(digest: str, again: str | None = None) -> StoredHash:
    scheme = Declared(digest, layout=Layout(salt="before"), iterations=100_000, again=again)
    found = scheme.read("salt:" + DIGEST_32, Limits())
    assert found is not None
    return found


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(declared("sha256(salt + password)"), id="repeated"),
        pytest.param(
            declared("raw_sha256(salt + password)", "raw_sha256(previous + salt)"), id="again"
        ),
    ],
)
def test_others_move_while_a_declared_digest_is_computed(found: StoredHash) -> None:
    assert others_move(lambda: found.fits(b"hunter2"))


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param("$argon2id$v=19$m=65536,t=2,p=4$c29tZXNhbHQ$" + BASE64_32, id="argon2"),
        pytest.param(
            keycloak("argon2", 2, '"memory":["65536"],"parallelism":["4"]'), id="keycloak"
        ),
    ],
)
def test_a_hash_of_several_lanes_is_computed_in_one_thread(stored: str) -> None:
    found = read(stored, Limits())
    assert found is not None
    here, everywhere = time.thread_time(), time.process_time()
    found.fits(b"hunter2")
    assert time.thread_time() - here > 0.7 * (time.process_time() - everywhere)


def test_a_hash_in_python_would_be_noticed() -> None:
    def phpass() -> None:
        digest = b""
        for _ in range(2**17):
            digest = hashlib.md5(digest + b"hunter2", usedforsecurity=False).digest()

    assert any(ticks_a_second(phpass) < ENOUGH for _ in range(ATTEMPTS))
