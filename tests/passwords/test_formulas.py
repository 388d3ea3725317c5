"""The language of formulas: what it computes, and what it says of a formula that is wrong."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_bridge.passwords import FormulaError, parse_formula
from sso_bridge.passwords.schemes.formula import NotComputable
from sso_bridge.passwords.schemes.rounds import DIGESTS

from .rows import PASSWORD

NAMES = frozenset({"password", "salt", "pepper", "previous"})
VALUES = {
    "password": PASSWORD.encode(),
    "salt": b"c2FsdA==",
    "pepper": b"pp",
    "previous": b"\xff\0",
}


def value(formula: str) -> bytes:
    return parse_formula(formula, NAMES).value(VALUES)


@pytest.mark.parametrize("name", DIGESTS)
def test_digests(name: str) -> None:
    expected = hashlib.new(name, VALUES["password"])
    keyed = hmac.new(b"pp", VALUES["password"], name)
    assert value(f"{name}(password)") == expected.hexdigest().encode()
    assert value(f"raw_{name}(password)") == expected.digest()
    assert value(f"hmac_{name}(pepper, password)") == keyed.hexdigest().encode()
    assert value(f"raw_hmac_{name}(pepper, password)") == keyed.digest()


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("salt", b"c2FsdA=="),
        ('"a" + salt+"b"', b"ac2FsdA==b"),
        ('("a" + ("b"))', b"ab"),
        (r'"q\"b\\"', b'q"b\\'),
        ('"ä☃"', "ä☃".encode()),
        ('""', b""),
        ("from_base64(salt)", b"salt"),
        ('from_hex("73616C74")', b"salt"),
        ("hex(from_base64(salt))", b"73616c74"),
        ("base64(raw_md5(salt))", base64.b64encode(hashlib.md5(b"c2FsdA==").digest())),
        ("upper(hex(from_base64(salt)))", b"73616C74"),
        ('lower("ÄB")', "Äb".encode()),
        ("utf16le(password)", PASSWORD.encode("utf-16-le")),
        ('trim(" a b \t")', b"a b"),
        ("""addslashes("O'Neil \\\\ \\"x\\"")""", rb"O\'Neil \\ \"x\""),
        ("""htmlspecialchars("<a & 'b'> \\"c\\"")""", b"&lt;a &amp; 'b'&gt; &quot;c&quot;"),
        ('nfc("a\u0308\ufb01")', "ä\ufb01".encode()),
        ('nfd("ä\ufb01")', "a\u0308\ufb01".encode()),
        ('nfkc("a\u0308\ufb01")', "äfi".encode()),
        ('nfkd("ä\ufb01")', "a\u0308fi".encode()),
        ("previous", b"\xff\0"),
    ],
)
def test_what_a_formula_gives(formula: str, expected: bytes) -> None:
    assert value(formula) == expected


@pytest.mark.parametrize(
    ("formula", "complaint"),
    [
        ("", "ends where a name, a function or a text in double quotes was expected"),
        ("password +", "ends where a name, a function or a text in double quotes was expected"),
        ("sha1(password", 'ends where "+", "," or ")" was expected'),
        ("sha1(password))", 'has at character 15 something else than "+" or the end'),
        ("password salt", 'has at character 10 something else than "+" or the end'),
        ("+ salt", "has at character 1 something else than a name, a function or a text"),
        ("sha1(,)", "has at character 6 something else than a name"),
        ("sha1()", "has at character 6 something else than a name"),
        ("password - salt", "has at character 10 something else than a name, a function, a text"),
        ("'password'", "has at character 1 something else than a name, a function, a text"),
        ('sha1("never closed)', "has at character 6 something else than a name, a function, a t"),
        ("  sha5(salt)", "has at character 3 no known function; known: base64, hex, "),
        ("sha1(pasword)", "has at character 6 no name it may use; those are: password, pepper"),
        ("sha1(salt, salt)", "has at character 1 another number of values than sha1(value)"),
        ("hmac_md5(salt)", "another number of values than hmac_md5(key, message)"),
        ("upper(raw_sha1(salt))", "has at character 1 upper() of bytes; it takes text"),
        ("utf16le(salt + previous)", "utf16le() of bytes"),
        ("sha1(" * 50, "has more than 40 parentheses inside each other"),
        ("(" * 50, "has more than 40 parentheses inside each other"),
        ('"' + "x" * 1000 + '"', "is longer than 1000 characters"),
        ('sha1("\0")', "has at character 6 a text with NUL"),
        ('sha1("\ud800")', "a text that is not Unicode"),
    ],
)
def test_what_is_said_of_a_formula_that_is_wrong(formula: str, complaint: str) -> None:
    with pytest.raises(FormulaError, match=re.escape(complaint)):
        parse_formula(formula, NAMES)


@pytest.mark.parametrize("formula", ['from_base64("!")', 'from_hex("xy")', "from_hex(previous)"])
def test_what_cannot_be_decoded_is_not_computed(formula: str) -> None:
    with pytest.raises(NotComputable):
        value(formula)


def test_a_formula_knows_what_is_in_it() -> None:
    formula = parse_formula('hmac_sha1(pepper, password) + "x"', NAMES)
    assert formula.names == {"pepper", "password"}
    assert formula.work({"password": 4096, "salt": 8, "pepper": 8, "previous": 8}) > 16
    assert formula.gives_text
    assert not parse_formula('"x" + raw_md5(salt)', NAMES).gives_text


def test_a_text_in_a_formula_is_in_no_repr_and_no_error() -> None:
    assert "s3cret" not in repr(parse_formula('md5("s3cret" + password)', NAMES))
    for wrong in ('md5("s3cret" password)', 'md5("s3cret", password)', '"s3cret'):
        with pytest.raises(FormulaError) as raised:
            parse_formula(wrong, NAMES)
        assert "s3cret" not in str(raised.value)


_PIECES = [
    "password",
    "salt",
    "md5(",
    "raw_sha1(",
    "hmac_sha1(",
    "utf16le(",
    "from_hex(",
    "base64(",
]
_MORE = [
    "previous",
    "+",
    ",",
    ")",
    "(",
    '"',
    '"x"',
    "\\",
    " ",
    "upper(",
    "nfkd(",
    "trim(",
    "é",
    "\0",
    "\ud800",
]


@given(st.one_of(st.text(), st.lists(st.sampled_from(_PIECES + _MORE)).map("".join)))
def test_any_text_is_a_formula_or_refused(text: str) -> None:
    try:
        formula = parse_formula(text, NAMES)
    except FormulaError:
        return
    try:
        assert isinstance(formula.value(VALUES), bytes)
    except NotComputable:
        assert "from_" in text
