"""What is no hash, or costs too much, is refused with an alarm that does not quote it."""

from __future__ import annotations

import os
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sso_bridge.core.alarms import PASSWORD_FORMAT_UNKNOWN
from sso_bridge.passwords import HashPool, Limits, identify
from sso_bridge.passwords.schemes import libcrypt
from sso_bridge.passwords.shape import shape

from .hashes import HASHES, PASSWORD, Row
from .rooms import Room

SALT_AND_MORE = "c29tZXNhbHQ$PZNKf9iLzb8JTmJhCtWW/upKOBXan9nuOkQgMDol/MI"
BCRYPT_53 = "QKskPq0X/Wghk1gAtQZR8uaNH8FYLEvYpjdQxnelGxHw/DRp5NTHS"


def keycloak(algorithm: str, iterations: int, parameters: str = "", size: int = 32) -> str:
    value = b64encode(bytes(size)).decode()
    return (
        f'{{"hashIterations":{iterations},"algorithm":"{algorithm}",'
        f'"additionalParameters":{{{parameters}}}}}{{"value":"{value}","salt":"c2FsdHNhbHQ="}}'
    )


TOO_COSTLY = [
    pytest.param(
        f"$argon2id$v=19$m=4194304,t=1,p=1${SALT_AND_MORE}",
        "argon2id: memory in KiB is 4194304, above the limit of 262144",
        id="argon2-4-GiB",
    ),
    pytest.param(
        f"$argon2id$v=19$m=65536,t=100000,p=1${SALT_AND_MORE}",
        "argon2id: memory times passes is 6553600000, above the limit of 2621440",
        id="argon2-passes",
    ),
    pytest.param(
        f"$argon2id$v=19$m=65536,t=1,p=255${SALT_AND_MORE}",
        "argon2id: parallelism is 255, above the limit of 16",
        id="argon2-threads",
    ),
    pytest.param(
        f"$2b$31${BCRYPT_53}", "bcrypt: cost is 31, above the limit of 15", id="bcrypt-31"
    ),
    pytest.param(
        "pbkdf2_sha256$1000000000$abc$9Rh1iQB0/4A0g6Ir9MftT4gsmwEYARbaA9rZc9s4kmM=",
        "django-pbkdf2-sha256: iterations is 1000000000, above the limit of 5000000",
        id="pbkdf2-django",
    ),
    pytest.param(
        "$pbkdf2-sha256$1000000000$lFJKCUHo3bt3zpnTWsv5/w"
        "$Kylx6ZVPf/41dikcT/qTJ4vv87r5U8Guddj8MtcA380",
        "pbkdf2-sha256: iterations is 1000000000, above the limit of 5000000",
        id="pbkdf2-passlib",
    ),
    pytest.param(
        "scrypt:1073741824:8:1$yfvgknQmWQkL4Y8K$" + "3c" * 64,
        "werkzeug-scrypt: memory in KiB is 1073741824, above the limit of 262144",
        id="scrypt-n",
    ),
    pytest.param(
        "$scrypt$ln=99,r=8,p=1$Tan1fk/pfW9NSUkJgVDKeQ$MDK+KwguPnJlQwzRHMo5KdsD8mop17DwghuvHxZ+Sus",
        f"scrypt: memory in KiB is {2**99}, above the limit of 262144",
        id="scrypt-ln",
    ),
    pytest.param(
        "$scrypt$ln=10,r=8,p=9999$Tan1fk/pfW9NSUkJgVDKeQ"
        "$MDK+KwguPnJlQwzRHMo5KdsD8mop17DwghuvHxZ+Sus",
        "scrypt: N times r times p is 81911808, above the limit of 5242880",
        id="scrypt-p",
    ),
    pytest.param(
        "$6$rounds=999999999$usesomesillystri$" + "x" * 86,
        "sha512-crypt: rounds is 999999999, above the limit of 833333",
        id="sha512-rounds",
    ),
    pytest.param(
        "$P$S" + "saltsalt" + "A" * 22,
        "phpass: rounds is 1073741824, above the limit of 147058",
        id="phpass",
    ),
    pytest.param(
        "$S$S" + "saltsalt" + "A" * 43,
        "drupal-sha512: rounds is 1073741824, above the limit of 666666",
        id="drupal",
    ),
    pytest.param(
        "$S$I" + "saltsalt" + "A" * 43,
        "drupal-sha512: rounds is 1048576, above the limit of 666666",
        id="drupal-in-time-for-short-passwords-only",
    ),
    pytest.param(
        "$P$G" + "saltsalt" + "A" * 22,
        "phpass: rounds is 262144, above the limit of 147058",
        id="phpass-in-time-for-short-passwords-only",
    ),
    pytest.param(
        "$5$rounds=625001$salt$" + "A" * 43,
        "sha256-crypt: rounds is 625001, above the limit of 625000",
        id="sha256-in-time-for-short-passwords-only",
    ),
    pytest.param(
        "$bcrypt-sha256$v=2,t=2b,r=31$" + "." * 22 + "$" + "A" * 31,
        "bcrypt-sha256: cost is 31, above the limit of 15",
        id="bcrypt-sha256",
    ),
    pytest.param(
        f"$wp$2y$16${BCRYPT_53}",
        "wordpress-bcrypt: cost is 16, above the limit of 15",
        id="wordpress",
    ),
    pytest.param(
        "$ff0801$" + "A" * 22 + "==$" + "A" * 43 + "=",
        f"spring-scrypt: memory in KiB is {2**255}, above the limit of 262144",
        id="spring-scrypt",
    ),
    pytest.param(
        "{PBKDF2-SHA512}999999999999$c2FsdA$" + "A" * 86,
        "ldap-pbkdf2-sha512: iterations is 999999999999, above the limit of 5000000",
        id="pbkdf2-ldap",
    ),
    pytest.param(
        "AQAAAAL/////AAAAEA" + "A" * 64 + "==",
        "aspnet-identity-v3: iterations is 4294967295, above the limit of 5000000",
        id="aspnet",
    ),
    pytest.param(
        keycloak("pbkdf2-sha256", 3_000_000, size=64),
        "keycloak-pbkdf2-sha256: iterations is 3000000, above the limit of 2500000",
        id="keycloak-two-digests-long",
    ),
    pytest.param(
        keycloak("argon2", 1, '"memory":["4194304"]'),
        "keycloak-argon2id: memory in KiB is 4194304, above the limit of 262144",
        id="keycloak-argon2",
    ),
    pytest.param(
        "00" * 32 + ":salt:1:3_32_2_4294967296",
        "magento-argon2id: memory in KiB is 4194304, above the limit of 262144",
        id="magento",
    ),
    pytest.param(
        "$y$jNT$v6I1q$gsEtjsp7EWG7zcZorCbI/anpHtWykET8DanMJbwdO27",
        "yescrypt: memory in KiB is 268435456, above the limit of 262144",
        id="yescrypt-memory",
    ),
]

