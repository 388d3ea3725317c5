"""The metrics of a server's parent process, which answers no calls."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Gauge

from .observation import METRICS

__all__ = ["Reloads"]


class Reloads:
    """Whether the configuration in force is the one that was read last, and since when."""

    def __init__(self) -> None:
        def gauge(name: str) -> Gauge:
            # Each worker inherits it and leaves it at 0, so that the parent's is the largest.
            return Gauge(name, METRICS[name], registry=CollectorRegistry(), multiprocess_mode="max")

        self._good = gauge("sso_bridge_reload_successful")
        self._since = gauge("sso_bridge_configuration_since_seconds")
        self.worked()

    def worked(self) -> None:
        """A configuration was read, and is in force from now on."""
        self._good.set(1)
        self._since.set(time.time())

    def failed(self) -> None:
        """One was read and refused; the one before stays in force."""
        self._good.set(0)
