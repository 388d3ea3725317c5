"""The audit trail: a file that is only appended to, of records chained by hashes."""

from .chain import GENESIS, Chain, Link
from .file import OtherKey, TrailFile
from .verification import Report, parts_of, verify
from .writer import Trail

__all__ = [
    "GENESIS",
    "Chain",
    "Link",
    "OtherKey",
    "Report",
    "Trail",
    "TrailFile",
    "parts_of",
    "verify",
]
