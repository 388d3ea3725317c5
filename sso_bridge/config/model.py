"""Every setting, with its default and what it means.

The descriptions and examples are the documentation: errors quote them, and
config/example.toml and docs/configuration.md are printed from them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PrivateAttr, SecretStr, field_validator, model_validator

from .base import BesidePath, Count, Seconds, Section, Switch, at_key
from .callers import Caller, Proxies, UsernameTokens
from .sessions import JwtSession, TableSession
from .shopper import Shopper
from .soundness import check
from .source import AnySource, Filter
from .throttle import Throttle
from .transit import PasswordEncryption

__all__ = [
    "Caller",
    "Hashing",
    "Ledger",
    "Log",
    "Proxies",
    "Server",
    "Settings",
    "Site",
    "Wording",
]

Port = Annotated[int, Field(strict=True, ge=0, le=65535)]


class Server(Section):
    """Where and how the endpoint is served."""

    host: str = Field(
        "127.0.0.1",
        description="Address to listen on. Beyond loopback the server insists on TLS and on "
        "callers, unless allow_plain_http and allow_anonymous say otherwise.",
        examples=["0.0.0.0"],
    )
    port: Port = Field(8080, description="Port to listen on; 0 takes a free one.")
    public_url: str | None = Field(
        None,
        description="The endpoint's address as Digital River sees it; it is printed in the WSDL. "
        "By default the address it listens on.",
        examples=["https://sso.example.com/RemoteUserManagement"],
    )
    workers: Count = Field(1, description="Worker processes; one for each core is usual.")
    threads: Count = Field(
        128,
        description="Calls that one worker has in hand at a time: logins that wait and requests "
        "that are still arriving included.",
    )
    tls_certificate: BesidePath | None = Field(
        None,
        description="PEM file with the certificate and its chain. A relative path is beside the "
        "configuration.",
        examples=["server.crt"],
    )
    tls_key: BesidePath | None = Field(
        None,
        description="PEM file with the certificate's private key, not encrypted.",
        examples=["server.key"],
    )
    tls_client_ca: BesidePath | None = Field(
        None,
        description="PEM file with the authorities of client certificates. With it, whoever "
        "connects must have one, also for the page, the metrics and the health checks.",
        examples=["client-ca.pem"],
    )
    tls_client_crl: tuple[BesidePath, ...] | None = Field(
        None,
        min_length=1,
        description="PEM files, each with a list of revoked certificates: one for each authority "
        "that signs client certificates.",
        examples=[["client-crl.pem"]],
    )
    max_body_bytes: int = Field(
        262_144,
        strict=True,
        ge=1,
        le=67_108_864,
        description="A request longer than this is refused before it is read in full.",
    )
    body_seconds: Seconds = Field(
        10.0, description="How long a client may take to send a request, in seconds."
    )
    call_seconds: Seconds = Field(
        5.0,
        description="How long a call may take from its last byte to its answer, in seconds. "
        "Waiting for a connection, queries and hashes all share it.",
    )
    stop_seconds: Seconds = Field(
        15.0,
        description="How long calls in flight are waited for when the server stops, in seconds.",
    )
    allow_plain_http: Switch = Field(
        False, description="Serve beyond loopback without TLS, because a proxy in front has it."
    )
    allow_anonymous: Switch = Field(
        False, description="Serve beyond loopback without callers: anybody may ask."
    )

    @field_validator("public_url")
    @classmethod
    def _is_url(cls, url: str | None) -> str | None:
        scheme, _, rest = (url or "http://x").partition("://")
        if scheme not in ("http", "https") or not rest or not rest.isprintable() or " " in rest:
            raise ValueError("should be an address that begins with https:// or http://")
        return url

    @model_validator(mode="after")
    def _pair(self) -> Server:
        for one, other in (("tls_certificate", "tls_key"), ("tls_key", "tls_certificate")):
            if getattr(self, one) is None and getattr(self, other) is not None:
                raise at_key(one, f"is missing; it goes together with {other}")
        for one, other in (
            ("tls_certificate", "tls_client_ca"),
            ("tls_client_ca", "tls_client_crl"),
        ):
            if getattr(self, one) is None and getattr(self, other) is not None:
                raise at_key(one, f"is missing; {other} goes together with it")
        return self


class Log(Section):
    """What is written to standard error, one line a call."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least severity that is written."
    )
    format: Literal["json", "console"] = Field("json", description="For machines, or for people.")
    key: SecretStr | None = Field(
        None,
        description="The key of the hashes that stand for people in the log and the trail. Unset, "
        "it is derived from the ledger's, so that all nodes of one ledger have the same.",
        examples=["SSO_BRIDGE_LOG_KEY"],
    )


