"""What several commands share: the option `--config`, and the settings behind it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sized
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeVar

import click

from ..errors import BridgeError

if TYPE_CHECKING:
    from ..config import Settings

__all__ = ["config_option", "progress", "settings_at", "typed_password", "written"]
__all__ = ["config_option", "progress", "settings_at", "targets", "written"]

T = TypeVar("T")

config_option = click.option(
    "--config",
    "config",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The configuration file.",
)


def settings_at(config: Path) -> tuple[Settings, Path]:
    """The settings in `config` and its folder; warnings go to standard error."""
    from ..config import load

    settings, warnings = load(config)
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
    return settings, config.absolute().parent


def typed_password() -> str:
    """A password that is prompted for or, where nobody can type, the first line of standard
    input."""
    if sys.stdin.isatty():
        typed: str = click.prompt("Password", hide_input=True, err=True)
        return typed
    return sys.stdin.readline().rstrip("\r\n")


@contextmanager
def written(target: Path) -> Iterator[IO[str]]:
    """A file for its owner only, that is there once it is complete; until then, what was there
    before. Raises BridgeError if it cannot be written."""
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    if target.exists() and not target.is_file():  # a device or a pipe is written to
        with target.open("w", encoding="utf-8", newline="") as file:
            yield file
        return
    try:
        mode = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with open(os.open(part, mode, 0o600), "w", encoding="utf-8", newline="") as file:
            yield file
        part.replace(target)
    except OSError as error:
        raise BridgeError(f"cannot write {target}: {error.strerror}") from None
    finally:
        part.unlink(missing_ok=True)


def progress(items: Iterable[T], total: int | None, what: str) -> Iterator[T]:
    """`items`, with a bar on standard error if that is a terminal. A batch counts as its length;
    `total` is None where it is not known."""
    if not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=total)
        for item in items:
            yield item
            bar.advance(task, len(item) if isinstance(item, Sized) and total is not None else 1)


def targets(
    formats: str, output: Path | None, endings: Mapping[str, str]
) -> list[tuple[str, Path | None]]:
    """Each of the `formats`, which have commas between them, with its file; None is standard
    output. `endings` are those of the files; with one format `output` is the file itself."""
    kinds = list(dict.fromkeys(kind.strip() for kind in formats.split(",")))
    for kind in kinds:
        if kind not in endings:
            raise click.BadParameter(
                f"{kind!r} is none of {', '.join(endings)}", param_hint="--format"
            )
    if output is None:
        if len(kinds) > 1:
            raise click.UsageError("several formats need --output, the name of their files")
        return [(kinds[0], None)]
    if not output.parent.is_dir() or output.is_dir():
        raise click.BadParameter(f"{output} cannot be a file", param_hint="--output")
    if len(kinds) == 1:
        return [(kinds[0], output)]
    return [(kind, output.with_name(f"{output.name}.{endings[kind]}")) for kind in kinds]
