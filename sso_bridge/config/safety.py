"""Whether settings may be served to a network."""

from __future__ import annotations

import ipaddress
import ssl
from contextlib import suppress
from pathlib import Path

from ..errors import ConfigurationError
from .model import Settings

__all__ = ["is_loopback", "safe_to_serve"]


def safe_to_serve(settings: Settings) -> None:
    """Raises ConfigurationError where users would be served to the network unprotected, or
    the certificate, its key, or what client certificates are verified with cannot be read."""
    server = settings.server
    for key, path in (
        ("tls_certificate", server.tls_certificate),
        ("tls_key", server.tls_key),
        ("tls_client_ca", server.tls_client_ca),
        *(("tls_client_crl", path) for path in server.tls_client_crl or ()),
    ):
        if path is not None:
            _readable(f"server.{key}", path)
    if server.tls_certificate is not None and server.tls_key is not None:
        try:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(server.tls_certificate, server.tls_key, password="")
        except (ssl.SSLError, ValueError):
            raise ConfigurationError(
                "server.tls_certificate and server.tls_key are not a PEM certificate and its "
                "unencrypted private key"
            ) from None
    if server.tls_client_ca is not None:
        _authorities(server.tls_client_ca)
    for path in server.tls_client_crl or ():
        _revoked(path)
    if is_loopback(server.host):
        return
    if server.tls_certificate is None and not server.allow_plain_http:
        raise ConfigurationError(
            f"server.host {server.host!r} is beyond loopback and there is no TLS: set "
            "server.tls_certificate and server.tls_key, or server.allow_plain_http = true "
            "if a proxy in front has it"
        )
    if not settings.callers and not server.allow_anonymous:
        raise ConfigurationError(
            f"server.host {server.host!r} is beyond loopback and anybody may call: add a "
            "[callers.NAME] with user and password_file, or set server.allow_anonymous = true"
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`. Of names only localhost is known to be so."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _authorities(path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with suppress(ssl.SSLError, ValueError):
        context.load_verify_locations(path)
    if not context.get_ca_certs():
        raise ConfigurationError(
            f"server.tls_client_ca: {path} has no PEM certificate of an authority in it"
        )


def _revoked(path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with suppress(ssl.SSLError, ValueError):
        context.load_verify_locations(path)
    if context.cert_store_stats()["crl"] != 1:
        raise ConfigurationError(
            f"server.tls_client_crl: {path} is not one PEM list of revoked certificates; put "
            "several into several files"
        )


def _readable(key: str, path: Path) -> None:
    try:
        with path.open("rb"):
            return
    except OSError as error:
        raise ConfigurationError(f"{key}: cannot read {path}: {error.strerror}") from None