class Traces(Section):
    """A span for each call, and one for each phase of it, for OpenTelemetry. Where they go is said
    by the OTEL_… variables of the environment."""

    enabled: Switch = Field(False, description="Whether there are any. Needs the extra `otel`.")


class Trail(Section):
    """The audit trail: a file of logins, creations, refusals and operators' commands, of which
    nothing can be taken out unseen."""

    file: BesidePath | None = Field(
        None,
        description="The file that records are appended to, on a disk of this machine; a relative "
        "path is beside the configuration. Unset, there is no trail.",
        examples=["trail.jsonl"],
    )
    key: SecretStr | None = Field(
        None,
        description="The key that records are chained with: who can write the file, and does not "
        "have this, cannot make it anew. 32 characters or more.",
        examples=["SSO_BRIDGE_TRAIL_KEY"],
    )
    rotate_megabytes: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] = Field(
        100, description="How long a file gets before it is put aside and another is begun."
    )


class Hashing(Section):
    """The pool that passwords are verified in, for each worker process."""

    workers: Count | None = Field(
        None,
        description="Hashes computed at a time. By default the cores are shared out among the "
        "workers, and a quarter of the threads is never exceeded.",
        examples=[2],
    )
    waiting: Annotated[int, Field(strict=True, ge=0, le=10_000)] = Field(
        16, description="Logins that may wait for that; more are refused at once."
    )
    wait_seconds: Seconds = Field(
        0.75,
        description="How long a login may have to wait for that, in seconds. One that would wait "
        "longer, going by how long hashes took of late, is refused at once.",
    )


class Ledger(Section):
    """Where it is kept which person has which ERID. Never lose it and never start it anew."""

    url: SecretStr = Field(
        SecretStr("sqlite:///erids.db"),
        description="Database URL, as SQLAlchemy writes them. A relative SQLite file is beside "
        "the configuration. Several machines need one ledger, on PostgreSQL or MariaDB.",
        examples=["SSO_BRIDGE_LEDGER_URL"],
    )
    pool_size: Count = Field(8, description="Connections of one worker at most.")
    uniqueness: Literal["canonical", "exact"] = Field(
        "canonical",
        description="Whether ERIDs that differ only in letter case, compatibility forms, white "
        "space or invisible characters are one. Not to be changed once the ledger is made.",
    )
    key: SecretStr | None = Field(
        None,
        description="The key of the hashes that the ledger compares: 32 characters or more, given "
        "before the ledger is made and never changed. Unset, it has one of its own inside.",
        examples=["SSO_BRIDGE_LEDGER_KEY"],
    )
    watch_seconds: Seconds = Field(
        2.0,
        description="How soon a running node notices `erid relink` and `erid retire`, in seconds: "
        "so often each worker asks the ledger whether there was one.",
    )
    remember: int = Field(
        100_000,
        strict=True,
        ge=0,
        le=10_000_000,
        description="Confirmed bindings that each worker keeps in memory, about 1 kB each.",
    )


class Wording(Section):
    """How a refusal is worded."""

    code: str = Field("5", description="errorCode.")
    text: str = Field(description="errorMessage.")


class Refusals(Section):
    """The code and text of each refusal; by default the published ones, and ours where none is
    published. The code of a GetUser refusal is not sent: that answer has no place for one."""

    invalid_login: Wording = Field(
        Wording(text="Invalid login"), description="A login that is refused, for whatever reason."
    )
    login_throttled: Wording = Field(
        Wording(text="Invalid login"),
        description="A login that has to wait after too many wrong passwords.",
    )
    user_not_active: Wording = Field(
        Wording(text="User not active"), description="GetUser of a user who may not come in."
    )
    user_not_found: Wording = Field(
        Wording(text="User not found"), description="GetUser of a key that nobody has."
    )
    invalid_user_key: Wording = Field(
        Wording(text="Invalid user key"),
        description="GetUser whose keys name different people, or one of which names several.",
    )
    invalid_session: Wording = Field(
        Wording(text="Invalid session"), description="No session token that was sent is good."
    )
    login_taken: Wording = Field(
        Wording(text="Email already used"), description="A new account with somebody's login."
    )
    creation_refused: Wording = Field(
        Wording(text="Account cannot be created"), description="Any other account that is not made."
    )


