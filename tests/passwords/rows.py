"""A hash that was made elsewhere, and the password it is of."""

from __future__ import annotations

from dataclasses import dataclass

PASSWORD = "pässwörd ☃"


@dataclass(frozen=True)
class Row:
    scheme: str
    made_by: str
    stored: str
    password: str = PASSWORD
