"""What a long password costs, and one that is too long."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from sso_bridge.passwords import Declared, FormulaError, HashPool, Layout, Limits, parse_formula
from sso_bridge.passwords.schemes import StoredHash, read
from sso_bridge.passwords.schemes.phpass import _phpass
from sso_bridge.passwords.schemes.rounds import DIGESTS, digest
from sso_bridge.passwords.schemes.work import INSTEAD, LONGEST_PASSWORD, digest_work

from .rooms import Room

SALT = b"saltsalt"


def phpass(prefix: str, password: bytes, digit: str = "7") -> str:
    """A hash of 2^9 rounds, unless `digit` is another."""
    rounds = 1 << "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".index(digit)
    algorithm, length = ("sha512", 43) if "S" in prefix else ("md5", 22)
    return f"{prefix}{digit}saltsalt" + _phpass(digest(algorithm), password, SALT, rounds)[:length]


@pytest.mark.parametrize(("prefix", "longest"), [("$S$", 512), ("$P$", 4096), ("$H$", 4096)])
def test_a_password_as_long_as_the_software_takes_fits_and_no_longer_one(
    pool: HashPool, prefix: str, longest: int
) -> None:
    room = Room(pool, longest_password=10_000)
    assert room.verify("x" * longest, phpass(prefix, b"x" * longest))
    assert not room.verify("x" * (longest + 1), phpass(prefix, b"x" * (longest + 1)))
    assert not room.verify("x" * (longest + 1), phpass(prefix, b"x" * longest))
    assert not room.alarms.seen


def test_a_migrated_hash_takes_passwords_of_any_length(room: Room) -> None:
    md5 = digest("md5")(b"x" * 4000).hex().encode()
    assert room.verify("x" * 4000, "U" + phpass("$S$", md5))


@pytest.mark.parametrize("prefix", ["$S$", "$P$"])
def test_what_is_computed_instead_opens_nothing(pool: HashPool, prefix: str) -> None:
    room = Room(pool, longest_password=10_000)
    assert room.verify(INSTEAD.decode(), phpass(prefix, INSTEAD))
    assert not room.verify("x" * 5000, phpass(prefix, INSTEAD))


def test_what_is_computed_instead_of_a_password_for_a_declared_digest_opens_nothing(
    pool: HashPool,
) -> None:
    scheme = Declared("md5(salt + password)", layout=Layout(salt="before"))
    room = Room(pool, longest_password=10_000, schemes=[scheme])
    stored = "s:" + digest("md5")(b"s" + INSTEAD).hex()
    assert room.verify(INSTEAD.decode(), stored)
    assert not room.verify("x" * 5000, stored)
    assert not room.alarms.seen


def declared(again: str, iterations: int) -> StoredHash:
    scheme = Declared(
        "sha512(salt + password)", layout=Layout(salt="before"), again=again, iterations=iterations
    )
    return known(scheme.read("salt:" + "00" * 64, Limits()))


def known(found: StoredHash | None) -> StoredHash:
    assert found is not None
    return found


def quickest(*works: Callable[[], object], until: Callable[..., bool]) -> list[float]:
    """The least that each took, in processor seconds of this thread, turn by turn.

    A core that is shared makes single figures larger, never smaller: they are taken again, 20
    times at most, `until` they are right.
    """
    least = [float("inf")] * len(works)
    for _ in range(20):
        for at, work in enumerate(works):
            began = time.thread_time()
            work()
            least[at] = min(least[at], time.thread_time() - began)
        if until(*least):
            break
    return least


REFUSED = [
    pytest.param(known(read("$S$C" + "saltsalt" + "A" * 43, Limits())), 513, id="drupal"),
    pytest.param(known(read("$P$C" + "saltsalt" + "A" * 22, Limits())), 4097, id="phpass"),
    pytest.param(known(read("$5$rounds=50000$salt$" + "A" * 43, Limits())), 512, id="sha256"),
    pytest.param(known(read("$6$rounds=50000$salt$" + "A" * 86, Limits())), 512, id="sha512"),
    pytest.param(declared("sha512(previous + password)", 10_000), 4097, id="declared"),
]


@pytest.mark.parametrize(("found", "length"), REFUSED)
def test_a_password_that_is_too_long_costs_what_a_usual_one_does(
    found: StoredHash, length: int
) -> None:
    def alike(usual: float, refused: float, longest: float) -> bool:
        return usual / 1.5 < refused < usual * 1.5 and longest > refused

    least = quickest(
        lambda: found.fits(b"wrong password"),
        lambda: found.fits(b"x" * length),
        lambda: found.fits(b"x" * (length - 1)),
        until=alike,
    )
    assert alike(*least), least


COSTLIEST = [
    pytest.param(known(read("$S$H" + "saltsalt" + "A" * 43, Limits())), 512, id="drupal"),
    pytest.param(known(read("$P$F" + "saltsalt" + "A" * 22, Limits())), 4096, id="phpass"),
    pytest.param(known(read("$5$rounds=625000$salt$" + "A" * 43, Limits())), 511, id="sha256"),
    pytest.param(known(read("$6$rounds=833333$salt$" + "A" * 86, Limits())), 511, id="sha512"),
    pytest.param(declared("sha512(previous + password)", 125_000), 4096, id="declared"),
]


@pytest.mark.parametrize(("found", "length"), COSTLIEST)
def test_the_costliest_hash_with_the_longest_password_keeps_to_the_limit(
    found: StoredHash, length: int
) -> None:
    # Twice as much, for a machine that is slower than the one of reference.
    allowed = 2.5 * 2
    (least,) = quickest(lambda: found.fits(b"x" * length), until=lambda taken: taken < allowed)
    assert least < allowed


@pytest.mark.parametrize("name", DIGESTS)
def test_work_grows_with_the_blocks(name: str) -> None:
    few, many = digest_work(name, 16), digest_work(name, 16 + 64 * 40)
    assert 1 <= few <= 2
    assert many == few + 10


def test_what_prepare_makes_may_not_be_too_long_either(pool: HashPool) -> None:
    room = Room(pool, prepare=lambda password: password * 6)
    stored = room.hash("x" * 600)
    assert room.verify("x" * 600, stored)
    assert not room.verify("x" * 700, stored)
    assert room.counted.passwords == [b"x" * 3600, b"placeholder"]


def test_a_formula_that_may_make_too_much_is_refused() -> None:
    names = frozenset({"password"})
    for formula in (
        "addslashes(" * 7 + "password" + ")" * 7,
        "nfkc(" * 3 + "password" + ")" * 3,
        "md5(" + " + ".join(["password"] * 65) + ")",
    ):
        with pytest.raises(FormulaError, match="may make more than 262144 bytes"):
            parse_formula(formula, names)
    worst = parse_formula("htmlspecialchars(addslashes(password))", names)
    assert len(worst.value({"password": b'"' * LONGEST_PASSWORD})) <= 262_144
