"""The calls, on FastAPI, which describes them at `/openapi.json` too."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Set
from typing import Annotated, Any, Final, Literal

from fastapi import Depends, FastAPI, Form, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from fastapi.security import (
    HTTPAuthorizationCredentials,
    HTTPBasic,
    HTTPBasicCredentials,
    HTTPBearer,
)
from starlette.exceptions import HTTPException

from .road import Quota
from .store import Conflict, Grant, Store
from .wire import ApiError, Errors, Granted, Information, Payload, Shown

__all__ = ["application"]

_CODES: Final = {
    400: "validation-error",
    401: "invalid_token",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    413: "payload-too-large",
}
_ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": Errors} for status in (400, 401, 403, 404, 409, 429, 500)
}
Basic = Annotated[HTTPBasicCredentials | None, Depends(HTTPBasic(auto_error=False))]
Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))]
Text = Annotated[str | None, Form(min_length=1, max_length=255)]


def application(store: Store, clients: Mapping[str, str], quota: Quota) -> FastAPI:
    """The application. `clients` are the API keys with their secrets."""
    app = FastAPI(
        title="Shopper API",
        version="1",
        description="Digital River's side of the Shopper API, played for tests.",
        docs_url=None,
        redoc_url=None,
    )
    _refusals(app)
    _tokens(app, store, clients, quota)
    _shoppers(app, store, clients, quota)
    return app


def _tokens(app: FastAPI, store: Store, clients: Mapping[str, str], quota: Quota) -> None:
    @app.post("/oauth20/token", responses=_ERRORS)
    async def token(
        basic: Basic,
        grant_type: Annotated[Literal["client_credentials", "password", "refresh_token"], Form()],
        dr_external_reference_id: Text = None,
        dr_session_token: Text = None,
        refresh_token: Text = None,
        username: Text = None,
        password: Text = None,
    ) -> Granted:
        """A token: on behalf of a customer, anonymous, or in place of an earlier one."""
        key = _client(basic, clients)
        quota.take(key)
        if grant_type == "refresh_token":
            made = store.refreshed(key, refresh_token or "")
            if made is None:
                raise ApiError(401, "invalid_token", "The refresh token is not valid.")
            return _granted(store, made)
        shopper = None
        if grant_type == "client_credentials" and dr_external_reference_id is not None:
            shopper = store.by_erid(dr_external_reference_id)
            if shopper is None:
                raise ApiError(
                    400,
                    "validation-error",
                    "No customer has this external reference ID.",
                    subcode="unknown-external-reference-id",
                )
        elif grant_type == "password" and username is not None:
            shopper = store.by_password(username, password or "")
            if shopper is None:
                raise ApiError(400, "password-failure", "The credentials are wrong.")
        return _granted(store, store.grant(key, shopper, dr_session_token))

    @app.get("/oauth20/access-tokens", responses=_ERRORS)
    async def information_by_query(
        token: Annotated[str, Query(min_length=1, max_length=255)],
    ) -> Information:
        """What the token in the query is."""
        return _information(store, _good(store, token, quota))

    @app.get("/oauth20/access-token", responses=_ERRORS)
    async def information(bearer: Bearer) -> Information:
        """What the token in the header is."""
        return _information(store, _sent(store, bearer, quota))


def _shoppers(app: FastAPI, store: Store, clients: Mapping[str, str], quota: Quota) -> None:
    @app.post("/v1/shoppers", status_code=201, responses=_ERRORS)
    async def create(
        request: Request,
        response: Response,
        payload: Payload,
        bearer: Bearer,
        apiKey: Annotated[str | None, Query(max_length=255)] = None,
    ) -> Shown:
        """Make a customer. Without password it has to have an externalReferenceId."""
        if bearer is None and apiKey is not None:
            if apiKey not in clients:
                raise ApiError(401, "invalid_client", "There is no such API key.")
            quota.take(apiKey)
        else:
            _sent(store, bearer, quota)
        shopper = payload.shopper
        password = shopper.clear_password()
        if password is None and shopper.externalReferenceId is None:
            raise ApiError(400, "validation-error", "externalReferenceId is required.")
        if password is not None and shopper.username is None:
            raise ApiError(400, "validation-error", "username is required.")
        try:
            made = store.create(shopper.sent(), password)
        except Conflict as conflict:
            raise _conflict(conflict) from None
        address = f"{request.base_url}v1/shoppers/me"
        response.headers["Location"] = address
        return _shown(store.shopper(made), address)

    @app.get("/v1/shoppers/me", responses=_ERRORS, response_model_exclude_unset=True)
    async def show(
        request: Request,
        bearer: Bearer,
        expand: Annotated[str, Query(max_length=255)] = "",
        fields: Annotated[str, Query(max_length=255)] = "",
    ) -> Shown:
        """The customer whom the token is on behalf of."""
        grant = _sent(store, bearer, quota)
        address = str(request.url.replace(query=""))
        if grant.shopper is None:
            return _shown({"id": grant.session}, address)
        return _shown(store.shopper(grant.shopper), address, _names(expand), _names(fields))

    @app.post("/v1/shoppers/me", status_code=204, responses=_ERRORS)
    async def update(
        payload: Payload,
        bearer: Bearer,
        applyEmailToSubscriptions: bool = False,
        currency: Annotated[str | None, Query(pattern=r"^[A-Z]{3}$")] = None,
        locale: Annotated[str | None, Query(pattern=r"^[a-z]{2}_[A-Z]{2}$")] = None,
    ) -> None:
        """Change fields of the customer whom the token is on behalf of."""
        grant = _sent(store, bearer, quota)
        if grant.shopper is None:
            raise ApiError(403, "forbidden", "A full-access token is required.")
        values = payload.shopper.sent()
        values |= {k: v for k, v in (("currency", currency), ("locale", locale)) if v is not None}
        try:
            store.update(grant.shopper, values)
        except Conflict as conflict:
            raise _conflict(conflict) from None


def _refusals(app: FastAPI) -> None:
    """Every refusal, the framework's own too, has the documented shape; and is described so."""

    @app.exception_handler(ApiError)
    async def refused(request: Request, error: ApiError) -> JSONResponse:
        address = str(request.url.replace(query=""))
        return JSONResponse(error.content(address), error.status, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        places = {".".join(str(part) for part in one["loc"]) for one in error.errors()}
        told = ApiError(400, _CODES[400], f"Not valid: {', '.join(sorted(places))}.")
        return await refused(request, told)

    @app.exception_handler(HTTPException)
    async def otherwise(request: Request, error: HTTPException) -> JSONResponse:
        code = _CODES.get(error.status_code, "error")
        headers = dict(error.headers or {})
        told = ApiError(error.status_code, code, str(error.detail), headers=headers)
        return await refused(request, told)

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(
                title=app.title, version=app.version, routes=app.routes,
                description=app.description,
            )  # fmt: skip
            for path in schema["paths"].values():
                for operation in path.values():
                    operation["responses"].pop("422", None)
            for name in ("HTTPValidationError", "ValidationError"):
                schema["components"]["schemas"].pop(name, None)
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]


