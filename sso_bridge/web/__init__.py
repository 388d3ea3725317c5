"""The only room that knows HTTP: transport, callers, pages, health, metrics."""

from .application import WebApplication
from .callers import Callers, Credential
from .observation import Observation

__all__ = ["Callers", "Credential", "Observation", "WebApplication"]
