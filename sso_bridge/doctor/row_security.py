"""Rows that PostgreSQL keeps from the bridge: somebody who is there would not be found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection, text

from ..database.indexes import whole_name
from .examined import Examined, tables_of
from .findings import Finding, found

__all__ = ["hidden_rows", "row_security"]

_ACTIVE: Final = text(
    "SELECT row_security_active(c.oid) FROM pg_class c WHERE c.oid = to_regclass(:whole)"
)
_SHOWS_ALL: Final = text(
    """
    SELECT COALESCE(bool_or(polpermissive AND shows), false)
        AND COALESCE(bool_and(polpermissive OR shows), true)
    FROM (
        SELECT polpermissive, pg_get_expr(polqual, polrelid) = 'true' AS shows
        FROM pg_policy
        WHERE polrelid = to_regclass(:whole) AND polcmd IN ('r', '*') AND (
            0 = ANY(polroles) OR EXISTS (
                SELECT 1 FROM unnest(polroles) role WHERE pg_has_role(current_user, role, 'USAGE')
            )
        )
    ) policies
    """
)
"""Whether a policy of this user's shows every row, and none takes some of them away again."""


def row_security(connection: Connection, examined: Examined) -> Iterator[Finding]:
    """Each mapped table of which the bridge may not see every row."""
    for one in tables_of(examined):
        if not one.is_query:
            yield from hidden_rows(connection, one.name, one.schema)


def hidden_rows(connection: Connection, name: str, schema: str | None) -> Iterator[Finding]:
    """Whether the policies of a table may hide rows of it."""
    if connection.dialect.name != "postgresql":
        return
    asked = {"whole": whole_name(connection, name, schema)}
    if not connection.scalar(_ACTIVE, asked) or connection.scalar(_SHOWS_ALL, asked):
        return
    quote = connection.dialect.identifier_preparer.quote
    user = quote(str(connection.scalar(text("SELECT current_user"))))
    table = ".".join(quote(part) for part in (schema, name) if part)
    yield found(
        "rows_hidden",
        name,
        "row-level security decides which rows the database user sees, and whom it hides is not "
        f"found: CREATE POLICY {quote(f'{name}_bridge')} ON {table} FOR SELECT TO {user} USING "
        "(true), drop restrictive policies for it, or give it BYPASSRLS",
    )
