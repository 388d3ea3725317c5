"""Cost against the number of users, and throughput against offered load, drawn.

    python benchmarks/calls_drawn.py --output drawings

Measures both, writes `cost.txt` and `throughput.txt` there, prints them, and draws `cost.png`
and `throughput.png` if matplotlib is installed."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import import_module, util
from pathlib import Path
from typing import Any

import calls_bridge
import calls_load as load
import calls_world as world
from calls_growth import ASKED, on_engine
from calls_measure import CONNECTIONS, check, heading, interleaved, running
from calls_peers import PEERS, World
from calls_table import table

BAR = 40


@dataclass(frozen=True)
class Line:
    """One line of a drawing."""

    name: str
    across: Sequence[float]
    up: Sequence[float]


@dataclass(frozen=True)
class Drawing:
    """Lines and what their axes mean."""

    name: str
    across: str
    up: str
    lines: Sequence[Line]
    powers: bool = False
    """Whether the axis across goes in powers of ten."""


def cost(options: argparse.Namespace, folder: Path) -> Drawing:
    """Microseconds of the processors for a GetUser of the bridge, for each number of users."""
    lines = []
    for engine in options.engines:
        with on_engine(engine, options.sizes, folder) as grown:
            for one in grown:
                load.run(one.server.port, one.script, 4 * ASKED, CONNECTIONS)
            servers = {one.name: (one.server, one.script) for one in grown}
            found = interleaved(servers, options.rounds, options.calls)
            up = [found[one.name][0].median for one in grown]
        lines.append(Line(engine, options.sizes, up))
    return Drawing("cost", "users", "CPU, µs/call", lines, powers=True)


def throughput(options: argparse.Namespace, where: World) -> Drawing:
    """Right answers a second, for each number of calls that is offered."""
    peers = [peer for peer in PEERS if peer.name in options.peers]
    numbers = world.asked(ASKED, where.users)
    lines = []
    with running(peers, where) as servers:
        for peer in (peer for peer in peers if peer.name in servers):
            port = servers[peer.name].port
            check(peer, servers[peer.name], numbers[:20])
            calls = [(peer.call(n, "erid"), world.erid(n)) for n in numbers]
            script = world.script(where.folder / f"{peer.name}.json", calls)
            load.run(port, script, 4 * ASKED, CONNECTIONS)
            up = [_answered(port, script, rate, options.seconds) for rate in options.rates]
            lines.append(Line(peer.name, options.rates, up))
    return Drawing("throughput", "calls/s offered", "calls/s answered", lines)


def _answered(port: int, script: Path, rate: float, seconds: float) -> float:
    """Right answers a second, until the last of the calls that were offered is answered."""
    pace = ["--rate", str(rate), "--seconds", str(seconds), "--connections", "256"]
    offered = load.offered(load.start("open", port, script, *pace))
    first = offered.results[0][0]
    last = max(due + took for due, took, *_ in offered.results)
    return offered.right / (last - first)


def text(drawing: Drawing) -> list[str]:
    """The drawing as a table with bars."""
    most = max(value for line in drawing.lines for value in line.up) or 1
    rows = [
        [line.name, f"{across:,.0f}", f"{up:,.0f}", "█" * max(1, round(up / most * BAR))]
        for line in drawing.lines
        for across, up in zip(line.across, line.up, strict=True)
    ]
    return table(["", drawing.across, drawing.up, ""], rows)


def draw(drawing: Drawing, file: Path) -> None:
    """The drawing as a picture."""
    matplotlib: Any = import_module("matplotlib")
    matplotlib.use("agg")
    pyplot: Any = import_module("matplotlib.pyplot")
    figure, axes = pyplot.subplots(figsize=(8, 5))
    for line in drawing.lines:
        axes.plot(line.across, line.up, marker="o", label=line.name)
    if drawing.powers:
        axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set_xlabel(drawing.across)
    axes.set_ylabel(drawing.up)
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(file, dpi=120, bbox_inches="tight")
    pyplot.close(figure)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--output", type=Path, default=Path("drawings"))
    parser.add_argument("--folder", type=Path, help="keep users and ledgers there, and use them")
    parser.add_argument("--only", choices=("cost", "throughput"))
    sizes = [1000, 10_000, 100_000, 1_000_000, 10_000_000]
    parser.add_argument("--sizes", nargs="+", type=int, default=sizes, help="users, for the cost")
    parser.add_argument("--engines", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--users", type=int, default=100_000, help="for the throughput")
    names = [peer.name for peer in PEERS if peer.correct]
    parser.add_argument("--peers", nargs="+", choices=names, default=names)
    rates = [250, 500, 1000, 2000, 3000, 4000, 6000, 8000]
    parser.add_argument("--rates", nargs="+", type=int, default=rates, help="calls/s offered")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--calls", type=int, default=4000)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each offered rate")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    drawings: list[Drawing] = []
    with ExitStack() as stack:
        temporary = stack.enter_context(tempfile.TemporaryDirectory(prefix="sso-bridge-calls-"))
        folder = options.folder or Path(temporary)
        if options.only != "throughput":
            drawings.append(cost(options, folder))
        if options.only != "cost":
            drawings.append(throughput(options, calls_bridge.built(folder, options.users)))
    print(heading())
    for drawing in drawings:
        lines = "\n".join(text(drawing))
        print(f"\n{lines}")
        file = options.output / drawing.name
        file.with_suffix(".txt").write_text(f"{heading()}\n\n{lines}\n", encoding="utf-8")
        if util.find_spec("matplotlib"):
            draw(drawing, file.with_suffix(".png"))
    if not util.find_spec("matplotlib"):
        print("no pictures: pip install matplotlib", file=sys.stderr)


if __name__ == "__main__":
    main()
