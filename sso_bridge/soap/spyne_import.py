"""What must happen before the first `import spyne`: make it importable, keep it quiet.

Spyne 2.14.0 carries a copy of six 1.14, whose import hook lacks `find_spec`: Python 3.12
no longer looks at such a hook, and `spyne.util.six.moves.*` cannot be found. On 3.11 the
hook works and warns at every import of the process. The maintained six has all that the
copy has but one function, so with that added it stands in for the copy.

Not needed here, and not mended: `spyne.protocol.soap` and `spyne.server.wsgi` also import
`cgi`, which left the standard library in 3.13 (the distribution `legacy-cgi` restores it)."""

from __future__ import annotations

import importlib
import logging
import sys
from operator import attrgetter
from types import ModuleType
from typing import Final

__all__ = ["mute_loggers", "prepare"]

_COPY: Final = "spyne.util.six"

# Each `six.moves` module that some part of Spyne 2.14.0 imports from.
_MOVED: Final = (
    "collections_abc",
    "http_cookies",
    "urllib",
    "urllib.error",
    "urllib.parse",
    "urllib.request",
)


def prepare() -> None:
    """Let `import spyne` work on every supported Python, and stop it from logging.

    Does not import Spyne itself. May be called any number of times, also after Spyne
    was imported elsewhere. Raises ModuleNotFoundError where `six` is not installed."""
    if _COPY not in sys.modules:
        sys.modules[_COPY] = _stand_in()
    for name in ("six.moves", *(f"six.moves.{moved}" for moved in _MOVED)):
        alias = _COPY + name.removeprefix("six")
        sys.modules[alias] = importlib.import_module(name)
    mute_loggers()


def _stand_in() -> ModuleType:
    """The maintained six under the copy's name, with the one function Spyne added to it."""
    module = ModuleType(_COPY)
    module.__dict__.update(vars(importlib.import_module("six")))
    module.__dict__.update(__name__=_COPY, get_function_name=attrgetter("__name__"))
    return module


def mute_loggers() -> None:
    """Let no logger of Spyne print anything, however the process sets up logging.

    Spyne logs whole requests, the values it cannot convert and the text of exceptions,
    the latter three at ERROR or above: passwords and names in clear. Nothing it says is
    worth that, since the transport reports each failure in words of its own.

    The level holds back the loggers that inherit it, present and future. One that was
    given a level of its own (Spyne's manual advises that for debugging) still finds no
    handler: records stop at this logger, whose only handler drops them."""
    spyne = logging.getLogger("spyne")
    spyne.setLevel(logging.CRITICAL + 1)
    spyne.propagate = False
    spyne.handlers[:] = [logging.NullHandler()]
