"""Keycloak: `realm`, `user_entity`, `credential` and `user_attribute` as its Liquibase changelogs
of versions 24 to 26 leave them on PostgreSQL, in our own DDL (of `realm` only what names it).

Hashes were made once by what Keycloak calls: `SecretKeyFactory` of Java 17 for PBKDF2, and
`Argon2BytesGenerator` of Bouncy Castle 1.72 with the parameters of Keycloak's default. The JSON
around them is as Keycloak writes it."""

from __future__ import annotations

import json
import uuid
from typing import Final

from tests.known.people import Known, execute, insert

__all__ = ["ENGINES", "PEOPLE", "make"]

ENGINES: Final = ("postgresql",)
PEOPLE: Final = (
    Known(
        login="anna.novak",
        password="correct horse",
        profile={
            "first_name": "Anna",
            "last_name": "Novák",
            "email": "anna.novak@example.com",
            "locale": "en",
            "home_phone": "+420 555 010 203",
        },
        other_logins=("Anna.Novak", "anna.novak@example.com", "Anna.Novak@Example.com"),
        strangers=("anna.novák", "novak"),
    ),
    Known(login="gone", password="once I could", active=False),
    Known(
        login="žofie",
        password="příliš žluťoučký kůň",
        profile={"first_name": "Žofie", "last_name": "Müller", "email": "zofie@example.com"},
        other_logins=("Žofie", "zofie@example.com"),
        strangers=("zofie",),
    ),
    Known(login="pbkdf2", password="kept as pbkdf2"),
    Known(login="pbkdf2-sha256", password="kept as pbkdf2-sha256"),
    Known(login="pbkdf2-sha512", password="kept as pbkdf2-sha512"),
    Known(login="from-ldap", password=None, strangers=("of-another-realm",)),
)
_ARGON2: Final = {
    "hashLength": ["32"],
    "memory": ["7168"],
    "type": ["id"],
    "version": ["1.3"],
    "parallelism": ["1"],
}
HASHES: Final = {
    "anna.novak": (
        "argon2",
        5,
        "rbaE/SDUFXbWw4UjQoUQKZ1XBjPmJF5Z5Sy6SNMIwzY=",
        "HydrmoACd9ouue45OVlYiA==",
    ),
    "gone": (
        "argon2",
        5,
        "MsPh9Cpub4OzbRZVbAeqRxGGKVo43ywBpTdtmc08lR0=",
        "XYS92FeHLNwoDqNGqn6DOQ==",
    ),
    "žofie": (
        "argon2",
        5,
        "kF0ZYBnBdd90yLM3vc1cyFdz6EsIdGdgNgbZoH8mQME=",
        "LATUsEzSetdn9TBYQDlvbQ==",
    ),
    "pbkdf2": (
        "pbkdf2",
        20_000,
        "6vEz5vOA3WJWv9xWCupFPU0iaKKm4jTBkQ3vkwAWoyTs/aE5mLlZIM7hMtEyaDIXh0u3ErDUw/LbSPN4/YvSrA==",
        "8o29uQt5sWLbXq2QiRq2LQ==",
    ),
    "pbkdf2-sha256": (
        "pbkdf2-sha256",
        27_500,
        "d6qu+lj2uo/+q0XBKPFknfQfHtl3BImB5CeyO59y/MEMRVO0HnYh7JQuEeWuMAtPexkqO3bV3EHdru1waBYJQA==",
        "bIfoaDzF6EWxrco0WbYHwQ==",
    ),
    "pbkdf2-sha512": (
        "pbkdf2-sha512",
        210_000,
        "F71W8msOj1K2WAPtpVMbYryDl+28ViYEtJnSdXJs3LKRd9MGjaM3uYDItk9WTy0Cq9F9g5PTRoDwIz9YWW9/eA==",
        "WRLD4ijXyUZv8SFuRIMzBw==",
    ),
}
ANOTHER_REALMS: Final = (
    "pbkdf2-sha512",
    210_000,
    "F/4Od/eGlIkpheln/ExDoIx15P/8vJzq5rbVI8p2JYhLOR9Xnpw3wAue+hQUu22gdD9VOI6af3TwvysfZ/HKZA==",
    "8YzISX9nAR5rS9guaU9tvA==",
)
_TABLES: Final = (
    "CREATE TABLE realm (id varchar(36) NOT NULL PRIMARY KEY, "
    "enabled boolean NOT NULL DEFAULT false, name varchar(255) UNIQUE)",
    "CREATE TABLE user_entity (id varchar(36) NOT NULL CONSTRAINT constraint_fb PRIMARY KEY, "
    "email varchar(255), email_constraint varchar(255), "
    "email_verified boolean NOT NULL DEFAULT false, enabled boolean NOT NULL DEFAULT false, "
    "federation_link varchar(255), first_name varchar(255), last_name varchar(255), "
    "realm_id varchar(255), username varchar(255), created_timestamp bigint, "
    "service_account_client_link varchar(255), not_before integer NOT NULL DEFAULT 0, "
    "CONSTRAINT uk_dykn684sl8up1crfei6eckhd7 UNIQUE (realm_id, email_constraint), "
    "CONSTRAINT uk_ru8tt6t700s9v50bu18ws5ha6 UNIQUE (realm_id, username))",
    "CREATE INDEX idx_user_email ON user_entity (email)",
    "CREATE INDEX idx_user_service_account ON user_entity (realm_id, service_account_client_link)",
    "CREATE TABLE credential (id varchar(36) NOT NULL CONSTRAINT constraint_f PRIMARY KEY, "
    "salt bytea, type varchar(255), user_id varchar(36) REFERENCES user_entity (id), "
    "created_date bigint, user_label varchar(255), secret_data text, credential_data text, "
    "priority integer)",
    "CREATE INDEX idx_user_credential ON credential (user_id)",
    "CREATE TABLE user_attribute (name varchar(255) NOT NULL, value varchar(255), "
    "user_id varchar(36) NOT NULL REFERENCES user_entity (id), "
    "id varchar(36) NOT NULL DEFAULT 'sybase-needs-something-here' PRIMARY KEY, "
    "long_value_hash bytea, long_value_hash_lower_case bytea, long_value text)",
    "CREATE INDEX idx_user_attribute ON user_attribute (user_id)",
    "CREATE INDEX idx_user_attribute_name ON user_attribute (name, value)",
)
REALM: Final = "shop"
_OTHER: Final = "0b6bd1d5-5c3f-44b8-b1d7-02ba42a2f14e"


