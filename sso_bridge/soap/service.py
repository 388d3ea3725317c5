"""The Spyne service: one method for each request, and each is one question to the bridge."""

from __future__ import annotations

from typing import Any

from spyne import ServiceBase, rpc

from ..core.bridge import Bridge
from ..core.model import Refusal
from . import translation
from . import types as wire

__all__ = ["service"]


def service(bridge: Bridge) -> type[ServiceBase]:
    """A service class over `bridge`. The `udc` of each call's context is a `server.Call`."""

    class RemoteUserManagement(ServiceBase):
        """Digital River's remote user management."""

        @_operation(wire.LoginRequest, wire.LoginResponse)
        def Login(ctx: Any, request: Any) -> Any:
            answer = bridge.login(translation.login(request), ctx.udc.deadline)
            return translation.outcome(wire.LoginResponse, _noted(ctx, answer))

        @_operation(wire.GetUserRequest, wire.GetUserResponse)
        def GetUser(ctx: Any, request: Any) -> Any:
            answer = bridge.get_user(translation.get_user(request), ctx.udc.deadline)
            return translation.profile_answer(wire.GetUserResponse, _noted(ctx, answer))

        @_operation(wire.GetUserProfileRequest, wire.GetUserProfileResponse)
        def GetUserProfile(ctx: Any, request: Any) -> Any:
            answer = bridge.get_user(translation.get_user(request), ctx.udc.deadline)
            return translation.profile_answer(wire.GetUserProfileResponse, _noted(ctx, answer))

        @_operation(wire.ValidateSessionRequest, wire.ValidateSessionResponse)
        def ValidateSession(ctx: Any, request: Any) -> Any:
            answer = bridge.validate_session(
                translation.validate_session(request), ctx.udc.deadline
            )
            return translation.outcome(wire.ValidateSessionResponse, _noted(ctx, answer))

        @_operation(wire.CreateUserProfileRequest, wire.CreateUserProfileResponse)
        def CreateUserProfile(ctx: Any, request: Any) -> Any:
            answer = bridge.create_user(translation.create_user(request), ctx.udc.deadline)
            return translation.outcome(wire.CreateUserProfileResponse, _noted(ctx, answer))

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


def _noted(ctx: Any, answer: Any) -> Any:
    """`answer`, its outcome noted for the log and the metrics."""
    ctx.udc.outcome = answer.kind if isinstance(answer, Refusal) else "accepted"
    return answer
