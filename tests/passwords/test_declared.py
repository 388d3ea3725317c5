"""Digests that a configuration declares, against hashes that PHP's own functions made."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sso_bridge.passwords import Declared, FormulaError, HashPool, Layout, Limits, known_schemes
from sso_bridge.passwords.schemes import Scheme, UnusableHash

from .hashes import HASHES, PASSWORD
from .rooms import Room

PEPPER = "pepperpepper"


def declared(
    digest: str,
    salt: str = "none",
    separator: str = ":",
    encoding: str = "hex",
    **others: Any,
) -> Declared:
    layout = Layout(encoding, salt, separator)
    return Declared(digest, layout=layout, pepper=PEPPER, **others)


MADE_BY_PHP = [
    pytest.param(
        declared("sha1(salt + sha1(salt + sha1(password)))", "before"),
        "aB3xYz9Qk:7598db693a9be92b18688fa0c107048a854b8ff9",
        id="opencart",
    ),
    pytest.param(
        declared("md5(password + salt)", "after"),
        "475cacf785959a1cecc9f15f6af0a143:saltysalt",
        id="joomla-1.5",
    ),
    pytest.param(
        declared(
            'raw_sha512(password + "{" + salt + "}")',
            "before",
            encoding="base64",
            iterations=5000,
            again='raw_sha512(previous + password + "{" + salt + "}")',
        ),
        "saltysalt:vYtRnZL+YmNvZSeOJ3JVbWeqB9bygYu9lLfGWDoQ7YkOGBJh6wsB7RFfAoKHNByIJZXJPOnK5s/Fc07X"
        "o+4dAg==",
        id="symfony-message-digest",
    ),
    pytest.param(
        declared('md5("cookiekey0123" + password)', allow_weak=True),
        "cdd1f07dcd410896930492dd2d5eef7d",
        id="prestashop-1.6",
    ),
    pytest.param(
        declared("raw_sha1(from_base64(salt) + utf16le(password))", "before", encoding="base64"),
        "MDEyMzQ1Njc4OWFiY2RlZg==:D0w4RAbiWZU4FBrwKEyataoEOc0=",
        id="asp.net-membership",
    ),
    pytest.param(
        declared("sha256(salt + password)", "before", "$", iterations=1000),
        "saltysalt$1e45381fd2ec02412de0425c8f824b55f3e88c6325c45dea5293618d585119b9",
        id="hex-again-and-again",
    ),
    pytest.param(
        declared("raw_sha256(salt + password)", "after", "", iterations=1000),
        "4F0F0D4074984856BA9B388383D45DFB6EDC466C032E6909FF0872A9AE6640F4saltysalt",
        id="bytes-again-and-again-in-capitals",
    ),
    pytest.param(
        declared("hmac_sha256(pepper, password)"),
        "ce1cc2efb72f8af700c02134ffe600768064ae13a8eb790d9a8eca799048c62f",
        id="hmac-with-pepper",
    ),
    pytest.param(
        declared("base64(upper(md5(salt + password)))", "after", "", "base64"),
        "MzFFMzFDNzA5OTM0N0E5NUU1MEJERkM1OEVGOTlEN0M=saltysalt",
        id="base64-of-hex-in-capitals",
    ),
    pytest.param(
        declared("raw_sha1(from_base64(salt) + utf16le(password))", "before", encoding="base64"),
        "MDEyMzQ1Njc4OWFiY2RlZg==:D0w4RAbiWZU4FBrwKEyataoEOc0",
        id="base64-without-padding",
    ),
]

EACH = pytest.mark.parametrize(("scheme", "stored"), MADE_BY_PHP)


def room_with(pool: HashPool, scheme: Scheme, **others: Any) -> Room:
    return Room(pool, schemes=[scheme, *known_schemes()], **others)


@EACH
def test_a_hash_made_elsewhere_is_verified(pool: HashPool, scheme: Scheme, stored: str) -> None:
    room = room_with(pool, scheme)
    assert room.verify(PASSWORD, stored)
    assert not room.verify("x" + PASSWORD, stored)
    assert not room.verify("", stored)
    assert [name for name, _ in room.counted.computed] == ["declared-digest"] * 3
    assert not room.alarms.seen


@EACH
def test_a_hash_that_is_changed_never_fits(pool: HashPool, scheme: Scheme, stored: str) -> None:
    room = room_with(pool, scheme)
    for place in range(0, len(stored), 7):
        other = "B" if stored[place] in "aA" else "A"
        assert not room.verify(PASSWORD, stored[:place] + other + stored[place + 1 :])
        assert not room.verify(PASSWORD, stored[:place])


def test_hashes_of_all_other_formats_are_still_verified(pool: HashPool) -> None:
    room = room_with(pool, declared("sha1(salt + password)", "before"))
    for row in HASHES[::5]:
        assert room.verify(row.password, row.stored), row


def test_hex_may_be_in_either_case(pool: HashPool) -> None:
    room = room_with(pool, declared("md5(password + salt)", "after"))
    assert room.verify(PASSWORD, "475CACF785959A1CECC9F15F6AF0A143:saltysalt")


def test_a_salt_that_begins_like_a_mark_of_no_password_is_a_salt(pool: HashPool) -> None:
    room = room_with(pool, declared("md5(salt + password)", "before"))
    # PHP: md5("!salt" . "hunter2")
    assert room.verify("hunter2", "!salt:8c353025520dffec77e46ead66997810")
    assert room.counted.computed == [("declared-digest", (1,))]


def test_a_salt_may_have_the_separator_in_it(pool: HashPool) -> None:
    scheme = declared("md5(salt + password)", "before")
    found = scheme.read("a:b:" + "00" * 16, Limits())
    assert found is not None


@pytest.mark.parametrize(
    "stored", ["", ":", "x", "00" * 16, ":" + "00" * 16, "s:" + "0" * 31, "s:" + "0" * 33 + ":"]
)
def test_what_has_another_shape_is_not_its_own(stored: str) -> None:
    assert declared("md5(salt + password)", "before").read(stored, Limits()) is None


def test_a_salt_that_its_formula_cannot_decode_is_refused_with_an_alarm(pool: HashPool) -> None:
    scheme = declared("sha1(from_base64(salt) + password)", "before")
    room = room_with(pool, scheme)
    assert not room.verify(PASSWORD, "not base64!:" + "00" * 20)
    assert [kind for kind, _ in room.alarms.seen] == ["password_format_unknown"]
    assert "declared-digest: a value of its formula is not base64" in room.alarms.seen[0][1]
    assert room.maker.made == 1


def test_more_iterations_than_the_limit_are_refused() -> None:
    scheme = declared("md5(salt + md5(password))", "before", iterations=1000)
    # 999 digests of 32 digits; once 4096 bytes, with 64 blocks after the first; three other parts.
    work = 999 + 1 + 64 / 4 + 1 + 3 * 0.5
    assert scheme.read("s:" + "00" * 16, Limits(digest_rounds=math.ceil(work))) is not None
    with pytest.raises(UnusableHash, match=r"work, in short digests, is 1019, above the limit"):
        scheme.read("s:" + "00" * 16, Limits(digest_rounds=math.ceil(work) - 1))


@pytest.mark.parametrize(
    ("digest", "again", "iterations"),
    [
        ("sha512(salt + password)", "sha512(previous + password + salt)", 200_000),
        ("md5(salt + password)", "md5(previous + nfkc(password) + salt)", 1000),
        ("md5(salt + password)", "md5(previous + addslashes(password) + salt)", 1000),
        ("md5(salt + password)", "md5(previous + htmlspecialchars(password))", 20_000),
        ("md5(salt + password)", "hmac_md5(previous, password)", 150_000),
    ],
)
def test_each_iteration_costs_what_the_longest_password_does(
    digest: str, again: str, iterations: int
) -> None:
    scheme = declared(digest, "before", iterations=iterations, again=again)
    size = 64 if digest.startswith("sha512") else 16
    with pytest.raises(UnusableHash, match=r"work, in short digests, is .* above the limit"):
        scheme.read("s:" + "00" * size, Limits())


def test_what_symfony_does_is_within_the_limits() -> None:
    scheme = declared(
        "raw_sha512(password + salt)",
        "before",
        iterations=5000,
        again="raw_sha512(previous + password + salt)",
    )
    assert scheme.read("s:" + "00" * 64, Limits()) is not None


def test_a_pepper_of_any_length_is_computed_or_refused_at_once() -> None:
    with pytest.raises(FormulaError, match="may make more than 262144 bytes"):
        Declared("md5(pepper + password)", layout=Layout(), pepper="p" * 300_000)


def test_a_salt_that_is_too_long_is_refused() -> None:
    scheme = declared("md5(htmlspecialchars(salt) + password)", "before")
    with pytest.raises(UnusableHash, match="its salt is too long"):
        scheme.read("s" * 100_000 + ":" + "00" * 16, Limits())


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: declared("sha1(password)"), "digest: has neither salt nor pepper"),
        (lambda: declared("sha1(pepper)"), "digest: the password is not in it"),
        (lambda: declared("password + salt", "before"), "digest: does not end in a digest"),
        (lambda: declared("upper(password + salt)", "before"), "digest: does not end in a digest"),
        (lambda: declared("hex(md5(password + salt))", "before"), "digest: does not end"),
        (lambda: declared("md5(password + salt"), 'digest: ends where "\\+", "," or "\\)" was'),
        (lambda: declared("md5(previous)"), "digest: has at character 5 no name it may use"),
        (lambda: declared("md5(password + salt)"), "salt: say where the salt is"),
        (lambda: declared("md5(password + pepper)", "after"), "salt: say where the salt is"),
        (
            lambda: declared("base64(raw_md5(password + salt))", "after"),
            'digest: gives base64; set digest_encoding = "base64"',
        ),
        (
            lambda: declared("hmac_md5(salt, password)", "after", iterations=2),
            "iterations: an HMAC has a key; say in digest_again",
        ),
        (
            lambda: declared("md5(salt + password)", "after", again="md5(previous)"),
            "digest_again: is never computed; set iterations above 1",
        ),
        (
            lambda: declared("md5(salt + password)", "after", again="md5(salt)", iterations=2),
            "digest_again: previous is not in it",
        ),
        (
            lambda: declared("md5(salt + password)", "after", again="sha1(previous)", iterations=2),
            "digest_again: gives something of another kind than digest",
        ),
        (
            lambda: Declared("md5(pepper + password)", layout=Layout()),
            "digest: uses pepper, which is not given; set pepper_env",
        ),
    ],
)
def test_what_is_said_of_a_declaration_that_is_wrong(
    make: Callable[[], Declared], complaint: str
) -> None:
    with pytest.raises(FormulaError, match=complaint):
        make()


def test_a_pepper_is_in_no_repr() -> None:
    scheme = declared("hmac_sha256(pepper, password)")
    assert PEPPER not in repr(scheme)
    assert PEPPER not in repr(scheme.read("00" * 32, Limits()))


@settings(max_examples=100, deadline=None)
@given(stored=st.text(st.characters(codec="ascii"), max_size=60), password=st.text(max_size=20))
def test_no_text_raises_or_fits(pool: HashPool, stored: str, password: str) -> None:
    scheme = declared("md5(from_base64(salt) + utf16le(password))", "before")
    assert not room_with(pool, scheme).verify(password, stored)
    assert not room_with(pool, scheme).verify(password, stored + ":" + "00" * 16)


FORMULAS = st.sampled_from(
    [
        "md5(salt + password)",
        "md5(from_base64(salt) + utf16le(password))",
        "md5(from_hex(salt) + password)",
        "md5(utf16le(salt) + nfkc(password))",
        "md5(htmlspecialchars(addslashes(trim(salt))) + password)",
        "hmac_md5(salt, password)",
        "hmac_md5(from_base64(password), salt)",
        "hmac_md5(pepper, nfd(salt) + nfc(password))",
        "base64(raw_md5(upper(salt) + lower(password)))",
    ]
)
SALTS = st.one_of(
    st.just(""),
    st.integers().map(str),
    st.floats().map(str),
    st.text(max_size=20),
    st.text(st.characters(categories=["Cs", "Mn"]), max_size=20),
)


@settings(max_examples=300, deadline=None)
@given(
    digest=FORMULAS,
    place=st.sampled_from(["before", "after"]),
    separator=st.sampled_from(["", ":", "$", "00"]),
    salt=SALTS,
    value=st.sampled_from(["00" * 16, "A" * 22, "A" * 22 + "==", "0" * 31, ""]),
    password=st.one_of(
        st.text(max_size=20).map(lambda text: text.encode("utf-8", "ignore")),
        st.binary(max_size=20),
        st.just(b"x" * 5000),
    ),
)
def test_a_salt_of_any_kind_raises_nothing_else(
    digest: str, place: str, separator: str, salt: str, value: str, password: bytes
) -> None:
    encoding = "base64" if digest.startswith("base64") else "hex"
    scheme = declared(digest, place, separator, encoding)
    parts = (salt, value) if place == "before" else (value, salt)
    with suppress(UnusableHash):
        found = scheme.read(separator.join(parts), Limits())
        assert found is None or not found.fits(password)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(max_size=60),
        st.lists(
            st.sampled_from(
                [
                    "md5(",
                    "hmac_md5(",
                    "nfkc(",
                    "htmlspecialchars(",
                    "password",
                    "salt",
                    "pepper",
                    "+",
                    ",",
                    ")",
                    '"x"',
                    '"',
                    "\\",
                ]
            )
        ).map("".join),
    )
)
def test_a_formula_of_any_kind_raises_nothing_else(formula: str) -> None:
    try:
        declared(formula, "before")
    except FormulaError:
        return
    assert "password" in formula
