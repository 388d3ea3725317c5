"""The small language in which a configuration says what a hash is computed of.

    formula  = part { "+" part }
    part     = name | "text" | function "(" formula { "," formula } ")" | "(" formula ")"

Values are bytes: a name's UTF-8, or what a function gave. A formula is read once, when the
configuration is; nothing in it is evaluated by Python."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .formula_functions import FUNCTIONS, NotComputable, call
from .rounds import DIGESTS
from .work import LONGEST_PASSWORD, digest_work

__all__ = [
    "Call",
    "Formula",
    "FormulaError",
    "Name",
    "Node",
    "NotComputable",
    "call",
    "parse_formula",
]

PREVIOUS = "previous"
"""The one name whose value may be bytes of any kind."""
LONGEST = 1000
DEEPEST = 40
"""Characters of a formula, and parts inside each other."""
LARGEST = 256 * 1024
"""Bytes of any value on the way, where each name's is the longest."""


class FormulaError(Exception):
    """A formula that cannot be read; says where and what was expected. Quotes no text."""


Values = Mapping[str, bytes]
Sizes = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Measure:
    """What a formula can give and cost at most."""

    size: int
    """Bytes."""
    work: float
    """As `digest_work` counts it."""


@dataclass(frozen=True, slots=True)
class Name:
    """The value of that name."""

    name: str

    def value(self, values: Values) -> bytes:
        """What it stands for."""
        return values[self.name]

    def measure(self, sizes: Sizes) -> Measure:
        """As long as it is."""
        return Measure(sizes[self.name], _NODE)


@dataclass(frozen=True, slots=True)
class Text:
    """What stands in quotes. It may be secret."""

    text: bytes = field(repr=False)

    def value(self, values: Values) -> bytes:
        """The text."""
        return self.text

    def measure(self, sizes: Sizes) -> Measure:
        """As long as it is."""
        return Measure(len(self.text), _NODE)


@dataclass(frozen=True, slots=True)
class Sum:
    """One after the other."""

    parts: tuple[Node, ...]

    def value(self, values: Values) -> bytes:
        """All parts joined."""
        return b"".join(part.value(values) for part in self.parts)

    def measure(self, sizes: Sizes) -> Measure:
        """All parts together."""
        parts = [part.measure(sizes) for part in self.parts]
        return Measure(
            _not_too_large(sum(part.size for part in parts)),
            _NODE + sum(part.work for part in parts),
        )


@dataclass(frozen=True, slots=True)
class Call:
    """A function of what is in its parentheses."""

    name: str
    arguments: tuple[Node, ...]

    def value(self, values: Values) -> bytes:
        """What the function gives. Raises NotComputable."""
        return call(self.name, *(part.value(values) for part in self.arguments))

    def measure(self, sizes: Sizes) -> Measure:
        """The function's, beside those of what it takes."""
        taken = [part.measure(sizes) for part in self.arguments]
        size, work = sum(part.size for part in taken), sum(part.work for part in taken)
        plain = self.name.removeprefix("raw_")
        algorithm = plain.removeprefix("hmac_")
        if algorithm not in DIGESTS:
            function = FUNCTIONS[self.name]
            own = _NODE + size * function.each_byte
            return Measure(_not_too_large(size * function.grows + _PADDING), work + own)
        own = digest_work(algorithm, size)
        if plain != algorithm:
            # The key is filled up to a block, and hashed before if it is longer; two digests.
            own += 2 * digest_work(algorithm, 128)
        given = DIGESTS[algorithm] * (2 if plain == self.name else 1)
        return Measure(given, work + own)


Node = Name | Text | Sum | Call

_NODE = 0.5
"""The work of one part of a formula, whatever is in it."""
_PADDING = 4
"""Bytes that base64 gives for one."""


def _not_too_large(size: int) -> int:
    if size > LARGEST:
        raise FormulaError(f"may make more than {LARGEST} bytes of the longest password")
    return size


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula that was read. Its `repr` has no text of it, which may be secret."""

    root: Node
    names: frozenset[str]
    """The names that are in it."""

    @property
    def gives_text(self) -> bool:
        """Whether it gives text without NUL, and not bytes of any kind."""
        return _gives_text(self.root)

    @property
    def is_digest(self) -> bool:
        """Whether each byte it gives depends on all of its values, as a digest's do."""
        return _is_digest(self.root)

    def value(self, values: Values) -> bytes:
        """What it gives. Raises NotComputable."""
        return self.root.value(values)

    def work(self, sizes: Sizes) -> float:
        """What it costs at most, where the values are as long as `sizes`.

        Raises FormulaError where a value on the way may be too large."""
        return self.root.measure(sizes).work