def _client(basic: HTTPBasicCredentials | None, clients: Mapping[str, str]) -> str:
    """The API key that was sent with its secret."""
    secret = None if basic is None else clients.get(basic.username)
    if basic is None or secret is None or not _same(secret, basic.password):
        raise ApiError(401, "invalid_client", "The API key or its secret is wrong.")
    return basic.username


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _sent(store: Store, bearer: HTTPAuthorizationCredentials | None, quota: Quota) -> Grant:
    return _good(store, "" if bearer is None else bearer.credentials, quota)


def _good(store: Store, access: str, quota: Quota) -> Grant:
    """The token that was sent, which counts as a call of its API key."""
    grant = store.granted(access)
    if grant is None:
        raise ApiError(401, "invalid_token", "Invalid token for the Shopper Session.")
    quota.take(grant.api_key)
    return grant


def _granted(store: Store, grant: Grant) -> Granted:
    left = store.left(grant)
    return Granted(
        access_token=grant.access,
        token_type="bearer",
        expires_in=left if grant.shopper is None else str(left),
        refresh_token=grant.refresh,
    )


def _information(store: Store, grant: Grant) -> Information:
    known = {} if grant.shopper is None else store.shopper(grant.shopper)
    return Information(
        sessionId=grant.session,
        userId=None if grant.shopper is None else str(grant.shopper),
        externalReferenceId=known.get("externalReferenceId"),
        authenticated="false" if grant.shopper is None else "true",
        locale=known.get("locale") or "en_US",
        currency=known.get("currency") or "USD",
        domain="localhost",
        expiresIn=store.left(grant),
    )


def _names(listed: str) -> set[str]:
    return {name.strip().lower() for name in listed.split(",")} - {""}


def _shown(
    values: Mapping[str, Any],
    address: str,
    expand: Set[str] = frozenset(),
    fields: Set[str] = frozenset(),
) -> Shown:
    """A shopper as it is answered: with the ERID only if `expand` has it, and with no more than
    `fields`, if that names any."""
    shown = {"uri": address, **values}
    if not expand & {"externalreferenceid", "all"}:
        shown.pop("externalReferenceId", None)
    if fields:
        shown = {name: value for name, value in shown.items() if name.lower() in fields}
    return Shown.model_validate({"shopper": shown})


def _conflict(conflict: Conflict) -> ApiError:
    if conflict.field == "externalReferenceId":
        code, text = "external-reference-ID-conflict", "Another customer has this ID."
    else:
        code, text = "shopper-already-exists", f"A shopper with this {conflict.field} exists."
    return ApiError(409, code, text)
