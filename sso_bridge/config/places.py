"""Where in the settings model a place of the file is: the way back from an error to a key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from .base import is_secret

__all__ = ["Place", "alternatives", "find", "known_keys", "secrets_in"]

_BARE = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Place:
    """A place of the file. `types` is what may stand there, none if it is unknown.

    `choices` are the places of values of several possible types that the way leads through: the
    types that were not meant complain there too."""

    keys: tuple[str | int, ...] = ()
    types: tuple[Any, ...] = ()
    choices: tuple[tuple[str | int, ...], ...] = ()
    description: str | None = None

    @property
    def text(self) -> str:
        """The place as it is written in TOML, such as `sites."my shop".source`."""
        text = ""
        for key in self.keys:
            if isinstance(key, int):
                text += f"[{key}]"
            else:
                text += "." * bool(text) + (key if _BARE.fullmatch(key) else repr(key))
        return text


def find(model: type[BaseModel], location: Iterable[str | int]) -> Place:
    """The place that pydantic calls `location`, which also names the members of unions."""
    place = Place(types=(model,))
    for part in location:
        if part != "[key]" or not place.keys:  # pydantic says so behind a key that is not good
            place = _below(place, part)
    return place


def _below(place: Place, part: str | int) -> Place:
    meant = tuple(t for t in place.types if len(place.types) > 1 and _is_tagged(t, part))
    if meant:
        return Place(place.keys, meant, (*place.choices, place.keys), place.description)
    types: tuple[Any, ...] = ()
    description = None
    for here in place.types:
        if _is_section(here):
            for key, field in here.model_fields.items():
                if part == (field.alias or key):
                    types = alternatives(field.annotation)
                    description = field.description
        elif get_origin(here) is dict:
            types = alternatives(get_args(here)[1])
        elif get_origin(here) is tuple and isinstance(part, int):
            types = alternatives(get_args(here)[0])
    return Place((*place.keys, part), types, place.choices, description)


def alternatives(annotation: Any) -> tuple[Any, ...]:
    """The types that a value may have, None left out."""
    if get_origin(annotation) is Annotated:
        return alternatives(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        inner = [t for argument in get_args(annotation) for t in alternatives(argument)]
        return tuple(t for t in inner if t is not NoneType)
    return (annotation,)


def known_keys(types: Iterable[Any]) -> list[str]:
    """The keys of a table that has one of `types`, as far as they are fixed."""
    names: list[str] = []
    for here in types:
        if _is_section(here):
            for key, field in here.model_fields.items():
                names.append(field.alias or key)
                if is_secret(field.annotation):
                    names += [f"{key}_env", f"{key}_file"]
        elif get_origin(here) is dict and get_origin(get_args(here)[0]) is Literal:
            names += get_args(get_args(here)[0])
    return names


def secrets_in(model: type[BaseModel], table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The place and value of every secret that is written in `table` itself."""
    yield from _secrets(Place(types=(model,)), table)


def _secrets(place: Place, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str) and any(is_secret(t) for t in place.types):
        yield place.text, value
    elif isinstance(value, list) and any(is_secret(t) for t in place.types):
        yield from ((place.text, one) for one in value if isinstance(one, str))
    elif isinstance(value, Mapping):
        fitting = [t for t in place.types if _fits(t, value)]
        best = max(fitting, key=lambda t: len(value.keys() & set(known_keys([t]))), default=None)
        tables = Place(place.keys, () if best is None else (best,))
        for key, inner in value.items():
            yield from _secrets(_below(tables, key), inner)


def _fits(here: Any, value: Mapping[str, Any]) -> bool:
    """Whether `value` may be one of `here`; sessions of several kinds differ in `kind`."""
    if not _is_section(here):
        return get_origin(here) is dict
    kind = here.model_fields.get("kind")
    literal = kind is not None and get_origin(kind.annotation) is Literal
    return not literal or value.get("kind") in get_args(kind.annotation if kind else None)


def _is_section(here: Any) -> bool:
    return isinstance(here, type) and issubclass(here, BaseModel)


def _is_tagged(here: Any, part: str | int) -> bool:
    """Whether pydantic calls a member of a union `part` in a location: by its name, or by those of
    its validators before it."""
    if get_origin(here) is tuple:
        return str(part).startswith("tuple[")
    tags = _tags(here)
    return part in tags or any(str(part).endswith(f" {tag}]") for tag in tags if tag)


def _tags(here: Any) -> tuple[Any, ...]:
    """How pydantic names a member of a union in a location."""
    if not _is_section(here):
        return (getattr(here, "__name__", ""),)
    kind = here.model_fields.get("kind")
    return (here.__name__, *(get_args(kind.annotation) if kind else ()))