CORRUPT = [
    pytest.param("$argon2id$v=19$m=1,t=1,p=1$$", "argon2id: corrupt", id="argon2-empty"),
    pytest.param(
        f"$argon2id$v=20$m=256,t=1,p=1${SALT_AND_MORE}", "argon2id: corrupt", id="argon2-version"
    ),
    pytest.param(
        f"$argon2id$v=19$m=1,t=1,p=1${SALT_AND_MORE}", "argon2id: corrupt", id="argon2-no-memory"
    ),
    pytest.param(f"$2b$03${BCRYPT_53}", "bcrypt: corrupt", id="bcrypt-cost-3"),
    pytest.param(f"$2b$32${BCRYPT_53}", "bcrypt: corrupt", id="bcrypt-cost-32"),
    pytest.param(f"$2b$04${BCRYPT_53[:-1]}", "bcrypt: corrupt", id="bcrypt-59"),
    pytest.param(
        "pbkdf2_sha256$1$abc$", "django-pbkdf2-sha256: corrupt", id="pbkdf2-without-digest"
    ),
    pytest.param(
        "pbkdf2_sha256$1$abc$9Rh1", "django-pbkdf2-sha256: corrupt", id="pbkdf2-digest-cut"
    ),
    pytest.param(
        "pbkdf2_sha256$0$abc$9Rh1iQB0/4A0g6Ir9MftT4gsmwEYARbaA9rZc9s4kmM=",
        "django-pbkdf2-sha256: corrupt",
        id="pbkdf2-no-iterations",
    ),
    pytest.param("scrypt:1024:8:1$salt$3c", "werkzeug-scrypt: corrupt", id="scrypt-digest-cut"),
    pytest.param(
        "scrypt:1000:8:1$salt$" + "3c" * 64, "werkzeug-scrypt: corrupt", id="scrypt-n-not-2**x"
    ),
    pytest.param("$6$salt$short", "sha512-crypt: corrupt", id="sha512-short"),
    pytest.param("$5$salt$" + "x" * 86, "sha256-crypt: corrupt", id="sha256-with-512-digest"),
    pytest.param("$1$salt$x", "md5-crypt: corrupt", id="md5-short"),
    pytest.param("$y$j9T$salt$x", "yescrypt: corrupt", id="yescrypt-short"),
    pytest.param("$P$Bsaltsalt" + "A" * 21, "phpass: corrupt", id="phpass-21"),
    pytest.param("$P$4saltsalt" + "A" * 22, "phpass: corrupt", id="phpass-too-few-rounds"),
    pytest.param("$S$Dsaltsalt" + "A" * 44, "drupal-sha512: corrupt", id="drupal-44"),
    pytest.param("$wp$2y$10$" + "A" * 52, "wordpress-bcrypt: corrupt", id="wordpress-52"),
    pytest.param("$wp$2y$03$" + "." * 53, "wordpress-bcrypt: corrupt", id="wordpress-cost-3"),
    pytest.param("$bcrypt-sha256$2a,12$x$y", "bcrypt-sha256: corrupt", id="bcrypt-sha256"),
    pytest.param("{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "ldap-salted-sha1: corrupt", id="ssha"),
    pytest.param("{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9gx", "ldap-sha1: corrupt", id="sha-with-salt"),
    pytest.param("{CRYPT}hunter2", "braces-crypt: corrupt", id="crypt"),
    pytest.param("{bcrypt}hunter2", "braces-bcrypt: corrupt", id="spring-bcrypt"),
    pytest.param("{bcrypt}$2a$10$x", "bcrypt: corrupt", id="spring-bcrypt-cut"),
    pytest.param("{pbkdf2}" + "00" * 39, "spring-pbkdf2-sha1: corrupt", id="spring-pbkdf2"),
    pytest.param("{sha256}" + "00" * 39, "spring-sha256: corrupt", id="spring-sha256"),
    pytest.param(
        "{MD5}{salt}" + "00" * 15, "spring-salted-md5: corrupt", id="spring-message-digest"
    ),
    pytest.param("$e0800$" + "A" * 86 + "==$" + "A" * 43 + "=", "spring-scrypt: corrupt", id="p-0"),
    pytest.param("$e0801$salt$hash", "spring-scrypt: corrupt", id="spring-scrypt-short"),
    pytest.param("AQAAAAMAAAAyAAAAEA" + "A" * 64 + "==", "aspnet-identity-v3: corrupt", id="prf-3"),
    pytest.param(
        "AQAAAAEAAAAAAAAAEA" + "A" * 64 + "==", "aspnet-identity-v3: corrupt", id="no-iter"
    ),
    pytest.param(
        "AQAAAAEAAAAy/////w" + "A" * 64 + "==", "aspnet-identity-v3: corrupt", id="salt-4G"
    ),
    pytest.param('{"value":"x"}{"salt":"y"}', "keycloak: corrupt", id="keycloak-empty"),
    pytest.param('{"value":' + "[" * 900, "keycloak: corrupt", id="keycloak-deep"),
    pytest.param(keycloak("pbkdf2", 1) + "{}", "keycloak: corrupt", id="keycloak-three"),
    pytest.param(keycloak("pbkdf2", -1), "keycloak: corrupt", id="keycloak-iterations"),
    pytest.param(keycloak("pbkdf2", 1, size=8), "keycloak: corrupt", id="keycloak-8-bytes"),
    pytest.param(keycloak("argon2", 1), "keycloak: corrupt", id="keycloak-argon2-no-memory"),
    pytest.param(
        keycloak("bcrypt", 1),
        "keycloak: its algorithm is neither of PBKDF2 nor argon2",
        id="keycloak-algorithm",
    ),
    pytest.param(
        keycloak("pbkdf2", 1).replace('"pbkdf2"', '{"one":["pbkdf2"]}'),
        "keycloak: its algorithm is neither of PBKDF2 nor argon2",
        id="keycloak-algorithm-is-no-text",
    ),
    pytest.param("00" * 16 + ":salt:1", "magento-sha256: corrupt", id="magento-length"),
    pytest.param(
        "00" * 32 + ":salt:3_32_0_65536", "magento-argon2id: corrupt", id="magento-passes"
    ),
    pytest.param("md5$salt$00", "salted-md5: corrupt", id="salted-short"),
]

NEVER = "has no salt; it is verified only where allow_weak = true"

WEAK_ONES = [
    pytest.param("5f4dcc3b5aa765d61d8327deb882cf99", f"bare-md5: {NEVER}", id="md5"),
    pytest.param("da39a3ee5e6b4b0d3255bfef95601890afd80709", f"bare-sha1: {NEVER}", id="sha1"),
    pytest.param("AB" * 32, f"bare-sha256: {NEVER}", id="sha256"),
    pytest.param("ab" * 64, f"bare-sha512: {NEVER}", id="sha512"),
    pytest.param("{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", f"bare-sha1: {NEVER}", id="ldap-sha"),
    pytest.param("{md5}X03MO1qnZdYdgyfeuILPmQ==", f"bare-md5: {NEVER}", id="ldap-md5"),
    pytest.param("{MD5}" + "ab" * 16, f"bare-md5: {NEVER}", id="spring-md5"),
    pytest.param("md5$$" + "ab" * 16, f"bare-md5: {NEVER}", id="django-md5"),
    pytest.param(
        "{noop}hunter2", "spring-noop: a password in clear text is never accepted", id="noop"
    ),
]

UNKNOWN = [
    pytest.param("da39a3ee5e6b4b0d3255bfef95601890afd80709cc", "42 hex digits", id="hex"),
    pytest.param("*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19", "* and 40 hex digits", id="mysql"),
    pytest.param("$x$" + "a" * 20, "prefix $x$", id="dollars"),
    pytest.param("{WEIRD}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "prefix {WEIRD}", id="braces"),
    pytest.param("hmac$salt$0123456789abcdef", "prefix hmac$", id="named"),
    pytest.param("0HpVnZbsHsNcJYVwwKPVxQ7bzSE=", "28 base64 characters", id="base64"),
    pytest.param("hunter2", "text of no known form", id="clear-text"),
    pytest.param("Tr0ub4dor&3 and more of it", "text of no known form", id="clear-phrase"),
    pytest.param("123456", "text of no known form", id="clear-digits"),
    pytest.param("my$ecret$", "text of no known form", id="clear-with-dollars"),
    pytest.param("pässwörd", "text of no known form", id="not-ascii"),
    pytest.param("$6$" + "a" * 2000, "prefix $6$", id="much-too-long"),
    pytest.param("$1$a\0b$" + "a" * 22, "prefix $1$", id="nul"),
]


@pytest.mark.parametrize(("stored", "details"), TOO_COSTLY + CORRUPT + WEAK_ONES + UNKNOWN)
def test_it_is_refused_with_one_alarm_and_one_dummy(room: Room, stored: str, details: str) -> None:
    assert not room.verify("hunter2", stored)
    assert room.alarms.seen == [(PASSWORD_FORMAT_UNKNOWN, details)]
    assert room.maker.made == 1


@pytest.mark.parametrize(("stored", "details"), TOO_COSTLY)
def test_a_too_costly_hash_is_never_computed(room: Room, stored: str, details: str) -> None:
    room.verify("hunter2", stored)
    assert not room.counted.computed


@pytest.mark.parametrize(("stored", "details"), TOO_COSTLY)
def test_a_too_costly_hash_is_still_counted_as_its_scheme(stored: str, details: str) -> None:
    assert identify(stored) == details.split(":")[0]


def test_a_limit_can_be_set(pool: HashPool) -> None:
    stored = next(row.stored for row in HASHES if row.scheme == "werkzeug-pbkdf2-sha256")
    assert Room(pool, limits=Limits(pbkdf2_iterations=1000)).verify(PASSWORD, stored)
    assert not Room(pool, limits=Limits(pbkdf2_iterations=999)).verify(PASSWORD, stored)


@pytest.mark.parametrize("stored", ["", "   ", "!", "!NbXNygUXjQx33r11ibOQ1ZZW", "*", "*LK*"])
def test_a_mark_of_no_password_is_refused_without_an_alarm(room: Room, stored: str) -> None:
    assert not room.verify("", stored)
    assert not room.verify(stored, stored)
    assert not room.alarms.seen
    assert room.maker.made == 2
    assert identify(stored) == "locked"


def test_identify_says_none_for_what_it_does_not_know() -> None:
    assert identify(None) is None
    assert identify("da39a3ee5e6b4b0d3255bfef95601890afd80709cc") is None


_PIECES = st.sampled_from(
    [
        "$",
        "$argon2id$",
        "v=19$",
        "m=8,t=1,p=1",
        "$2b$04$",
        "$2x$",
        "bcrypt_sha256$",
        "$6$",
        "$y$j75$",
        "rounds=1000$",
        "pbkdf2_sha256$",
        "pbkdf2:sha256:1",
        "scrypt:2:1:1$",
        "$scrypt$ln=1,r=1,p=1$",
        "1",
        "99",
        "=",
        "!",
        "é",
        "٣",
        "a" * 22,
        "b" * 43,
        "c" * 86,
        "ff" * 32,
        "A" * 53,
        "\0",
        " ",
        "$P$5saltsalt",
        "U$S$5saltsalt",
        "$wp$2y$04$",
        "$bcrypt-sha256$v=2,t=2b,r=4$",
        "$40101$",
        "{SSHA}",
        "{SHA}",
        "{CRYPT}",
        "{sha256}",
        "{MD5}",
        "{pbkdf2}",
        "{scrypt}",
        "{ldap}",
        "{PBKDF2}1$",
        "AQAAAAEAAAAB",
        "AAAA",
        '{"value":"QUFBQUFBQUFBQUFBQUFBQQ==","salt":"QUFBQUFBQUE="',
        ',"hashIterations":1,"algorithm":"pbkdf2","additionalParameters":{"memory":["8"]}}',
        '{"hashIterations":1,"algorithm":"argon2"',
        "{}",
        "}",
        '"',
        "0" * 32,
        "0" * 64,
        ":salt:0",
        ":3_32_1_8192",
        "md5$",
        "sha256$a$",
    ]
)


@settings(max_examples=300, deadline=None)
@example(stored="$2b$04$" + "/" * 53, password="x")
@example(stored="$argon2id$v=19$m=8,t=1,p=1$a$b", password="x")
@example(stored="$1$$" + "a" * 22, password="x")
@example(stored="............", password="\ud800")
@given(
    stored=st.one_of(
        st.text(), st.lists(_PIECES, max_size=8).map("".join), st.from_regex(r"\A[./0-9a-z]{13}\Z")
    ),
    password=st.text(st.characters(), max_size=80),
)
def test_no_text_raises_or_fits(pool: HashPool, stored: str, password: str) -> None:
    cheap = Limits(
        memory_kib=1024,
        argon2_work_kib=4096,
        bcrypt_cost=4,
        pbkdf2_iterations=100,
        crypt_rounds=5000,
        scrypt_work=1024,
        digest_rounds=1024,
    )
    assert not Room(pool, limits=cheap).verify(password, stored)
    identify(stored)


@settings(max_examples=300, deadline=None)
@given(
    row=st.sampled_from(HASHES),
    place=st.integers(0, 400),
    instead=st.sampled_from(["", "$", ":", "{", "}", "=", "0", "A", "é", '"', "99", "\0", " "]),
)
def test_a_real_hash_with_a_change_never_raises(
    pool: HashPool, row: Row, place: int, instead: str
) -> None:
    place %= len(row.stored)
    cheap = Limits(memory_kib=65_536, argon2_work_kib=131_072, bcrypt_cost=5, crypt_rounds=6000)
    changed = row.stored[:place] + instead + row.stored[place + 1 :]
    assert not Room(pool, limits=cheap).verify("hunter2", changed)
    identify(changed)


@given(st.text(st.characters(exclude_characters="$:{}*"), min_size=4, max_size=15))
def test_no_part_of_a_password_in_clear_text_is_in_an_alarm(stored: str) -> None:
    assert shape(stored) in {"text of no known form"}


@pytest.mark.parametrize("scheme", ["sha512-crypt", "md5-crypt", "yescrypt", "des-crypt"])
def test_a_machine_without_a_crypt_library_says_so(
    room: Room, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libcrypt, "_crypt_r", lambda: None)
    stored = next(row.stored for row in HASHES if row.scheme == scheme)
    assert not room.verify(PASSWORD, stored)
    details = f"{scheme}: this machine has no crypt library (libcrypt.so.1)"
    assert room.alarms.seen == [(PASSWORD_FORMAT_UNKNOWN, details)]
    assert room.maker.made == 1


SCARCE_MEMORY = """
import resource
from {rooms} import Room
from sso_bridge.errors import Busy
from sso_bridge.passwords import HashPool, Limits

room = Room(HashPool(1), limits=Limits(memory_kib=2**20))
room.verify("the threads and libraries are there", None)
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 100 * 2**20,) * 2)
for stored in (
    "$argon2id$v=19$m=524288,t=1,p=1$c29tZXNhbHQ$" + "A" * 43,
    "scrypt:524288:8:1$salt$" + "3c" * 64,
    "$y$jET$salt$" + "A" * 43,
):
    try:
        print(room.verify("x", stored))
    except Busy as error:
        print(error.details)
print(room.alarms.seen)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits the address space")
def test_a_lack_of_memory_is_an_outage_and_not_a_wrong_password() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCARCE_MEMORY.format(rooms=Room.__module__)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parents[Room.__module__.count(".")],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    no_memory = "no memory to compute a password hash"
    assert done.stdout.splitlines() == [no_memory, no_memory, no_memory, "[]"], done.stderr
