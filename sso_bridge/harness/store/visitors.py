"""Whoever has the store open: one browser each, known by a cookie, kept in memory."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from .calls import Shopper, Shown

__all__ = ["COOKIE", "Visitor", "Visitors"]

COOKIE: Final = "store_visit"
_MOST: Final = 500
_MOST_SHOWN: Final = 12


@dataclass(slots=True)
class Visitor:
    """One browser. `message` is told once, on the next page; `client_login` is who is signed in on
    the client's own site."""

    id: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    form: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    shopper: Shopper | None = None
    basket: list[str] = field(default_factory=list)
    panel: list[Shown] = field(default_factory=list)
    message: str = ""
    tried_token: str = ""
    client_login: str = ""
    ordered: str = ""

    def forget_old(self) -> None:
        """Keep the panel short."""
        del self.panel[:-_MOST_SHOWN]


class Visitors:
    """All of them; the one who came first is forgotten first."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Visitor] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, cookie: str | None) -> Visitor:
        """Whose cookie that is; a new visitor if it is nobody's."""
        with self._lock:
            visitor = self._known.get(cookie or "")
            if visitor is None:
                visitor = Visitor()
                self._known[visitor.id] = visitor
                if len(self._known) > _MOST:
                    self._known.popitem(last=False)
            return visitor

    def renewed(self, visitor: Visitor) -> None:
        """Give a visitor another cookie, since somebody signed in or out."""
        with self._lock:
            self._known.pop(visitor.id, None)
            visitor.id = secrets.token_urlsafe(24)
            self._known[visitor.id] = visitor
