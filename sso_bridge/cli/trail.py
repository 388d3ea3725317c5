"""`sso-bridge trail`: is the audit trail complete?"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import ConfigurationError
from .options import settings_at

if TYPE_CHECKING:
    from ..trail import Link, Report

__all__ = ["command"]


@click.group("trail")
def command() -> None:
    """Look at the audit trail.

    Example: sso-bridge trail verify --config bridge.toml"""


@command.command("verify")
@click.argument("files", nargs=-1, type=click.Path(dir_okay=False, exists=True, path_type=Path))
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="The configuration file, which names the trail and its key.",
)
@click.option(
    "--key-file",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    default=None,
    help="Instead of --config: a file that holds the key.",
)
@click.option(
    "--expect",
    "expected",
    multiple=True,
    metavar="N:CHAIN",
    help="A record's number and chain that were written down elsewhere; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def verify(
    files: tuple[Path, ...],
    config: Path | None,
    key_file: Path | None,
    expected: tuple[str, ...],
    as_json: bool,
) -> None:
    """Say whether every record is there as it was written, and else which is the first that is
    not. Exit 1 then, and if the trail itself says that some were lost.

    FILES are oldest first; without them, all that are beside the configured one.

    Example: sso-bridge trail verify --config bridge.toml"""
    from ..trail import Chain, parts_of
    from ..trail import verify as judge
    from ..wiring import trail_chain

    live = None
    if config is not None:
        settings, _ = settings_at(config)
        chain, live = trail_chain(settings), settings.trail.file
    else:
        key = None if key_file is None else key_file.read_bytes().rstrip(b"\r\n")
        chain = Chain(key)
    paths = list(files) or ([] if live is None else parts_of(live))
    if not paths:
        raise ConfigurationError("there is no trail: name its files, or --config with a trail.file")
    if live is not None and live.absolute() != paths[-1].absolute():
        live = None
    report = judge(paths, chain, anchors=map(_link, expected), live=live)
    _tell(report, as_json)
    if not report.complete:
        sys.exit(1)


def _link(text: str) -> Link:
    from ..trail import Link

    if re.fullmatch(r"\d{1,18}:[0-9a-f]{64}", text) is None:
        raise click.UsageError("--expect is a number, a colon and 64 hex digits")
    number, _, chain = text.partition(":")
    return Link(int(number), chain)


def _tell(report: Report, as_json: bool) -> None:
    if as_json:
        told = {
            "complete": report.complete,
            "broken": report.broken,
            "records": report.records,
            "begins_after": report.begins_after,
            "last": report.last.number,
            "chain": report.last.chain,
            "lost": report.lost,
            "torn": report.torn,
        }
        print(json.dumps(told))
        return
    if report.begins_after:
        print(f"begins after record {report.begins_after}, which is in a file that was not given")
    if report.torn:
        print(
            f"{report.torn} times a writer was killed in the middle of a line; nothing is missing"
        )
    if report.lost:
        print(f"{report.lost} records were lost while the trail could not be written")
    if report.broken is not None:
        print(f"broken: {report.broken}; {report.records} records before that are as they were")
    elif not report.lost:
        print(f"complete: {report.records} records, the last is {report.last.number}")
    print(f"where it stands: {report.last.number}:{report.last.chain}")
