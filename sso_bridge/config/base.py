"""What all settings share: unknown keys are errors, and secrets may live elsewhere."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationInfo, model_validator

__all__ = ["Context", "Section", "is_secret"]


class Context:
    """What loading one file needs and learns: its folder, and where secrets are written in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.inline_secrets: list[str] = []


def is_secret(annotation: Any) -> bool:
    """Whether a field of this type holds a secret."""
    return annotation is SecretStr or SecretStr in get_args(annotation)


class Section(BaseModel):
    """One table of the file. A secret `x` may be given as `x_env`, the name of an environment
    variable, or `x_file`, the path of a file (its last line break does not count)."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _fetch_secrets(cls, values: Any, info: ValidationInfo) -> Any:
        if not isinstance(values, dict):
            return values
        context: Context = info.context or Context(Path())
        fetched = dict(values)
        for name, field in cls.model_fields.items():
            if not is_secret(field.annotation):
                continue
            given = [key for key in (name, f"{name}_env", f"{name}_file") if key in fetched]
            if len(given) > 1:
                raise ValueError(f"give one of {', '.join(given)}")
            if given == [name]:
                context.inline_secrets.append(f"{cls.__name__.lower()}.{name}")
            elif given == [f"{name}_env"]:
                fetched[name] = _from_environment(fetched.pop(given[0]))
            elif given == [f"{name}_file"]:
                fetched[name] = _from_file(context.folder, fetched.pop(given[0]))
        return fetched


def _from_environment(name: object) -> str:
    value = os.environ.get(str(name))
    if not value:
        raise ValueError(f"the environment variable {name} is not set")
    return value


def _from_file(folder: Path, name: object) -> str:
    path = folder / str(name)
    try:
        value = path.read_text(encoding="utf-8").removesuffix("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ValueError(f"cannot read the file {name}: {reason}") from None
    if not value:
        raise ValueError(f"the file {name} is empty")
    return value
