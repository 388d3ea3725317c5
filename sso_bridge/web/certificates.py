"""What a client certificate is called, read from what a proxy passes on.

The proxy has verified it. Names are compared whole: a subject by its parts in their order, the
others by kind and text."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import unquote

from cryptography import x509

__all__ = ["FORMS", "Certificate", "name"]

_LONGEST: Final = 32_768
_MORE_NAMES: Final = {
    "emailAddress": x509.NameOID.EMAIL_ADDRESS,
    "serialNumber": x509.NameOID.SERIAL_NUMBER,
    "SN": x509.NameOID.SURNAME,
    "GN": x509.NameOID.GIVEN_NAME,
    "title": x509.NameOID.TITLE,
    "organizationIdentifier": x509.NameOID.ORGANIZATION_IDENTIFIER,
}
"""As OpenSSL writes them; RFC 4514 has those of its table only."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """The names of one, and when it is valid: seconds since 1970."""

    names: frozenset[Hashable]
    begins: float = float("-inf")
    ends: float = float("inf")


def name(text: str) -> Hashable:
    """One name as it is configured: DNS:…, URI:…, email:…, or a subject.

    Raises ValueError if it is none of these."""
    kind, colon, value = text.partition(":")
    if colon and kind in ("DNS", "URI", "email"):
        if not value:
            raise ValueError("there is nothing after the colon")
        return kind, value.lower() if kind == "DNS" else value
    return _subject(text)


def _subject(text: str) -> x509.Name:
    if text.startswith("/"):
        raise ValueError(
            "a subject with slashes is ambiguous; it is written with commas, as in RFC 4514"
        )
    subject = x509.Name.from_rfc4514_string(text, _MORE_NAMES)
    if not list(subject):
        raise ValueError("it is empty")
    return subject


def _from_pem(said: str) -> Certificate:
    """URL-encoded PEM, as nginx's $ssl_client_escaped_cert. Of two headers, which arrive as one, a
    proxy has added one to the client's in place of replacing it."""
    pem = unquote(said)
    if pem.count("-----BEGIN") != 1:
        raise ValueError
    return _named(x509.load_pem_x509_certificate(pem.encode("ascii")))


def _from_der(said: str) -> Certificate:
    """Base64, between colons as in RFC 9440 or without, as HAProxy's ssl_c_der,base64."""
    inner = re.fullmatch(r"(:?)([A-Za-z0-9+/=]+)\1", said)
    if inner is None:
        raise ValueError
    return _named(x509.load_der_x509_certificate(b64decode(inner[2], validate=True)))


def _from_subject(said: str) -> Certificate:
    return Certificate(frozenset({_subject(said)}))


def _named(certificate: x509.Certificate) -> Certificate:
    names: set[Hashable] = {certificate.subject} if list(certificate.subject) else set()
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        pass
    else:
        others = extension.value
        names.update(("DNS", one.lower()) for one in others.get_values_for_type(x509.DNSName))
        uris = others.get_values_for_type(x509.UniformResourceIdentifier)
        names.update(("URI", one) for one in uris)
        names.update(("email", one) for one in others.get_values_for_type(x509.RFC822Name))
    return Certificate(
        frozenset(names),
        certificate.not_valid_before_utc.timestamp(),
        certificate.not_valid_after_utc.timestamp(),
    )


def _read(form: Callable[[str], Certificate], said: str) -> Certificate | None:
    """The certificate in a header; None if it cannot be read as one."""
    if len(said) > _LONGEST:
        return None
    try:
        return form(said)
    except Exception:  # there is no end of what a parser of certificates may raise
        return None


FORMS: Final[Mapping[str, Callable[[str], Certificate | None]]] = {
    "pem": partial(_read, _from_pem),
    "der": partial(_read, _from_der),
    "subject": partial(_read, _from_subject),
}
"""How a header is read, by `proxies.certificate_form`."""
