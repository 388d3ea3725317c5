"""What a call passes once it is understood and before it is worked on, and again on its way out."""

from __future__ import annotations

from ..errors import Rejected
from .call import Call
from .directory import Directory
from .model import CreateUser, GetUser, Login, ValidateSession

__all__ = ["Gate", "NotAllowed", "Request"]

Request = Login | GetUser | ValidateSession | CreateUser


class NotAllowed(Rejected):
    """The caller may not ask this, or not of this site."""

    text = "The caller may not do this"


class Gate:
    """Lets calls in whose caller may ask what they ask."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def enter(self, call: Call, request: Request) -> None:
        """Let `call` in and note its site; raises NotAllowed, UnknownSite."""
        call.site = self._directory.asked(request.key).id
        if not call.caller.may(call.operation, call.site):
            raise NotAllowed(f"caller {call.caller.name!r}, {call.operation}, site {call.site!r}")
