"""Plays Digital River: asks an endpoint everything that it will be asked, and judges the answers.

Nothing here is shared with the code that answers. What the contract says is written down once more
(`facts`), so that a mistake in the one is not overlooked by the other."""

from __future__ import annotations

from .people import Cast, read_cast
from .run import Report, Result, run

__all__ = ["Cast", "Report", "Result", "read_cast", "run"]
