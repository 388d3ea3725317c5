"""From a database to the draft of a configuration."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any, Final

from .. import wiring
from ..config import Settings
from ..config.load import settings_from
from ..core.deadline import Deadline
from ..errors import BridgeError
from ..observing import Silent
from ..passwords import PasswordHashes
from .draft import Ask, Draft, Question
from .known import draft_of_preset
from .people import Known, filled_tables
from .preset_text import comment
from .presets import Fit, has_rows, recognise
from .schema import Progress, open_database, read, reading
from .scout import Scout
from .target import Target, written_url
from .unknown import draft_of_tables

__all__ = ["Wanted", "draw_up"]

_SECONDS: Final = 300.0
_CONNECTING: Final = 10.0
_SAMPLE: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the client said themselves."""

    schemas: tuple[str, ...] = ()
    preset: str | None = None
    table: str | None = None
    known: Known | None = None


def draw_up(target: Target, wanted: Wanted, ask: Ask, *, progress: Progress | None = None) -> Draft:
    """A configuration for the database of `target`, which can be loaded. It writes nothing.

    Raises ConfigurationError for what the client said wrongly, SourceUnavailable for a database
    that cannot be read, NotPossible where nothing in it is usable."""
    database = open_database(target.url, _SECONDS)
    try:
        with database.connection(Deadline(_CONNECTING)):
            pass  # or else it would be waited for as long as for everything
        with reading(database, _SECONDS) as connection:
            tables = read(connection, wanted.schemas, progress)
            fit = None
            if wanted.table is None or wanted.preset is not None:
                fit = recognise(tables, connection, only=wanted.preset, users=wanted.table)
            named, doubt = wanted.table, ""
            if fit is not None and wanted.preset is None and not has_rows(connection, fit.users):
                fit, named, doubt = _filled(fit, Scout(connection, tables), ask)
            if fit is not None:
                draft = draft_of_preset(fit, connection, target, ask)
            else:
                known = wanted.known
                draft = draft_of_tables(tables, connection, target, ask, named, known, doubt)
        _census(draft, target, _checked(draft, target))
        _checked(draft, target)
        return draft
    finally:
        database.close()


def _filled(fit: Fit, scout: Scout, ask: Ask) -> tuple[Fit | None, str | None, str]:
    """Where the users are if nobody is in the table of known software: that `fit` nevertheless, or
    the name of another table; and the doubt about it."""
    users = fit.users.shown
    others = {one.table.shown: one for one in filled_tables(scout, [*fit.tables.values()])}
    if not others:
        return fit, None, ""
    choices = {users: f"{fit.preset.title}; nobody is in it"}
    choices |= {name: one.reasons() for name, one in others.items()}
    default = next(iter(others)) if len(others) == 1 else users
    chosen = ask(Question("Which table has the users?", choices, default))
    if chosen == users:
        doubt = f"nobody is in {users}, but somebody in {' and '.join(others)}: see --table."
        return replace(fit, doubt=doubt), None, ""
    doubt = f"{users} fits {fit.preset.title}, but nobody is in it; this takes {chosen}."
    return None, chosen, doubt


def _checked(draft: Draft, target: Target) -> Settings:
    """The settings of the draft; what cannot be loaded is never written."""
    tables: dict[str, Any] = tomllib.loads(draft.text)
    source = tables["sources"][target.source]
    source.pop("url_file", None)
    source["url"] = written_url(target.url, target.folder)
    return settings_from(tables, target.output)[0]


def _census(draft: Draft, target: Target, settings: Settings) -> None:
    """Say before the setting `password` which hashes a sample has."""
    parts = wiring.assemble(settings, target.folder, Silent())
    try:
        hashes = parts.sources[target.source].password_hashes(_SAMPLE, Deadline(_SECONDS))
    except BridgeError:
        draft.choose("password", "hashes not counted", "they could not be read", "doubtful")
        return
    finally:
        parts.pool.close()
        for database in parts.databases.values():
            database.close()
    passwords = parts.declared[target.source].passwords
    assert isinstance(passwords, PasswordHashes)
    found = Counter(passwords.identify(one) or "of no known format" for one in hashes)
    told = ", ".join(f"{n} {name}" for name, n in found.most_common())
    lines = comment(f"Of {len(hashes)} hashes: {told}.") if found else comment("No hashes yet.")
    if found["of no known format"]:
        lines += draft.doubt(
            f"{found['of no known format']} of {len(hashes)} hashes are of no known format; see "
            "docs/password-hashes.md for digests of your own."
        )
    declared = settings.sources[target.source].passwords
    bare = [name for name in found if name.startswith("bare-")]
    if bare and not declared.allow_weak:
        lines += draft.doubt(
            f"Hashes without a salt ({', '.join(bare)}) are refused, unless you say allow_weak = "
            f"true in [sources.{target.source}.passwords]."
        )
    draft.choose("hashes", told or "none", f"a sample of {len(hashes)}")
    draft.text = re.sub(
        r"^password = ", lambda m: "\n".join([*lines, m[0]]), draft.text, count=1, flags=re.M
    )
