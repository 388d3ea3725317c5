"""The page that a person sees at the endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from werkzeug.wrappers import Response

__all__ = ["Page"]


class Page:
    """Describes the service, its operations and its state; no script, nothing from elsewhere."""

    def __init__(self, *, public_url: str) -> None:
        self._public_url = public_url

    def response(self, parts: Mapping[str, str]) -> Response:
        """The page, with the state of each part."""
        rows = "".join(f"<li>{escape(n)}: {escape(s)}</li>" for n, s in parts.items())
        url = escape(self._public_url)
        html = f'<!doctype html><title>SSO bridge</title><a href="?wsdl">{url}</a><ul>{rows}</ul>'
        return Response(html, content_type="text/html; charset=utf-8")
