"""A source in Python: found by its name, called, and looked at before it is trusted."""

from __future__ import annotations

import importlib

from ..config.source import PythonSource
from ..core.ports import UserSource
from ..errors import ConfigurationError

__all__ = ["made_by_factory"]

_METHODS = ("find", "create", "password_hashes", "check")


def made_by_factory(name: str, declared: PythonSource) -> UserSource:
    """What the factory of the source `name` makes; raises ConfigurationError if there is no such
    factory, it fails, or what it makes is no source."""
    place = f"sources.{name}.factory"
    module_name, _, attribute = declared.factory.partition(":")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        raise ConfigurationError(
            f"{place}: the module {module_name!r} cannot be imported ({type(error).__name__}); "
            "install it where sso-bridge is installed, or name its folder in PYTHONPATH"
        ) from error
    factory = getattr(module, attribute, None)
    if not callable(factory):
        raise ConfigurationError(
            f"{place}: {module_name!r} has no {attribute!r} that can be called"
        )
    try:
        made = factory(name=name, options=declared.options)
    except ConfigurationError as error:
        raise ConfigurationError(f"{place}: {error.details}") from None
    except Exception as error:
        raise ConfigurationError(
            f"{place}: failed with {type(error).__name__}; it is called with name and options"
        ) from error
    wanted = (*_METHODS, "replace_hash") if declared.passwords.rehash else _METHODS
    missing = [method for method in wanted if not callable(getattr(made, method, None))]
    if missing:
        raise ConfigurationError(f"{place}: what it makes has no {', '.join(missing)}")
    source: UserSource = made
    return source
