"""Messages to XML and back, compiled once from the Spyne types.

Reading is forgiving about what the contract leaves open: children in any order, qualified or
not, with or without xsi:type, unknown ones passed over. It refuses what could be read in two
ways: a child that comes twice, a text with elements in it, a nil with content, a reference
(`href`) in place of a value. Writing is strict: the contract's order, no xsi:type.

What a type is to the rest of the program is given: `Forms`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any, Final
from xml.sax.saxutils import escape

from lxml import etree
from spyne import Boolean, ComplexModel

from ..errors import InvalidMessage
from .namespaces import COMMON, RUM, XSI, qname

__all__ = ["MAX_ITEMS", "NIL", "Codec", "Form", "Forms"]

NIL: Final = object()
"""In place of a structure, an element with xsi:nil="true"; None is written as no element at all."""

MAX_ITEMS: Final = 1000
"""Items of one array (extended attributes) that are read; more are refused."""

_NIL_ATTRIBUTE: Final = qname(XSI, "nil")
_PREFIXES: Final = ("", f"{{{RUM}}}", f"{{{COMMON}}}")
"""What stands before the names of children that are read; any other makes an unknown child."""
_TRUE: Final = frozenset({"true", "1"})
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NONE: Final = type(None)
_MOST_KNOWN: Final = 1000
_BETWEEN: Final = "\xa6"
"""A printable character that hardly any text has: a broken bar."""

Read = Callable[[etree._Element], Any]
Write = Callable[[Any, list[str], list[str]], None]
"""Adds a value, or some cells, to the pieces of markup and the texts between them."""


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
        markup, texts = [""], list[str]()
        self._write[name](message, markup, texts)
        out = [""] * (2 * len(texts) + 1)
        out[::2] = markup
        out[1::2] = _all_escaped(texts)
        return "".join(out)

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

        def write(value: Any, markup: list[str], texts: list[str]) -> None:
            forms[type(value)](value, markup, texts)

        return write

    def _child_writer(self, name: str, model: Any) -> str | Write:
        """See `_complex_writer`."""
        if issubclass(model, Boolean):
            return _boolean_writer(name)
        if not issubclass(model, ComplexModel):
            return name
        write, nil = self._writer(model, name), f'<{name} xsi:nil="true"/>'
        return _several(write) if model.Attributes.max_occurs != 1 else _nillable(write, nil)


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


def _all_escaped(texts: list[str]) -> list[str]:
    """`texts` as XML. They are looked at in one go: nearly always there is little to escape."""
    joined = _BETWEEN.join(texts)
    if not joined.isprintable() or joined.count(_BETWEEN) >= len(texts):
        return [*map(_escaped, texts)]
    safe = escape(joined)
    return texts if safe == joined else safe.split(_BETWEEN)


def _escaped(text: str) -> str:
    """`text` as XML: what XML cannot carry becomes U+FFFD, carriage returns survive."""
    return escape(_NOT_XML.sub("\ufffd", text), {"\r": "&#13;"})


# Writers add to a list of markup, of which each piece but the last stands before a text, and to the
# list of those texts.


def _complex_writer(
    tag: str, cells: Callable[[Any], Sequence[Any]], children: Sequence[str | Write]
) -> Write:
    """A writer of elements with these children: the name of one that is a text, or a writer."""
    before, after = f"<{tag}>", f"</{tag}>"
    parts: list[tuple[slice | int, Write]] = []
    for are_names, group in groupby(enumerate(children), lambda child: isinstance(child[1], str)):
        found = list(group)
        if are_names:
            names = [name for _, name in found if isinstance(name, str)]
            parts.append((slice(found[0][0], found[-1][0] + 1), _texts_writer(names)))
        else:
            parts += [(i, child) for i, child in found if callable(child)]

    def write(value: Any, markup: list[str], texts: list[str]) -> None:
        markup[-1] += before
        values = cells(value)
        for places, write_part in parts:
            write_part(values[places], markup, texts)
        markup[-1] += after

    return write


def _texts_writer(names: Sequence[str]) -> Write:
    """A writer of texts that follow one another, None for those that are not there. What is between
    them depends on which are, and that is nearly always the same."""
    known: dict[tuple[type, ...], tuple[str, list[str]]] = {}

    def between(there: tuple[type, ...]) -> tuple[str, list[str]]:
        present = [name for name, kind in zip(names, there, strict=True) if kind is not _NONE]
        before = [f"</{last}><{name}>" for last, name in pairwise(present)]
        known_now = (f"<{present[0]}>", [*before, f"</{present[-1]}>"]) if present else ("", [])
        if len(known) < _MOST_KNOWN:
            known[there] = known_now
        return known_now

    def write(values: Sequence[str | None], markup: list[str], texts: list[str]) -> None:
        there = tuple(map(type, values))
        first, others = known.get(there) or between(there)
        markup[-1] += first
        markup += others
        texts += [value for value in values if value is not None]

    return write


def _nillable(write: Write, nil: str) -> Write:
    def write_part(value: Any, markup: list[str], texts: list[str]) -> None:
        if value is NIL:
            markup[-1] += nil
        elif value is not None:
            write(value, markup, texts)

    return write_part


def _several(write: Write) -> Write:
    def write_part(values: Sequence[Any] | None, markup: list[str], texts: list[str]) -> None:
        for value in values or ():
            write(value, markup, texts)

    return write_part


def _boolean_writer(tag: str) -> Write:
    def write_part(value: bool | None, markup: list[str], texts: list[str]) -> None:
        if value is not None:
            markup[-1] += f"<{tag}>{'true' if value else 'false'}</{tag}>"

    return write_part
