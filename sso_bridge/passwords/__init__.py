"""Password hashes: verify those of any known format, make new ones, a bounded number at once."""

from .pool import HashPool, cores
from .schemes import MAKERS, SCHEMES, Limits, Maker, Scheme
from .verification import PasswordHashes, identify

__all__ = [
    "MAKERS",
    "SCHEMES",
    "HashPool",
    "Limits",
    "Maker",
    "PasswordHashes",
    "Scheme",
    "cores",
    "identify",
]
