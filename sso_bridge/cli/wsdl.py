"""`sso-bridge wsdl`."""

from __future__ import annotations

import sys

import click

__all__ = ["command"]


@click.command("wsdl")
@click.option(
    "--public-url",
    default="http://127.0.0.1:8080/RemoteUserManagement",
    help="The address to put into it.",
)
def command(public_url: str) -> None:
    """Print the contract.

    Example: sso-bridge wsdl --public-url https://sso.example.com/RemoteUserManagement"""
    from ..soap.contract import wsdl

    try:
        document = wsdl(public_url)
    except ValueError:
        raise click.UsageError("--public-url has a character that XML cannot hold") from None
    sys.stdout.buffer.write(document + b"\n")
