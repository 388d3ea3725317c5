"""How every room that speaks SQL connects: pools, time limits, and driver errors made ours.

Nothing here knows what a user or an ERID is. One file per dialect holds what differs."""

from .connection import Database
from .failures import is_foreign_to_charset, is_unique_violation
from .statement import Statement

__all__ = ["Database", "Statement", "is_foreign_to_charset", "is_unique_violation"]
