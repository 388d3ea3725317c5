"""What the bridge talks about: keys, people, requests and answers, as frozen values.

`None` is "no value" everywhere (nil or absent on the wire); an empty string is a value.
Field names are the wire's, in Python's spelling (`countryA2` is `country_a2`). What has many of
them, in the order of the contract, is a named tuple: frozen dataclasses take ten times as long to
make, and every answer makes several."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

__all__ = [
    "EMPTY",
    "Accepted",
    "Address",
    "Attribute",
    "Binding",
    "CreateUser",
    "Fingerprint",
    "GetUser",
    "Identity",
    "Login",
    "Lookup",
    "LookupKind",
    "NewUser",
    "Person",
    "Profile",
    "ProfileAnswer",
    "Record",
    "Refusal",
    "UserKey",
    "ValidateSession",
]


class UserKey(NamedTuple):
    """Digital River's name for a user. In answers `user_id` equals `external_reference_id`."""

    user_id: str | None = None
    external_reference_id: str | None = None
    company_id: str | None = None
    login_id: str | None = None
    site_id: str | None = None

    @property
    def erid(self) -> str | None:
        """The ERID in it, which userID is another name for; None if it has neither."""
        return self.external_reference_id if self.user_id is None else self.user_id


@dataclass(frozen=True, slots=True)
class Attribute:
    """An extended attribute. Its value may be a session token, so it has no repr."""

    name: str | None
    value: str | None = field(repr=False)
    data_type: str | None = "string"


class Address(NamedTuple):
    """A postal address; `name1` is the first name, `name2` the last."""

    address_id: str | None = None
    city: str | None = None
    country_a2: str | None = None
    country: str | None = None
    country_name: str | None = None
    line1: str | None = None
    line2: str | None = None
    line3: str | None = None
    location_code: str | None = None
    name1: str | None = None
    name2: str | None = None
    phone_number: str | None = None
    postal_code: str | None = None
    state: str | None = None
    email: str | None = None
    fax_phone: str | None = None
    company_name: str | None = None
    phone_number2: str | None = None
    county_name: str | None = None
    extended_attributes: tuple[Attribute, ...] | None = None


class Profile(NamedTuple):
    """What a store shows and fills in about a user."""

    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    locale: str | None = None
    home_phone: str | None = None
    fax_phone: str | None = None
    shipping_address: Address | None = None
    billing_address: Address | None = None


EMPTY: Final = Profile()
"""Nothing is known."""

LookupKind = Literal["subject", "login", "erid"]


@dataclass(frozen=True, slots=True)
class Lookup:
    """One value to look a user up by, within one source."""

    kind: LookupKind
    value: str


@dataclass(frozen=True, slots=True)
class Person:
    """One user for ever: the source and the client's own immutable primary key in it."""

    source: str
    subject: str
    company: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Binding:
    """Which ERID a person has. `origin` names the strategy (or the operator's command) that it
    came from; `seal` is the sealed fingerprint of the row, None if none was taken."""

    person: Person
    erid: str
    origin: str
    created_here: bool = False
    seal: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What of a row never changes while it is the same person's, such as when it was made.

    `columns` names the configured columns, `values` holds their cells, None if all are NULL."""

    columns: str
    values: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One row of the client's users, as far as it is mapped.

    `login` is the one that answers show; each of `other_logins` is as good to sign in with.
    `erid` is what the source's own column holds, None where there is no such column;
    `fingerprint` is None where none is configured."""

    subject: str
    login: str | None
    other_logins: tuple[str, ...] = ()
    erid: str | None = None
    fingerprint: Fingerprint | None = None
    password_hash: str | None = field(default=None, repr=False)
    active: bool = True
    profile: Profile = EMPTY
    attributes: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """A user to insert. `erid` is written where the source has a column for it."""

    login: str
    password_hash: str = field(repr=False)
    erid: str
    profile: Profile = EMPTY


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a good session token names: one of the look-ups, and what the token is bound to."""

    lookup: Lookup
    site: str | None = None
    token_format: str = ""


@dataclass(frozen=True, slots=True)
class Login:
    """LoginRequest."""

    key: UserKey
    password: str | None = field(repr=False)
    attributes: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True)
class GetUser:
    """GetUserRequest, which is also called GetUserProfileRequest."""

    key: UserKey
    session_token: str | None = field(default=None, repr=False)
    attributes: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True)
class ValidateSession:
    """ValidateSessionRequest; further tokens may come as attributes."""

    key: UserKey
    session_token: str | None = field(default=None, repr=False)
    attributes: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True)
class CreateUser:
    """CreateUserProfileRequest."""

    key: UserKey
    profile: Profile
    password: str | None = field(repr=False)
    attributes: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer yes to a login, a session or a creation."""

    key: UserKey
    attributes: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True)
class ProfileAnswer:
    """The answer to GetUser."""

    key: UserKey
    profile: Profile
    attributes: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """The answer no, in the site's own wording; `kind` is for logs and metrics."""

    kind: str
    code: str
    text: str
