"""WordPress 6.

Tables and hashes are WordPress's own: of an installation of 6.1.9 and one of 6.5.5 on MariaDB,
with users made by `wp_insert_user` as its forms call it. Hashes of 6.8 (`$wp$2y$`) were made by
PHP 8.2 as that version does: bcrypt of base64 of an HMAC-SHA384. What may be typed was seen from
`wp_signon` of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from .people import Known, execute, insert

__all__ = ["COLLATED", "ENGINES", "PEOPLE", "QUOTES", "add_people", "make", "tables"]

ENGINES: Final = ("mariadb",)

QUOTES: Final = """it's "quoted" \\ & <b>"""
"""WordPress hashes this with a backslash before each quote and backslash, as PHP once gave it."""

PEOPLE: Final = (
    Known(
        login="anna",
        password="correct horse",
        profile={
            "first_name": "Anna",
            "last_name": "Berg",
            "email": "Anna.Berg@example.com",
            "locale": "de_DE",
        },
        other_logins=("ANNA", "Anna.Berg@example.com", "anna.berg@example.com"),
        strangers=("anna ", "ann", "anna.berg"),
    ),
    Known(
        login="bo oneil",
        password=QUOTES,
        profile={
            "first_name": "Bo",
            "last_name": "O'Neil",
            "email": "bo@example.com",
            "locale": "en_US",
        },
        other_logins=("bo@example.com",),
    ),
    Known(
        login="chloe",
        password="pässwörd",
        profile={
            "first_name": "Chloé",
            "last_name": "Дюпон",
            "email": "chloe@example.fr",
            "locale": "en_US",
        },
        strangers=("chloé", "chloé@example.fr"),
    ),
    Known(
        login="greta",
        password="gréta's pa$$",
        profile={"first_name": "Gréta", "email": "greta@example.se", "locale": "en_US"},
        other_logins=("Greta@example.se",),
    ),
    Known(
        login="hugo",
        password="x" + "long " * 20 + "y",
        profile={"email": "hugo@example.com", "locale": "en_US"},
    ),
    Known(
        login="ines",
        password="roots bcrypt",
        profile={"first_name": "Tom & Co", "email": "ines@example.com", "locale": "en_US"},
    ),
    # Two who clash: one's user name is the other's e-mail address. WordPress looks for the name
    # first.
    Known(
        login="vera@example.com",
        password="correct horse",
        profile={"first_name": "Name", "email": "other@example.com", "locale": "en_US"},
    ),
    Known(
        login="vera",
        password="pässwörd",
        profile={"first_name": "Vera", "email": "vera@example.com", "locale": "en_US"},
    ),
    # An account that a plug-in made for somebody who signs in elsewhere.
    Known(login="sigrid", password=None),
    # An administrator took the role away.
    Known(login="nora", password="correct horse", active=False),
)

HASHES: Final = {
    "anna": "$P$Blt8m8YDztm6S0iexx3Q.qX5/8gjq5.",  # wp_insert_user of 6.1.9
    "bo oneil": "$P$BMKlUrr9QWL2XOaucJbfL8uXG4RSp5.",  # wp_insert_user of 6.1.9
    "chloe": "$P$BtL9igJo01JnZICtRfUIv/KP/Du.nJ.",  # wp_insert_user of 6.5.5
    "greta": "$wp$2y$10$jXps8mepMKEpwmj6xblDmef1/XBTPFY8UF2GpdV4rGb/vOTR7U2ti",  # PHP 8.2
    "hugo": "$wp$2y$10$6McR2oivhHVHkyMjPWoVpugmzMQdK48LIAgA11qZUCQcMpbN55j52",  # PHP 8.2
    # PHP's password_hash: what plug-ins for bcrypt stored before 6.8
    "ines": "$2y$10$AFYQunUa3pyyUAE3dx3B5O6NdCkWgB6Z3CSftQIhj6zX1A9CfCEFO",
    "vera@example.com": "$P$BA2z6esPcD4LNb5DCrBxzSU5AcfefD.",  # wp_insert_user of 6.5.5
    "vera": "$wp$2y$10$h9V/lqWV1ElBrHCgQdyehObNwFlj08FxfRufbzSrSg/bvZZJgRh2O",  # PHP 8.2
    "sigrid": "",
    "nora": "$P$Blt8m8YDztm6S0iexx3Q.qX5/8gjq5.",  # wp_insert_user of 6.1.9
}
NO_ROLE: Final = {"wp_capabilities": "a:0:{}"}
"""What `set_role('')` of 6.5.5 leaves, as "No role for this site" of the user's page does."""

