"""What a preset needs to be told about this one installation of its software."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, column, func, select, table
from sqlalchemy.exc import SQLAlchemyError

from ..config import toml
from .activity import active_rules
from .draft import Ask, Confidence, Draft, Question
from .preset_text import SITE, PresetText, comment
from .presets import Fit
from .schema import attempt
from .scout import Scout

__all__ = ["tune"]

Tuner = Callable[[Fit, PresetText, Draft, Connection, Ask], None]


def tune(fit: Fit, text: PresetText, draft: Draft, connection: Connection, ask: Ask) -> None:
    """Change `text` to what is so in this database."""
    for use in fit.missing:
        why = f"There is no column {use.column} in {fit.tables[use.of].shown}."
        if use.place == ("active",):
            draft.doubts.append(f"{why} Nobody is kept out by it.")
            why = f"doubt: {why}"
        text.leave_out(use.place, use.column, why)
        draft.choose(".".join(use.place), "left out", why, "likely")
    for tuner in (*_OF.get(fit.preset.name, ()), _deleted, _further, _secrets, _collations):
        tuner(fit, text, draft, connection, ask)
    if fit.also:
        others = ", ".join(fit.also)
        told = draft.doubt(f"{others} would fit as well; this takes {fit.users.shown}.")
        text.remark(("table",), told)
    if fit.doubt:
        text.remark(("table",), draft.doubt(fit.doubt))


def _realm(fit: Fit, text: PresetText, draft: Draft, connection: Connection, ask: Ask) -> None:
    """Keycloak: the users of one realm."""
    users = fit.users
    rows = table(users.name, column("realm_id"), schema=users.schema)
    found = dict(_counted(connection, rows.c.realm_id))
    named = table("realm", column("id"), column("name"), schema=users.schema)
    names = {
        str(row[0]): str(row[1]) for row in _rows(connection, select(named.c.id, named.c.name))
    }
    realms = {str(one): n for one, n in found.items() if one is not None}
    if not realms:
        text.remark(("filter",), draft.doubt("There are no users yet; give your realm's ID."))
        return
    of_shoppers = [one for one in realms if names.get(one) != "master"] or list(realms)
    default = max(of_shoppers, key=lambda one: realms[one])
    chosen = default
    if len(of_shoppers) > 1:
        choices = {one: f"{names.get(one, one)}, {realms[one]} users" for one in realms}
        chosen = ask(Question("Which realm's users are the store's?", choices, default))
        told = ", ".join(f"{names.get(one, one)} ({realms[one]} users)" for one in realms)
        text.remark(("filter",), draft.doubt(f"{len(realms)} realms have users: {told}."))
    text.change(("filter",), [f"filter = {{ realm_id = {toml.value(chosen)} }}"])
    confidence: Confidence = "certain" if len(of_shoppers) == 1 else "doubtful"
    draft.choose("filter", f"realm {names.get(chosen, chosen)}", "its users", confidence)


def _website(fit: Fit, text: PresetText, draft: Draft, connection: Connection, ask: Ask) -> None:
    """Magento: the customers of one website."""
    users = fit.users
    if text.value_of((*SITE, "filter")) is None:
        return
    rows = table(users.name, column("website_id"), schema=users.schema)
    found = {str(one): n for one, n in _counted(connection, rows.c.website_id) if one is not None}
    if not found:
        text.remark(
            (*SITE, "filter"), draft.doubt("There are no customers yet; give your website's ID.")
        )
        return
    chosen = default = max(found, key=lambda one: found[one])
    if len(found) > 1:
        choices = {one: f"{n} customers" for one, n in sorted(found.items())}
        chosen = ask(Question("Which website's customers are the store's?", choices, default))
        told = ", ".join(f"{one} ({n} customers)" for one, n in sorted(found.items()))
        lines = draft.doubt(f"{len(found)} websites have customers: {told}.")
        text.remark((*SITE, "filter"), lines)
    text.change((*SITE, "filter"), [f"filter = {{ website_id = {int(chosen)} }}"])
    confidence: Confidence = "certain" if len(found) == 1 else "doubtful"
    draft.choose("sites.filter", f"website {chosen}", "its customers", confidence)


def _never_set(name: str) -> Tuner:
    """Whoever has a NULL in `name` stays out, which must not be everybody."""

    def tuner(fit: Fit, text: PresetText, draft: Draft, connection: Connection, ask: Ask) -> None:
        users = fit.users
        if name not in users.columns:
            return
        rows = table(users.name, column(name), schema=users.schema)
        somebody = select(rows.c[name]).limit(1)
        if not _rows(connection, somebody):
            return
        if _rows(connection, somebody.where(rows.c[name].is_not(None))):
            return
        why = f"{name} is NULL for everybody, so this is not in use."
        draft.doubts.append(why)
        text.leave_out(("active",), name, f"doubt: {why}")
        draft.choose("active", "left out", why, "likely")

    return tuner


def _multisite(fit: Fit, text: PresetText, draft: Draft, connection: Connection, ask: Ask) -> None:
    """WordPress: a network of sites has two columns more."""
    if not {"spam", "deleted"} <= fit.users.columns.keys():
        return
    rules = [f'{{ column = "{name}", values = [0] }}' for name in ("spam", "deleted")]
    _restrict(text, rules, "This is a network of sites.")
    draft.choose("active", "neither spam nor deleted", "it is a network of sites")


def _approved(fit: Fit, text: PresetText, draft: Draft, connection: Connection, ask: Ask) -> None:
    """OpenCart 2: customers wait for approval."""
    if "approved" in fit.users.columns:
        _restrict(text, ['{ column = "approved", values = [1] }'], "This is OpenCart 2.")
        draft.choose("active", "only who is approved", "there is a column approved")


def _deleted(fit: Fit, text: PresetText, draft: Draft, connection: Connection, ask: Ask) -> None:
    """Applications of one's own: users who are marked as deleted are none."""
    facts = fit.users.columns.get("deleted_at")
    if not fit.preset.signature.any_name or facts is None or not facts.nullable:
        return
    rule = "deleted_at = { null = true }"
    whole = text.value_of(("filter",))
    if whole is None:
        text.remark(("filter",), [f"filter = {{ {rule} }}"])
    else:
        text.change(("filter",), [whole.replace("{", f"{{ {rule},", 1)])
    draft.choose("filter", "deleted_at is NULL", "deleted users are still in the table", "likely")


