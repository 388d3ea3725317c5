"""The doctor: is a source what its settings say, and is it safe and quick to serve from?"""

from .engine import examine, examine_table, look_into, look_into_program
from .examined import Examined
from .findings import CHECKS, Check, Finding, Severity, found
from .hashes import Formats

__all__ = [
    "CHECKS",
    "Check",
    "Examined",
    "Finding",
    "Formats",
    "Severity",
    "examine",
    "examine_table",
    "found",
    "look_into",
    "look_into_program",
]