def _gives_text(node: Node) -> bool:
    if isinstance(node, Sum):
        return all(_gives_text(part) for part in node.parts)
    if isinstance(node, Call):
        return FUNCTIONS[node.name].gives_text
    return not (isinstance(node, Name) and node.name == PREVIOUS)


def _is_digest(node: Node) -> bool:
    if not isinstance(node, Call):
        return False
    if node.name in ("hex", "base64", "lower", "upper"):
        return _is_digest(node.arguments[0])
    return node.name.removeprefix("raw_").removeprefix("hmac_") in DIGESTS


def parse_formula(text: str, names: frozenset[str]) -> Formula:
    """Read `text`, in which `names` may stand. Raises FormulaError."""
    reading = _Reading(text, names)
    root = reading.whole()
    root.measure(dict.fromkeys(names, LONGEST_PASSWORD))
    return Formula(root, frozenset(reading.used))


_TOKEN = re.compile(
    r'\s*(?:(?P<word>[A-Za-z_][A-Za-z_0-9]*)|(?P<sign>[+(),])|"(?P<text>(?:[^"\\]|\\.)*)")'
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


class _Reading:
    """One pass through a formula, from left to right."""

    def __init__(self, text: str, names: frozenset[str]) -> None:
        if len(text) > LONGEST:
            raise FormulaError(f"is longer than {LONGEST} characters")
        self._text, self._names, self._place, self._depth = text, names, 0, 0
        self._token: re.Match[str] | None = None
        self.used: set[str] = set()
        self._advance()

    def whole(self) -> Node:
        node = self._formula()
        if self._token is not None:
            raise self._expected('"+" or the end')
        return node

    def _advance(self) -> None:
        rest = self._text[self._place :]
        if not rest.strip():
            self._token, self._place = None, len(self._text)
            return
        self._token = _TOKEN.match(self._text, self._place)
        if self._token is None:
            self._place += len(rest) - len(rest.lstrip())
            raise self._expected('a name, a function, a text in double quotes, "+" or parentheses')
        self._place = self._token.end()

    def _sign(self) -> str | None:
        return self._token["sign"] if self._token else None

    def _expected(self, what: str) -> FormulaError:
        token = self._token
        if token is None and not self._text[self._place :].strip():
            return FormulaError(f"ends where {what} was expected")
        at = self._place if token is None else token.end() - len(token[0].lstrip())
        return FormulaError(f"has at character {at + 1} something else than {what}")

    def _formula(self) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise FormulaError(f"has more than {DEEPEST} parentheses inside each other")
        parts = [self._part()]
        while self._sign() == "+":
            self._advance()
            parts.append(self._part())
        self._depth -= 1
        return parts[0] if len(parts) == 1 else Sum(tuple(parts))

    def _part(self) -> Node:
        token = self._token
        if token is not None and token["word"] is not None:
            self._advance()
            return self._word(token)
        if token is not None and token["text"] is not None:
            self._advance()
            return self._quoted(token)
        if self._sign() == "(":
            self._advance()
            node = self._formula()
            self._close()
            return node
        raise self._expected("a name, a function or a text in double quotes")

    def _quoted(self, token: re.Match[str]) -> Node:
        text = _ESCAPE.sub(r"\1", token["text"])
        if "\0" in text:
            raise FormulaError(f"has at character {token.start('text')} a text with NUL")
        try:
            return Text(text.encode("utf-8"))
        except UnicodeEncodeError:
            raise FormulaError(
                f"has at character {token.start('text')} a text that is not Unicode"
            ) from None

    def _word(self, token: re.Match[str]) -> Node:
        word, place = token["word"], token.start("word") + 1
        if self._sign() == "(":
            if word not in FUNCTIONS:
                known = ", ".join(FUNCTIONS)
                raise FormulaError(f"has at character {place} no known function; known: {known}")
            self._advance()
            return self._call(word, place)
        if word not in self._names:
            known = ", ".join(sorted(self._names))
            raise FormulaError(f"has at character {place} no name it may use; those are: {known}")
        self.used.add(word)
        return Name(word)

    def _call(self, name: str, place: int) -> Node:
        function = FUNCTIONS[name]
        arguments = [self._formula()]
        while self._sign() == ",":
            self._advance()
            arguments.append(self._formula())
        self._close()
        if len(arguments) != len(function.arguments):
            meant = f"{name}({', '.join(function.arguments)})"
            raise FormulaError(f"has at character {place} another number of values than {meant}")
        if function.takes_text and not all(map(_gives_text, arguments)):
            raise FormulaError(
                f"has at character {place} {name}() of bytes; it takes text, as from hex()"
            )
        return Call(name, tuple(arguments))

    def _close(self) -> None:
        if self._sign() != ")":
            raise self._expected('"+", "," or ")"')
        self._advance()
