"""Django: `auth_user`, made by Django's own migrations and `create_user`.

Django runs in a process of its own, so that its settings are nobody else's. On MariaDB it is
given PyMySQL in place of mysqlclient."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from sqlalchemy import make_url

from tests.known.people import Known, engine_of

__all__ = ["ENGINES", "PEOPLE", "make"]

ENGINES: Final = ("sqlite", "postgresql", "mariadb")
PEOPLE: Final = (
    Known(
        login="anna",
        password="correct horse",
        profile={"first_name": "Anna", "last_name": "Novák", "email": "anna@example.com"},
        strangers=("Anna", "ANNA", "anna@example.com", "anna "),
    ),
    Known(login="gone", password="once I could", active=False),
    Known(
        login="žofie@müller",
        password="příliš žluťoučký kůň",
        profile={"first_name": "Žofie", "last_name": "Müller", "email": "zofie@example.com"},
        strangers=("zofie@muller", "Žofie@müller"),
    ),
    Known(login="argon2", password="kept as argon2", profile={"email": "two@example.com"}),
    Known(login="bcrypt_sha256", password="kept as bcrypt_sha256 " * 5),
    Known(login="scrypt", password="kept as scrypt"),
    Known(login="pbkdf2_sha1", password="kept as pbkdf2_sha1"),
    Known(login="unusable", password=None),
)
HASHERS: Final = {
    "django.contrib.auth.hashers.PBKDF2PasswordHasher": "pbkdf2_sha256",
    "django.contrib.auth.hashers.PBKDF2SHA1PasswordHasher": "pbkdf2_sha1",
    "django.contrib.auth.hashers.Argon2PasswordHasher": "argon2",
    "django.contrib.auth.hashers.BCryptSHA256PasswordHasher": "bcrypt_sha256",
    "django.contrib.auth.hashers.ScryptPasswordHasher": "scrypt",
}


def make(url: str) -> None:
    """Let Django migrate the empty database and create the users.

    A user is hashed as their user name says if it is the name of a hasher."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.known.django"],
        cwd=Path(__file__).parents[2],
        input=json.dumps(_connection(url)),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def _connection(url: str) -> dict[str, Any]:
    """What Django's DATABASES["default"] has for the database at `url`."""
    at, engine = make_url(url), engine_of(url)
    if engine == "sqlite":
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": at.database}
    socket = at.query.get("host") or at.query.get("unix_socket") or at.host
    backend = {"postgresql": "postgresql", "mariadb": "mysql"}[engine]
    return {
        "ENGINE": f"django.db.backends.{backend}",
        "NAME": at.database,
        "USER": at.username,
        "PASSWORD": at.password or "",
        "HOST": socket,
        "PORT": str(at.port or ""),
    }


def _run() -> None:
    """In a process of its own: what `make` promises, in the database of standard input."""
    import django
    from django.conf import settings

    connection = json.load(sys.stdin)
    if connection["ENGINE"].endswith("mysql"):
        import pymysql

        pymysql.install_as_MySQLdb()
    settings.configure(
        DATABASES={"default": connection},
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
        PASSWORD_HASHERS=list(HASHERS),
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        USE_TZ=True,
    )
    django.setup()
    from django.contrib.auth import get_user_model
    from django.contrib.auth.hashers import PBKDF2PasswordHasher, make_password
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    users = get_user_model().objects
    for person in PEOPLE:
        user = users.create_user(
            person.login,
            person.profile.get("email"),
            person.password,
            first_name=person.profile.get("first_name") or "",
            last_name=person.profile.get("last_name") or "",
            is_active=person.active,
        )
        if person.login in HASHERS.values():
            user.password = make_password(person.password, hasher=person.login)
            user.save()
        # the others have what Django's version 1.7 made, which is quicker
        PBKDF2PasswordHasher.iterations = 15_000


if __name__ == "__main__":
    _run()
