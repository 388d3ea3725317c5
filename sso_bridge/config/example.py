"""Prints config/example.toml and docs/configuration.md from the settings model.

`python -m sso_bridge.config.example` prints the former, with `docs` behind it the latter. A
setting is shown with its default; one that has none is shown with its first example, behind
a `#` unless it is required. So whoever adds a setting gives it a description and, if it has
no default, an example; a test compares both files with what is printed here."""

from __future__ import annotations

import inspect
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from .base import is_secret, is_secret_list
from .callers import Caller
from .model import Settings, Wording
from .places import alternatives
from .sessions import JwtSession, TableSession
from .source import Active, AddressField, Attribute, Computed, FilterRule, LoginColumn
from .toml import key as _key
from .toml import value as _toml

__all__ = ["example", "reference", "sections"]

WIDTH: Final = 96

SHOWN: Final = frozenset(
    {
        (Active, "values"),
        (Attribute, "column"),
        (Caller, "password"),
        (Caller, "user"),
        (JwtSession, "signing_key"),
        (TableSession, "expiry_column"),
        (TableSession, "expiry_kind"),
    }
)
"""Of settings that can be left out, those of which a section needs one, and so the example."""

_EXPIRY_KIND: Final = "epoch_seconds"

_HEAD = """\
Every setting of sso-bridge. What stands here without a # before it is the default, or, where
there is none, a sample. A line with a # before it is a sample of a setting that can be left
out. Copy what you need; config/demo.toml is a small configuration that is complete.

A secret KEY is read from the environment (KEY_env = "NAME") or from a file
(KEY_file = "PATH"; a line break at its end does not count). KEY = "…" works too, and is
warned about. Where several are good at once, each may be a list. Relative paths start from this
file's folder.

Printed by: python -m sso_bridge.config.example"""


def example() -> str:
    """The commented configuration, as TOML that is valid once its secrets are in the
    environment."""
    lines = [*_comment(_HEAD), ""]
    scalars, tables = _split(Settings)
    for key, field in scalars:
        lines += [*_setting(Settings, key, field), ""]
    for key, field in tables:
        lines += _table((key,), field)
    return "\n".join(lines).rstrip() + "\n"


def sections() -> list[tuple[str, type[BaseModel]]]:
    """Every kind of table of the file, by how its header is written, in the example's order."""
    return list(_sections((), Settings))


def reference() -> str:
    """docs/configuration.md."""
    lines = [
        "# Configuration",
        "",
        "<!-- Printed by: python -m sso_bridge.config.example docs -->",
        "",
        "One TOML file holds every setting; `sso-bridge check --config FILE` says whether it is",
        "good. [config/example.toml](../config/example.toml) is the same reference as a file to",
        "copy from, [config/demo.toml](../config/demo.toml) a small one that is complete.",
        "",
        "- An unknown key is an error, which names the nearest known one.",
        '- A number is written as a number, a switch as `true` or `false`: `"8080"` is no port.',
        "- Relative paths, of SQLite files also, start from the folder of the file.",
        "- A **secret** `KEY` is given as `KEY_env` (the name of an environment variable),",
        "  `KEY_file` (the path of a file; one line break at its end does not count) or, with a",
        "  warning, as `KEY` itself. An empty one is an error. Where a list of secrets is",
        "  possible, each of the three may be a list, and they add up.",
        "- The file is read when the server starts, and again on SIGHUP: see",
        "  [Reload](operations.md#reload).",
        "",
        "Address fields: " + ", ".join(f"`{name}`" for name in get_args(AddressField)) + ".",
        "They are those of the wire: `name1` is the first name, `name2` the last.",
    ]
    inner: list[tuple[str, type[BaseModel]]] = [
        ("Computed values", Computed),
        ("Filters", FilterRule),
        ("Login columns", LoginColumn),
    ]
    for header, section in [*sections(), *inner]:
        lines += ["", f"## {_title(header)}" if header else "## At the top of the file", ""]
        if header:
            lines += [inspect.getdoc(section) or "", ""]
        lines += ["| key | value | default | meaning |", "|---|---|---|---|"]
        for key, field in _split(section)[0]:
            cells = [f"`{key}`", _type(field), _default(field), field.description or ""]
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _title(header: str) -> str:
    return f"`{header}`" if header.startswith("[") else header


def _sections(path: tuple[str, ...], model: type[BaseModel]) -> Iterator[tuple[str, Any]]:
    text = ".".join(path)
    kind = model.model_fields.get("kind")
    which = (
        f', kind = "{kind.examples[0]}"' if kind and kind.examples and path[0] == "sessions" else ""
    )
    yield (f"[{text}]{which}" if text else ""), model
    for key, field in _split(model)[1]:
        for inner in alternatives(field.annotation):
            below = (*path, key)
            if get_origin(inner) is dict:
                below = (*below, "NAME")
                for entry in alternatives(get_args(inner)[1]):
                    yield from _sections(below, entry)
            elif not get_origin(inner):
                yield from _sections(below, inner)


def _split(
    model: type[BaseModel],
) -> tuple[list[tuple[str, FieldInfo]], list[tuple[str, FieldInfo]]]:
    """The settings of a section that are values, and those that are tables of settings."""
    values: list[tuple[str, FieldInfo]] = []
    tables: list[tuple[str, FieldInfo]] = []
    for name, field in model.model_fields.items():
        inner = alternatives(field.annotation)[0]
        if get_origin(inner) is dict:
            inner = alternatives(get_args(inner)[1])[0]
        is_table = isinstance(inner, type) and issubclass(inner, BaseModel) and inner is not Wording
        (tables if is_table else values).append((field.alias or name, field))
    return values, tables


