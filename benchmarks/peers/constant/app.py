"""The same bytes to whoever asks: what HTTP itself costs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from calls_world import user
from peers.handwritten.app import ANSWER

_ROW = user(1, "")
_CELLS = (_ROW[1], *_ROW[1:3], *_ROW[5:])
_BODY = (ANSWER % tuple(escape(str(cell)) for cell in _CELLS)).encode()
_HEADERS = [("Content-Type", "text/xml; charset=utf-8"), ("Content-Length", str(len(_BODY)))]


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Read the call, answer the constant."""
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", _HEADERS)
    return [_BODY]
