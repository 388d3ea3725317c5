"""What all settings share: unknown keys are errors, secrets may live elsewhere, and a number
or a switch is written as one (`"80"` is no port, `"no"` is not false)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    Strict,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError

__all__ = [
    "BesidePath",
    "Context",
    "Count",
    "Name",
    "Seconds",
    "Section",
    "Switch",
    "at_key",
    "is_secret",
    "is_secret_list",
]

Switch = Annotated[bool, Strict()]
Count = Annotated[int, Field(strict=True, ge=1, le=1024)]
Seconds = Annotated[float, Field(strict=True, gt=0, le=3600, allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1)]
"""Of a table or a column, as the database has it."""


class Context:
    """What loading one file needs: the folder that relative paths start from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder


def is_secret(annotation: Any) -> bool:
    """Whether a field of this type holds a secret."""
    return annotation is SecretStr or SecretStr in get_args(annotation)


def is_secret_list(annotation: Any) -> bool:
    """Whether a field of this type holds several secrets."""
    return get_origin(annotation) is tuple and is_secret(annotation)


def at_key(key: str, reason: str) -> PydanticCustomError:
    """An error about one key of the section that raises it. `reason` quotes no secret."""
    return PydanticCustomError("at_key", "{reason}", {"key": key, "reason": reason})


def _beside(path: Path, info: ValidationInfo) -> Path:
    """`path`, from the folder of the configuration if it is relative."""
    context: Context = info.context or Context(Path())
    return context.folder / path


BesidePath = Annotated[Path, AfterValidator(_beside)]


class Section(BaseModel):
    """One table of the file. A secret `x` may be given as `x_env`, the name of an environment
    variable, or `x_file`, the path of a file (its last line break does not count). Where several
    are possible, each may be a list, and they add up."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _fetch_secrets(cls, values: Any, info: ValidationInfo) -> Any:
        if not isinstance(values, dict):
            return values
        context: Context = info.context or Context(Path())
        fetched = dict(values)
        for name, field in cls.model_fields.items():
            if is_secret_list(field.annotation):
                _fetch_list(context.folder, name, fetched)
                continue
            if not is_secret(field.annotation):
                continue
            given = [key for key in (name, f"{name}_env", f"{name}_file") if key in fetched]
            if len(given) > 1:
                raise at_key(name, f"is given more than once; keep one of {', '.join(given)}")
            if given == [name] and fetched[name] == "":
                raise at_key(name, f"is empty; give it, or {name}_env, or {name}_file")
            if given == [f"{name}_env"]:
                fetched[name] = _from_environment(given[0], fetched.pop(given[0]))
            elif given == [f"{name}_file"]:
                fetched[name] = _from_file(context.folder, given[0], fetched.pop(given[0]))
        return fetched


# What a `…_env` or `…_file` holds is never quoted: a secret is pasted there by mistake easily.


def _fetch_list(folder: Path, name: str, fetched: dict[str, Any]) -> None:
    """Put all that is given of the secrets `name` in their place."""
    secrets: list[str] = []
    given = False
    for key in (name, f"{name}_env", f"{name}_file"):
        if key not in fetched:
            continue
        given, value = True, fetched.pop(key)
        values = value if isinstance(value, list) else [value]
        if key == name and not all(isinstance(one, str) and one for one in values):
            raise at_key(name, f"is empty or no text; give it, or {name}_env, or {name}_file")
        for one in values:
            if key == f"{name}_env":
                secrets.append(_from_environment(key, one))
            elif key == f"{name}_file":
                secrets.append(_from_file(folder, key, one))
            else:
                secrets.append(one)
    if given and not secrets:
        raise at_key(name, "is an empty list; leave it out, or give one")
    if given:
        fetched[name] = tuple(secrets)


def _from_environment(key: str, name: object) -> str:
    if not isinstance(name, str) or not name or "\0" in name or "=" in name:
        raise at_key(key, "should be the name of an environment variable")
    try:
        value = os.environ.get(name)
    except UnicodeEncodeError:
        value = None
    if not value:
        raise at_key(
            key,
            "names an environment variable that is not set, or is empty; set it for this process",
        )
    return value


def _from_file(folder: Path, key: str, name: object) -> str:
    if not isinstance(name, str) or not name or "\0" in name:
        raise at_key(key, "should be the path of a file")
    try:
        value = (folder / name).read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise at_key(
            key,
            f"names a file that cannot be read ({reason}); a relative path starts from the "
            "folder of the configuration",
        ) from None
    value = value.removesuffix("\n").removesuffix("\r")
    if not value:
        raise at_key(key, "names a file that is empty; put the secret into it")
    return value
