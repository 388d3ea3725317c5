"""Password hashes: verify those of any known format, make new ones, a bounded number at once."""

from .needs import Costly, needs
from .pool import HashPool, cores
from .schemes import (
    MAKERS,
    SCHEMES,
    WEAK,
    BesideSalt,
    Declared,
    Firebase,
    Layout,
    Limits,
    Maker,
    Scheme,
    known_schemes,
)
from .schemes.formula import Formula, FormulaError, NotComputable, parse_formula
from .verification import PasswordHashes, cost_of, identify

__all__ = [
    "MAKERS",
    "SCHEMES",
    "WEAK",
    "BesideSalt",
    "Costly",
    "Declared",
    "Firebase",
    "Formula",
    "FormulaError",
    "HashPool",
    "Layout",
    "Limits",
    "Maker",
    "NotComputable",
    "PasswordHashes",
    "Scheme",
    "cores",
    "cost_of",
    "identify",
    "known_schemes",
    "needs",
    "parse_formula",
]
