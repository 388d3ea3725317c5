"""How TOML writes names and values; reading it is the standard library's."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["key", "value"]

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def key(name: str) -> str:
    """A key, in quotes where it needs them."""
    return name if _BARE.fullmatch(name) else _text(name)


def value(given: Any) -> str:
    """A text, number, switch, list or table, on one line."""
    if isinstance(given, Mapping):
        inner = ", ".join(f"{key(k)} = {value(v)}" for k, v in given.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(given, (list, tuple)):
        return f"[{', '.join(map(value, given))}]"
    return _text(str(given)) if isinstance(given, (str, Path)) else json.dumps(given)


def _text(given: str) -> str:
    """JSON's escapes are TOML's, but that TOML wants one for DEL too."""
    return json.dumps(given, ensure_ascii=False).replace("\x7f", "\\u007f")
