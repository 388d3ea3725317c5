"""The pages of the client's own site that a store sends shoppers to, and they come back from."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from joserfc import jwt
from joserfc.jwk import OctKey

__all__ = ["FIELDS", "DemoClient", "Elsewhere", "Site"]

FIELDS: Final = {"first_name": "First name", "last_name": "Last name", "phone": "Phone"}
"""What the demo's profile page has: columns of its table, and how they are called."""
_TOKEN_SECONDS: Final = 600


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The client's real pages. `{return}` in an address stands for where to come back to; without
    one there is no such page."""

    profile_url: str | None = None
    logout_url: str | None = None

    def profile_page(self, erid: str, back: str) -> str | None:
        """Where the shopper's profile is edited."""
        return _filled(self.profile_url, back)

    def logout_page(self, back: str) -> str | None:
        """Where the shopper signs out of the client's site too."""
        return _filled(self.logout_url, back)


class DemoClient:
    """The demo's client: it has the users, their sessions, and pages in the same server."""

    def __init__(self, folder: Path) -> None:
        self._users = folder / "users.db"
        self._key = OctKey.import_key((folder / "session.key").read_text().strip())

    def profile_page(self, erid: str, back: str) -> str | None:
        """Where the shopper's profile is edited."""
        return f"/client/profile?return={quote(back, safe='')}"

    def logout_page(self, back: str) -> str | None:
        """Where the shopper signs out of the client's site too."""
        return f"/client/sign-out?return={quote(back, safe='')}"

    def logins(self) -> list[str]:
        """Everybody who could sign in there."""
        rows = self._rows("SELECT email FROM users WHERE status = 'active' ORDER BY id LIMIT 20")
        return [str(row["email"]) for row in rows]

    def token(self, login: str) -> str | None:
        """A session token for this user, as the client's site would make it."""
        rows = self._rows("SELECT id FROM users WHERE email = ?", login)
        if not rows:
            return None
        now = int(time.time())
        claims = {
            "iss": "demo",
            "aud": "digital-river",
            "site": "demo",
            "sub": str(rows[0]["id"]),
            "iat": now,
            "exp": now + _TOKEN_SECONDS,
        }
        return jwt.encode({"alg": "HS256"}, claims, self._key)

    def profile(self, login: str) -> dict[str, str] | None:
        """The user's profile, by column; None for a user that there is not."""
        rows = self._rows(f"SELECT {', '.join(FIELDS)} FROM users WHERE email = ?", login)
        return {name: rows[0][name] or "" for name in FIELDS} if rows else None

    def change(self, login: str, profile: Mapping[str, str]) -> None:
        """Store the profile."""
        columns = ", ".join(f"{name} = ?" for name in FIELDS)
        with closing(sqlite3.connect(self._users)) as connection, connection:
            connection.execute(
                f"UPDATE users SET {columns} WHERE email = ?",
                [*(profile[name] for name in FIELDS), login],
            )

    def _rows(self, sql: str, *values: str) -> list[sqlite3.Row]:
        with closing(sqlite3.connect(self._users)) as connection:
            connection.row_factory = sqlite3.Row
            return connection.execute(sql, values).fetchall()


Site = Elsewhere | DemoClient


def _filled(url: str | None, back: str) -> str | None:
    return None if url is None else url.replace("{return}", quote(back, safe=""))