def _table(path: tuple[str, ...], field: FieldInfo) -> list[str]:
    """The lines of a section, or of one entry of a table of sections for each example."""
    types = alternatives(field.annotation)
    if get_origin(types[0]) is not dict:
        return [line for inner in types if not get_origin(inner) for line in _section(path, inner)]
    entries = alternatives(get_args(types[0])[1])
    lines = []
    names = field.examples or []
    for name, entry in zip(names, entries, strict=True):
        lines += _section((*path, name), entry)
    return lines


def _section(path: tuple[str, ...], model: type[BaseModel]) -> list[str]:
    about = " ".join((model.__doc__ or "").split())
    lines = [*_comment(about), f"[{'.'.join(map(_key, path))}]"]
    scalars, tables = _split(model)
    dicts: list[str] = []
    for key, field in scalars:
        if get_origin(field.annotation) is dict:
            dicts += _entries((*path, key), field)
        else:
            lines += _setting(model, key, field)
    lines.append("")
    for key, field in tables:
        dicts += _table((*path, key), field)
    return lines + dicts


def _setting(model: type[BaseModel], key: str, field: FieldInfo) -> list[str]:
    """One setting: what it means, then what it is."""
    lines = [*_comment(field.description or ""), *_comment(_choice(field))]
    samples = field.examples or []
    default = field.default
    shown = (model, key) in SHOWN
    if is_secret(field.annotation):
        return lines + _secret(key, field, shown)
    if (model, key) == (TableSession, "expiry_kind"):
        return [*lines, *_comment(f"Default: {_toml(default)}"), f"{key} = {_toml(_EXPIRY_KIND)}"]
    if default is PydanticUndefined:
        return [*lines, f"{key} = {_toml(samples[0])}"]
    if default is None or (shown and not default):
        return [*lines, f"{'' if shown else '# '}{key} = {_toml(samples[0])}"]
    if samples:
        lines += _comment(f"Example: {_toml(samples[0])}")
    return [*lines, f"{key} = {_toml(_plain(default))}"]


def _secret(key: str, field: FieldInfo, shown: bool) -> list[str]:
    """A secret in its three ways; `field`'s example is the name of an environment variable."""
    variable = (field.examples or [])[0]
    file = variable.removeprefix("SSO_BRIDGE_").lower().replace("_", "-")
    default = field.default.get_secret_value() if isinstance(field.default, SecretStr) else None
    required = field.default is PydanticUndefined or shown
    written = f"{key} = {_toml(default or '…')}"
    return [
        written if default else f"# {written}",
        f'{"" if required else "# "}{key}_env = "{variable}"',
        f'# {key}_file = "{file}"',
    ]


def _entries(path: tuple[str, ...], field: FieldInfo) -> list[str]:
    """A table whose keys are not settings but columns or fields."""
    lines = [*_comment(field.description or ""), f"[{'.'.join(map(_key, path))}]"]
    mark = "" if field.default is PydanticUndefined else "# "
    samples: Mapping[str, object] = (field.examples or [{}])[0]
    names = get_args(get_args(field.annotation)[0])
    for name, value in (samples or {name: name for name in names}).items():
        lines.append(f"{mark}{_key(name)} = {_toml(value)}")
    return [*lines, ""]


def _comment(text: str) -> list[str]:
    return [
        f"# {line}".rstrip()
        for part in text.splitlines()
        for line in (textwrap.wrap(part, WIDTH - 2, break_on_hyphens=False) or [""])
    ]


def _choice(field: FieldInfo) -> str:
    inner = alternatives(field.annotation)[0]
    if get_origin(inner) is not Literal or len(get_args(inner)) < 2:
        return ""
    return "One of: " + ", ".join(map(_toml, get_args(inner)))


def _plain(value: Any) -> Any:
    return value.model_dump() if isinstance(value, BaseModel) else value


def _type(field: FieldInfo) -> str:
    """What may be given, in words."""
    if is_secret_list(field.annotation):
        return "secret, or a list of them"
    return "secret" if is_secret(field.annotation) else _words(field.annotation)


_WORDS: Final[dict[Any, str]] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "`true` or `false`",
    Any: "anything",
    Computed: "a [computed value](#computed-values)",
    Path: "path",
}


def _words(annotation: Any) -> str:
    types = alternatives(annotation)
    if len(types) > 1:
        return " or ".join(dict.fromkeys(_words(t) for t in types))
    here = types[0]
    if get_origin(here) is Literal:
        return ", ".join(f"`{_toml(value)}`" for value in get_args(here))
    if get_origin(here) is tuple:
        return "list of " + _words(get_args(here)[0])
    if get_origin(here) is dict:
        names, value = get_args(here)
        keys = _words(names) if get_origin(names) is Literal else "a column"
        if names is AddressField:
            keys = "an address field"
        return f"table: {keys}, each {_words(value)}"
    if here not in _WORDS and isinstance(here, type) and issubclass(here, BaseModel):
        return "`{ " + ", ".join(f"{name} = …" for name in here.model_fields) + " }`"
    return _WORDS[here]


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "required"
    if field.default is None or is_secret_list(field.annotation):
        return "none"
    if isinstance(field.default, SecretStr):
        return f"`{_toml(field.default.get_secret_value())}`"
    return f"`{_toml(_plain(field.default))}`"


if __name__ == "__main__":
    sys.stdout.write(reference() if sys.argv[1:] == ["docs"] else example())
