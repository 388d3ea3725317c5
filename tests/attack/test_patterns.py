"""No regular expression of the package takes a text long enough to hang a worker.

Every pattern is found in the source. It is tried on texts made to be nearly matched: an example
that it matches, with a piece repeated at each place, and something at the end that fits nothing."""

from __future__ import annotations

import ast
import importlib
import re
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import ValidationError

import sso_bridge
from sso_bridge.config.source import Erid

ROOT = Path(sso_bridge.__file__).parent
ROOMS_OF_REQUESTS = ("core", "database", "passwords", "sessions", "soap", "sources", "web")
"""Whose patterns meet what a request or a row says; commands meet what an operator says."""

REPEATED = 10_000
"""Times that a piece is repeated. A header or a stored hash is shorter."""
SECONDS = 0.5
"""Quadratic time would take several, exponential for ever; linear, some milliseconds."""
ENDS = ("", "\0", "!")


def constants(call: ast.Call) -> str | None:
    """The pattern of a call of `re`, where it is written there."""
    first = call.args[0] if call.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None


def in_module(path: Path) -> Iterator[re.Pattern[str]]:
    """The patterns that a module has made, and those that it makes when it is called."""
    name = ".".join(("sso_bridge", *path.relative_to(ROOT).with_suffix("").parts))
    module: ModuleType = importlib.import_module(name.removesuffix(".__init__"))
    for value in vars(module).values():
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, re.Pattern) and isinstance(one.pattern, str):
                yield one
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in (
            *("re.compile", "re.match", "re.search", "re.fullmatch", "re.sub", "re.findall"),
        ):
            written = constants(node)
            if written is not None:
                flags = ast.unparse(node)
                yield re.compile(
                    written,
                    (re.VERBOSE if "VERBOSE" in flags or "re.X" in flags else 0)
                    | (re.DOTALL if "DOTALL" in flags else 0),
                )


def patterns() -> dict[str, re.Pattern[str]]:
    found = {}
    for room in ROOMS_OF_REQUESTS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if "migrations" not in path.parts and path.name != "indexes.py":  # of a catalogue
                for pattern in in_module(path):
                    found[f"{path.relative_to(ROOT)}: {pattern.pattern[:60]}"] = pattern
    return found


PATTERNS = patterns()


def example(parsed: Any) -> str:
    """A short text that the parsed pattern matches, or nearly."""
    out = []
    for operator, argument in parsed:
        name = str(operator)
        if name == "LITERAL":
            out.append(chr(argument))
        elif name == "NOT_LITERAL":
            out.append("~" if argument != ord("~") else "^")
        elif name == "IN":
            out.append(_of_set(argument))
        elif name == "ANY":
            out.append("a")
        elif name == "BRANCH":
            out.append(example(argument[1][0]))
        elif name == "SUBPATTERN":
            out.append(example(argument[3]))
        elif name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            least, _, inside = argument
            out.append(example(inside) * max(1, least))
    return "".join(out)


def _of_set(choices: Any) -> str:
    if str(choices[0][0]) == "NEGATE":
        return "~"
    name, argument = choices[0]
    if str(name) == "LITERAL":
        return chr(argument)
    if str(name) == "RANGE":
        return chr(argument[0])
    return {"CATEGORY_SPACE": " ", "CATEGORY_DIGIT": "0"}.get(str(argument), "a")


def texts(pattern: re.Pattern[str]) -> Iterator[str]:
    """Long texts that it nearly matches."""
    parser: Any = importlib.import_module("re._parser")
    short = example(parser.parse(pattern.pattern, pattern.flags))[:80]
    pieces = {*short, *(short[i : i + 2] for i in range(len(short))), " ", "a", "0", "'"} - {""}
    for at in {0, *range(1, len(short) + 1, max(1, len(short) // 8)), len(short)}:
        for piece in pieces:
            for end in ENDS:
                yield short[:at] + piece * REPEATED + short[at:] + end


def test_the_patterns_were_found() -> None:
    assert len(PATTERNS) > 50
    assert any("web/proxies.py" in name for name in PATTERNS)


@pytest.mark.parametrize("name", PATTERNS)
def test_time_grows_with_the_text_and_no_faster(name: str) -> None:
    pattern = PATTERNS[name]
    for text in texts(pattern):
        begun = time.thread_time()
        pattern.fullmatch(text)
        pattern.match(text)
        took = time.thread_time() - begun
        assert took < SECONDS, (took, text[:40], text[-40:])


def test_one_that_backtracks_would_be_noticed() -> None:
    slow, quick = re.compile(r"(\w+\s?)*;"), re.compile(r"\w+;")
    text = next(text for text in texts(slow) if text.startswith("aa"))[:18] + "\0"

    def seconds(pattern: re.Pattern[str]) -> float:
        begun = time.thread_time()
        pattern.match(text)
        return time.thread_time() - begun

    assert seconds(slow) > 100 * seconds(quick)


GOOD = ["[A-Za-z0-9-]+", ".*", r"\d{1,10}", r"(?:cust|user)-\d+", "(?:[a-z]++-?)*",
        "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"]  # fmt: skip
BAD = ["(a+)+b", "([A-Z]+-?)*", r"ID-(\w+\.?)*", "(x|xx)*y", r"(\w+\s?)+", "[a-z]+[a-z]+[a-z]+0"]


@pytest.mark.parametrize("pattern", GOOD)
def test_an_operators_pattern_is_taken(pattern: str) -> None:
    assert Erid(strategy="column", column="erid", pattern=pattern).pattern == pattern


@pytest.mark.parametrize("pattern", BAD)
def test_an_operators_pattern_that_could_hang_a_worker_is_refused(pattern: str) -> None:
    """It meets every ERID of a column, and a shopper may have chosen theirs."""
    with pytest.raises(ValidationError, match="takes too long"):
        Erid(strategy="column", column="erid", pattern=pattern)
