"""Where the configuration goes, and what it says of databases and names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url

from ..config import toml

__all__ = ["Target", "has_password", "shown_url", "written_url"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """`url_lines` is the setting of the database's URL, `url_file` the file that it is in, if it
    is in one, of that `folder` in which the configuration is."""

    output: Path
    url: str
    source: str
    site: str

    @property
    def folder(self) -> Path:
        """Where the configuration is."""
        return self.output.absolute().parent

    @property
    def url_file(self) -> Path | None:
        """The file with the URL; None for one without a secret, which is in the configuration."""
        return self.folder / f"{self.source}-database-url" if has_password(self.url) else None

    @property
    def url_lines(self) -> list[str]:
        """The setting of the URL."""
        if self.url_file is not None:
            return [f"url_file = {toml.value(self.url_file.name)}"]
        return [f"url = {toml.value(written_url(self.url, self.folder))}"]

    def head(self, what: str) -> str:
        """How the file begins."""
        return f"# Drawn up by `sso-bridge init` for {what}. Read what is marked as a doubt.\n\n"

    def tail(self) -> str:
        """How it ends."""
        return (
            "\n# Who has which ERID: never lose it, back it up with the user database. Several\n"
            "# machines need one ledger, on a PostgreSQL or MariaDB server.\n"
            '[ledger]\nurl = "sqlite:///erids.db"\n'
        )


def has_password(url: str) -> bool:
    """Whether a database URL has a secret in it."""
    parsed = make_url(url)
    return parsed.password is not None or any("pass" in name.lower() for name in parsed.query)


def shown_url(url: str) -> str:
    """A database URL without its secrets."""
    parsed = make_url(url)
    hidden = [name for name in parsed.query if "pass" in name.lower()]
    return parsed.difference_update_query(hidden).render_as_string(hide_password=True)


def written_url(url: str, folder: Path) -> str:
    """A URL that means the same in a configuration in `folder`: relative SQLite files start there,
    not where the command was called."""
    parsed = make_url(url)
    name = parsed.database
    if parsed.get_backend_name() != "sqlite" or not name or name.startswith("file:"):
        return url
    path = Path(name).absolute()
    inside = path.relative_to(folder) if path.is_relative_to(folder) else path
    return parsed.set(database=str(inside)).render_as_string(hide_password=False)
