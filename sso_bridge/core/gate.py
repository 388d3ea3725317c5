"""What a call passes once it is understood and before it is worked on, and again on its way out."""

from __future__ import annotations

from .bridge import Bridge
from .call import Call, NotAllowed
from .model import CreateUser, GetUser, Login, ValidateSession

__all__ = ["Gate", "Request"]

Request = Login | GetUser | ValidateSession | CreateUser


class Gate:
    """Lets calls in whose caller may ask what they ask."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    def enter(self, call: Call, request: Request) -> None:
        """Let `call` in and note its site; raises NotAllowed, UnknownSite."""
        if not call.caller.may(call.operation):
            raise NotAllowed(f"caller {call.caller.name!r} may not ask {call.operation}")
        call.site = self._bridge.of(call.caller).asked(request).id
