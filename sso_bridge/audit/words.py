"""Numbers, times and foreign text as a person reads them in HTML."""

from __future__ import annotations

from html import escape
from typing import Final

from ..core.erid import MAX_LENGTH

__all__ = ["characters", "duration", "of", "share", "shown", "users"]

_LONGEST: Final = 120
"""Characters of one value that are shown."""


def shown(text: str, *, whole: bool = False) -> str:
    """`text` as safe HTML on its own, whatever is in it.

    What cannot be seen is spelt out, as in `\\u202e`. What is too long is cut, with an ellipsis,
    unless `whole`. An empty text is said to be one."""
    if not text:
        return "<i>empty</i>"
    cut = text if whole or len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    seen = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)
    return f"<bdi>{escape(seen)}</bdi>"


def of(number: int, one: str, many: str = "") -> str:
    """`number` with its noun: "1 user", "1,200 users"; "no user" for 0.

    `many` is for plurals that do not end in an additional s."""
    if not number:
        return f"no {one}"
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def users(number: int) -> str:
    """So many users."""
    return of(number, "user")


def characters(length: int) -> str:
    """The length of an ERID as a report has it: "36", and "over 255" for any longer."""
    return f"over {MAX_LENGTH}" if length > MAX_LENGTH else f"{length:,}"


def share(part: int, whole: int) -> str:
    """`part` of `whole`, which is not 0, in percent. Only nothing is 0%, only all is 100%."""
    percent = 100 * part / whole
    if 0 < percent < 0.1:
        return "under 0.1%"
    if 99.9 < percent < 100:
        return "over 99.9%"
    return f"{percent:.1f}%".replace(".0%", "%")


def duration(seconds: float) -> str:
    """`seconds` in the two units that matter: "0.4 s", "12 s", "1 min 12 s", "2 h 5 min"."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
