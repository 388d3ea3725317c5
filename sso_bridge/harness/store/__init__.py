"""A small web store that treats an endpoint as a Digital River store does.

It needs the extra `harness`."""

from .application import application
from .calls import Calls
from .client import DemoClient, Elsewhere

__all__ = ["Calls", "DemoClient", "Elsewhere", "application"]
