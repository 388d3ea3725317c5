"""Requests as text, written by hand: nothing of the package helps to make what it must read."""

from __future__ import annotations

from typing import Final
from xml.sax.saxutils import escape

RUM: Final = "http://integration.digitalriver.com/RemoteUserManagement/1.0"
SOAP11: Final = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12: Final = "http://www.w3.org/2003/05/soap-envelope"

LOGIN: Final = "bo@example.com"
"""A user of the demo, whose password is a bcrypt hash."""
PASSWORD: Final = "correct horse"


def envelope(body: str, namespace: str = SOAP11, header: str = "") -> str:
    return f'<e:Envelope xmlns:e="{namespace}">{header}<e:Body>{body}</e:Body></e:Envelope>'


def message(name: str, children: str) -> str:
    return f'<r:{name} xmlns:r="{RUM}">{children}</r:{name}>'


def login(login: str = LOGIN, password: str = PASSWORD, more: str = "") -> str:
    return message(
        "LoginRequest",
        f"<userKey><loginID>{escape(login)}</loginID></userKey>"
        f"<password>{escape(password)}</password>{more}",
    )


def get_user(login: str = LOGIN, more: str = "") -> str:
    return message("GetUserRequest", f"<userKey><loginID>{escape(login)}</loginID></userKey>{more}")


def validate_session(token: str) -> str:
    return message("ValidateSessionRequest", f"<sessionToken>{escape(token)}</sessionToken>")
