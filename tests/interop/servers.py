"""The servers that the clients call: the one of `make run`, and one with two workers and load."""

from __future__ import annotations

import http.client
import re
import signal
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from unittest import mock
from urllib.parse import urlsplit

from sso_bridge import demo
from sso_bridge.passwords import MAKERS
from sso_bridge.passwords.schemes.bcrypt import BcryptMaker
from sso_bridge.soap.contract import PATH
from sso_bridge.soap.namespaces import RUM
from tests.running import RunningServer, edited, running_server

__all__ = ["GET_USER", "Load", "made_run", "two_workers"]

ROOT: Final = Path(__file__).parents[2]
START_SECONDS: Final = 30.0
GET_USER: Final = (
    f'<r:GetUserRequest xmlns:r="{RUM}"><userKey><loginID>demo@example.com</loginID></userKey>'
    "</r:GetUserRequest>"
).encode()


@contextmanager
def made_run(folder: Path) -> Iterator[str]:
    """The address of a server that the command of `make run` starts, in a folder of its own."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (recipe,) = re.findall(r"^run:.*\n\t(.+)$", makefile, re.M)
    variables = {"BIN": str(Path(sys.executable).parent), "PORT": "0"}
    line = re.sub(r"\$\((\w+)\)", lambda match: variables[match[1]], recipe)
    output = folder / "output"
    with output.open("w", encoding="utf-8") as printed:
        process = subprocess.Popen(
            ["sh", "-c", f"exec {line}"], cwd=folder, stdout=printed, stderr=subprocess.STDOUT
        )
    try:
        yield _address(process, output)
        process.send_signal(signal.SIGTERM)
        assert process.wait(START_SECONDS) == 0, output.read_text(encoding="utf-8")
    finally:
        process.kill()
        process.wait()


def _address(process: subprocess.Popen[bytes], output: Path) -> str:
    """The first address that ends as the endpoint's does, in what it prints."""
    ends = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < ends:
        text = output.read_text(encoding="utf-8")
        if found := re.search(rf"(http://\S+{PATH})\n", text):
            return found[1]
        time.sleep(0.05)
    raise AssertionError(f"it said no address:\n{output.read_text(encoding='utf-8')}")


@contextmanager
def two_workers(folder: Path) -> Iterator[RunningServer]:
    """The demo with two workers, open to the caller of docs/clients.md only. Its passwords cost
    little, so that the load is what the clients share the machine with."""
    with mock.patch.dict(MAKERS, {"argon2id": lambda: BcryptMaker(cost=4)}):
        config = demo.prepare(folder)
    (folder / "store.secret").write_text("secret\n", encoding="utf-8")
    caller = '[callers.store]\nuser = "store"\npassword_file = "store.secret"\n\n[log]'
    server = "[server]\nworkers = 2\ncall_seconds = 30"
    config = edited(config, ("[server]", server), ("[log]", caller))
    with running_server(config) as running:
        yield running


class Load:
    """Callers that ask for a profile again and again, until the end of the `with` block."""

    def __init__(self, url: str, *, threads: int = 3) -> None:
        self.answered = 0
        self.wrong: list[str] = []
        self._place = urlsplit(url)
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(threads)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        who = b64encode(b"store:secret").decode()
        headers = {"Content-Type": "text/xml", "Authorization": f"Basic {who}"}
        connection = http.client.HTTPConnection(self._place.netloc, timeout=START_SECONDS)
        while not self._over.wait(0.005):
            try:
                connection.request("POST", self._place.path, GET_USER, headers)
                answer = connection.getresponse()
                body = answer.read()
            except (OSError, http.client.HTTPException) as error:
                self.wrong.append(repr(error))
                return
            if answer.status != http.HTTPStatus.OK or b">Dana<" not in body:
                self.wrong.append(f"{answer.status}: {body[:300]!r}")
            self.answered += 1
        connection.close()
