"""The Spyne service: one method for each request, and each is one question to the bridge."""

from __future__ import annotations

from typing import Any

from spyne import ServiceBase, rpc

from ..core import model
from ..core.bridge import Bridge
from . import types as wire

__all__ = ["service"]


def service(bridge: Bridge) -> type[ServiceBase]:
    """A service class over `bridge`. Its methods take a `core.call.Call` and the request as the
    domain has it, and return the domain's answer."""

    class RemoteUserManagement(ServiceBase):
        """Digital River's remote user management."""

        @_operation(wire.LoginRequest, wire.LoginResponse)
        def Login(call: Any, request: model.Login) -> Any:
            return bridge.of(call.caller).login(request, call.deadline)

        @_operation(wire.GetUserRequest, wire.GetUserResponse)
        def GetUser(call: Any, request: model.GetUser) -> Any:
            return bridge.of(call.caller).get_user(request, call.deadline)

        @_operation(wire.GetUserProfileRequest, wire.GetUserProfileResponse)
        def GetUserProfile(call: Any, request: model.GetUser) -> Any:
            return bridge.of(call.caller).get_user(request, call.deadline)

        @_operation(wire.ValidateSessionRequest, wire.ValidateSessionResponse)
        def ValidateSession(call: Any, request: model.ValidateSession) -> Any:
            return bridge.of(call.caller).validate_session(request, call.deadline)

        @_operation(wire.CreateUserProfileRequest, wire.CreateUserProfileResponse)
        def CreateUserProfile(call: Any, request: model.CreateUser) -> Any:
            return bridge.of(call.caller).create_user(request, call.deadline)

    return RemoteUserManagement


def _operation(request: Any, response: Any) -> Any:
    """Spyne's decorator for one message in and one out, each the whole body."""
    return rpc(
        request,
        _returns=response,
        _body_style="bare",
        _in_message_name=request.get_type_name(),
        _out_message_name=response.get_type_name(),
    )
