"""A headless Chromium, spoken to over a pipe in its DevTools protocol."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Final

__all__ = ["Chromium", "find"]

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "chrome")
_FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
# The browser reads descriptor 3 and writes 4; a shell puts our two pipes there.
_ON_PIPES: Final = ("sh", "-c", 'exec "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1', "sh")


def find() -> str | None:
    """The program, or None if this machine has none."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


class Chromium:
    """One browser with one tab. Every wait is bounded by `seconds`."""

    def __init__(self, program: str, profile: Path, *, seconds: float = 30.0) -> None:
        self._seconds = seconds
        self._process = subprocess.Popen(
            [*_ON_PIPES, program, *_FLAGS, f"--user-data-dir={profile}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._last = 0
        self._unread = b""
        self._events: list[dict[str, Any]] = []
        self._session: str | None = None
        target = self.command("Target.createTarget", url="about:blank")["targetId"]
        attached = self.command("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.command(f"{domain}.enable")

    def __enter__(self) -> Chromium:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._session = None
        try:
            self.command("Browser.close")
            self._process.wait(self._seconds)
        except (OSError, EOFError, TimeoutError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()

    def open(self, url: str, *, width: int, dark: bool = False, height: int = 900) -> None:
        """Load `url` in a window of `width` CSS pixels, and wait until it is there."""
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.command("Emulation.setEmulatedMedia", features=[scheme])
        self._events.clear()
        answer = self.command("Page.navigate", url=url)
        assert "errorText" not in answer, answer
        deadline = time.monotonic() + self._seconds
        while not self.events("Page.loadEventFired"):
            self._events.append(self._receive(deadline))

    def events(self, method: str) -> list[dict[str, Any]]:
        """What the browser reported under this name since the page was opened."""
        return [event["params"] for event in self._events if event.get("method") == method]

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page, which may itself forbid scripts."""
        answer = self.command("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, key: str) -> None:
        """One stroke of a key that has no character, such as Tab."""
        for kind in ("rawKeyDown", "keyUp"):
            code = {"Tab": 9}[key]
            self.command("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code)

    def command(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of one command; what is reported meanwhile is kept as events."""
        self._last += 1
        message: dict[str, Any] = {"id": self._last, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message).encode() + b"\0")
        self._process.stdin.flush()
        deadline = time.monotonic() + self._seconds
        while True:
            received = self._receive(deadline)
            if received.get("id") == self._last:
                assert "error" not in received, (method, received["error"])
                result: dict[str, Any] = received["result"]
                return result
            self._events.append(received)

    def _receive(self, deadline: float) -> dict[str, Any]:
        assert self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        while b"\0" not in self._unread:
            if not select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise TimeoutError("the browser does not answer")
            piece = os.read(pipe, 1 << 16)
            if not piece:
                raise EOFError("the browser has gone")
            self._unread += piece
        text, self._unread = self._unread.split(b"\0", 1)
        message: dict[str, Any] = json.loads(text)
        return message
