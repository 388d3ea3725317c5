"""How soon the server answers, and a command its help."""

from __future__ import annotations

import argparse
import compileall
import subprocess
import sys
import time

import calls_world as world
from calls_measure import asked_once, heading, print_all, stop
from calls_peers import ROOT, World, bridge
from calls_table import Spread, table

COMMANDS: tuple[list[str], ...] = ([], ["serve"], ["check"], ["erid", "import"])


def start(options: argparse.Namespace, where: World) -> None:
    """From the command to the first answered GetUser, and to the end of `--help`.

    Modules are compiled before, as pip does when it installs: a checkout where Python may not
    write bytecode would compile all of them at each start."""
    compileall.compile_dir(ROOT / "sso_bridge", quiet=1)
    rows = []
    for workers in (1, 2):
        seconds = [_first_answer(where, workers) for _ in range(options.rounds)]
        rows.append([f"`serve` with {workers} worker(s), first GetUser", Spread(seconds).text(2)])
    for words in COMMANDS:
        seconds = [_help(words) for _ in range(options.rounds)]
        rows.append([f"`{' '.join(['sso-bridge', *words, '--help'])}`", Spread(seconds).text(2)])
    print_all(heading(), table(["what", "seconds min / median / max"], rows))


def _first_answer(where: World, workers: int) -> float:
    """Seconds from the command until a client that tries all the time has its answer."""
    server = bridge(where, workers=workers)
    body, wanted = world.get_user(1), world.profile_of(1)
    began = time.monotonic()
    try:
        server.launch()
        while True:
            try:
                status, answer = asked_once(server.port, body)
            except OSError:
                if server.process.poll() is not None or time.monotonic() > began + 30:
                    raise RuntimeError(f"it did not start:\n{server.output()}") from None
                time.sleep(0.002)
                continue
            seconds = time.monotonic() - began
            if status != 200 or world.decoded(answer) != wanted:
                raise ValueError(f"a wrong first answer, status {status}")
            return seconds
    finally:
        stop(server)


def _help(words: list[str]) -> float:
    began = time.monotonic()
    command = [sys.executable, "-m", "sso_bridge", *words, "--help"]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began
