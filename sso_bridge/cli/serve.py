"""`sso-bridge serve`."""

from __future__ import annotations

from pathlib import Path

import click

from .options import config_option

__all__ = ["command"]


@click.command("serve")
@config_option
@click.option("--host", default=None, help="In place of server.host.")
@click.option("--port", type=click.IntRange(0, 65535), default=None, help="Likewise.")
@click.option("--workers", type=click.IntRange(1, 256), default=None, help="Likewise.")
def command(config: Path, host: str | None, port: int | None, workers: int | None) -> None:
    """Serve the endpoint until SIGTERM; calls in flight are answered first.

    Example: sso-bridge serve --config bridge.toml --workers 2"""
    from .. import serving

    given = {"host": host, "port": port, "workers": workers}
    settings = serving.settings_to_serve(config, given)
    address = serving.Address.of(settings)
    announce = f"serving {address.url(settings)} with {settings.server.workers} worker(s)"
    serving.serve(settings, config, address, announce=announce, given=given)
