"""The users that every measured server has, what is asked about them, and the right answers."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import sqlite3
import uuid
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lxml import etree

RUM: Final = "http://integration.digitalriver.com/RemoteUserManagement/1.0"
COMMON: Final = "http://integration.digitalriver.com/Common/1.0"
SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
XSI_NIL: Final = "{http://www.w3.org/2001/XMLSchema-instance}nil"
PATH: Final = "/RemoteUserManagement"
SITE: Final = "shop"
CALLER: Final = ("digital-river", "a long and dull caller password")
ITERATIONS: Final = 600_000
PASSWORD: Final = "open sesame"

PROFILE: Final = ("first_name", "last_name", "email", "locale", "home_phone", "fax_phone")
ADDRESS: Final = (
    "address_id",
    "city",
    "country_a2",
    "country",
    "line1",
    "line2",
    "name1",
    "name2",
    "phone_number",
    "postal_code",
    "state",
    "email",
    "company_name",
)
"""The fields that are filled, by their names in a configuration, in the order of the contract."""
WIRE: Final = {
    "first_name": "firstName",
    "last_name": "lastName",
    "home_phone": "homePhone",
    "fax_phone": "faxPhone",
    "address_id": "addressID",
    "country_a2": "countryA2",
    "phone_number": "phoneNumber",
    "postal_code": "postalCode",
    "company_name": "companyName",
}
"""Their names on the wire, where those differ."""
COLUMNS: Final = (
    "id",
    "erid",
    "login",
    "password",
    "status",
    *PROFILE,
    *(f"shipping_{field}" for field in ADDRESS),
    *(f"billing_{field}" for field in ADDRESS),
)
INDEXES: Final = (
    "CREATE UNIQUE INDEX users_login ON users (login)",
    "CREATE UNIQUE INDEX users_erid ON users (erid)",
)
SESSIONS: Final = (
    "CREATE TABLE sessions (token_sha256 VARCHAR(64) PRIMARY KEY, user_id BIGINT NOT NULL,"
    " expires_at BIGINT NOT NULL)"
)
STORED: Final = 100_000
"""How many users have a stored session, at most."""
FAR: Final = 4_000_000_000
"""A time that no session outlives."""

Row = tuple[str | int, ...]
Decoded = dict[str, Any]


def table() -> str:
    """The statement that makes the table of users, on any engine."""
    columns = ", ".join(f"{name} VARCHAR(255) NOT NULL" for name in COLUMNS[1:])
    return f"CREATE TABLE users (id BIGINT PRIMARY KEY, {columns})"


@dataclass(frozen=True)
class Hashes:
    """One hash of `PASSWORD` in each scheme; users have them in turn."""

    argon2id: str
    bcrypt: str
    pbkdf2: str
    quick: str

    @classmethod
    def made(cls) -> Hashes:
        """Each with the cost that the measurements are about."""
        import argon2
        import bcrypt

        secret, salt = PASSWORD.encode(), "saltsaltsaltsalt"
        digests = {
            rounds: base64.b64encode(
                hashlib.pbkdf2_hmac("sha256", secret, salt.encode(), rounds)
            ).decode()
            for rounds in (1, ITERATIONS)
        }
        return cls(
            argon2.PasswordHasher().hash(secret),
            bcrypt.hashpw(secret, bcrypt.gensalt(12)).decode(),
            f"pbkdf2_sha256${ITERATIONS}${salt}${digests[ITERATIONS]}",
            f"pbkdf2_sha256$1${salt}${digests[1]}",
        )

    def of(self, number: int) -> str:
        """That of user `number`."""
        return str(getattr(self, SCHEMES[number % len(SCHEMES)]))


SCHEMES: Final = ("argon2id", "bcrypt", "pbkdf2", "quick")
"""Whose turn it is, by the remainder of a user's number. `quick` takes a microsecond or two: what
a login costs beside the hash is measured with it."""


def of_scheme(scheme: str, count: int) -> list[int]:
    """The first `count` users whose password is hashed so."""
    first = SCHEMES.index(scheme) or len(SCHEMES)
    return list(range(first, first + count * len(SCHEMES), len(SCHEMES)))


def erid(number: int) -> str:
    """The ERID of a user, made up once for all runs."""
    return str(uuid.UUID(bytes=hashlib.md5(b"erid %d" % number).digest(), version=4))


def login(number: int) -> str:
    """The login of a user."""
    return f"shopper{number}@example.com"


def user(number: int, hashed: str) -> Row:
    """A row of the table, in the order of `COLUMNS`; with characters that XML has to escape."""
    first, last = ("Ann", "Zoë", "Мария")[number % 3], f"Smith{number}"
    profile = (first, last, login(number), "en_US", f"+1 555 {number:07d}", "+1 555 0100")
    lives = f"{number % 999} Main Street"
    shipping = (f"s{number}", "Springfield", "US", "United States", lives, "Floor 2", first, last)
    billing = (f"b{number}", "Shelbyville", "US", "United States", lives, "Box 7", first, last)
    rest = (f"+1 555 {number:07d}", f"{number % 99999:05d}", "IL", login(number), "Smith & Sons")
    key = (number, erid(number), login(number), hashed, "active")
    return (*key, *profile, *shipping, *rest, *billing, *rest)


def users(count: int) -> Iterator[Row]:
    """Every row of the table."""
    hashes = Hashes.made()
    for number in range(1, count + 1):
        yield user(number, hashes.of(number))


def fill_sqlite(file: Path, count: int) -> None:
    """Make the table in a new SQLite file, with `count` users in it."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute(table())
        connection.execute(SESSIONS)
        marks = ", ".join("?" * len(COLUMNS))
        with connection:
            connection.executemany(f"INSERT INTO users VALUES ({marks})", users(count))
            connection.executemany("INSERT INTO sessions VALUES (?, ?, ?)", sessions(count))
        for index in INDEXES:
            connection.execute(index)
        connection.execute("ANALYZE")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def fill_postgresql(url: str, count: int) -> None:
    """The same in an empty database of PostgreSQL."""
    from sqlalchemy import create_engine

    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(table())
        connection.exec_driver_sql(SESSIONS)
        driver: Any = connection.connection.driver_connection
        for name, rows in (("users", users(count)), ("sessions", sessions(count))):
            with driver.cursor().copy(f"COPY {name} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        for index in INDEXES:
            connection.exec_driver_sql(index)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
    engine.dispose()


def token(number: int) -> str:
    """The stored session token of a user."""
    return f"session-of-{hashlib.md5(b'token %d' % number).hexdigest()}"


def sessions(count: int) -> Iterator[Row]:
    """The sessions that are stored: those of the first users."""
    for number in range(1, min(count, STORED) + 1):
        yield hashlib.sha256(token(number).encode()).hexdigest(), number, FAR


def asked(count: int, population: int) -> list[int]:
    """`count` different users that calls are about, the same ones in each run."""
    return random.Random(5).sample(range(1, population + 1), min(count, population))


# What is sent.


def envelope(message: str) -> bytes:
    """A SOAP 1.1 envelope around `message`, whose namespaces are `r` and `c`."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="{SOAP}"'
        f' xmlns:r="{RUM}" xmlns:c="{COMMON}"><soapenv:Body>{message}</soapenv:Body>'
        "</soapenv:Envelope>"
    ).encode()


def by_erid(number: int) -> str:
    """The content of a `userKey` that names a user by ERID."""
    return f"<externalReferenceID>{erid(number)}</externalReferenceID><siteID>{SITE}</siteID>"


def by_login(number: int) -> str:
    """The content of a `userKey` that names a user by login."""
    return f"<loginID>{login(number)}</loginID><siteID>{SITE}</siteID>"


def get_user(number: int, key: str = "erid") -> bytes:
    """A GetUser call, by `erid` or `login`."""
    named = by_erid(number) if key == "erid" else by_login(number)
    return envelope(f"<r:GetUserRequest><userKey>{named}</userKey></r:GetUserRequest>")


def qualified_get_user(number: int, key: str = "erid") -> bytes:
    """The same for a server that wants its children in the namespaces of their types."""
    named = by_erid(number) if key == "erid" else by_login(number)
    named = named.replace("</", "\0").replace("<", "<c:").replace("\0", "</c:")
    return envelope(f"<r:GetUserRequest><r:userKey>{named}</r:userKey></r:GetUserRequest>")


def validate_session(sent: str, site: str) -> bytes:
    """A ValidateSession call with this token, for this site."""
    return envelope(
        f"<r:ValidateSessionRequest><userKey><siteID>{site}</siteID></userKey>"
        f"<sessionToken>{sent}</sessionToken></r:ValidateSessionRequest>"
    )


def sign_in(number: int, password: str = PASSWORD) -> bytes:
    """A Login call."""
    return envelope(
        f"<r:LoginRequest><userKey>{by_login(number)}</userKey>"
        f"<password>{password}</password></r:LoginRequest>"
    )


def http(body: bytes) -> bytes:
    """The POST that carries `body`, as a caller who is known."""
    caller = base64.b64encode(":".join(CALLER).encode()).decode()
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/xml; charset=utf-8\r\n"
        f'SOAPAction: ""\r\nAuthorization: Basic {caller}\r\nContent-Length: {len(body)}\r\n\r\n'
    )
    return head.encode() + body


def script(file: Path, calls: Iterable[tuple[bytes, str]]) -> Path:
    """A file for the load generator: for each call its body, and what its answer must hold."""
    lines = [[http(body).decode("latin-1"), holds] for body, holds in calls]
    file.write_text(json.dumps(lines), encoding="utf-8")
    return file


# What is answered.


def decoded(body: bytes) -> Decoded:
    """An envelope's message as names and texts: namespaces, absence and nil told apart no more."""
    root = etree.fromstring(body)
    message = root.find(f"{{{SOAP}}}Body/*")
    if message is None:
        raise ValueError("the answer has no message")
    return {local(message): _content(message)}


def local(element: etree._Element) -> str:
    """An element's name without its namespace."""
    return str(etree.QName(element).localname)


def _content(element: etree._Element) -> Any:
    children = list(element)
    if not children:
        return None if element.get(XSI_NIL) in ("true", "1") else element.text or ""
    found = {local(child): _content(child) for child in children}
    return {name: value for name, value in found.items() if value is not None}


def profile_of(number: int) -> Decoded:
    """What GetUser must answer about a user."""
    cells = dict(zip(COLUMNS, user(number, ""), strict=True))
    known = {
        "userKey": {
            "userID": cells["erid"],
            "externalReferenceID": cells["erid"],
            "loginID": cells["login"],
            "siteID": SITE,
        },
        **{WIRE.get(field, field): cells[field] for field in PROFILE},
    }
    for kind in ("shipping", "billing"):
        filled = {WIRE.get(field, field): cells[f"{kind}_{field}"] for field in ADDRESS}
        known[f"{kind}Address"] = filled
    return {"GetUserResponse": {"userInfo": known, "errorMessage": ""}}