COLLATED: Final = "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci"

TABLES: Final = (
    f"""CREATE TABLE wp_users (
        ID bigint(20) unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
        user_login varchar(60) NOT NULL DEFAULT '',
        user_pass varchar(255) NOT NULL DEFAULT '',
        user_nicename varchar(50) NOT NULL DEFAULT '',
        user_email varchar(100) NOT NULL DEFAULT '',
        user_url varchar(100) NOT NULL DEFAULT '',
        user_registered datetime NOT NULL DEFAULT '0000-00-00 00:00:00',
        user_activation_key varchar(255) NOT NULL DEFAULT '',
        user_status int(11) NOT NULL DEFAULT 0,
        display_name varchar(250) NOT NULL DEFAULT '',
        KEY user_login_key (user_login),
        KEY user_nicename (user_nicename),
        KEY user_email (user_email)
    ) {COLLATED}""",
    f"""CREATE TABLE wp_usermeta (
        umeta_id bigint(20) unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
        user_id bigint(20) unsigned NOT NULL DEFAULT 0,
        meta_key varchar(255) DEFAULT NULL,
        meta_value longtext DEFAULT NULL,
        KEY user_id (user_id),
        KEY meta_key (meta_key(191))
    ) {COLLATED}""",
)

USUAL: Final = {
    "description": "",
    "rich_editing": "true",
    "syntax_highlighting": "true",
    "comment_shortcuts": "false",
    "admin_color": "fresh",
    "use_ssl": "0",
    "show_admin_bar_front": "true",
    "locale": "",
    "wp_capabilities": 'a:1:{s:10:"subscriber";b:1;}',
    "wp_user_level": "0",
    "dismissed_wp_pointers": "",
}
"""What WordPress writes for every user, beside the names."""


def make(url: str) -> None:
    """WordPress's two tables of users, with `PEOPLE` in them."""
    tables(url)
    add_people(url, PEOPLE)
    # A plug-in's mistake: a second row of one name. WordPress takes the first.
    row = {"user_id": 2, "meta_key": "first_name", "meta_value": "Annabel"}
    insert(url, "wp_usermeta", [row])


def tables(url: str) -> None:
    """The two tables, with nobody in them but the administrator."""
    execute(url, TABLES)
    _add(url, 1, "admin", "$P$BTQDxT97wkJ7Xqpg2DK/./e1qw7Pe3/", "admin@example.com", {})


def add_people(
    url: str, people: Sequence[Known], more: Mapping[str, Mapping[str, str]] | None = None
) -> None:
    """Users with `HASHES`, and what the meta table has `more` of each, by their logins."""
    for number, person in enumerate(people, start=2):
        profile = person.profile
        _add(
            url,
            number,
            person.login,
            HASHES[person.login],
            profile.get("email") or f"{person.login}@example.com",
            {
                "nickname": person.login,
                "first_name": escape(profile.get("first_name") or "", quote=False),
                "last_name": escape(profile.get("last_name") or "", quote=False),
                **({"locale": "de_DE"} if person.login == "anna" else {}),
                **(more or {}).get(person.login, {}),
                **({} if person.active else NO_ROLE),
            },
        )


def _add(
    url: str, number: int, login: str, stored: str, email: str, meta: Mapping[str, str]
) -> None:
    """A user as WordPress stores one: `stored` is the hash."""
    row: dict[str, Any] = {
        "ID": number,
        "user_login": login,
        "user_pass": stored,
        "user_nicename": login.replace(" ", "-").replace("@", "").replace(".", "-"),
        "user_email": email,
        "user_registered": f"2024-03-0{number % 9 + 1} 10:20:30",
        "display_name": login,
    }
    insert(url, "wp_users", [row])
    pairs = {**USUAL, **meta}
    rows = [{"user_id": number, "meta_key": k, "meta_value": v} for k, v in pairs.items()]
    insert(url, "wp_usermeta", rows)
