"""Everything that is checked, in the order in which it is."""

from __future__ import annotations

from typing import Final

from ..trial import Check
from . import callers, creation, hostile, identity, login, profile, session, shapes

__all__ = ["CHECKS"]

CHECKS: Final[tuple[Check, ...]] = (
    *callers.CHECKS,
    *login.CHECKS,
    *profile.CHECKS,
    *session.CHECKS,
    *shapes.CHECKS,
    *creation.CHECKS,
    *hostile.CHECKS,
    *identity.CHECKS,
)
"""The rule comes last: it is about every answer that was given."""
