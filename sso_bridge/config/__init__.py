"""The one settings model: it feeds validation, config/example.toml and the documentation."""

from .load import load
from .model import Settings

__all__ = ["Settings", "load"]
