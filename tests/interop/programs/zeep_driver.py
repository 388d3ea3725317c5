"""Calls for zeep, one a line, as `Program` in stacks.py writes them; answers go back likewise."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, unquote

from zeep.exceptions import Fault
from zeep.helpers import serialize_object

__all__ = ["serve"]


def serve(calls: Any) -> None:
    """Make each call of standard input with the operations of `calls`."""
    for line in sys.stdin:
        operation, *fields = line.rstrip("\n").split("\t")
        arguments: dict[str, Any] = {}
        for field in fields:
            path, _, value = field.partition("=")
            _put(arguments, path.split("."), unquote(value))
        try:
            answer = serialize_object(calls[operation](**_with_lists(arguments)), dict)
            reply = ["answer", *_flat(answer, "")]
        except Fault as fault:
            reply = ["fault", f"code=s:{quote(fault.code)}", f"text=s:{quote(fault.message)}"]
        except Exception as error:
            reply = ["error", f"text=s:{quote(repr(error))}"]
        print("\t".join(reply), flush=True)


def _put(into: dict[str, Any], path: list[str], value: str) -> None:
    for name in path[:-1]:
        into = into.setdefault(name, {})
    into[path[-1]] = value


def _with_lists(value: Any) -> Any:
    """`value` with a list for each dictionary whose keys are numbers."""
    if not isinstance(value, dict):
        return value
    filled = {name: _with_lists(inner) for name, inner in value.items()}
    return list(filled.values()) if "0" in filled else filled


def _flat(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, bool):
        yield f"{path}=b:{str(value).lower()}"
    elif isinstance(value, str):
        yield f"{path}=s:{quote(value)}"
    elif value is not None:
        inner = enumerate(value) if isinstance(value, list) else value.items()
        for name, child in inner:
            yield from _flat(child, f"{path}.{name}" if path else str(name))
