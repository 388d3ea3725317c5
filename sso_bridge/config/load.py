"""From a TOML file to settings, or to an error that names the key and the remedy."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ..errors import ConfigurationError
from .base import Context
from .model import Settings
from .places import Place, find, known_keys, secrets_in
from .transit import weaknesses

__all__ = ["load", "settings_from"]

_WORDS: Final = {str: "text", int: "a whole number", bool: "true or false"}
_URL_PASSWORD: Final = re.compile(r"://[^:/@]*:[^@]+@|[?&]\w*pass\w*=", re.IGNORECASE)


def load(path: Path) -> tuple[Settings, list[str]]:
    """The settings in the file, and warnings about it.

    Raises ConfigurationError, one line for each thing that is wrong."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ConfigurationError(
            f"{path}: there is no such file; start from config/example.toml or `sso-bridge demo`"
        ) from None
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: is not UTF-8; save it as UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: not TOML: {error}") from None
    except RecursionError:
        raise ConfigurationError(f"{path}: not TOML: nested too deeply") from None
    return settings_from(tables, path)


def settings_from(tables: dict[str, Any], path: Path) -> tuple[Settings, list[str]]:
    """As `load`, of the parsed content of the file at `path`."""
    try:
        settings = Settings.model_validate(tables, context=Context(path.absolute().parent))
    except ValidationError as error:
        lines = dict.fromkeys(f"{path}: {line}" for line in _explain(error))
        raise ConfigurationError("\n".join(lines)) from None
    settings.keep_files([path, *(path.absolute().parent / file for file in _files_in(tables))])
    warnings = [
        f"{path}: {place} is a secret in the file itself; move it to "
        f"{place.rsplit('.', 1)[-1]}_file or …_env"
        for place, value in secrets_in(Settings, tables)
        if not place.endswith("url") or _URL_PASSWORD.search(value)
    ]
    for name, agreed in settings.password_encryption.items():
        warnings += [f"{path}: {weakness}" for weakness in weaknesses(name, agreed)]
    return settings, warnings


def _files_in(table: Mapping[str, Any]) -> Iterator[str]:
    """The files of secrets that are named anywhere in `table`."""
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _files_in(value)
        elif key.endswith("_file"):
            yield from [value] if isinstance(value, str) else value


def _explain(error: ValidationError) -> Iterator[str]:
    problems = [
        (find(Settings, problem["loc"]), problem)
        for problem in error.errors(include_url=False, include_input=False)
    ]
    meant = {
        choice
        for place, problem in problems
        for choice in place.choices
        if choice != place.keys or problem["type"] == "at_key"
    }
    for place, problem in problems:
        if place.keys in place.choices and problem["type"] != "at_key":
            if place.keys not in meant:
                yield f"{place.text}: {_expected(find(Settings, place.keys))}"
            continue
        yield _line(place, problem)


def _line(place: Place, problem: ErrorDetails) -> str:
    kind, context = problem["type"], problem.get("ctx", {})
    if kind == "extra_forbidden" or problem["loc"][-1:] == ("[key]",):
        table = find(Settings, problem["loc"][: -2 if kind != "extra_forbidden" else -1])
        near = difflib.get_close_matches(str(place.keys[-1]), known_keys(table.types), 1, 0.5)
        hint = f'; did you mean "{near[0]}"?' if near else ", and none that is spelt alike"
        return f"{place.text}: there is no such setting{hint}"
    if kind == "missing":
        meaning = (place.description or "a table").partition(". ")[0].removesuffix(".")
        return f"{place.text}: is missing; set it ({meaning[0].lower()}{meaning[1:]})"
    if kind.startswith("union_tag"):
        return f'{place.text}.kind: should be "jwt" or "table"'
    if kind == "at_key":
        here = Place((*place.keys, context["key"]))
        return f"{here.text}: {context['reason']}"
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return f"{place.text}: should be a table, as in [{place.text}]"
    if kind == "too_short":
        return f"{place.text}: has nothing in it that counts; name one, or leave it out"
    if kind == "tuple_type":
        return f'{place.text}: should be a list, such as ["one", "two"]'
    message = problem["msg"].removeprefix("Value error, ").replace("Input should", "should")
    return f"{place.text}: {message}" if place.keys else message


def _expected(choice: Place) -> str:
    """What may stand at a place that takes several types."""
    names = []
    for here in choice.types:
        if isinstance(here, type) and issubclass(here, BaseModel):
            keys = ", ".join(f"{key} = …" for key in known_keys([here]))
            names.append(f"a table {{ {keys} }}")
        elif here in _WORDS:
            names.append(_WORDS[here])
        else:
            names.append("a list")
    return "should be " + ", or ".join(names)
