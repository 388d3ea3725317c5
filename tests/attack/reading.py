"""What the bridge understands of a message, without a bridge behind it."""

from __future__ import annotations

from typing import Any, Final

from sso_bridge.soap.codec import Codec
from sso_bridge.soap.envelope import open_envelope
from sso_bridge.soap.parsing import parse
from sso_bridge.soap.translation import FORMS
from sso_bridge.soap.types import MESSAGES

__all__ = ["read"]

_CODEC: Final = Codec(MESSAGES, FORMS)


def read(body: str | bytes, charset: str | None = None) -> Any:
    """The request in `body`, a value of `core.model`. Raises Rejected."""
    data = body.encode() if isinstance(body, str) else body
    opened = open_envelope(parse(data, charset))
    return _CODEC.read(opened.name, opened.element)
