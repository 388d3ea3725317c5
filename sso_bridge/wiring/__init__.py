"""The composition root: settings in, the whole bridge out."""

from .application import application
from .declared import database_url, mapping
from .parts import Parts, assemble

__all__ = ["Parts", "application", "assemble", "database_url", "mapping"]
