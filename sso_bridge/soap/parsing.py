"""Bytes to XML: nothing is read but what is given, and nothing of it is kept.

lxml keeps every name that it meets, of elements, attributes and namespaces, for as long as the
thread lives. Names come from whoever sends a message, so a sender who makes them up would fill
the memory; lxml has no switch for that. Hence threads forget now and then."""

from __future__ import annotations

import ctypes
import threading
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from typing import Final

from lxml import etree

from ..errors import InvalidMessage

__all__ = ["parse"]

_SHOWS_ITS_ENCODING: Final = (BOM_UTF8, BOM_UTF16_LE, BOM_UTF16_BE, b"<\0?\0", b"\0<\0?")
"""Beginnings that say more of the encoding than any header: byte order marks, and an XML
declaration in UTF-16."""
_ENCODINGS: Final = frozenset(
    {"utf-8", "utf8", "utf-16", "utf-16le", "utf-16be", "us-ascii", "ascii", "latin1"}
    | {f"iso-8859-{number}" for number in range(1, 17)}
    | {f"{of}{number}" for of in ("windows-", "cp") for number in range(1250, 1259)}
    | {"euc-jp", "euc-kr", "shift_jis", "gb2312", "gbk", "gb18030", "big5", "koi8-r", "koi8-u"}
)
"""Those that are read. libxml2 knows some, such as UTF-7, in which markup does not look like
markup, so that whoever inspects messages on their way here sees something else."""
_FORGET_AFTER: Final = 256 * 1024
"""Bytes of messages, whose names take five times that at most."""
_NAMES: Final = "_ParserDictionaryContext"
"""What lxml keeps them under, among the things of a thread."""
_thread_state: Final = ctypes.pythonapi.PyThreadState_GetDict
_thread_state.argtypes = []
_thread_state.restype = ctypes.c_void_p  # borrowed; `py_object` would take it for ours


def parse(body: bytes, charset: str | None) -> etree._Element:
    """The root element of `body`; `charset` is what the HTTP header says, if it does.

    Nothing outside `body` is read and no entity is resolved. Raises InvalidMessage, which
    says where the XML breaks but not what stands there."""
    if not body or body.isspace():
        raise InvalidMessage("the body is empty")
    told = None if not charset or body.startswith(_SHOWS_ITS_ENCODING) else charset.lower()
    if told is not None and told not in _ENCODINGS:
        raise InvalidMessage("the charset of the Content-Type is not known")
    parser = _PARSERS.of(told, len(body))
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        raise InvalidMessage(f"not well-formed XML at line {line}, column {column}") from None
    except (ValueError, LookupError):
        raise InvalidMessage("not XML in the encoding it declares") from None
    document = root.getroottree().docinfo
    if document.internalDTD is not None:
        raise InvalidMessage("a document type declaration is not accepted")
    if document.encoding is not None and document.encoding.lower() not in _ENCODINGS:
        raise InvalidMessage("the encoding that the XML declares is not accepted")
    return root


class _Parsers(threading.local):
    """This thread's parsers, by the encoding that they are told: making one takes longer than it
    needs for a message."""

    def __init__(self) -> None:
        self._begin()

    def of(self, charset: str | None, length: int) -> etree.XMLParser:
        """A parser for a message of `length` bytes."""
        self._read += length
        if self._read > _FORGET_AFTER:
            _forget_names()
            self._begin()
        return self._usual.get(charset) or _made(charset)

    def _begin(self) -> None:
        self._read = 0
        self._usual = {charset: _made(charset) for charset in (None, "utf-8")}


def _made(charset: str | None) -> etree.XMLParser:
    return etree.XMLParser(
        encoding=charset,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        huge_tree=False,
    )


def _forget_names() -> None:
    """Documents that are still there keep theirs; parsers made before must not be used again."""
    address = _thread_state()
    if address:
        ctypes.cast(address, ctypes.py_object).value.pop(_NAMES, None)


_PARSERS: Final = _Parsers()
