"""Messages to XML and back, compiled once from the Spyne types.

Reading is forgiving about what the contract leaves open: children in any order, qualified or
not, with or without xsi:type, unknown ones passed over. It refuses what could be read in two
ways: a child that comes twice, a text with elements in it, a nil with content, a reference
(`href`) in place of a value. Writing is strict: the contract's order, no xsi:type."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from xml.sax.saxutils import escape

from lxml import etree
from spyne import ComplexModel

from ..errors import InvalidMessage
from .namespaces import COMMON, RUM, XSI, qname
from .types import MESSAGES

__all__ = ["MAX_ITEMS", "NIL", "Codec"]

NIL: Final = object()
"""Written as an element with xsi:nil="true"; None is written as no element at all."""

MAX_ITEMS: Final = 1000
"""Items of one array (extended attributes) that are read; more are refused."""

_NIL_ATTRIBUTE: Final = qname(XSI, "nil")
_OURS: Final = frozenset({"", "{" + RUM, "{" + COMMON})
"""Namespaces of children that are read; one of another namespace is an unknown child."""
_TRUE: Final = frozenset({"true", "1"})
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Read = Callable[[etree._Element, str], Any]
Write = Callable[[Any, list[str]], None]


class Codec:
    """Reads requests and writes answers, by the local name of their element."""

    def __init__(self) -> None:
        self._readers: dict[type[ComplexModel], Read] = {}
        self._read: Mapping[str, Read] = {
            name: self._reader(model) for name, model in MESSAGES.items()
        }
        self._write: Mapping[str, Write] = {
            name: _writer(name, model) for name, model in MESSAGES.items()
        }

    def read(self, name: str, element: etree._Element) -> Any:
        """The message of type `name` in `element`, as an instance of its Spyne model.

        Absent and nil are None, an empty element is "". Raises InvalidMessage, whose
        details name the place and quote no value."""
        message = self._read[name](element, name)
        if message is None:
            raise InvalidMessage(f"{name} is nil")
        return message

    def write(self, name: str, message: Any) -> str:
        """`message` as an element without a prefix on its children; the prefix of the
        element itself is `rum`, which the caller declares."""
        out: list[str] = []
        self._write[name](message, out)
        return "".join(out)

    def _reader(self, model: type[ComplexModel]) -> Read:
        """The one reader of a complex type, made at its first mention."""
        key = model.__orig__ or model
        if key not in self._readers:
            children = {
                name: (_read_text if not _is_complex(child) else self._reader(child))
                for name, child in model.get_flat_type_info(model).items()
            }
            arrays = frozenset(
                name
                for name, child in model.get_flat_type_info(model).items()
                if child.Attributes.max_occurs != 1
            )
            self._readers[key] = _complex_reader(key, children, arrays)
        return self._readers[key]


def _is_complex(model: Any) -> bool:
    return issubclass(model, ComplexModel)


def _complex_reader(model: Any, children: Mapping[str, Read], arrays: frozenset[str]) -> Read:
    """A reader of elements of type `model`."""
    empty = dict.fromkeys(children)

    def read(element: etree._Element, path: str) -> Any:
        if element.attrib and _is_nil(element, path):
            return None
        values: dict[str, Any] = dict(empty)
        seen: set[str] = set()
        for child in element:
            tag = child.tag
            namespace, _, name = tag.rpartition("}")
            if namespace not in _OURS:
                continue
            reader = children.get(name)
            if reader is None:
                continue
            value = reader(child, f"{path}/{name}")
            if name in arrays:
                _append(values, name, value, path)
            elif name in seen:
                raise InvalidMessage(f"{path}/{name} occurs twice")
            else:
                seen.add(name)
                values[name] = value
        instance = model.__new__(model)
        instance.__dict__.update(values)
        return instance

    return read


def _append(values: dict[str, Any], name: str, value: Any, path: str) -> None:
    items = values[name]
    if items is None:
        items = values[name] = []
    if len(items) >= MAX_ITEMS:
        raise InvalidMessage(f"{path}/{name} occurs more than {MAX_ITEMS} times")
    items.append(value)


def _read_text(element: etree._Element, path: str) -> str | None:
    """The text of an element, None if it is nil."""
    if len(element):
        raise InvalidMessage(f"{path} holds elements; it should hold text")
    if element.attrib and _is_nil(element, path):
        return None
    return element.text or ""


def _is_nil(element: etree._Element, path: str) -> bool:
    """Whether `element` says it is nil; refuses a reference, and a nil that is not empty."""
    for name in map(str, element.attrib):
        if name == "href" or name.endswith("}ref"):
            raise InvalidMessage(f"{path} is a reference; send the value in its place")
    if element.get(_NIL_ATTRIBUTE, "").strip() not in _TRUE:
        return False
    if len(element) or (element.text or "").strip():
        raise InvalidMessage(f"{path} is nil and has a value")
    return True


def _text(value: str) -> str:
    """`value` escaped; what XML cannot carry becomes U+FFFD, carriage returns survive."""
    return escape(_NOT_XML.sub("\ufffd", value), {"\r": "&#13;"})


def _writer(name: str, model: Any, prefix: str = "rum:") -> Write:
    """A writer of elements called `name` that hold a `model`, or text."""
    tag = prefix + name
    if not _is_complex(model):
        return _text_writer(tag)
    children = [
        (child_name, _writer(child_name, child, ""), child.Attributes.max_occurs != 1)
        for child_name, child in model.get_flat_type_info(model).items()
    ]

    def write(value: Any, out: list[str]) -> None:
        out.append(f"<{tag}>")
        fields = value.__dict__
        for child_name, child, many in children:
            cell = fields.get(child_name)
            if cell is None:
                continue
            if cell is NIL:
                out.append(f'<{child_name} xsi:nil="true"/>')
            elif many:
                for item in cell:
                    child(item, out)
            else:
                child(cell, out)
        out.append(f"</{tag}>")

    return write


def _text_writer(tag: str) -> Write:
    def write(value: Any, out: list[str]) -> None:
        text = _text(value) if isinstance(value, str) else ("true" if value else "false")
        out.append(f"<{tag}>{text}</{tag}>")

    return write
