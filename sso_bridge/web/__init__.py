"""The only room that knows HTTP: transport, callers, pages, health, metrics."""

from .application import WebApplication
from .callers import Callers, Conditions
from .counts import take_room
from .gauges import Measure, Reading
from .leaving import Leaving
from .observation import Observation
from .reloads import Reloads

__all__ = [
    "Callers",
    "Conditions",
    "Leaving",
    "Measure",
    "Observation",
    "Reading",
    "Reloads",
    "WebApplication",
    "take_room",
]
