"""The only room that knows HTTP: transport, callers, pages, health, metrics."""

from .application import WebApplication
from .callers import Callers, Credential
from .leaving import Leaving
from .observation import Observation
from .reloads import Reloads

__all__ = ["Callers", "Credential", "Leaving", "Observation", "Reloads", "WebApplication"]
