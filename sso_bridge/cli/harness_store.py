"""Serving the store of `sso-bridge harness store`, and the demo behind it."""

from __future__ import annotations

import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from ..errors import BridgeError, ConfigurationError
from ..harness import read_cast
from ..harness.endpoint import Endpoint, Masks
from ..harness.run import headers_of, masks_of
from ..harness.store import Calls, DemoClient, Elsewhere, application
from ..harness.store.client import Site

__all__ = ["demo_endpoint", "serve_demo_store", "serve_store"]

_PATIENCE_SECONDS = 10.0


@contextmanager
def demo_endpoint(directory: Path) -> Iterator[str]:
    """The URL of a demo that runs for the length of the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sso_bridge", "demo", "--port", "0", "--directory", str(directory)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        words = process.stdout.readline().split()
        if not words:
            raise BridgeError("the demo did not start; see above")
        yield words[-1]
    finally:
        process.terminate()
        process.wait()


def serve_demo_store(url: str, directory: Path, host: str, port: int) -> None:
    """The store in front of the demo."""
    calls = Calls(Endpoint(url, _PATIENCE_SECONDS), "demo", Masks())
    _serve(calls, DemoClient(directory), host, port)


def serve_store(
    url: str,
    users: Path | None,
    verify: ssl.SSLContext | bool,
    pages: Elsewhere,
    host: str,
    port: int,
) -> None:
    """The store in front of any endpoint."""
    if users is None:
        calls = Calls(Endpoint(url, _PATIENCE_SECONDS, verify=verify), None, Masks())
    else:
        cast = read_cast(users)
        endpoint = Endpoint(url, _PATIENCE_SECONDS, headers_of(cast), verify)
        calls = Calls(endpoint, cast.site, masks_of(cast), cast.profile_requests[0])
    _serve(calls, pages, host, port)


def _serve(calls: Calls, site: Site, host: str, port: int) -> None:
    """Until SIGTERM or SIGINT."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        raise ConfigurationError(
            f"cannot listen on {host} port {port}: {error.strerror}; choose another with --port"
        ) from None
    shown = f"[{host}]" if ":" in host else host
    origin = f"http://{shown}:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        application(calls, site, origin), log_level="warning", server_header=False
    )
    # The server raises the signal again when it has stopped, so that what is around this ends.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    print(f"The store  {origin}/", flush=True)
    uvicorn.Server(config).run(sockets=[listener])
