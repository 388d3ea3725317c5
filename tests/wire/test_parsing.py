"""Bytes to XML: encodings as declared, and nothing that a document could do to a parser."""

from __future__ import annotations

import codecs
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sso_bridge.errors import InvalidMessage
from sso_bridge.soap.parsing import parse


def document(text: str, encoding: str, declared: str | None) -> bytes:
    declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    return f"{declaration}<a>{text}</a>".encode(encoding)


@pytest.mark.parametrize(
    ("encoding", "declared", "charset", "mark"),
    [
        ("utf-8", None, None, b""),
        ("utf-8", None, "utf-8", b""),
        ("utf-8", None, "UTF-8", b""),
        ("utf-8", "utf-8", None, codecs.BOM_UTF8),
        ("utf-8", None, None, codecs.BOM_UTF8),
        ("utf-8", None, "utf-8", codecs.BOM_UTF8),
        ("utf-8", None, "iso-8859-1", codecs.BOM_UTF8),
        ("utf-8", "iso-8859-1", "utf-8", b""),
        ("utf-16-le", None, None, codecs.BOM_UTF16_LE),
        ("utf-16-be", None, None, codecs.BOM_UTF16_BE),
        ("utf-16-le", "utf-16", "utf-16", codecs.BOM_UTF16_LE),
        ("utf-16-be", "utf-16", "utf-16", codecs.BOM_UTF16_BE),
        ("utf-16-be", "utf-16", "utf-8", codecs.BOM_UTF16_BE),
        ("utf-16-le", "utf-8", "utf-8", codecs.BOM_UTF16_LE),
        ("utf-16-le", "utf-16", None, b""),
        ("utf-16-be", "utf-16", None, b""),
        ("utf-16-le", None, "utf-16le", b""),
        ("utf-16-be", None, "utf-16be", b""),
        ("utf-16-be", "utf-16", "utf-16", b""),
        ("iso-8859-1", "iso-8859-1", None, b""),
        ("iso-8859-1", None, "iso-8859-1", b""),
        ("iso-8859-1", "utf-8", "iso-8859-1", b""),
        ("iso-8859-15", "iso-8859-15", None, b""),
        ("windows-1252", "windows-1252", None, b""),
        ("windows-1252", None, "windows-1252", b""),
        ("utf-8", None, "", b""),
        ("euc-jp", "euc-jp", None, b""),
    ],
    ids=lambda value: str(value or "-"),
)
def test_text_arrives_in_every_encoding(
    encoding: str, declared: str | None, charset: str | None, mark: bytes
) -> None:
    text = "日本" if encoding == "euc-jp" else "blåbærgrød"
    assert parse(mark + document(text, encoding, declared), charset).text == text


@pytest.mark.parametrize(
    ("body", "charset"),
    [
        (b"", None),
        (b" \r\n", None),
        (b"\0" * 9, None),
        (b"<a>\xff</a>", None),
        (b"<a>\xff</a>", "utf-8"),
        (b"<a>\xc0\xaf</a>", None),
        (b"<a>\xed\xa0\x80</a>", None),
        (b"<a>\0</a>", None),
        (b"<a>&#0;</a>", None),
        (b"<a>&#xFFFF;</a>", None),
        (b"<a>\x01</a>", None),
        (b"<a>", None),
        (b"<a/><b/>", None),
        (b"<a b='1' b='2'/>", None),
        (b"<x:a/>", None),
        (b"<a>&unknown;</a>", None),
        (b"<a/>", "klingon"),
        (b"<a/>", "utf-8\0"),
        (b"<a/>", "\x1f"),
        (b"<a/>", "\u00e9"),
        (b"<a/>", "utf-16"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', None),
        (codecs.BOM_UTF16_LE + b"<a/>", None),
        (codecs.BOM_UTF16_LE, None),
        (b"<!DOCTYPE a><a/>", None),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', None),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', None),
        (b'<!DOCTYPE a [<!ATTLIST a b CDATA "c">]><a/>', None),
        ("<!DOCTYPE a><a/>".encode("utf-16"), None),
        (b"<a>" * 100_000 + b"</a>" * 100_000, None),
        (b"<a>" * 1_000_000, None),
        (b"<a" + b" b" * 100_000, None),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_is_not_a_plain_document_is_refused(body: bytes, charset: str | None) -> None:
    with pytest.raises(InvalidMessage):
        parse(body, charset)


def test_an_attribute_of_a_megabyte_is_just_long() -> None:
    assert parse(b'<a b="' + b"x" * 1_000_000 + b'"/>', None).tag == "a"


@settings(max_examples=300, deadline=None)
@given(body=st.binary(max_size=200), charset=st.none() | st.text(max_size=10))
def test_any_bytes_are_a_document_or_refused(body: bytes, charset: str | None) -> None:
    with suppress(InvalidMessage):
        parse(body, charset)
