"""Where the time of a GetUser goes: the bridge in this process, in one thread, sampled."""

from __future__ import annotations

import argparse
import importlib
import io
import os
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from types import FrameType
from typing import Any

import calls_world as world
from calls_measure import heading, print_all
from calls_peers import ROOT, World
from calls_table import Spread, table

Application = Callable[[dict[str, Any], Callable[..., Any]], Any]
PACKAGE = "sso_bridge"
SHOWN = 24
"""Modules in the table; what is left is one line."""


def parts(options: argparse.Namespace, where: World) -> None:
    """Microseconds of a GetUser in each module, with what it calls outside of the package; beside
    the hand-written function in the same process."""
    numbers = world.asked(2000, where.users)
    calls = [(world.get_user(n), world.erid(n).encode()) for n in numbers]
    bridge, handwritten = _bridge(where), _handwritten(where)
    for application in (bridge, handwritten):
        _run(application, calls * 3)
    took: dict[str, list[float]] = {"the bridge": [], "handwritten": []}
    ratios = []
    for _ in range(options.rounds):
        pair = [_run(application, calls) for application in (bridge, handwritten)]
        for values, value in zip(took.values(), pair, strict=True):
            values.append(value)
        ratios.append(pair[0] / pair[1])
    with _sampled() as found:
        for _ in range(options.rounds):
            _run(bridge, calls)
    whole = statistics.median(took["the bridge"])
    rows = [
        [f"`{name}`", f"{count / found.total() * whole:.1f}", f"{count / found.total():.0%}"]
        for name, count in found.most_common(SHOWN)
    ]
    share = sum(count for _, count in found.most_common()[SHOWN:]) / found.total()
    rows.append(["all others", f"{share * whole:.1f}", f"{share:.0%}"])
    print_all(
        heading(),
        table(
            ["in one process, one thread", "CPU µs/call min / median / max"],
            [[name, Spread(values).text()] for name, values in took.items()],
        ),
        f"The ratio of both, round by round: {Spread(ratios).text(2)}",
        table(["module, and the libraries that it calls", "µs", "share"], rows),
    )


def _bridge(where: World) -> Application:
    """The whole application, as a worker has it; its log lines go to a file that is gone."""
    folder = tempfile.mkdtemp(prefix="sso-bridge-parts-")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
    sys.path.insert(0, str(ROOT))
    load: Any = importlib.import_module("sso_bridge.config.load")
    wiring: Any = importlib.import_module("sso_bridge.wiring")
    settings, _ = load.load(where.config)
    lines = (Path(folder) / "log").open("w", encoding="utf-8")
    with redirect_stderr(lines):
        made: Application = wiring.application(
            settings, where.folder, url="http://127.0.0.1/", metrics_directory=folder
        )
    return made


def _handwritten(where: World) -> Application:
    os.environ["BENCHMARK_USERS"] = str(where.database)
    module: Any = importlib.import_module("peers.handwritten.app")
    made: Application = module.app
    return made


def _run(application: Application, calls: list[tuple[bytes, bytes]]) -> float:
    """Microseconds of the processor for each call. Raises ValueError for a wrong answer."""
    began = time.process_time()
    for body, wanted in calls:
        (answer,) = application(_environ(body), _ignore)
        if wanted not in answer:
            raise ValueError(f"a wrong answer: {answer!r}")
    return (time.process_time() - began) / len(calls) * 1e6


def _environ(body: bytes) -> dict[str, Any]:
    """What the HTTP server would hand over."""
    head, _, _ = world.http(body).partition(b"\r\n\r\n")
    fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": world.PATH,
        "QUERY_STRING": "",
        "CONTENT_TYPE": fields["Content-Type"],
        "CONTENT_LENGTH": fields["Content-Length"],
        "HTTP_AUTHORIZATION": fields["Authorization"],
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
    }


def _ignore(status: str, headers: list[tuple[str, str]]) -> None:
    """Start no response."""


@contextmanager
def _sampled() -> Iterator[Counter[str]]:
    """Which module of the package the processor is in, a thousand times a second: the innermost
    one, whatever library it called. What is outside of all is this benchmark's own."""
    found: Counter[str] = Counter()

    def look(number: int, frame: FrameType | None) -> None:
        while frame is not None:
            _, _, module = frame.f_code.co_filename.partition(f"/{PACKAGE}/")
            if module and "site-packages" not in module:
                found[module] += 1
                return
            frame = frame.f_back

    signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, 0.001, 0.001)
    try:
        yield found
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
