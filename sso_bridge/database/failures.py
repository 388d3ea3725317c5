"""What drivers' errors say, told without any value that came from a row or a request."""

from __future__ import annotations

import re
from typing import Final

from sqlalchemy import Dialect
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError

__all__ = ["as_sqlalchemy", "describe", "is_foreign_to_charset", "is_unique_violation"]

_QUOTED: Final = re.compile(r"""['"`](?:.*['"`]|.*$)""", re.DOTALL)
"""From the first quote to the last: names, but drivers quote values there too."""
_NAME: Final = re.compile(r"""(?<!\w)(['"`]).*?\1""", re.DOTALL)
"""From a quote to the next: hosts, users and files, in what is said of connecting. An apostrophe
(can't) begins none."""


def describe(error: Exception, *, connecting: bool = False) -> str:
    """What went wrong. `connecting` says that nothing was asked yet, so that no value can be in it:
    more is told then, such as what is wrong with a certificate."""
    if isinstance(error, SQLAlchemyError):
        if not isinstance(error, DBAPIError) or error.orig is None:
            return type(error).__name__
        if isinstance(error, (IntegrityError, DataError)):
            return type(error.orig).__name__
    cause = error.orig if isinstance(error, DBAPIError) else error
    assert cause is not None
    name = type(cause).__name__
    if _is_of_a_trigger(cause):
        return name
    if isinstance(cause, TypeError):  # of a driver that was given a parameter it does not know
        return f"{name}: {cause}"
    lines = (_NAME if connecting else _QUOTED).sub("…", _message(cause)).splitlines()
    return f"{name}: {lines[0][: 300 if connecting else 200]}" if lines else name


def _message(error: BaseException) -> str:
    """The text of an error. Some drivers' are a number and a text, and quotes and apostrophes can
    no longer be told apart once that is printed as a tuple."""
    match error.args:
        case (int(number), str(text)) if not isinstance(error, OSError):
            return f"{number}, {text}"
    return str(error)


def _is_of_a_trigger(error: BaseException) -> bool:
    """Whether the text is what somebody wrote into a trigger or a function: it may say anything."""
    return getattr(error, "sqlstate", None) == "P0001" or error.args[:1] == (1644,)


def as_sqlalchemy(error: Exception, dialect: Dialect, *, lost: bool = False) -> Exception:
    """A driver's error as SQLAlchemy has it; `lost` says that its connection is."""
    made = DBAPIError.instance(
        None,
        None,
        error,
        dialect.loaded_dbapi.Error,
        hide_parameters=True,
        connection_invalidated=lost,
        dialect=dialect,
    )
    assert isinstance(made, Exception)
    return made


def is_unique_violation(error: IntegrityError) -> bool:
    """Whether a unique constraint was violated, as opposed to NOT NULL, CHECK or a foreign key."""
    orig = error.orig
    if orig is None:
        return False
    state = getattr(orig, "sqlstate", None)
    if state not in (None, "23000"):  # 23000 says no more than that it is some constraint
        return bool(state == "23505")
    sqlite_name = getattr(orig, "sqlite_errorname", None)
    if sqlite_name is not None:
        return sqlite_name in ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY")
    match orig.args:
        case (1062 | 1586 | 2627 | 2601, *_):  # PyMySQL (two), pymssql (two)
            return True
        case ("23000", str(text), *_):  # pyodbc
            return "(2627)" in text or "(2601)" in text
        case (detail, *_):
            return getattr(detail, "full_code", None) == "ORA-00001"
    return False


def is_foreign_to_charset(error: DBAPIError) -> bool:
    """Whether a text was compared with a column whose character set has not all of its characters,
    so that no row holds it."""
    arguments = getattr(error.orig, "args", ())
    number = arguments[0] if arguments else None
    return number in (1267, 3988) or getattr(error.orig, "sqlstate", None) == "22P05"
