"""Shops that somebody made at home: tables, people, and what init should find in them.

The statements are such that every engine takes them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sso_bridge.passwords.schemes.bcrypt import BcryptMaker
from tests.known.people import engine_of, execute, insert

__all__ = ["PASSWORD", "SHOPS", "Shop"]

PASSWORD: Final = "Küchenzeile 7"
HASH: Final = BcryptMaker(cost=4).make(PASSWORD.encode())
SALT: Final = "x9!k"
LONG_AGO: Final = "2020-01-01 00:00:00"


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """`logins` come in with `PASSWORD`, `locked` do not. `profile` is of the first."""

    name: str
    tables: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Mapping[str, Any]]]]
    logins: Sequence[str]
    locked: Sequence[str] = ()
    profile: Mapping[str, str] = field(default_factory=dict)
    says: Sequence[str] = ()
    """What stands in the configuration."""
    engines: Sequence[str] = ("sqlite", "postgresql", "mariadb")
    arguments: Sequence[str] = ()

    def make(self, url: str) -> None:
        """The tables and the people."""
        execute(url, self.tables)
        for table, rows in self.rows:
            schema, _, name = table.rpartition(".")
            if schema:
                quoted = {"mariadb": "`"}.get(engine_of(url), '"')
                insert(url, f"{schema}{quoted}.{quoted}{name}", rows)
            else:
                insert(url, name, rows)


GERMAN_2009: Final = Shop(
    name="german-2009",
    tables=(
        "CREATE TABLE kunden (kundennr INTEGER PRIMARY KEY, email VARCHAR(80) NOT NULL UNIQUE, "
        "kennwort VARCHAR(32) NOT NULL, salz VARCHAR(8) NOT NULL, anrede VARCHAR(4), "
        "vorname VARCHAR(40), nachname VARCHAR(40), strasse VARCHAR(80), hausnr VARCHAR(8), "
        "plz VARCHAR(10), ort VARCHAR(60), land VARCHAR(2), telefon VARCHAR(30), "
        "gesperrt INTEGER NOT NULL, angelegt TIMESTAMP NOT NULL, newsletter INTEGER)",
        "CREATE TABLE bestellungen (id INTEGER PRIMARY KEY, kundennr INTEGER NOT NULL, "
        "betrag INTEGER)",
        "CREATE TABLE admins (id INTEGER PRIMARY KEY, login VARCHAR(20), passwort VARCHAR(32))",
    ),
    rows=(
        (
            "kunden",
            [
                {
                    "kundennr": n,
                    "email": email,
                    "kennwort": _md5(SALT + PASSWORD),
                    "salz": SALT,
                    "anrede": "Frau",
                    "vorname": "Jürgen",
                    "nachname": "Groß",
                    "strasse": "Hauptstraße",
                    "hausnr": "7a",
                    "plz": "06108",
                    "ort": "Halle",
                    "land": "DE",
                    "telefon": "+49 345 12345",
                    "gesperrt": locked,
                    "angelegt": "2009-03-04 05:06:07",
                    "newsletter": 1,
                }
                for n, email, locked in [
                    (1, "juergen@example.de", 0),
                    (2, "anna@example.de", 0),
                    (3, "weg@example.de", 1),
                ]
            ],
        ),
    ),
    logins=("juergen@example.de", "anna@example.de"),
    locked=("weg@example.de",),
    profile={
        "first_name": "Jürgen",
        "last_name": "Groß",
        "home_phone": "+49 345 12345",
        "shipping_address.line1": "Hauptstraße 7a",
        "billing_address.city": "Halle",
        "billing_address.country_a2": "DE",
    },
    says=('digest = "md5(salt + password)"', "# doubt: the hashes are md5", 'fingerprint = ["ange'),
)

FULL_NAME: Final = Shop(
    name="full-name",
    tables=(
        "CREATE TABLE members (member_id INTEGER PRIMARY KEY, username VARCHAR(40) UNIQUE, "
        "pass_hash VARCHAR(100), email_address VARCHAR(100) UNIQUE, full_name VARCHAR(100), "
        "status VARCHAR(10), ship_street VARCHAR(80), ship_city VARCHAR(60), ship_zip VARCHAR(10), "
        "ship_country VARCHAR(60), bill_street VARCHAR(80), bill_city VARCHAR(60), "
        "bill_zip VARCHAR(10), created_at TIMESTAMP NULL, language VARCHAR(2))",
    ),
    rows=(
        (
            "members",
            [
                {
                    "member_id": n,
                    "username": name,
                    "pass_hash": HASH,
                    "email_address": f"{name}@example.com",
                    "full_name": "Maria José García",
                    "status": status,
                    "ship_street": "1 Main St",
                    "ship_city": "Austin",
                    "ship_zip": "78701",
                    "ship_country": "United States",
                    "bill_street": "2 Bank St",
                    "bill_city": "Dallas",
                    "bill_zip": "75001",
                    "created_at": LONG_AGO,
                    "language": "de",
                }
                for n, name, status in [(1, "maria", "active"), (2, "gone", "banned")]
            ],
        ),
    ),
    logins=("maria", "maria@example.com"),
    locked=("gone",),
    profile={
        "first_name": "Maria",
        "last_name": "José García",
        "locale": "de_DE",
        "shipping_address.city": "Austin",
        "shipping_address.country_name": "United States",
        "billing_address.line1": "2 Bank St",
    },
    says=('active = { column = "status", values = ["active"] }', "# fingerprint = "),
)

DEFAULT_ID: Final = Shop(
    name="default-address-id",
    tables=(
        "CREATE TABLE customer (id INTEGER PRIMARY KEY, mail VARCHAR(90) NOT NULL UNIQUE, "
        "first_name VARCHAR(40), last_name VARCHAR(40), pw VARCHAR(100), "
        "default_shipping_address_id INTEGER, default_billing_address_id INTEGER, "
        "created_on TIMESTAMP NOT NULL, deleted_at TIMESTAMP NULL, external_id VARCHAR(40))",
        "CREATE TABLE country (id INTEGER PRIMARY KEY, name VARCHAR(60), iso2 VARCHAR(2))",
        "CREATE TABLE customer_address (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL "
        "REFERENCES customer (id), street VARCHAR(80), city VARCHAR(60), zip VARCHAR(10), "
        "country_id INTEGER REFERENCES country (id), company VARCHAR(60))",
    ),
    rows=(
        ("country", [{"id": 5, "name": "Czechia", "iso2": "CZ"}]),
        (
            "customer",
            [
                {
                    "id": n,
                    "mail": mail,
                    "first_name": "Jana",
                    "last_name": "Nováková",
                    "pw": HASH,
                    "default_shipping_address_id": 12,
                    "default_billing_address_id": 11,
                    "created_on": LONG_AGO,
                    "deleted_at": deleted,
                    "external_id": None,
                }
                for n, mail, deleted in [
                    (1, "jana@example.cz", None),
                    (2, "gone@example.cz", "2021-01-01 00:00:00"),
                ]
            ],
        ),
        (
            "customer_address",
            [
                {
                    "id": n,
                    "customer_id": 1,
                    "street": street,
                    "city": "Brno",
                    "zip": "60200",
                    "country_id": 5,
                    "company": None,
                }
                for n, street in [(10, "Stará 1"), (11, "Bankovní 2"), (12, "Tržní 3")]
            ],
        ),
    ),
    logins=("jana@example.cz",),
    locked=("gone@example.cz",),
    profile={
        "shipping_address.line1": "Tržní 3",
        "billing_address.line1": "Bankovní 2",
        "billing_address.country_a2": "CZ",
        "last_name": "Nováková",
    },
    says=('shipping_id = "default_shipping_address_id"', "external_id may hold ERIDs"),
)

KEY_VALUE: Final = Shop(
    name="key-value",
    tables=(
        "CREATE TABLE accounts (id INTEGER PRIMARY KEY, login VARCHAR(60) NOT NULL UNIQUE, "
        "hashed_password VARCHAR(100) NOT NULL, enabled INTEGER NOT NULL, "
        "registered_at INTEGER NOT NULL)",
        "CREATE TABLE account_fields (id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL, "
        "field_name VARCHAR(60) NOT NULL, field_value VARCHAR(200))",
    ),
    rows=(
        (
            "accounts",
            [
                {
                    "id": n,
                    "login": login,
                    "hashed_password": HASH,
                    "enabled": enabled,
                    "registered_at": 1_500_000_000 + n,
                }
                for n, login, enabled in [(1, "kim", 1), (2, "lee", 0)]
            ],
        ),
        (
            "account_fields",
            [
                {"id": n, "account_id": 1, "field_name": name, "field_value": value}
                for n, (name, value) in enumerate(
                    {
                        "first_name": "Kim",
                        "last_name": "Nguyễn",
                        "secret_hobby": "chess",
                        "billing_street": "1 Rue",
                        "billing_city": "Huế",
                        "billing_phone": "555 12345",
                    }.items()
                )
            ],
        ),
    ),
    logins=("kim",),
    locked=("lee",),
    profile={
        "first_name": "Kim",
        "last_name": "Nguyễn",
        "billing_address.city": "Huế",
        "home_phone": "555 12345",
    },
    says=("[sources.shop.pairs.account_fields]", 'active = { column = "enabled", values = [1] }'),
)

OTHER_SCHEMA: Final = Shop(
    name="other-schema",
    engines=("postgresql",),
    arguments=("--schema", "crm"),
    tables=(
        "CREATE SCHEMA crm",
        "CREATE TABLE crm.utilisateur (id_utilisateur SERIAL PRIMARY KEY, "
        "courriel VARCHAR(90) NOT NULL UNIQUE, prenom VARCHAR(40), nom VARCHAR(40), "
        "est_actif BOOLEAN NOT NULL, date_creation TIMESTAMPTZ NOT NULL)",
        "CREATE TABLE crm.acces (id_utilisateur INTEGER PRIMARY KEY REFERENCES crm.utilisateur, "
        "mot_de_passe VARCHAR(100) NOT NULL)",
        "CREATE TABLE crm.adresse (id SERIAL PRIMARY KEY, id_utilisateur INTEGER NOT NULL "
        "REFERENCES crm.utilisateur, type VARCHAR(12), rue VARCHAR(80), code_postal VARCHAR(10), "
        "ville VARCHAR(60), pays VARCHAR(3))",
        "CREATE TABLE journal (id SERIAL PRIMARY KEY, texte VARCHAR(80))",
    ),
    rows=(
        (
            "crm.utilisateur",
            [
                {
                    "courriel": mail,
                    "prenom": "Zoé",
                    "nom": "Lefèvre",
                    "est_actif": active,
                    "date_creation": "2020-01-01 00:00:00+00",
                }
                for mail, active in [("zoe@example.fr", True), ("non@example.fr", False)]
            ],
        ),
        ("crm.acces", [{"id_utilisateur": n, "mot_de_passe": HASH} for n in (1, 2)]),
        (
            "crm.adresse",
            [
                {
                    "id_utilisateur": 1,
                    "type": kind,
                    "rue": rue,
                    "code_postal": "75001",
                    "ville": "Paris",
                    "pays": "FRA",
                }
                for kind, rue in [("livraison", "1 rue A"), ("facturation", "2 rue B")]
            ],
        ),
    ),
    logins=("zoe@example.fr",),
    locked=("non@example.fr",),
    profile={
        "first_name": "Zoé",
        "last_name": "Lefèvre",
        "shipping_address.line1": "1 rue A",
        "billing_address.line1": "2 rue B",
        "billing_address.country": "FRA",
    },
    says=('schema = "crm"', "[sources.shop.joins.acces]", 'kind = "type"'),
)

CAMEL: Final = Shop(
    name="camel-flags",
    tables=(
        "CREATE TABLE tbl_User (UserId INTEGER PRIMARY KEY, EmailAddress VARCHAR(90) NOT NULL "
        "UNIQUE, PasswordHash VARCHAR(100), IsDeleted INTEGER NOT NULL, "
        "DateCreated TIMESTAMP NOT NULL)",
        "CREATE TABLE tbl_UserProfile (UserId INTEGER PRIMARY KEY, FirstName VARCHAR(40), "
        "LastName VARCHAR(40), MobilePhone VARCHAR(30))",
        "CREATE TABLE tbl_Address (AddressId INTEGER PRIMARY KEY, UserId INTEGER NOT NULL, "
        "Address1 VARCHAR(80), Address2 VARCHAR(80), City VARCHAR(60), PostalCode VARCHAR(10), "
        "CountryCode VARCHAR(2), IsDefault INTEGER NOT NULL)",
        "CREATE TABLE tbl_PasswordReset (Token VARCHAR(40) PRIMARY KEY, UserId INTEGER)",
    ),
    rows=(
        (
            "tbl_User",
            [
                {
                    "UserId": n,
                    "EmailAddress": mail,
                    "PasswordHash": HASH,
                    "IsDeleted": deleted,
                    "DateCreated": LONG_AGO,
                }
                for n, mail, deleted in [(1, "bo@example.com", 0), (2, "no@example.com", 1)]
            ],
        ),
        (
            "tbl_UserProfile",
            [{"UserId": 1, "FirstName": "Bo", "LastName": "Berg", "MobilePhone": "555 01234"}],
        ),
        (
            "tbl_Address",
            [
                {
                    "AddressId": n,
                    "UserId": 1,
                    "Address1": f"{n} Main St",
                    "Address2": None,
                    "City": "Oslo",
                    "PostalCode": "0150",
                    "CountryCode": "NO",
                    "IsDefault": int(n == 2),
                }
                for n in (1, 2)
            ],
        ),
    ),
    logins=("bo@example.com",),
    locked=("no@example.com",),
    profile={
        "first_name": "Bo",
        "last_name": "Berg",
        "home_phone": "555 01234",
        "shipping_address.line1": "2 Main St",
        "billing_address.country_a2": "NO",
    },
    says=('shipping_flag = "IsDefault"', "[sources.shop.joins.tbl_user_profile]"),
    engines=("sqlite", "mariadb"),
)

SHOPS: Final = (GERMAN_2009, FULL_NAME, DEFAULT_ID, KEY_VALUE, OTHER_SCHEMA, CAMEL)
