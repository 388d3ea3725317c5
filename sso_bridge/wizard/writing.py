"""Settings as TOML, with remarks before them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..config import toml

__all__ = ["write"]

_SECTIONS: Final = frozenset(
    ("erid", "passwords", "joins", "pairs", "profile", "shipping", "billing", "addresses", "fields")
)
"""Settings that are tables with a header of their own."""
_OF_SECTIONS: Final = frozenset(("joins", "pairs"))
"""Those that hold nothing but such tables."""

Remarks = Mapping[tuple[str, ...], Sequence[str]]


def write(path: Sequence[str], settings: Mapping[str, Any], remarks: Remarks) -> list[str]:
    """The lines of a table at `path` and of those below it. `remarks` are by the place below it
    that they are about: before a setting, or, where there is none, at the end of its section."""
    return _section(tuple(path), (), settings, remarks)


def _section(
    path: tuple[str, ...], below: tuple[str, ...], settings: Mapping[str, Any], remarks: Remarks
) -> list[str]:
    lines: list[str] = []
    values = {k: v for k, v in settings.items() if not _is_section(k, v)}
    tables = {k: v for k, v in settings.items() if _is_section(k, v)}
    if not below or below[-1] not in _OF_SECTIONS or values:
        lines.append(f"[{'.'.join(map(toml.key, (*path, *below)))}]")
    for key, value in values.items():
        lines += [*remarks.get((*below, key), ()), *_value(key, value)]
    for place, remark in remarks.items():
        if place[:-1] == below and place[-1] not in settings:
            lines += remark
    if lines:
        lines.append("")
    for key, value in tables.items():
        lines += remarks.get((*below, key), ())
        lines += _section(path, (*below, key), value, remarks)
    return lines


def _is_section(key: str, value: Any) -> bool:
    if not isinstance(value, Mapping):
        return False
    return key in _SECTIONS or bool(value.get("table"))


def _value(key: str, value: Any) -> list[str]:
    """A setting; a list of tables with a line for each."""
    if isinstance(value, list) and value and isinstance(value[0], Mapping) and len(value) > 1:
        return [f"{toml.key(key)} = [", *(f"    {toml.value(one)}," for one in value), "]"]
    return [f"{toml.key(key)} = {toml.value(value)}"]
