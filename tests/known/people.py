"""What the tests expect of the users in the databases of known software.

A module of this package makes the tables of one software. It has

- `ENGINES`: the engines that the software runs on, of `sqlite`, `postgresql` and `mariadb`;
- `make(url)`: makes the tables and the users in an empty database;
- `PEOPLE`: those users, as `Known`;
- `ENVIRONMENT`, where the preset takes secrets of the software's: the variables that hold them.

The preset is `config/` and the module's name, with `-` for `_`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import NullPool, create_engine, make_url

__all__ = ["Known", "Profile", "engine_of", "execute", "insert", "with_more"]

Profile = Mapping[str, str | None]
"""Fields of `core.model.Profile`; those of an address as `billing_address.city`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One user of a known software.

    `login` is as it is stored and answered. A `password` of None is one that cannot be used.
    Fields that `profile` does not name must have no value."""

    login: str
    password: str | None = field(repr=False)
    active: bool = True
    profile: Profile = field(default_factory=dict)
    other_logins: tuple[str, ...] = ()
    """What the same user may type as well."""
    strangers: tuple[str, ...] = ()
    """What is nearly the login, and is nobody's."""


def with_more(person: Known, **profile: str) -> Known:
    """The same user, of whom more, or something else, is known."""
    return replace(person, profile={**person.profile, **profile})


def engine_of(url: str) -> str:
    """`sqlite`, `postgresql` or `mariadb`."""
    name = make_url(url).get_backend_name()
    return "mariadb" if name == "mysql" else name


def execute(url: str, statements: Sequence[str]) -> None:
    """Execute statements, written for the engine of `url`, as they are."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement.replace("%", "%%"))


def insert(url: str, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, each with columns of its own, as the driver takes their values."""
    mark = {"sqlite": "?"}.get(engine_of(url), "%s")
    quote = "`" if engine_of(url) == "mariadb" else '"'
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        for row in rows:
            columns = ", ".join(f"{quote}{name}{quote}" for name in row)
            marks = ", ".join([mark] * len(row))
            connection.exec_driver_sql(
                f"INSERT INTO {quote}{table}{quote} ({columns}) VALUES ({marks})",
                tuple(row.values()),
            )
