"""From a TOML file to settings, or to an error that names the key and the remedy."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from ..errors import ConfigurationError
from .base import Context, is_secret
from .model import Settings

__all__ = ["load"]


def load(path: Path) -> tuple[Settings, list[str]]:
    """The settings in the file, and warnings about it.

    Raises ConfigurationError, one line for each thing that is wrong."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(
            f"{path}: there is no such file; start from config/example.toml or `sso-bridge demo`"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read ({type(error).__name__})") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: not TOML: {error}") from None
    context = Context(path.absolute().parent)
    try:
        settings = Settings.model_validate(tables, context=context)
    except ValidationError as error:
        lines = [f"{path}: {line}" for line in _explain(error)]
        raise ConfigurationError("\n".join(lines)) from None
    warnings = [
        f"{path}: {place} is a secret in the file itself; move it to {place.split('.')[-1]}_file "
        "or …_env"
        for place in context.inline_secrets
        if not place.endswith(".url") or _has_password(tables)
    ]
    return settings, list(dict.fromkeys(warnings))


def _has_password(value: object) -> bool:
    """Whether a database URL somewhere in the file has a password in it."""
    if isinstance(value, dict):
        return any(_has_password(v) for v in value.values())
    return isinstance(value, str) and "://" in value and "@" in value and ":" in value[8:]


def _explain(error: ValidationError) -> Iterator[str]:
    for problem in error.errors(include_url=False, include_input=False):
        place = [str(part) for part in problem["loc"] if part not in _TAGS]
        key = ".".join(place)
        if problem["type"] == "extra_forbidden":
            near = difflib.get_close_matches(place[-1], _names(Settings, place[:-1]), 1, 0.5)
            hint = f'; did you mean "{near[0]}"?' if near else ""
            yield f"{key}: there is no such setting{hint}"
        elif problem["type"] == "missing":
            yield f"{key}: is missing"
        else:
            yield f"{key}: {problem['msg'].removeprefix('Value error, ')}".removeprefix(": ")


_TAGS = frozenset({"jwt", "str", "Fixed", "Made", "int", "bool"})
"""What pydantic puts in a place that is not a key of the file."""


def _names(model: type[BaseModel], place: Sequence[str]) -> list[str]:
    """The keys that are known at `place`."""
    here: Any = model
    for part in place:
        here = _child(here, part)
        if here is None:
            return []
    return [name for section in _sections(here) for name in _keys(section)]


def _keys(section: type[BaseModel]) -> list[str]:
    names = []
    for name, field in section.model_fields.items():
        key = field.alias or name
        names.append(key)
        if is_secret(field.annotation):
            names += [f"{key}_env", f"{key}_file"]
    return names


def _child(here: Any, part: str) -> Any:
    """The type of the value at `part` of a section, or of an entry of a table of sections."""
    for section in _sections(here):
        for name, field in section.model_fields.items():
            if part == (field.alias or name):
                return field.annotation
    return here if any(_sections(here)) else None


def _sections(annotation: Any) -> list[type[BaseModel]]:
    """The section types in an annotation."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [section for inner in get_args(annotation) for section in _sections(inner)]