class Site(Section):
    """One Digital River site. The table's name is its siteID."""

    source: str = Field(
        description="The [sources] entry with this site's users.", examples=["shop"]
    )
    filter: Filter = Field(
        {},
        description="Which users of the source are the site's, as in the filter of a source.",
        examples=[{"store_id": 1}],
    )
    sessions: tuple[str, ...] = Field(
        (),
        description="The [sessions] entries whose tokens are accepted, tried in this order.",
        examples=[["cookie", "link"]],
    )
    password_encryption: str | None = Field(
        None,
        description="The [password_encryption] entry that passwords come encrypted by; by default "
        "TLS alone protects them.",
        examples=["dr"],
    )
    token_attributes: tuple[str, ...] = Field(
        (),
        description="Extended attributes of a request that may hold a token, beside sessionToken.",
        examples=[["crmSession"]],
    )
    issue: str | None = Field(
        None,
        description="The [sessions] entry that makes a token at each login; by default no token "
        "is made.",
        examples=["link"],
    )
    issue_as: str = Field(
        "crmSession", description="The extended attribute of a login's answer that holds it."
    )
    profile_session: Literal["ignored", "checked", "required"] = Field(
        "ignored",
        description="What GetUser does with session tokens: pays them no attention; refuses when "
        "those that were sent are not the user's; also refuses when none was sent.",
    )
    create: Switch = Field(
        False, description="Whether Digital River may create accounts. Otherwise it is refused."
    )
    refusals: Refusals = Field(
        Refusals(), description="How refusals are worded. Where one is given, its text must be."
    )


Session = Annotated[JwtSession | TableSession, Field(discriminator="kind")]


class Settings(Section):
    """The whole file."""

    default_site: str | None = Field(
        None,
        description="The siteID of a request that has none. Needless where there is one site.",
        examples=["demo"],
    )
    server: Server = Field(Server(), description="Where and how the endpoint is served.")
    log: Log = Field(Log(), description="What is written to standard error.")
    traces: Traces = Field(Traces(), description="Traces for OpenTelemetry.")
    trail: Trail = Field(Trail(), description="The audit trail.")
    hashing: Hashing = Field(Hashing(), description="The pool that passwords are verified in.")
    ledger: Ledger = Field(Ledger(), description="Where it is kept who has which ERID.")
    proxies: Proxies = Field(Proxies(), description="The proxies whose word is taken.")
    throttle: Throttle = Field(Throttle(), description="How often what may be tried.")
    username_tokens: UsernameTokens = Field(
        UsernameTokens(), description="How long a UsernameToken is good."
    )
    callers: dict[str, Caller] = Field({}, description="Who may call.", examples=["dr"])
    sources: dict[str, AnySource] = Field(
        min_length=1,
        description="User databases.",
        examples=["shop", "crm"],
    )
    sessions: dict[str, Session] = Field(
        {}, description="Kinds of session token.", examples=["link", "cookie"]
    )
    password_encryption: dict[str, PasswordEncryption] = Field(
        {}, description="Agreements about passwords on their way here.", examples=["dr"]
    )
    sites: dict[str, Site] = Field(
        min_length=1, description="Digital River sites.", examples=["demo"]
    )

    shopper: Shopper = Field(Shopper(), description="Digital River's Shopper API.")
    _files: tuple[Path, ...] = PrivateAttr(())

    @property
    def files(self) -> tuple[Path, ...]:
        """The file that the settings were read from, and those of secrets that it names; nothing if
        they were read from none."""
        return self._files

    def keep_files(self, files: Iterable[Path]) -> None:
        """For whoever reads them."""
        self._files = tuple(files)

    def default(self) -> str | None:
        """The siteID of a request that has none."""
        return next(iter(self.sites)) if len(self.sites) == 1 else self.default_site

    @model_validator(mode="after")
    def _sound(self) -> Settings:
        check(self)
        return self
