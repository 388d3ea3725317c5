"""From the settings of a source to what verifies its hashes."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from sso_bridge.config.passwords import Passwords
from sso_bridge.core.deadline import Deadline
from sso_bridge.errors import ConfigurationError, CreationRefused
from sso_bridge.passwords import MAKERS, HashPool, Limits, PasswordHashes
from sso_bridge.wiring.passwords import password_hashes, password_limits

from .hashes import HASHES, PASSWORD
from .rooms import Alarms, nothing_stored
from .test_firebase import PASSWORD as FIREBASE_PASSWORD
from .test_firebase import STORED as OF_FIREBASE

PEPPER = "pepperpepper"
SIGNER_KEY = (
    "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=="
)


SALTED = ("before", "after")


def made(pool: HashPool, alarms: Alarms | None = None, **declared: Any) -> PasswordHashes:
    return password_hashes(
        "shop",
        Passwords.model_validate(declared),
        pool=pool,
        observer=alarms or Alarms(),
        sample=nothing_stored,
    )


def verify(hashes: PasswordHashes, stored: str, password: str = PASSWORD) -> bool:
    return hashes.verify(password, stored, Deadline(20.0))


def test_nothing_said_verifies_every_known_format(pool: HashPool) -> None:
    hashes = made(pool)
    for row in HASHES[::7]:
        assert verify(hashes, row.stored, row.password)
    assert not verify(hashes, "e26ea683e42de1777fda7943dfa8b1fd")


@pytest.mark.parametrize("scheme", MAKERS)
def test_every_maker_can_be_named(scheme: str) -> None:
    assert Passwords.model_validate({"scheme": scheme}).scheme == scheme


def test_no_other_scheme_can_be_named() -> None:
    with pytest.raises(ValidationError):
        Passwords.model_validate({"scheme": "md5"})


def test_weak_hashes_where_they_are_allowed(pool: HashPool) -> None:
    assert verify(made(pool, allow_weak=True), "e26ea683e42de1777fda7943dfa8b1fd")


# PHP: password_hash over what Flask-Security and Devise make of the password
@pytest.mark.parametrize(
    ("prepare", "stored"),
    [
        (
            "base64(raw_hmac_sha512(pepper, password))",
            "$2y$04$dx7.YflFv4UhyTEDRo1zEumJpOFuy01B4f00cEEK7R3VdWsyp6aSK",
        ),
        ("password + pepper", "$2y$04$Wz.U/e3lAUwhKXWaOjIduu4HxSb2HczAEjRqDHi66FrytTcFHJ8AW"),
    ],
)
def test_a_password_is_prepared(pool: HashPool, prepare: str, stored: str) -> None:
    hashes = made(pool, prepare=prepare, pepper=PEPPER, scheme="bcrypt")
    assert verify(hashes, stored)
    assert not verify(hashes, stored, "x" + PASSWORD)
    assert not verify(made(pool), stored)
    assert verify(hashes, hashes.hash(PASSWORD, Deadline(20.0)))


def test_a_password_that_cannot_be_prepared_never_fits(pool: HashPool) -> None:
    hashes = made(pool, prepare="hex(from_hex(password))")
    stored = hashes.hash("AB", Deadline(20.0))
    assert verify(hashes, stored, "ab")
    assert not verify(hashes, stored, "no hex digits")
    with pytest.raises(CreationRefused):
        hashes.hash("no hex digits", Deadline(20.0))


def test_bcrypt_refuses_a_long_password_that_is_prepared_to_no_digest(pool: HashPool) -> None:
    hashes = made(pool, prepare="password + pepper", pepper=PEPPER, scheme="bcrypt")
    with pytest.raises(CreationRefused):
        hashes.hash("x" * 61, Deadline(20.0))


def test_a_digest_is_declared(pool: HashPool) -> None:
    hashes = made(pool, digest="md5(password + salt)", salt="after")
    assert verify(hashes, "475cacf785959a1cecc9f15f6af0a143:saltysalt")
    assert hashes.identify("475cacf785959a1cecc9f15f6af0a143:saltysalt") == "declared-digest"


def test_a_hash_of_another_format_beside_an_old_salt_is_verified(pool: HashPool) -> None:
    hashes = made(pool, digest="sha1(salt + password)", salt="before")
    stored = next(row.stored for row in HASHES if row.made_by == "php-password_hash")
    assert verify(hashes, stored)
    assert verify(hashes, "oldsalt:" + stored)
    assert not verify(hashes, "oldsalt:" + stored, "x" + PASSWORD)
    assert not verify(hashes, "oldsalt:{noop}" + PASSWORD)
    assert not verify(made(pool), "oldsalt:" + stored)
    after = made(pool, digest="sha1(salt + password)", salt="after")
    assert verify(after, stored + ":oldsalt")
    for hashes in (made(pool, digest="sha1(salt + password)", salt=where) for where in SALTED):
        for row in HASHES:
            assert hashes.identify(row.stored) == row.scheme


def test_a_hash_beside_an_old_salt_is_held_to_the_limits(pool: HashPool) -> None:
    alarms = Alarms()
    hashes = made(pool, alarms, digest="sha1(salt + password)", salt="before")
    assert not verify(hashes, "oldsalt:$2b$31$" + "." * 53)
    details = "bcrypt: cost is 31, above the limit of 15"
    assert alarms.seen == [("password_format_unknown", details)]


def test_firebase_is_declared(pool: HashPool) -> None:
    hashes = made(pool, firebase={"signer_key": SIGNER_KEY})
    assert verify(hashes, OF_FIREBASE, FIREBASE_PASSWORD)


def test_costs_are_limited(pool: HashPool) -> None:
    assert password_limits(Passwords()) == Limits()
    alarms = Alarms()
    hashes = made(pool, alarms, max_seconds=0.25, scheme="bcrypt")
    verify(hashes, "$5$rounds=62500$salt$" + "A" * 43)
    assert alarms.seen == []
    verify(hashes, "$5$rounds=62501$salt$" + "A" * 43)
    assert [kind for kind, _ in alarms.seen] == ["password_format_unknown"]
    argon2 = next(row.stored for row in HASHES if row.made_by == "php-2")
    assert not verify(made(pool, max_memory_mib=63, scheme="bcrypt"), argon2)
    assert verify(made(pool, max_memory_mib=64), argon2)


ITERATED: dict[str, Any] = {"digest": "md5(salt + password)", "salt": "before", "max_seconds": 1.0}
OF_FIREBASE_16 = {"signer_key": SIGNER_KEY, "memory_cost": 16, "rounds": 64}


@pytest.mark.parametrize(
    ("declared", "complaint", "enough"),
    [
        (
            {**ITERATED, "iterations": 2_000_000},
            "iterations: makes hashes above max_seconds = 1.0,",
            {"max_seconds": 2.01},
        ),
        (
            {"firebase": OF_FIREBASE_16, "max_seconds": 1.0},
            "firebase: makes hashes above max_seconds = 1.0 and max_memory_mib = 256,",
            {"max_seconds": 2.0, "max_memory_mib": 512},
        ),
        ({"max_seconds": 0.18}, "scheme: makes hashes above max_seconds", {"max_seconds": 0.19}),
        ({"max_memory_mib": 63}, "scheme: makes hashes above max_mem", {"max_memory_mib": 64}),
        *(
            ({"scheme": scheme, "max_seconds": below}, "scheme: makes", {"max_seconds": seconds})
            for scheme, below, seconds in (
                ("bcrypt", 0.24, 0.25),
                ("bcrypt-2y", 0.24, 0.25),
                ("wordpress", 0.24, 0.25),
                ("scrypt", 0.49, 0.5),
                ("pbkdf2-sha256", 0.29, 0.3),
                ("django-pbkdf2-sha256", 0.49, 0.5),
            )
        ),
    ],
)
def test_hashes_of_ones_own_that_no_login_would_compute_are_refused_at_once(
    pool: HashPool, declared: dict[str, Any], complaint: str, enough: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError) as raised:
        made(pool, **declared)
    assert str(raised.value).startswith(f"sources.shop.passwords.{complaint}")
    wanted = " and ".join(f"{limit} = {figure}" for limit, figure in enough.items())
    assert str(raised.value).endswith(f", or set {wanted}")
    made(pool, **{**declared, **enough})


def test_limits_that_cannot_be_set_are_not_advised(pool: HashPool) -> None:
    with pytest.raises(ConfigurationError, match=r"application does; it needs max_seconds = 100\."):
        made(pool, **ITERATED, iterations=100_000_000)


def test_hashes_are_renewed_where_that_was_asked_for(pool: HashPool) -> None:
    stored = next(row.stored for row in HASHES if row.scheme == "django-pbkdf2-sha256")
    assert made(pool).renewed(PASSWORD, stored, Deadline(20.0)) is None
    assert made(pool, rehash=True).renewed(PASSWORD, stored, Deadline(20.0)) is not None


@pytest.mark.parametrize(
    ("declared", "complaint"),
    [
        ({"digest": "md5(password)"}, "sources.shop.passwords.digest: has neither salt nor"),
        ({"digest": "md5(pepper + password)"}, "sources.shop.passwords.digest: uses pepper, which"),
        ({"prepare": "pepper + password"}, "sources.shop.passwords.prepare: uses pepper, which"),
        ({"prepare": "password + salt"}, "sources.shop.passwords.prepare: has at character 12"),
        ({"prepare": '"x"'}, "sources.shop.passwords.prepare: the password is not in it"),
        ({"prepare": "raw_md5(password)"}, "sources.shop.passwords.prepare: gives bytes, which"),
        ({"pepper": PEPPER}, "sources.shop.passwords.pepper: is in no formula"),
    ],
)
def test_a_formula_that_is_wrong_is_named(
    pool: HashPool, declared: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ConfigurationError) as raised:
        made(pool, **declared)
    assert str(raised.value).startswith(complaint)
    assert PEPPER not in str(raised.value)


@pytest.mark.parametrize(
    ("declared", "complaint"),
    [
        ({"salt": "before"}, "goes with digest"),
        ({"iterations": 2}, "goes with digest"),
        ({"digest_again": "md5(previous)"}, "goes with digest"),
        ({"max_seconds": 0.0}, "greater than 0"),
        ({"max_memory_mib": 0}, "greater than or equal to 1"),
        ({"firebase": {"signer_key": "not base64"}}, "is not base64"),
        ({"firebase": {}}, "Field required"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(
    declared: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ValidationError, match=complaint):
        Passwords.model_validate(declared)


def test_no_secret_is_in_a_repr() -> None:
    declared = Passwords.model_validate({"pepper": PEPPER, "firebase": {"signer_key": SIGNER_KEY}})
    assert PEPPER not in repr(declared)
    assert SIGNER_KEY not in repr(declared)
