"""The configuration of known software: its preset, made true of this database."""

from __future__ import annotations

from sqlalchemy import Connection

from .draft import Ask, Draft
from .preset_text import PresetText
from .presets import Fit
from .target import Target
from .tuning import tune

__all__ = ["draft_of_preset"]


def draft_of_preset(fit: Fit, connection: Connection, target: Target, ask: Ask) -> Draft:
    """The preset's text with its comments, and what was found out here."""
    preset, users = fit.preset, fit.users
    draft = Draft(title=preset.title)
    seen = ", ".join(dict.fromkeys(one.name for one in fit.tables.values()))
    draft.choose("preset", f"{preset.name}.toml", f"it has {seen} with all that is mapped")
    text = PresetText(preset.text)
    tune(fit, text, draft, connection, ask)
    names = {name: fit.tables[of].name for of, name in preset.tables().items()}
    text.replace_tables(names, users.schema)
    prefix = preset.signature.prefix
    plain = preset.source.table.removeprefix(prefix)
    if prefix and users.name.endswith(plain):
        text.replace_in_names(prefix, users.name.removesuffix(plain))
    text.replace_url(target.url_lines)
    text.rename(target.source, target.site)
    source = preset.source
    draft.choose("table", users.shown, "the users of that software")
    draft.choose("subject", source.subject, "as the preset says")
    draft.choose("login", ", ".join(one for one, _, _ in source.login_columns()), "the same")
    draft.choose("login_match", source.login_match, "the same")
    draft.choose("password", ", ".join(source.password_columns()), "the same")
    draft.text = target.head(preset.title) + text.text() + target.tail()
    return draft
