"""A browser, and the demo served to it on the loopback interface."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from sso_bridge import wiring
from sso_bridge.config import load
from tests.running import demo_in

from .chromium import Chromium, find


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None: ...


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    program = find()
    if program is None:
        why = "no Chromium on this machine; install it with: apt-get install chromium"
        if os.environ.get("SSO_BRIDGE_REQUIRE_SERVICES") == "1":
            pytest.fail(why)
        pytest.skip(why)
    with Chromium(program, tmp_path_factory.mktemp("chromium")) as chromium:
        yield chromium


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the demo keeps its files."""
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="session")
def origin(directory: Path) -> Iterator[str]:
    """Scheme, host and port at which the demo is served, under a long public name."""
    settings, _ = load(demo_in(directory))
    url = "https://" + f"{'accounts' * 7}." * 3 + "example.com/RemoteUserManagement"
    application = wiring.application(settings, directory, url=url)
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()
