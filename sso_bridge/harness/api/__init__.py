"""Digital River's side of the Shopper API, for tests and laptops.

Tokens, token information, and shoppers, as documented, over a SQLite file that outlives the
process; with latency and faults where they are asked for. It needs the extra `harness`."""

from .road import Faults
from .serving import Api

__all__ = ["Api", "Faults"]
