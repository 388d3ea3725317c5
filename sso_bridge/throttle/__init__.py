"""How often what may be tried: counted in memory, or in a Redis that several nodes share.

`shared` is not imported here: it needs the driver of Redis, which not everybody installs."""

from .memory import Memory
from .rules import Rate, Store, Tried, Waits
from .throttle import Rates, Throttle

__all__ = ["Memory", "Rate", "Rates", "Store", "Throttle", "Tried", "Waits"]