def make(url: str) -> None:
    """Make the tables, a realm whose ID is `shop` with the users, and another one that has some
    of the same user names with other passwords."""
    execute(url, _TABLES)
    insert(
        url,
        "realm",
        [
            {"id": REALM, "enabled": True, "name": "shop"},
            {"id": _OTHER, "enabled": True, "name": "staff"},
        ],
    )
    for number, person in enumerate(PEOPLE):
        key = _user(url, REALM, person, number)
        if person.login in HASHES:
            _password(url, key, HASHES[person.login])
        fields = {"locale": "locale", "phoneNumber": "home_phone"}
        insert(
            url,
            "user_attribute",
            [
                {"id": str(uuid.uuid4()), "user_id": key, "name": name, "value": value}
                for name, field in fields.items()
                if (value := person.profile.get(field))
            ],
        )
    for login in ("anna.novak", "of-another-realm"):
        stranger = Known(login=login, password="another realm's")
        _password(url, _user(url, _OTHER, stranger, 90), ANOTHER_REALMS)


def _user(url: str, realm: str, person: Known, number: int) -> str:
    """Insert a user; their ID. An e-mail address is unique in a realm, and so is its absence not:
    the constraint is on a column that has a random value then."""
    key, email = str(uuid.uuid4()), person.profile.get("email")
    row = {
        "id": key,
        "email": email,
        "email_constraint": email or str(uuid.uuid4()),
        "email_verified": email is not None,
        "enabled": person.active,
        "first_name": person.profile.get("first_name"),
        "last_name": person.profile.get("last_name"),
        "realm_id": realm,
        "username": person.login,
        "created_timestamp": 1_714_557_590_123 + number,
        "not_before": 0,
    }
    insert(url, "user_entity", [row])
    return key


def _password(url: str, user: str, made: tuple[str, int, str, str]) -> None:
    """Insert a password, and a one-time code, which is no password."""
    algorithm, iterations, value, salt = made
    secret = {"value": value, "salt": salt, "additionalParameters": {}}
    how = {
        "hashIterations": iterations,
        "algorithm": algorithm,
        "additionalParameters": _ARGON2 if algorithm == "argon2" else {},
    }
    code = {"subType": "totp", "digits": 6, "counter": 0, "period": 30, "algorithm": "HmacSHA1"}
    kinds = (
        ("otp", {"value": "JBSWY3DPEHPK3PXP"}, code, 10),
        ("password", secret, how, 20),
    )
    insert(
        url,
        "credential",
        [
            {
                "id": str(uuid.uuid4()),
                "type": kind,
                "user_id": user,
                "created_date": 1_714_557_591_000,
                "secret_data": json.dumps(hidden, separators=(",", ":")),
                "credential_data": json.dumps(shown, separators=(",", ":")),
                "priority": priority,
            }
            for kind, hidden, shown, priority in kinds
        ],
    )
