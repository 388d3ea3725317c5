"""Flask-Security: `user`, made by its own SQLAlchemy models, datastore and `hash_password`.

Passwords are normalised as its forms do it, and go through an HMAC before the hash, which is its
default."""

from __future__ import annotations

from typing import Any, Final

from tests.known.people import Known

__all__ = ["ENGINES", "ENVIRONMENT", "PEOPLE", "make"]

ENGINES: Final = ("sqlite", "postgresql", "mariadb")
ENVIRONMENT: Final = {"SSO_BRIDGE_SHOP_PEPPER": "flask security salt of the tests 3141592653"}
"""Its SECURITY_PASSWORD_SALT."""
PEOPLE: Final = (
    Known(
        login="Anna.Novak@example.com",
        password="correct horse",
        profile={"email": "Anna.Novak@example.com"},
        other_logins=("anna.novak@example.com", "ANNA.NOVAK@EXAMPLE.COM"),
        strangers=("anna", "anna.nowak@example.com"),
    ),
    Known(login="gone@example.com", password="once I could", active=False),
    Known(
        login="žofie@example.com",
        password="příliš žluťoučký kůň",
        profile={"email": "žofie@example.com"},
        strangers=("zofie@example.com",),
    ),
    Known(
        login="bcrypt@example.com",
        password="kept as bcrypt",
        profile={"email": "bcrypt@example.com"},
    ),
    Known(
        login="pbkdf2@example.com",
        password="kept as pbkdf2_sha512",
        profile={"email": "pbkdf2@example.com"},
    ),
    Known(login="none@example.com", password=None),
)
HASHES: Final = {"bcrypt@example.com": "bcrypt", "pbkdf2@example.com": "pbkdf2_sha512"}
"""SECURITY_PASSWORD_HASH when the password was set, where it was not the default."""


def make(url: str) -> None:
    """Make the tables and the users."""
    from flask import Flask
    from flask_security import Security, SQLAlchemySessionUserDatastore
    from flask_security.models import sqla
    from sqlalchemy import NullPool, create_engine
    from sqlalchemy.orm import DeclarativeBase, scoped_session, sessionmaker

    class Base(DeclarativeBase):
        pass

    models: Any = sqla
    models.FsModels.set_db_info(base_model=Base)
    role: Any = type("Role", (Base, models.FsRoleMixin), {"__tablename__": "role"})
    user: Any = type("User", (Base, models.FsUserMixin), {"__tablename__": "user"})
    engine = create_engine(url, poolclass=NullPool)
    Base.metadata.create_all(engine)
    for scheme in dict.fromkeys(["argon2", *HASHES.values()]):
        session: Any = scoped_session(sessionmaker(engine))
        app = Flask(__name__)
        app.config |= {
            "SECRET_KEY": "only to start",
            "SECURITY_PASSWORD_SALT": ENVIRONMENT["SSO_BRIDGE_SHOP_PEPPER"],
            "SECURITY_PASSWORD_HASH": scheme,
        }
        security = Security(app, SQLAlchemySessionUserDatastore(session, user, role))
        with app.app_context():
            for person in PEOPLE:
                if HASHES.get(person.login, "argon2") == scheme:
                    _add(security, person)
            session.commit()
        session.remove()


def _add(security: Any, person: Known) -> None:
    from flask_security import hash_password, verify_password

    stored = None
    if person.password is not None:
        typed = security._password_util.normalize(person.password)
        stored = hash_password(typed)
        assert verify_password(typed, stored), "Flask-Security itself does not accept it"
    security.datastore.create_user(email=person.login, password=stored, active=person.active)
