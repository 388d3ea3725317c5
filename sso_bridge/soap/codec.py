"""Messages to XML and back, compiled once from the Spyne types.

Reading is forgiving about what the contract leaves open: children in any order, qualified or
not, with or without xsi:type, unknown ones passed over. It refuses what could be read in two
ways: a child that comes twice, a text with elements in it, a nil with content, a reference
(`href`) in place of a value. Writing is strict: the contract's order, no xsi:type.

What a type is to the rest of the program is given: `Forms`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.sax.saxutils import escape

from lxml import etree
from spyne import Boolean, ComplexModel

from ..errors import InvalidMessage
from .namespaces import COMMON, RUM, XSI, qname

__all__ = ["MAX_ITEMS", "NIL", "Codec", "Form", "Forms"]

NIL: Final = object()
"""Written as an element with xsi:nil="true"; None is written as no element at all."""

MAX_ITEMS: Final = 1000
"""Items of one array (extended attributes) that are read; more are refused."""

_NIL_ATTRIBUTE: Final = qname(XSI, "nil")
_PREFIXES: Final = ("", f"{{{RUM}}}", f"{{{COMMON}}}")
"""What stands before the names of children that are read; any other makes an unknown child."""
_TRUE: Final = frozenset({"true", "1"})
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MARKUP: Final = re.compile("[&<>]")
_BETWEEN: Final = "\x1f"
"""Not printable, so that no text of printable characters has it."""

Read = Callable[[etree._Element], Any]
Write = Callable[[Any, list[str], list[str]], None]
"""Adds a value to a template, in pieces, and to the texts that belong into it."""


@dataclass(frozen=True, slots=True)
class Form:
    """What values of one class are on the wire: `cells` takes a value apart into what its
    `children`, some names of the type's own, are written from."""

    children: Sequence[str]
    cells: Callable[[Any], Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Forms:
    """What each type of the wire is here.

    `made` makes the value of an element from its children by name, where absent ones are
    missing and nil ones None. `written` has the form of each class that a type is written from."""

    made: Mapping[type[ComplexModel], Callable[[dict[str, Any]], Any]]
    written: Mapping[type[ComplexModel], Mapping[type, Form]]


class _Misread(Exception):
    """What is wrong with an element; the names of those around it are put before its own."""

    def __init__(self, what: str, *path: str) -> None:
        super().__init__()
        self.what, self.path = what, path


class Codec:
    """Reads and writes `messages`, by the local name of their element."""

    def __init__(self, messages: Mapping[str, type[ComplexModel]], forms: Forms) -> None:
        self._forms = forms
        self._readers: dict[type[ComplexModel], Read] = {}
        self._read = {name: self._reader(m) for name, m in messages.items() if m in forms.made}
        self._write = {
            name: self._writer(m, f"rum:{name}")
            for name, m in messages.items()
            if m in forms.written
        }

    def read(self, name: str, element: etree._Element) -> Any:
        """What `element`, a message of type `name`, says.

        Absent and nil are None, an empty element is "". Raises InvalidMessage, whose
        details name the place and quote no value."""
        try:
            message = self._read[name](element)
        except _Misread as wrong:
            raise InvalidMessage(f"{'/'.join((name, *wrong.path))} {wrong.what}") from None
        if message is None:
            raise InvalidMessage(f"{name} is nil")
        return message

    def write(self, name: str, message: Any) -> str:
        """`message` as an element without a prefix on its children; the prefix of the
        element itself is `rum`, which the caller declares."""
        template: list[str] = []
        texts: list[str] = []
        self._write[name](message, template, texts)
        return "".join(template) % tuple(_all_escaped(texts))

    def _reader(self, model: type[ComplexModel]) -> Read:
        """The one reader of a complex type, made at its first mention."""
        key = model.__orig__ or model
        if key not in self._readers:
            children = {
                prefix + name: (
                    name,
                    self._reader(child) if issubclass(child, ComplexModel) else _read_text,
                    child.Attributes.max_occurs != 1,
                )
                for name, child in model.get_flat_type_info(model).items()
                for prefix in _PREFIXES
            }
            self._readers[key] = _complex_reader(children, self._forms.made[key])
        return self._readers[key]

    def _writer(self, model: Any, tag: str) -> Write:
        """A writer of elements called `tag` that hold a complex type."""
        info = model.get_flat_type_info(model)
        forms = {
            of: _complex_writer(
                tag,
                form.cells,
                [
                    self._child_writer(name, info[name])
                    for name in sorted(form.children, key=list(info).index)
                ],
            )
            for of, form in self._forms.written[model.__orig__ or model].items()
        }
        if len(forms) == 1:
            return next(iter(forms.values()))

        def write(value: Any, template: list[str], texts: list[str]) -> None:
            forms[type(value)](value, template, texts)

        return write

    def _child_writer(self, name: str, model: Any) -> tuple[str, str, Write | None, bool]:
        """See `_complex_writer`."""
        nil, text = f'<{name} xsi:nil="true"/>', f"<{name}>%s</{name}>"
        if issubclass(model, ComplexModel):
            return nil, "", self._writer(model, name), model.Attributes.max_occurs != 1
        return nil, text, _boolean_writer(name) if issubclass(model, Boolean) else None, False


def _complex_reader(
    children: Mapping[str, tuple[str, Read, bool]], make: Callable[[dict[str, Any]], Any]
) -> Read:
    """A reader of elements whose children are, by tag: a name, its reader, whether it may come
    again."""

    def read(element: etree._Element) -> Any:
        if element.attrib and _is_nil(element):
            return None
        values: dict[str, Any] = {}
        for child in element:
            known = children.get(child.tag)
            if known is None:
                continue
            name, reader, many = known
            try:
                value = reader(child)
            except _Misread as wrong:
                raise _Misread(wrong.what, name, *wrong.path) from None
            if many:
                items = values.setdefault(name, [])
                if len(items) >= MAX_ITEMS:
                    raise _Misread(f"occurs more than {MAX_ITEMS} times", name)
                items.append(value)
            elif name in values:
                raise _Misread("occurs twice", name)
            else:
                values[name] = value
        return make(values)

    return read


def _read_text(element: etree._Element) -> str | None:
    """The text of an element, None if it is nil."""
    if len(element):
        raise _Misread("holds elements; it should hold text")
    if element.attrib and _is_nil(element):
        return None
    return element.text or ""


def _is_nil(element: etree._Element) -> bool:
    """Whether `element` says it is nil; refuses a reference, and a nil that is not empty."""
    nil = ""
    for name, value in element.attrib.items():
        if name == _NIL_ATTRIBUTE:
            nil = str(value)
        elif name == "href" or str(name).endswith("}ref"):
            raise _Misread("is a reference; send the value in its place")
    if nil.strip() not in _TRUE:
        return False
    if len(element) or (element.text or "").strip():
        raise _Misread("is nil and has a value")
    return True


def _all_escaped(texts: list[str]) -> Iterable[str]:
    """`texts` as XML. They are looked at in one go: nearly always there is little to escape."""
    joined = " ".join(texts)
    if not joined.isprintable():
        return map(_escaped, texts)
    if not _MARKUP.search(joined):
        return texts
    return escape(_BETWEEN.join(texts)).split(_BETWEEN)


def _escaped(text: str) -> str:
    """`text` as XML: what XML cannot carry becomes U+FFFD, carriage returns survive."""
    return escape(_NOT_XML.sub("\ufffd", text), {"\r": "&#13;"})


def _complex_writer(
    tag: str,
    cells: Callable[[Any], Iterable[Any]],
    children: Sequence[tuple[str, str, Write | None, bool]],
) -> Write:
    """A writer of elements with these children: how each is written nil, how as a text, its
    writer if it is none, whether its cell is several."""
    before, after = f"<{tag}>", f"</{tag}>"

    def write(value: Any, template: list[str], texts: list[str]) -> None:
        template.append(before)
        for cell, (nil, text, child, many) in zip(cells(value), children, strict=True):
            if cell is None:
                continue
            if cell is NIL:
                template.append(nil)
            elif child is None:
                template.append(text)
                texts.append(cell)
            elif many:
                for item in cell:
                    child(item, template, texts)
            else:
                child(cell, template, texts)
        template.append(after)

    return write


def _boolean_writer(tag: str) -> Write:
    def write(value: Any, template: list[str], texts: list[str]) -> None:
        template.append(f"<{tag}>{'true' if value else 'false'}</{tag}>")

    return write
