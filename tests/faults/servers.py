"""What happens to servers of any kind."""

from __future__ import annotations

import shutil

from tests.database.shelf import Road
from tests.faults.scenario import Fault
from tests.faults.stage import Stage

__all__ = ["CertificateExpired", "DownAtStart", "Hangs", "Killed", "Restarted", "Slow"]


class DownAtStart(Fault):
    from_start = True
    name = "down at start"
    what = "it is not running when the bridge starts, and is started later"

    def rise(self, stage: Stage) -> None:
        stage.server.shut_down()
        stage.bridge.start()

    def begin(self, stage: Stage) -> None:
        """It is broken from the start."""

    def end(self, stage: Stage) -> None:
        stage.server.start()


class Killed(Fault):
    name = "killed"
    what = "SIGKILL to all of its processes; started again"

    def begin(self, stage: Stage) -> None:
        stage.server.kill()

    def end(self, stage: Stage) -> None:
        stage.server.start()


class Restarted(Fault):
    name = "restarted"
    what = "an orderly, quick restart, which may be over before anybody asks"
    is_felt: bool | None = None
    hold = 0.0

    def begin(self, stage: Stage) -> None:
        stage.server.shut_down()

    def end(self, stage: Stage) -> None:
        stage.server.start()


class Slow(Fault):
    name = "slow"
    what = "every answer comes 5 s late"
    hold = 5.0

    def arrange(self, stage: Stage) -> None:
        road = Road(stage.server)
        stage.after.callback(road.close)
        stage.facts["road"] = road
        stage.seen[stage.role] = self.by_road(road, stage)

    def by_road(self, road: Road, stage: Stage) -> str:
        """The URL by which the bridge takes the road."""
        return road.url_of(stage.url(stage.role))

    def begin(self, stage: Stage) -> None:
        stage.facts["road"].delay = 5.0

    def end(self, stage: Stage) -> None:
        stage.facts["road"].delay = 0.0


class Hangs(Fault):
    name = "hangs"
    what = "SIGSTOP to all of its processes: it takes connections and says nothing"
    hold = 5.0

    def begin(self, stage: Stage) -> None:
        stage.facts["hanging"] = stage.server.hanging()
        stage.facts["hanging"].__enter__()

    def end(self, stage: Stage) -> None:
        stage.facts["hanging"].__exit__(None, None, None)


class CertificateExpired(Fault):
    """Who inherits tells the bridge in `arrange` to come by TLS."""

    name = "certificate expired"
    what = "it is restarted with a TLS certificate that has expired; then with a good one"
    wants_tls = True

    def arrange(self, stage: Stage) -> None:
        self._put(stage, "good", "server")

    def begin(self, stage: Stage) -> None:
        self._restart(stage, "expired")

    def end(self, stage: Stage) -> None:
        self._restart(stage, "good")

    def _restart(self, stage: Stage, certificate: str) -> None:
        self._put(stage, "server", certificate)
        stage.server.shut_down()
        stage.server.take_certificates()
        stage.server.start()

    @staticmethod
    def _put(stage: Stage, target: str, source: str) -> None:
        folder = stage.server.tls
        assert folder is not None
        for end in (".pem", "-key.pem"):
            shutil.copy(folder / f"{source}{end}", folder / f"{target}{end}")
