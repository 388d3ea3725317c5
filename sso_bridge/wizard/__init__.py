"""Looks at a user database and draws up a configuration for it.

Nothing is written into the database, and no cell of it into the configuration or a terminal,
but words that stand in the wizard's own lists, and names of realms and websites."""

from .draft import Ask, Choice, Draft, Question, take_defaults
from .looking import Wanted, draw_up
from .people import Known
from .target import Target, shown_url

__all__ = [
    "Ask",
    "Choice",
    "Draft",
    "Known",
    "Question",
    "Target",
    "Wanted",
    "draw_up",
    "shown_url",
    "take_defaults",
]
