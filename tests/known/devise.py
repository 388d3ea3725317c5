"""Rails with Devise: `users` with the columns of all of Devise's modules.

The DDL is what Active Record 6.1 and the migration of Devise's generator send to each engine; the
hashes were made once by Devise 4.8 (`User.create!`) without a pepper, with its 12 stretches for
one user and with 4 for the others, which are quicker. The table has no name of a person:
applications add such columns themselves."""

from __future__ import annotations

from typing import Final

from tests.known.people import Known, engine_of, execute, insert

__all__ = ["ENGINES", "PEOPLE", "make"]

ENGINES: Final = ("sqlite", "postgresql", "mariadb")
PEOPLE: Final = (
    Known(
        login="anna.novak@example.com",
        password="correct horse",
        profile={"email": "anna.novak@example.com"},
        other_logins=("Anna.Novak@Example.com",),
        strangers=("anna.novák@example.com", "anna.nowak@example.com"),
    ),
    Known(login="unconfirmed@example.com", password="not confirmed yet", active=False),
    Known(login="locked@example.com", password="locked for now", active=False),
    Known(
        login="žofie@example.com",
        password="příliš žluťoučký kůň",
        profile={"email": "žofie@example.com"},
        other_logins=("Žofie@example.com",),
        strangers=("zofie@example.com",),
    ),
    Known(
        login="long@example.com",
        password="correct horse battery staple, " * 4,
        profile={"email": "long@example.com"},
    ),
    Known(login="by.network@example.com", password=None),
)
HASHES: Final = {
    "anna.novak@example.com": "$2a$12$KfwWEZfiEdf4sB3X3sCCr.ZAPwkwHj8cHlh0V9d0C16bOjnSV2zz.",
    "unconfirmed@example.com": "$2a$04$e7rLT8/SfNXnZ3tuYZWh8uNArJIk8HUtLk6eGRkjIgzEEB8oeZ31a",
    "locked@example.com": "$2a$04$jkEuZorN4Lhwfif/Ew5pFe2shTXTAvuHO7KodtPR2j0Zkzda0mpOW",
    "žofie@example.com": "$2a$04$T.yGsLeSEUuPLNNoBoBhjOlFmtcDnCAFYWAb3LfBU2cKSHiTp5ojC",
    "long@example.com": "$2a$04$9/kHLYsilO9mrqs1CdFd7.jpYnRU8NKzeobDbDJVyLuHIxwb4jFGG",
    "by.network@example.com": "",
}
_TYPES: Final = {
    "sqlite": ("integer PRIMARY KEY AUTOINCREMENT NOT NULL", "varchar", "datetime", "datetime(6)"),
    "postgresql": ("bigserial primary key", "character varying", "timestamp", "timestamp(6)"),
    "mariadb": (
        "bigint NOT NULL AUTO_INCREMENT PRIMARY KEY",
        "varchar(255)",
        "datetime",
        "datetime(6)",
    ),
}


def make(url: str) -> None:
    """Make the table and the users."""
    key, text, time, made = _TYPES[engine_of(url)]
    tokens = ("email", "reset_password_token", "confirmation_token", "unlock_token")
    execute(
        url,
        [
            f"CREATE TABLE users (id {key}, "
            f"email {text} DEFAULT '' NOT NULL, encrypted_password {text} DEFAULT '' NOT NULL, "
            f"reset_password_token {text}, reset_password_sent_at {time}, "
            f"remember_created_at {time}, "
            "sign_in_count integer DEFAULT 0 NOT NULL, "
            f"current_sign_in_at {time}, last_sign_in_at {time}, "
            f"current_sign_in_ip {text}, last_sign_in_ip {text}, "
            f"confirmation_token {text}, confirmed_at {time}, confirmation_sent_at {time}, "
            f"unconfirmed_email {text}, "
            "failed_attempts integer DEFAULT 0 NOT NULL, "
            f"unlock_token {text}, locked_at {time}, "
            f"created_at {made} NOT NULL, updated_at {made} NOT NULL)",
            *(
                f"CREATE UNIQUE INDEX index_users_on_{column} ON users ({column})"
                for column in tokens
            ),
        ],
    )
    at = "2024-05-01 09:59:{:02}.123456"
    insert(
        url,
        "users",
        [
            {
                "email": person.login,
                "encrypted_password": HASHES[person.login],
                "confirmed_at": None if person.login.startswith("un") else at.format(number),
                "locked_at": at.format(number) if person.login.startswith("locked") else None,
                "created_at": at.format(number),
                "updated_at": at.format(number),
            }
            for number, person in enumerate(PEOPLE)
        ],
    )