def _further(fit: Fit, text: PresetText, draft: Draft, connection: Connection, ask: Ask) -> None:
    """Applications of one's own: further columns that say who may come in."""
    if not fit.preset.signature.any_name:
        return
    known = {use.column for use in fit.preset.uses() if use.of == ""}
    if "deleted_at = { null = true }" in (text.value_of(("filter",)) or ""):
        known.add("deleted_at")
    for rule in active_rules(Scout(connection, (fit.users,)), fit.users, ask, known):
        if rule.settings is None:
            continue
        settings = toml.value({"column": rule.column, **rule.settings})
        _restrict(text, [settings], f"There is a column {rule.column}.")
        if rule.doubt:
            text.remark(("active",), draft.doubt(f"{rule.doubt}."))
        draft.choose("active", settings, rule.why, rule.confidence)


def _restrict(text: PresetText, rules: Sequence[str], why: str) -> None:
    """Let nobody in for whom the further rules do not hold."""
    whole = text.value_of(("active",))
    if whole is None:
        text.remark(("active",), [*comment(why), f"active = [{', '.join(rules)}]"])
        return
    first = whole.partition("=")[2].strip()
    if first.startswith("{"):
        text.change(("active",), [f"active = [{', '.join([first, *rules])}]"])
    else:
        more = "".join(f"\n    {rule}," for rule in rules)
        text.change(("active",), whole.replace("[", f"[{more}", 1).splitlines())


def _secrets(fit: Fit, text: PresetText, draft: Draft, connection: Connection, ask: Ask) -> None:
    """Secrets that the environment does not have: the configuration has to load without them."""
    place = ("passwords", "pepper_env")
    declared = text.value_of(place)
    if declared is None:
        return
    name = declared.partition('"')[2].partition('"')[0]
    if os.environ.get(name):
        draft.choose("passwords.pepper_env", name, "the environment has it")
        return
    why = (
        f"The environment has no {name}. Until it has, and the lines below count, nobody comes in "
        "whose password was hashed with it."
    )
    text.leave_out(place, name, "")
    for key in ("prepare", "digest"):
        if "pepper" in (text.value_of(("passwords", key)) or ""):
            text.leave_out(("passwords", key), name, "")
    text.remark_section(("passwords",), draft.doubt(why))
    draft.choose("passwords", "left out", f"the environment has no {name}", "doubtful")


def _collations(fit: Fit, text: PresetText, draft: Draft, connection: Connection, ask: Ask) -> None:
    """Where the database takes more logins for one than the bridge does."""
    from ..sources.shape import TableShape

    source, users = fit.preset.source, fit.users
    shape = TableShape(users.name, users.schema, source="init")
    for name, _, _ in source.login_columns():
        if source.login_match == "exact" and shape.collation(connection, name).endswith("_ci"):
            lines = comment(f"Here {name} has a collation that ignores case; the bridge does not.")
            text.remark(("login_match",), lines)
            return


def _counted(connection: Connection, of: Any) -> Sequence[Any]:
    return _rows(connection, select(of, func.count()).group_by(of).limit(50))


def _rows(connection: Connection, query: Any) -> Sequence[Any]:
    """What a query finds; nothing where it may not ask."""
    try:
        with attempt(connection):
            return connection.execute(query).all()
    except SQLAlchemyError:
        return ()


_OF: Final[Mapping[str, Sequence[Tuner]]] = {
    "keycloak": (_realm,),
    "laravel": (_never_set("email_verified_at"),),
    "devise": (_never_set("confirmed_at"),),
    "magento2": (_website,),
    "opencart-3": (_approved,),
    "woocommerce": (_multisite,),
    "wordpress": (_multisite,),
}
