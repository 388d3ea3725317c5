"""GetUser with Spyne as it comes: its own types, protocols, validator and WSGI application.

Its children are qualified, since that is what its schema asks of callers and how it writes."""

from __future__ import annotations

import os
import sqlite3
import threading
from importlib import import_module
from typing import Any

from calls_world import ADDRESS, COLUMNS, PROFILE, RUM, SITE, WIRE

# The types of the contract; importing them also makes Spyne importable on every Python.
types: Any = import_module("sso_bridge.soap.types")

_LOCAL = threading.local()
_FIND = f"SELECT {', '.join(COLUMNS)} FROM users WHERE "


def _row(column: str, sought: str) -> dict[str, str] | None:
    """The user whose `column` has this value."""
    connection: sqlite3.Connection | None = getattr(_LOCAL, "connection", None)
    if connection is None:
        file = os.environ["BENCHMARK_USERS"]
        connection = _LOCAL.connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    row = connection.execute(f"{_FIND}{column} = ?", (sought,)).fetchone()
    return None if row is None else dict(zip(COLUMNS, row, strict=True))


def _address(row: dict[str, str], kind: str) -> Any:
    return types.AddressInfo(
        **{WIRE.get(field, field): row[f"{kind}_{field}"] for field in ADDRESS}
    )


def answer(request: Any) -> Any:
    """The profile of whom the key names."""
    key = request.userKey
    row = (
        _row("login", key.loginID)
        if key.externalReferenceID is None
        else _row("erid", key.externalReferenceID)
    )
    if row is None:
        return types.GetUserResponse(errorMessage="User not found")
    info = types.UserInfo(
        userKey=types.UserKey(
            userID=row["erid"],
            externalReferenceID=row["erid"],
            loginID=row["login"],
            siteID=SITE,
        ),
        **{WIRE.get(field, field): row[field] for field in PROFILE},
        shippingAddress=_address(row, "shipping"),
        billingAddress=_address(row, "billing"),
    )
    return types.GetUserResponse(userInfo=info, errorMessage="")


def build() -> Any:
    """The application, with one call of the contract."""
    from spyne import Application, ServiceBase, rpc
    from spyne.protocol.soap import Soap11
    from spyne.server.wsgi import WsgiApplication

    class RemoteUserManagement(ServiceBase):
        @rpc(
            types.GetUserRequest,
            _returns=types.GetUserResponse,
            _body_style="bare",
            _in_message_name="GetUserRequest",
            _out_message_name="GetUserResponse",
        )  # type: ignore[untyped-decorator]
        def GetUser(ctx: Any, request: Any) -> Any:
            return answer(request)

    protocols = {"in_protocol": Soap11(validator="lxml"), "out_protocol": Soap11()}
    return WsgiApplication(Application([RemoteUserManagement], tns=RUM, **protocols))


app = build()
