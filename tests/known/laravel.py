"""Laravel: `users`, as the migration of a new application of version 11 makes it, in our own DDL;
it is the same since version 5.7.

The hashes were made once by `password_hash` of PHP 8.2, which is what Laravel's Hash calls, with
the costs of Laravel's drivers bcrypt (12, before version 11: 10), argon2id and argon; for two
users with the least, which is quicker."""

from __future__ import annotations

from typing import Final

from tests.known.people import Known, engine_of, execute, insert

__all__ = ["ENGINES", "PEOPLE", "make"]

ENGINES: Final = ("sqlite", "postgresql", "mariadb")
PEOPLE: Final = (
    Known(
        login="Anna.Novak@example.com",
        password="correct horse",
        profile={
            "first_name": "Anna",
            "last_name": "Maria Novák",
            "email": "Anna.Novak@example.com",
        },
        other_logins=("anna.novak@example.com",),
        strangers=("anna.novák@example.com", "anna.nowak@example.com"),
    ),
    Known(login="unverified@example.com", password="not verified yet", active=False),
    Known(
        login="žofie@example.com",
        password="příliš žluťoučký kůň",
        profile={"first_name": "Žofie", "email": "žofie@example.com"},
        strangers=("zofie@example.com",),
    ),
    Known(
        login="cost10@example.com",
        password="kept at cost 10",
        profile={"first_name": "Ten", "last_name": "Cost", "email": "cost10@example.com"},
    ),
    Known(
        login="argon2id@example.com",
        password="kept as argon2id",
        profile={"first_name": "Two", "last_name": "Id", "email": "argon2id@example.com"},
    ),
    Known(
        login="argon2i@example.com",
        password="kept as argon2i",
        profile={"first_name": "Two", "last_name": "I", "email": "argon2i@example.com"},
    ),
)
HASHES: Final = {
    "Anna.Novak@example.com": "$2y$12$zitw.BIupfE/56zb.NTjhe00W55BFihn3I269nziVhwd3ng9kJpe2",
    "unverified@example.com": "$2y$04$QjwKT2KE2zKkkyiS1oWZ6.5H/CGOnhzbXNWmswoTpkuYkS90xtBV2",
    "žofie@example.com": "$2y$04$PixMoNJw8pSFE9VwUTaxveB/yREf63OaDfm.Ws6E.B2Fr42Nlq/gy",
    "cost10@example.com": "$2y$10$cQmO5ZEpLE/CYO8Gh7QugePuN4fYX943oHeIvDOJfHyn/ENU8r.Sq",
    "argon2id@example.com": "$argon2id$v=19$m=65536,t=4,p=1$MDFsTW9LTG9UelpnejFKTA"
    "$GFelclzBBewB/Awrb2QxL9U8JyN2cCyulCn4QtD21Nc",
    "argon2i@example.com": "$argon2i$v=19$m=65536,t=4,p=1$VENXRlB2d3BzeDNvUnVzOA"
    "$2G9iZpt0Elhz4HH1DwqeaYzjp0ts/BGdCSLBMOF2g8E",
}
_COLUMNS: Final = {
    "sqlite": "id integer primary key autoincrement not null, "
    "name varchar not null, email varchar not null, email_verified_at datetime, "
    "password varchar not null, remember_token varchar, created_at datetime, updated_at datetime",
    "postgresql": "id bigserial not null primary key, "
    "name varchar(255) not null, email varchar(255) not null, "
    "email_verified_at timestamp(0) without time zone null, password varchar(255) not null, "
    "remember_token varchar(100) null, created_at timestamp(0) without time zone null, "
    "updated_at timestamp(0) without time zone null",
    "mariadb": "id bigint unsigned not null auto_increment primary key, "
    "name varchar(255) not null, email varchar(255) not null, "
    "email_verified_at timestamp null, password varchar(255) not null, "
    "remember_token varchar(100) null, created_at timestamp null, updated_at timestamp null",
}


def make(url: str) -> None:
    """Make the table and the users."""
    engine = engine_of(url)
    kind = " default character set utf8mb4 collate 'utf8mb4_unicode_ci'"
    unique = {
        "sqlite": "create unique index users_email_unique on users (email)",
        "postgresql": "alter table users add constraint users_email_unique unique (email)",
        "mariadb": "alter table users add unique users_email_unique(email)",
    }
    execute(
        url,
        [
            f"create table users ({_COLUMNS[engine]})" + (kind if engine == "mariadb" else ""),
            unique[engine],
        ],
    )
    insert(
        url,
        "users",
        [
            {
                "name": " ".join(
                    word
                    for field in ("first_name", "last_name")
                    if (word := person.profile.get(field))
                )
                or "Somebody",
                "email": person.login,
                "email_verified_at": "2024-05-01 10:00:00" if person.active else None,
                "password": HASHES[person.login],
                "created_at": f"2024-05-01 09:59:{second:02}",
                "updated_at": f"2024-05-01 09:59:{second:02}",
            }
            for second, person in enumerate(PEOPLE)
        ],
    )
