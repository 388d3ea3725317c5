"""`sso-bridge demo`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

__all__ = ["command"]


@click.command("demo")
@click.option("--port", type=click.IntRange(0, 65535), default=None, help="Default: 8080.")
@click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("demo"),
    help="Where demo.toml and users.db are kept. Default: demo.",
)
def command(port: int | None, directory: Path) -> None:
    """Serve a made-up user database on this machine, and say what to try.

    Example: sso-bridge demo --port 8080 --directory demo"""
    from .. import serving

    with serving.shared_counts():
        _serve(port, directory)


def _serve(port: int | None, directory: Path) -> None:
    from .. import demo, serving

    config = demo.prepare(directory)
    given = {"port": port}
    settings = serving.settings_to_serve(config, given)
    address = serving.Address.of(settings)
    url = address.url(settings)
    person = demo.PEOPLE[0]
    lines = [
        f"The endpoint     {url}",
        f"Its WSDL         {url}?wsdl",
        f"A page about it  {address.origin(settings)}/",
        "",
        "Sign a demo user in:",
        "",
        f"  {serving.curl_line(url, person.email, person.password)}",
        "",
        "Or look inside one call:",
        "",
        f"  echo {person.password} | {_program()} try login {person.email} --config {config}",
        "",
        "Users: " + ", ".join(f"{p.email} ({p.shows}; {p.password!r})" for p in demo.PEOPLE),
    ]
    serving.serve(settings, config, address, announce="\n".join(lines), given=given)


def _program() -> str:
    """How this program was called, so that a line with it can be pasted."""
    called = Path(sys.argv[0])
    return str(called) if called.name == "sso-bridge" else f"{sys.executable} -m sso_bridge"
