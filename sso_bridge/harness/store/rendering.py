"""Rendering a page, going to another, and whether a form is one of ours."""

from __future__ import annotations

import hmac
from importlib import resources
from typing import Annotated, Any, Final

from fastapi import Depends, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FunctionLoader, select_autoescape

from .client import DemoClient, Site
from .visitors import COOKIE, Visitor, Visitors

__all__ = ["PRODUCTS", "TOKEN_COOKIE", "Known", "Pages", "Text"]

PRODUCTS: Final = {
    "lamp": ("Reading lamp", "49.00"),
    "kettle": ("Copper kettle", "79.00"),
    "atlas": ("World atlas", "120.00"),
}
TOKEN_COOKIE: Final = "client_session"
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "form-action *; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Pages:
    """The pages of one server; `site` is where the client's own are."""

    def __init__(self, site: Site) -> None:
        self._client = site if isinstance(site, DemoClient) else None
        self.visitors = Visitors()

    def page(self, name: str, visitor: Visitor, status: int = 200, **facts: Any) -> Response:
        """The template `name` with `facts`; everything in them is text."""
        visitor.forget_old()
        told, visitor.message = visitor.message, ""
        text = _TEMPLATES.get_template(name).render(
            visitor=visitor,
            shopper=visitor.shopper,
            told=told,
            products=PRODUCTS,
            client=self._client,
            **facts,
        )
        return _with_cookie(HTMLResponse(text, status, headers=_HEADERS), visitor)

    def go(self, where: str, visitor: Visitor) -> Response:
        """A redirect, after a form or to another site."""
        return _with_cookie(RedirectResponse(where, 303, headers=_HEADERS), visitor)

    @staticmethod
    def meant(visitor: Visitor, form: str) -> bool:
        """Whether a form came from one of our pages, and not from somebody else's."""
        return hmac.compare_digest(visitor.form.encode(), form.encode())


def _known(request: Request) -> Visitor:
    pages: Pages = request.app.state.pages
    return pages.visitors.of(request.cookies.get(COOKIE))


Known = Annotated[Visitor, Depends(_known)]
"""The visitor whose browser asks."""
Text = Annotated[str, Form(max_length=1000)]
"""A field of a form."""


def _with_cookie(response: Response, visitor: Visitor) -> Response:
    response.set_cookie(COOKIE, visitor.id, httponly=True, samesite="lax")
    return response


def _source(name: str) -> str:
    return resources.files(__package__).joinpath("pages").joinpath(name).read_text("utf-8")


_TEMPLATES: Final = Environment(
    loader=FunctionLoader(_source),
    autoescape=select_autoescape(default=True),
    trim_blocks=True,
    lstrip_blocks=True,
)
