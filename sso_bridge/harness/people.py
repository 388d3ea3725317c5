"""The file that says whom the harness may use: a few test users of the client's."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError, model_validator

from ..config.base import Context, Section, Switch, at_key
from ..errors import ConfigurationError

__all__ = ["Cast", "User", "read_cast"]


class Credentials(Section):
    """Who calls, by HTTP Basic or a bearer token."""

    user: str | None = Field(None, description="The Basic user name.")
    password: SecretStr | None = Field(None, description="The Basic password.")
    token: SecretStr | None = Field(None, description="A bearer token, in place of them.")

    @model_validator(mode="after")
    def _one(self) -> Credentials:
        if (self.user is None) != (self.password is None):
            raise at_key("user", "goes together with password")
        if (self.user is None) == (self.token is None):
            raise at_key("token", "give either user and password, or token")
        return self


class User(Section):
    """One test user."""

    login: str = Field(description="The login.")
    password: SecretStr | None = Field(
        None, description="The password. Without one only what needs none is asked."
    )
    active: Switch = Field(True, description="Whether they may come in.")
    session: SecretStr | None = Field(None, description="A session token that is good.")
    expired_session: SecretStr | None = Field(None, description="One of theirs that has expired.")
    profile: dict[str, str] = Field(
        {}, description="Fields of UserInfo that must come back, such as firstName."
    )

    def secret(self) -> str:
        """The password; "" if none is known."""
        return "" if self.password is None else self.password.get_secret_value()


class Creation(Section):
    """Whether accounts may be made, which stay there."""

    allowed: Switch = Field(False, description="Whether the harness may create users.")
    login: str = Field(
        "harness-{}@example.com", description="Logins of new users; {} is made unique."
    )
    password: SecretStr = Field(
        SecretStr("Harness-4-Password!"), description="The password that new users get."
    )

    @model_validator(mode="after")
    def _has_a_place(self) -> Creation:
        if self.login.count("{}") != 1:
            raise at_key("login", "needs {} once, which becomes something unique")
        return self


class Cast(Section):
    """The whole file."""

    site: str | None = Field(None, description="The siteID that requests have; by default none.")
    company: str | None = Field(None, description="The companyID of these users, if they have one.")
    caller: Credentials | None = Field(None, description="Who calls; by default nobody.")
    users: tuple[User, ...] = Field(min_length=1, description="Test users.")
    unknown_login: str = Field(
        "nobody-of-that-name@example.com", description="A login that nobody has."
    )
    profile_requests: tuple[Literal["GetUserRequest", "GetUserProfileRequest"], ...] = Field(
        ("GetUserRequest", "GetUserProfileRequest"),
        min_length=1,
        description="The names by which the endpoint takes the request for a profile.",
    )
    creation: Creation = Field(Creation(), description="Whether accounts may be made.")

    @model_validator(mode="after")
    def _distinct(self) -> Cast:
        logins = [user.login for user in self.users]
        if len(set(logins)) != len(logins):
            raise ValueError("users: two have the same login; name each person once")
        if self.unknown_login in logins:
            raise ValueError("unknown_login: is one of users")
        return self

    def active(self) -> list[User]:
        """Those who may come in and whose password is known."""
        return [user for user in self.users if user.active and user.password is not None]


def read_cast(path: Path) -> Cast:
    """The file at `path`; raises ConfigurationError, one line for each thing that is wrong."""
    try:
        tables: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror})") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{path}: not TOML in UTF-8: {error}") from None
    try:
        return Cast.model_validate(tables, context=Context(path.absolute().parent))
    except ValidationError as error:
        lines = []
        problems = error.errors(include_url=False, include_input=False)
        deep = {problem["loc"][0] for problem in problems if len(problem["loc"]) > 1}
        for problem in problems:
            if problem["type"] == "too_short" and problem["loc"][0] in deep:
                continue  # of users who are there, none is right: that is said of each
            keys = [str(key) for key in problem["loc"]]
            told = problem.get("ctx", {}) if problem["type"] == "at_key" else {}
            keys += [told["key"]] if told else []
            reason = told.get("reason") or problem["msg"].removeprefix("Value error, ")
            lines.append(f"{path}: " + ": ".join(filter(None, [".".join(keys), reason])))
        raise ConfigurationError("\n".join(dict.fromkeys(lines))) from None
