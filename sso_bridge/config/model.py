"""Every setting, with its default and what it means.

The descriptions are the documentation: `sso-bridge check` quotes them, and
`config/example.toml` and docs/configuration.md are printed from them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, PositiveInt, SecretStr, model_validator

from ..errors import ConfigurationError
from .base import Section
from .sessions import JwtSession, TableSession
from .source import Source

__all__ = ["Caller", "Hashing", "Ledger", "Log", "Server", "Settings", "Site", "Wording", "safe_to_serve"]

Port = Annotated[int, Field(ge=0, le=65535)]


class Server(Section):
    """Where and how the endpoint is served."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: Port = Field(8080, description="Port to listen on; 0 takes a free one.")
    public_url: str | None = Field(
        None,
        description="The endpoint's address as Digital River sees it, for the WSDL. "
        "By default the address it listens on.",
    )
    workers: PositiveInt = Field(1, description="Worker processes; one for each core is usual.")
    threads: PositiveInt = Field(
        32, description="Calls that one worker has in hand at a time, logins that wait included."
    )
    tls_certificate: Path | None = Field(None, description="PEM file: certificate and chain.")
    tls_key: Path | None = Field(None, description="PEM file: the certificate's private key.")
    max_body_bytes: PositiveInt = Field(
        262_144, description="A request longer than this is refused before it is read."
    )
    body_seconds: PositiveFloat = Field(
        10.0, description="How long a client may take to send a request."
    )
    call_seconds: PositiveFloat = Field(
        5.0, description="How long a call may take from its last byte to its answer."
    )
    stop_seconds: PositiveFloat = Field(
        15.0, description="How long calls in flight are waited for when the server stops."
    )
    allow_plain_http: bool = Field(
        False, description="Serve beyond loopback without TLS, because a proxy in front has it."
    )
    allow_anonymous: bool = Field(
        False, description="Serve beyond loopback without [callers]: anybody may ask."
    )

    @model_validator(mode="after")
    def _pair(self) -> Server:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key go together; give both or none")
        return self


class Log(Section):
    """What is written to standard error, one line a call."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least severity that is written."
    )
    format: Literal["json", "console"] = Field("json", description="For machines, or for people.")
    pseudonym_key: SecretStr | None = Field(
        None,
        description="Key of the hashes that stand for people in the log. By default a random one, "
        "so that lines about one person match within one run only.",
    )


class Hashing(Section):
    """The pool that passwords are verified in, for each worker process."""

    workers: PositiveInt | None = Field(
        None, description="Hashes computed at a time; by default one for each core."
    )
    waiting: Annotated[int, Field(ge=0)] = Field(
        16, description="Logins that may wait for that; more are refused at once."
    )


class Caller(Section):
    """Somebody who may call, by HTTP Basic."""

    user: str = Field(description="The Basic user name.")
    password: SecretStr | None = Field(None, description="The password itself.")
    password_hash: SecretStr | None = Field(
        None, description="Or a hash of it, of any known format."
    )

    @model_validator(mode="after")
    def _one(self) -> Caller:
        if (self.password is None) == (self.password_hash is None):
            raise ValueError("give one of password and password_hash (or …_env, …_file)")
        if ":" in self.user or not self.user:
            raise ValueError("user is empty or has a colon, which HTTP Basic cannot carry")
        return self


class Ledger(Section):
    """Where it is kept which person has which ERID."""

    url: SecretStr = Field(
        SecretStr("sqlite:///erids.db"),
        description="Database URL. A relative SQLite file is beside the configuration.",
    )
    pool_size: PositiveInt = Field(8, description="Connections of one worker at most.")


class Wording(Section):
    """How a refusal is worded."""

    code: str = Field("5", description="errorCode.")
    text: str = Field(description="errorMessage.")


class Refusals(Section):
    """The code and text of each refusal; by default the published ones."""

    invalid_login: Wording = Wording(text="Invalid login")
    user_not_active: Wording = Wording(text="User not active")
    user_not_found: Wording = Wording(text="User not found")
    invalid_user_key: Wording = Wording(text="Invalid user key")
    invalid_session: Wording = Wording(text="Invalid session")
    login_taken: Wording = Wording(text="Email already used")
    creation_refused: Wording = Wording(text="Account cannot be created")


class Site(Section):
    """One Digital River site. Its name in the file is its siteID."""

    source: str = Field(description="The [sources] entry with this site's users.")
    sessions: tuple[str, ...] = Field(
        (), description="The [sessions] entries whose tokens are accepted, in this order."
    )
    token_attributes: tuple[str, ...] = Field(
        (), description="Extended attributes that may hold a token, beside sessionToken."
    )
    issue: str | None = Field(
        None, description="The [sessions] entry that makes a token at login; none by default."
    )
    issue_as: str = Field(
        "crmSession", description="The extended attribute of a login's answer that holds it."
    )
    profile_session: Literal["ignored", "checked", "required"] = Field(
        "ignored", description="What GetUser does with a session token that is sent."
    )
    create: bool = Field(False, description="Whether accounts may be created.")
    refusals: Refusals = Field(Refusals(), description="Codes and texts of refusals.")


Session = Annotated[JwtSession | TableSession, Field(discriminator="kind")]


class Settings(Section):
    """The whole file."""

    server: Server = Server()
    log: Log = Log()
    hashing: Hashing = Hashing()
    ledger: Ledger = Ledger()
    callers: dict[str, Caller] = Field({}, description="Who may call; by default anybody.")
    sources: dict[str, Source] = Field(description="User databases.", min_length=1)
    sessions: dict[str, Session] = Field({}, description="Kinds of session token.")
    sites: dict[str, Site] = Field(description="Digital River sites.", min_length=1)
    default_site: str | None = Field(
        None, description="The site of a request without siteID; the only one if there is one."
    )

    def default(self) -> str | None:
        """The siteID of a request that has none."""
        return next(iter(self.sites)) if len(self.sites) == 1 else self.default_site

    @model_validator(mode="after")
    def _references(self) -> Settings:
        for site_id, site in self.sites.items():
            where = f"sites.{site_id}"
            _known(f"{where}.source", site.source, self.sources)
            for token in (*site.sessions, *([site.issue] if site.issue else [])):
                _known(f"{where}.sessions", token, self.sessions)
            if site.profile_session != "ignored" and not site.sessions:
                raise ValueError(f"{where}.profile_session needs {where}.sessions")
        for name, session in self.sessions.items():
            if isinstance(session, TableSession):
                _known(f"sessions.{name}.source", session.source, self.sources)
        if self.default_site is not None:
            _known("default_site", self.default_site, self.sites)
        return self


def _known(key: str, name: str, table: object) -> None:
    assert isinstance(table, dict)
    if name not in table:
        raise ValueError(f"{key} names {name!r}; there is {', '.join(map(repr, table)) or 'none'}")


def safe_to_serve(settings: Settings) -> None:
    """Raises ConfigurationError where users would be served to the network unprotected."""
    server = settings.server
    if server.host in ("127.0.0.1", "::1", "localhost"):
        return
    if server.tls_certificate is None and not server.allow_plain_http:
        raise ConfigurationError(
            f"server.host {server.host!r} is beyond loopback and there is no TLS: set "
            "server.tls_certificate and server.tls_key, or server.allow_plain_http = true "
            "if a proxy in front has it"
        )
    if not settings.callers and not server.allow_anonymous:
        raise ConfigurationError(
            f"server.host {server.host!r} is beyond loopback and anybody may call: add a "
            "[callers.NAME] with user and password_file, or set server.allow_anonymous = true"
        )
