"""How an answer is read: its JSON, or the error it stands for."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from .errors import NotUnderstood, Refused, refusal
from .messages import folded

__all__ = ["Answer", "read", "retry_after"]


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer. The names in `headers` are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def read(answer: Answer) -> Any:
    """The JSON of a good answer, None if it is empty; raises Refused, NotUnderstood."""
    if not 200 <= answer.status < 300:
        raise _refused(answer)
    if not answer.body.strip():
        return None
    try:
        return orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        raise NotUnderstood(f"the answer (HTTP {answer.status}) is not JSON") from None


def _refused(answer: Answer) -> Refused:
    """The error of an answer; its first error object says which, in either of two shapes."""
    code = subcode = None
    description = ""
    try:
        fields = folded(orjson.loads(answer.body))
        errors = folded(fields["errors"])["error"] if "errors" in fields else fields
        first = folded(errors[0] if isinstance(errors, list) else errors)
    except (orjson.JSONDecodeError, NotUnderstood, LookupError):
        first = {}
    code, subcode = first.get("code", first.get("error")), first.get("subcode")
    description = first.get("description", first.get("error_description", ""))
    return refusal(
        answer.status,
        _word(code) or "",
        _word(subcode),
        description if isinstance(description, str) else "",
    )


def _word(value: Any) -> str | None:
    """A code as it may be printed: it is somebody else's text, and may quote what was sent."""
    if not isinstance(value, str) or not value:
        return None
    plain = value.replace("-", "").replace("_", "").replace(".", "")
    return value[:64] if plain.isascii() and plain.isalnum() else "a code that is no word"


def retry_after(answer: Answer) -> float | None:
    """Seconds that the answer asks to wait: as a number, or as a date."""
    asked = answer.headers.get("retry-after", "").strip()
    if asked.isascii() and asked.isdigit():
        return float(asked)
    try:
        date = email.utils.parsedate_to_datetime(asked)
    except ValueError:
        return None
    return max(0.0, date.timestamp() - time.time())
