"""Run by test_start.py with a configuration, a login and its password: `serve` with one worker
that answers this login. It tells as JSON which modules were loaded before and after the worker
began, and what the worker's collector looks at."""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sso_bridge import serving
from sso_bridge.soap.contract import PATH
from sso_bridge.soap.namespaces import RUM


class OneWorker:
    """Stands in for the HTTP server: forks once, as it does, and asks the application itself."""

    def serve(self, *, target_loader: Callable[..., Any], wrap_loader: bool) -> None:
        early = set(sys.modules)
        child = os.fork()
        if child == 0:
            try:
                self._work(target_loader, early)
            finally:
                os._exit(1)
        _, status = os.waitpid(child, 0)
        if status:
            sys.exit(os.waitstatus_to_exitcode(status))

    def _work(self, target_loader: Callable[..., Any], early: set[str]) -> None:
        application = target_loader(-1, ())
        status = _login(application)
        told = {
            "status": status,
            "early": sorted(early),
            "late": sorted(set(sys.modules) - early),
            "collects": gc.isenabled(),
            "frozen": gc.get_freeze_count(),
            "own": len(gc.get_objects()),
        }
        print(json.dumps(told), flush=True)
        os._exit(0)


def _login(application: Any) -> int:
    from werkzeug.test import Client

    _, _, email, password = sys.argv
    body = (
        f'<r:LoginRequest xmlns:r="{RUM}"><userKey><loginID>{email}</loginID></userKey>'
        f"<password>{password}</password></r:LoginRequest>"
    )
    answer = Client(application).post(PATH, data=body, content_type="text/xml")
    assert b"<successful>true</successful>" in answer.data, answer.data
    return answer.status_code


def main() -> None:
    config = Path(sys.argv[1])
    settings = serving.settings_to_serve(config, {"port": 0})
    vars(serving)["_server"] = lambda service: OneWorker()
    serving.serve(settings, config, serving.Address.of(settings), announce="")


if __name__ == "__main__":
    main()
