"""A name in braces before a hash of another format: `{CRYPT}$6$…`, `{bcrypt}$2a$…`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from .contract import Limits, Scheme, StoredHash, UnusableHash

__all__ = ["Braces"]

_WHOLE = re.compile(r"\{([A-Za-z0-9@_-]{1,40})\}(.*)")


class Braces:
    """`known` says which schemes may stand after which name, in lower case."""

    def __init__(self, known: Mapping[str, Sequence[Scheme]]) -> None:
        self._known = known

    def read(self, stored: str, limits: Limits) -> StoredHash | None:
        """See `Scheme`."""
        whole = _WHOLE.fullmatch(stored)
        name = whole[1].lower() if whole else ""
        if whole is None or name not in self._known:
            return None
        for scheme in self._known[name]:
            found = scheme.read(whole[2], limits)
            if found is not None:
                return found
        raise UnusableHash(f"braces-{name.partition('@')[0]}")
