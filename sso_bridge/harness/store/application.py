"""The store, on FastAPI. Its pages need no script."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Cookie, FastAPI, Form, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse

from ..messages import Value
from .calls import Calls, Told
from .client import DemoClient, Site
from .client_pages import add_client_pages
from .rendering import PRODUCTS, TOKEN_COOKIE, Known, Pages, Text
from .visitors import Visitor

__all__ = ["application"]

_ADDRESS: Final = {"line1": "Street", "postalCode": "Postal code", "city": "City"}
_LONGEST_TOKEN: Final = 8192


def application(calls: Calls, site: Site, origin: str) -> FastAPI:
    """The store; `origin` is its own address: scheme, host and port."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    pages = Pages(site)
    app.state.pages = pages

    @app.exception_handler(RequestValidationError)
    def not_understood(asked: Request, error: Exception) -> Response:
        return PlainTextResponse("The form was not understood; go back and try again.\n", 400)

    def arrived(token: str, visitor: Visitor) -> None:
        try:
            visitor.shopper = calls.arrive(token[:_LONGEST_TOKEN], visitor.panel)
            pages.visitors.renewed(visitor)
        except Told:  # as in a real store: the shopper stays signed out, and is told nothing
            visitor.shopper = None

    @app.get("/")
    def front(visitor: Known, client_session: Annotated[str | None, Cookie()] = None) -> Response:
        if visitor.shopper is None and client_session and client_session != visitor.tried_token:
            visitor.tried_token = client_session
            arrived(client_session, visitor)
        return pages.page("front.html", visitor)

    @app.get("/arrive")
    def arrive(visitor: Known, session: str = "") -> Response:
        arrived(session, visitor)
        return pages.go("/", visitor)

    @app.get("/sign-in")
    def sign_in_page(visitor: Known) -> Response:
        return pages.page("sign-in.html", visitor)

    @app.post("/sign-in")
    def sign_in(visitor: Known, form: Text, login: Text = "", password: Text = "") -> Response:
        if not pages.meant(visitor, form):
            return pages.go("/sign-in", visitor)
        try:
            visitor.shopper = calls.sign_in(login, password, visitor.panel)
        except Told as why:
            return pages.page("sign-in.html", visitor, 401, error=str(why), login=login)
        pages.visitors.renewed(visitor)
        return pages.go("/account", visitor)

    @app.post("/basket")
    def add(visitor: Known, form: Text, product: Text = "") -> Response:
        if pages.meant(visitor, form) and product in PRODUCTS and product not in visitor.basket:
            visitor.basket.append(product)
        return pages.go("/checkout", visitor)

    @app.get("/checkout")
    def checkout(visitor: Known) -> Response:
        return pages.page("checkout.html", visitor, address=_ADDRESS, sent={})

    @app.post("/checkout")
    def order(
        visitor: Known,
        form: Text,
        login: Text = "",
        password: Text = "",
        first_name: Text = "",
        last_name: Text = "",
        line1: Text = "",
        postal_code: Annotated[str, Form(max_length=1000, alias="postalCode")] = "",
        city: Text = "",
    ) -> Response:
        if not pages.meant(visitor, form) or not visitor.basket:
            return pages.go("/checkout", visitor)
        if visitor.shopper is None:
            address: dict[str, Value] = {"line1": line1, "postalCode": postal_code, "city": city}
            info: dict[str, Value] = {
                "firstName": first_name,
                "lastName": last_name,
                "shippingAddress": address,
            }
            try:
                visitor.shopper = calls.open_account(login, password, info, visitor.panel)
            except Told as why:
                sent = {**address, "login": login, "first": first_name, "last": last_name}
                return pages.page(
                    "checkout.html", visitor, 400, error=str(why), address=_ADDRESS, sent=sent
                )
            pages.visitors.renewed(visitor)
        visitor.ordered = ", ".join(PRODUCTS[product][0] for product in visitor.basket)
        visitor.basket.clear()
        return pages.go("/thanks", visitor)

    @app.get("/thanks")
    def thanks(visitor: Known) -> Response:
        return pages.page("thanks.html", visitor)

    @app.get("/account")
    def account(visitor: Known) -> Response:
        if visitor.shopper is None:
            return pages.go("/sign-in", visitor)
        edit = site.profile_page(visitor.shopper.erid, f"{origin}/account/return")
        return pages.page("account.html", visitor, edit=edit)

    @app.get("/account/return")
    def returned(visitor: Known) -> Response:
        if visitor.shopper is not None:
            visitor.shopper = calls.refreshed(visitor.shopper, visitor.panel)
        return pages.go("/account", visitor)

    @app.post("/sign-out")
    def sign_out(visitor: Known, form: Text) -> Response:
        if not pages.meant(visitor, form):
            return pages.go("/", visitor)
        visitor.shopper = None
        pages.visitors.renewed(visitor)
        response = pages.go(site.logout_page(f"{origin}/") or "/", visitor)
        response.delete_cookie(TOKEN_COOKIE)
        return response

    if isinstance(site, DemoClient):
        add_client_pages(app, site, pages)
    return app
