"""Regular expressions of operators, which must not take for ever."""

from __future__ import annotations

import re
import string
import time
from typing import Final

__all__ = ["takes_too_long"]

_LONGEST: Final = 255
_STEP: Final = 4
_SECONDS: Final = 0.02
"""For one text. A good pattern takes microseconds."""
_IN_ALL: Final = 0.5


def takes_too_long(pattern: re.Pattern[str]) -> bool:
    """Whether there is a text of at most 255 characters that `pattern` tries for too long.

    One that backtracks takes twice as long for each further letter, and a match cannot be
    interrupted. Pieces of the pattern and every letter are tried again and again, with an end
    that fits nothing; texts grow slowly, so that this ends when it has found one."""
    written = re.sub(r"\\.|[^\w@.:-]", " ", pattern.pattern)
    pieces = {*string.ascii_letters, *string.digits, *"-_.:@ ", *written.split()}
    starts = ("", _beginning(pattern.pattern))
    spent = 0.0
    for length in range(_STEP, _LONGEST, _STEP):
        for start in dict.fromkeys(starts):
            for piece in pieces:
                text = (start + piece * length)[:length] + "\0"
                begun = time.thread_time()
                pattern.fullmatch(text)
                took = time.thread_time() - begun
                spent += took
                if took > _SECONDS or spent > _IN_ALL:
                    return True
    return False


def _beginning(pattern: str) -> str:
    """The letters that it begins with, which have to be there before anything is tried."""
    found = re.match(r"[\w@:-]*", pattern)
    return found[0] if found else ""
