"""Drupal 10.

The tables are built from dumps that Drupal's own schema made, published by sites of 9 and 10; on
PostgreSQL as its driver translates the types. `$S$` of `hashcat` is the published example of that
program; other hashes were made with PHP 8.2's `password_hash` and `hash`, by the published
construction of Drupal's class for hashes of Drupal 7."""

from __future__ import annotations

from typing import Any, Final

from .people import Known, engine_of, execute, insert

__all__ = ["ENGINES", "PEOPLE", "make"]

ENGINES: Final = ("mariadb", "postgresql")
"""Not SQLite: Drupal's columns have a collation there that only Drupal can define."""

PEOPLE: Final = (
    Known(
        login="Anna",
        password="correct horse",
        profile={"email": "anna@example.com", "locale": "de_DE"},
        other_logins=("anna", "ANNA"),
        strangers=("ánna", "anna@example.com"),
    ),
    Known(
        login="Даша Ямайка",
        password="пароль Ямайка",
        profile={"email": "dasha@example.com", "locale": "en_US"},
        other_logins=("даша ЯМАЙКА",),
    ),
    Known(
        login="of-7",
        password="hashcat",
        profile={"email": "of-7@example.com", "locale": "en_US"},
    ),
    Known(
        login="of-6",
        password="from Drupal 6",
        profile={"email": "of-6@example.com", "locale": "en_US"},
    ),
    Known(login="blocked", password="correct horse", active=False),
    # An administrator made it and sent no password yet.
    Known(login="invited", password=None),
)

HORSE: Final = "$2y$10$pGXXstawc1EUDFUwcAyBpuQjwljbJ8JEbQgeu2gaIxxAZn59WqszC"
HASHES: Final = {
    "Даша Ямайка": "$S$ETCPKlEVj/37vA8R7DxEslp.Rsd8lq/7FC6igbrbKYfm2NanNBix",
    "of-7": "$S$C33783772bRXEx1aCsvY.dqgaaSu76XmVlKrW9Qu8IQlvxHlmzLf",
    "of-6": "U$S$9zB2MEPhpWL/jvjXzZ9jCAcM/DpQu9cjeDY.BI5ULDKB7K8Ti6bU",
    "invited": None,
}

COLLATED: Final = "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci"
ASCII: Final = "varchar(12) CHARACTER SET ascii COLLATE ascii_general_ci"

TABLES: Final = {
    "mariadb": (
        f"""CREATE TABLE users (
            uid int(10) unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
            uuid varchar(128) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
            langcode {ASCII} NOT NULL,
            UNIQUE KEY user_field__uuid__value (uuid)
        ) {COLLATED}""",
        f"""CREATE TABLE users_field_data (
            uid int(10) unsigned NOT NULL,
            langcode {ASCII} NOT NULL,
            preferred_langcode {ASCII} DEFAULT NULL,
            preferred_admin_langcode {ASCII} DEFAULT NULL,
            name varchar(60) NOT NULL,
            pass varchar(255) DEFAULT NULL,
            mail varchar(254) DEFAULT NULL,
            timezone varchar(32) DEFAULT NULL,
            status tinyint(4) DEFAULT NULL,
            created int(11) NOT NULL,
            changed int(11) DEFAULT NULL,
            access int(11) NOT NULL,
            login int(11) DEFAULT NULL,
            init varchar(254) DEFAULT NULL,
            default_langcode tinyint(4) NOT NULL,
            PRIMARY KEY (uid, langcode),
            UNIQUE KEY user__name (name, langcode),
            KEY user__id__default_langcode__langcode (uid, default_langcode, langcode),
            KEY user_field__mail (mail(191)),
            KEY user_field__created (created),
            KEY user_field__access (access)
        ) {COLLATED}""",
    ),
    "postgresql": (
        """CREATE TABLE users (
            uid serial NOT NULL CHECK (uid >= 0),
            uuid varchar(128) NOT NULL,
            langcode varchar(12) NOT NULL,
            CONSTRAINT users____pkey PRIMARY KEY (uid),
            CONSTRAINT users__user_field__uuid__value__key UNIQUE (uuid)
        )""",
        """CREATE TABLE users_field_data (
            uid bigint NOT NULL CHECK (uid >= 0),
            langcode varchar(12) NOT NULL,
            preferred_langcode varchar(12) DEFAULT NULL,
            preferred_admin_langcode varchar(12) DEFAULT NULL,
            name varchar(60) NOT NULL,
            pass varchar(255) DEFAULT NULL,
            mail varchar(254) DEFAULT NULL,
            timezone varchar(32) DEFAULT NULL,
            status smallint DEFAULT NULL,
            created int NOT NULL,
            changed int DEFAULT NULL,
            access int NOT NULL,
            login int DEFAULT NULL,
            init varchar(254) DEFAULT NULL,
            default_langcode smallint NOT NULL,
            CONSTRAINT users_field_data____pkey PRIMARY KEY (uid, langcode),
            CONSTRAINT users_field_data__user__name__key UNIQUE (name, langcode)
        )""",
        "CREATE INDEX users_field_data__user__id__default_langcode__langcode__idx"
        " ON users_field_data (uid, default_langcode, langcode)",
        "CREATE INDEX users_field_data__user_field__mail__idx ON users_field_data (mail)",
        "CREATE INDEX users_field_data__user_field__created__idx ON users_field_data (created)",
        "CREATE INDEX users_field_data__user_field__access__idx ON users_field_data (access)",
    ),
}


def make(url: str) -> None:
    """Drupal's two tables of users: the anonymous one that has the number 0, and `PEOPLE`, of
    whom the first has a second row, a translation."""
    execute(url, TABLES[engine_of(url)])
    anonymous = {"uid": 0, "langcode": "en", "name": "", "status": 0, "created": 1, "access": 0}
    insert(url, "users_field_data", [{**anonymous, "default_langcode": 1}])
    people = [_user(number, person) for number, person in enumerate(PEOPLE, start=2)]
    insert(url, "users_field_data", people)
    first = {**people[0], "langcode": "de", "default_langcode": 0, "mail": "alt@example.com"}
    insert(url, "users_field_data", [{**first, "pass": HASHES["of-7"]}])
    bases = [
        {"uid": row["uid"], "uuid": f"0b9a0c36-1111-4222-8333-00000000000{row['uid']}"}
        for row in people
    ]
    insert(url, "users", [{**row, "langcode": "en"} for row in bases])


def _user(number: int, person: Known) -> dict[str, Any]:
    mail = person.profile.get("email") or f"{person.login}@example.com"
    return {
        "uid": number,
        "langcode": "en",
        "preferred_langcode": "de" if person.profile.get("locale") == "de_DE" else "en",
        "name": person.login,
        "pass": HASHES.get(person.login, HORSE),
        "mail": mail,
        "timezone": "Europe/Berlin",
        "status": int(person.active),
        "created": 1_700_000_000 + number,
        "changed": 1_700_000_000,
        "access": 1_700_000_000,
        "login": 1_700_000_000,
        "init": mail,
        "default_langcode": 1,
    }
