"""The demo client's own site, in the same server: who is signed in there, and their profile."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import FastAPI, Response

from .client import FIELDS, DemoClient
from .rendering import TOKEN_COOKIE, Known, Pages, Text
from .visitors import Visitor

__all__ = ["add_client_pages"]


def add_client_pages(app: FastAPI, client: DemoClient, pages: Pages) -> None:
    """Add them below /client."""

    def whose(visitor: Visitor) -> str:
        return visitor.shopper.login if visitor.shopper is not None else visitor.client_login

    @app.get("/client")
    def home(visitor: Known) -> Response:
        return pages.page("client.html", visitor, logins=client.logins())

    @app.post("/client/enter")
    def enter(visitor: Known, form: Text, login: Text = "", by: Text = "url") -> Response:
        token = client.token(login) if pages.meant(visitor, form) else None
        if token is None:
            return pages.go("/client", visitor)
        visitor.client_login = login
        if by != "cookie":
            return pages.go(f"/arrive?session={quote(token)}", visitor)
        response = pages.go("/", visitor)
        response.set_cookie(TOKEN_COOKIE, token, httponly=True, samesite="lax")
        return response

    @app.get("/client/profile")
    def profile(visitor: Known) -> Response:
        stored = client.profile(whose(visitor))
        if stored is None:
            return pages.go("/client", visitor)
        return pages.page("profile.html", visitor, stored=stored, fields=FIELDS)

    @app.post("/client/profile")
    def change(
        visitor: Known, form: Text, first_name: Text = "", last_name: Text = "", phone: Text = ""
    ) -> Response:
        if pages.meant(visitor, form):
            given = {"first_name": first_name, "last_name": last_name, "phone": phone}
            client.change(whose(visitor), given)
        return pages.go("/account/return", visitor)

    @app.get("/client/sign-out")
    def sign_out(visitor: Known) -> Response:
        visitor.client_login = ""
        visitor.message = "You are signed out, here and on the client's site."
        response = pages.go("/", visitor)
        response.delete_cookie(TOKEN_COOKIE)
        return response
