"""The programs of docs/clients.md, read out of the page: what it shows is what the tests run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Final

__all__ = ["PAGE", "bindings", "commands", "program", "soap12"]

PAGE: Final = (Path(__file__).parents[2] / "docs" / "clients.md").read_text(encoding="utf-8")


def _block(kind: str) -> str:
    (text,) = re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.M | re.DOTALL)
    return str(text)


def program(language: str) -> str:
    """The client in this language."""
    return _block(f"{language} client")


def soap12(language: str, stack: str) -> str:
    """The same, changed as the table of the page says for `stack`, for SOAP 1.2."""
    ((old, new),) = re.findall(rf"^\| {stack} \| `(.*)` \| `(.*)` \|$", PAGE, re.M)
    text = program(language)
    assert text.count(old) == 1, f"{old} is there {text.count(old)} times"
    return text.replace(old, new)


def bindings() -> str:
    """How `wsimport` is to bind the types of the WSDL."""
    return _block("xml")


def commands() -> list[str]:
    """The lines that make and run the client in Java: `wsimport`, `javac`, `java`."""
    lines = _block("sh client").splitlines()
    assert [shlex.split(line)[0] for line in lines] == ["wsimport", "javac", "java"]
    return lines
