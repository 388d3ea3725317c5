"""What happens to the Redis of the throttle: nobody is kept out by it, and an alarm tells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from redis import Redis as Client

from tests.database.shelf import Road
from tests.faults.scenario import Fault
from tests.faults.servers import (
    CertificateExpired,
    DownAtStart,
    Hangs,
    Killed,
    Restarted,
    Slow,
)
from tests.faults.stage import Stage

__all__ = ["REDIS_FAULTS"]

DOWN: Final = "throttle_storage_down"


class OfRedis(Fault):
    """Something that happens to Redis."""

    is_felt = False
    tells = DOWN

    def arrange(self, stage: Stage) -> None:
        stage.seen["throttle"] = stage.server.url

    @staticmethod
    @contextmanager
    def administrator(stage: Stage) -> Iterator[Client]:
        """A connection that may do anything."""
        with Client.from_url(stage.server.url) as client:
            yield client


class RedisDownAtStart(OfRedis, DownAtStart):
    """See `DownAtStart`."""


class RedisKilled(OfRedis, Killed):
    """See `Killed`."""


class RedisRestarted(OfRedis, Restarted):
    """See `Restarted`."""

    is_felt = False
    tells = ""


class RedisSlow(OfRedis, Slow):
    """See `Slow`."""

    def arrange(self, stage: Stage) -> None:
        Slow.arrange(self, stage)

    def by_road(self, road: Road, stage: Stage) -> str:
        return f"redis://127.0.0.1:{road.port}/0"


class RedisHangs(OfRedis, Hangs):
    """See `Hangs`."""


class RedisFull(OfRedis):
    name = "full"
    what = "it has used all the memory that it may, and throws nothing away"

    def begin(self, stage: Stage) -> None:
        with self.administrator(stage) as administrator:
            administrator.config_set("maxmemory", 1)

    def end(self, stage: Stage) -> None:
        with self.administrator(stage) as administrator:
            administrator.config_set("maxmemory", 0)


class RedisConnectionLimit(OfRedis):
    name = "connection limit"
    what = "others hold all connections that it allows, and it has ended the bridge's"

    def begin(self, stage: Stage) -> None:
        other = Client.from_url(stage.server.url)
        stage.after.callback(other.close)
        stage.facts["other"] = other
        other.config_set("maxclients", 1)
        other.client_kill_filter(_type="normal", skipme=True)

    def end(self, stage: Stage) -> None:
        stage.facts["other"].config_set("maxclients", 10_000)


class RedisReadOnly(OfRedis):
    name = "read-only"
    what = "it has become a copy of another, and takes no writes"

    def begin(self, stage: Stage) -> None:
        with self.administrator(stage) as administrator:
            administrator.replicaof("127.0.0.1", "1")

    def end(self, stage: Stage) -> None:
        with self.administrator(stage) as administrator:
            administrator.replicaof("NO", "ONE")


class RedisCertificateExpired(OfRedis, CertificateExpired):
    """See `CertificateExpired`."""

    def arrange(self, stage: Stage) -> None:
        CertificateExpired.arrange(self, stage)
        query = f"ssl_ca_certs={stage.server.tls}/ca.pem"
        stage.seen["throttle"] = f"rediss://localhost:{stage.server.port}/0?{query}"


REDIS_FAULTS: Final[Sequence[type[OfRedis]]] = (
    RedisDownAtStart,
    RedisKilled,
    RedisRestarted,
    RedisSlow,
    RedisHangs,
    RedisFull,
    RedisConnectionLimit,
    RedisReadOnly,
    RedisCertificateExpired,
)
"""Each happens to the throttle's storage."""
