"""What happens to the Redis that wrong passwords and rates are counted in. No call may feel it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from redis import Redis as Client

from tests.faults.scenario import Fault
from tests.faults.stage import Stage
from tests.services import Redis

__all__ = ["REDIS_FAULTS"]

KEY: Final = "0123456789abcdef0123456789abcdef"


class RedisFault(Fault):
    """Something that happens to a Redis that every call asks."""

    is_felt = False

    def arrange(self, stage: Stage) -> None:
        redis = Redis(private=True)
        stage.after.callback(redis.stop)
        stage.facts["redis"] = redis
        stage.more["throttle"] = {
            "storage": "redis",
            "url": redis.new_database(),
            "key": KEY,
            "logins": {"free": 1000},
            "all": {"calls_per_second": 100_000},
        }

    @staticmethod
    def redis(stage: Stage) -> Redis:
        """The server."""
        server: Redis = stage.facts["redis"]
        return server


class RedisDown(RedisFault):
    from_start = True
    name = "Redis down at start"
    what = "it is not running when the bridge starts, and is started later"

    def rise(self, stage: Stage) -> None:
        self.redis(stage).kill()
        stage.bridge.start()

    def begin(self, stage: Stage) -> None:
        """It is broken from the start."""

    def end(self, stage: Stage) -> None:
        self.redis(stage).start()


class RedisKilled(RedisFault):
    name = "Redis killed"
    what = "SIGKILL; started again, empty"

    def begin(self, stage: Stage) -> None:
        self.redis(stage).kill()

    def end(self, stage: Stage) -> None:
        self.redis(stage).start()


class RedisRestarted(RedisKilled):
    name = "Redis restarted"
    what = "SIGKILL, and at once started again, empty"
    hold = 0.0


class RedisHangs(RedisFault):
    name = "Redis hangs"
    what = "SIGSTOP: it takes connections and says nothing"

    def begin(self, stage: Stage) -> None:
        stage.facts["hanging"] = self.redis(stage).hanging()
        stage.facts["hanging"].__enter__()

    def end(self, stage: Stage) -> None:
        stage.facts["hanging"].__exit__(None, None, None)


class RedisFull(RedisFault):
    name = "Redis full"
    what = "maxmemory is used up, and its policy is noeviction"

    def begin(self, stage: Stage) -> None:
        self._limit(stage, 1)

    def end(self, stage: Stage) -> None:
        self._limit(stage, 0)

    def _limit(self, stage: Stage, most: int) -> None:
        with Client.from_url(self.redis(stage).url) as client:
            client.config_set("maxmemory-policy", "noeviction")
            client.config_set("maxmemory", most)


REDIS_FAULTS: Final[Sequence[type[Fault]]] = (
    RedisDown,
    RedisKilled,
    RedisRestarted,
    RedisHangs,
    RedisFull,
)
