"""`sso-bridge harness api`: Digital River's side of the Shopper API."""

from __future__ import annotations

import socket
from pathlib import Path

import click

from ..errors import ConfigurationError

__all__ = ["api"]

_SHARE = click.FloatRange(0.0, 1.0)


@click.command("api")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8090, show_default=True, help="The port; 0 takes a free one.")
@click.option(
    "--data",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("shopper-api.db"),
    show_default=True,
    help="The SQLite file with shoppers and tokens.",
)
@click.option(
    "--client",
    "clients",
    multiple=True,
    default=["demo:demo-secret"],
    show_default=True,
    help="KEY:SECRET of an API key that is known; may be repeated.",
)
@click.option("--rate", type=click.IntRange(1), help="Calls a second that each key may make.")
@click.option(
    "--token-seconds",
    type=click.FloatRange(1.0),
    default=3600.0,
    show_default=True,
    help="How long an access token is good.",
)
@click.option(
    "--latency",
    type=click.FloatRange(0.0, 60.0),
    default=0.0,
    show_default=True,
    help="Seconds that a call takes on the average.",
)
@click.option("--errors", type=_SHARE, default=0.0, help="Share of calls that get a 500.")
@click.option("--drops", type=_SHARE, default=0.0, help="Share whose connection is dropped.")
@click.option("--quotas", type=_SHARE, default=0.0, help="Share refused for their number.")
@click.option("--seed", type=int, default=None, help="Makes what goes wrong repeatable.")
def api(
    host: str,
    port: int,
    data: Path,
    clients: tuple[str, ...],
    rate: int | None,
    token_seconds: float,
    latency: float,
    errors: float,
    drops: float,
    quotas: float,
    seed: int | None,
) -> None:
    """Serve Digital River's side of the Shopper API, for tests and laptops.

    Half of the errors and drops come before the work, half after it was done. Its description
    is at /openapi.json.

    Example: sso-bridge harness api --rate 100 --errors 0.01 --drops 0.01"""
    try:
        from ..harness.api import Api, Faults
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"harness api needs {error.name}: pip install 'sso-bridge[harness]'"
        ) from None
    if errors + drops + quotas > 1.0:
        raise click.UsageError("--errors, --drops and --quotas are more than 1 together")
    listener = _listener(host, port)
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{listener.getsockname()[1]}"
    served = Api(
        data,
        dict(_pair(client) for client in clients),
        rate=rate,
        lifetime=token_seconds,
        faults=Faults(latency=latency, errors=errors, drops=drops, quotas=quotas, seed=seed),
    )
    served.serve(listener, lambda: print(f"the Shopper API is at {address}", flush=True))


def _pair(client: str) -> tuple[str, str]:
    key, _, secret = client.partition(":")
    if not key or not secret:
        raise click.BadParameter("write it as KEY:SECRET", param_hint="--client")
    return key, secret


def _listener(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=512)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigurationError(
            f"cannot listen on {host} port {port}: {reason}; choose another with --port"
        ) from None
