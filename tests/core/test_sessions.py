"""Whose session it is, and which tokens open nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sso_bridge.core.deadline import Deadline
from sso_bridge.core.model import Attribute, Lookup
from sso_bridge.core.sessions import MAX_TOKENS
from sso_bridge.errors import Rejected
from tests.people import (
    FAR,
    HASH,
    MAPPED,
    TABLE,
    TOKEN_TABLE,
    TOKENS,
    People,
    erid_in,
    execute,
    refused,
)

LINK = {"kind": "jwt", "signing_key": "k" * 40}


def with_tokens(folder: Path, *, token_table: dict[str, Any] | None = None, **site: Any) -> People:
    people = People(
        folder,
        f"{TABLE}; {TOKENS}",
        sessions={"cookie": {**TOKEN_TABLE, **(token_table or {})}, "link": LINK},
        site={"sessions": ["cookie", "link"], "token_attributes": ["crmSession"], **site},
    )
    people.add("bob")
    people.add("eve")
    for token, user, expires in (
        ("bob-good", 1, FAR),
        ("bob-again", 1, FAR),
        ("eve-good", 2, FAR),
        ("bob-stale", 1, 1),
        ("nobody", 99, FAR),
    ):
        give(people, token, user, expires)
    return people


def give(people: People, token: str, user: object, expires: int = FAR, site: str = "") -> None:
    people.run("INSERT INTO tokens VALUES (?, ?, ?, ?)", token, user, expires, site)


def attribute(token: str) -> Attribute:
    return Attribute("crmSession", token)


@pytest.fixture
def people(tmp_path: Path) -> People:
    return with_tokens(tmp_path)


def test_a_good_token_names_its_user_by_the_key_of_a_login(people: People) -> None:
    assert people.validate("bob-good").key == people.login("bob").key
    assert people.validate(None, attribute("bob-good")).key == people.login("bob").key


@pytest.mark.parametrize("token", [None, "", "unknown", "bob-stale", "nobody", "BOB-GOOD"])
def test_a_token_that_is_not_good_is_refused(people: People, token: str | None) -> None:
    assert refused(people.validate(token)) == "invalid_session"


def test_a_token_in_another_attribute_is_not_looked_at(people: People) -> None:
    assert refused(people.validate(None, Attribute("other", "bob-good"))) == "invalid_session"


def test_a_stale_token_beside_a_good_one_is_passed_over(people: People) -> None:
    for sent in ("bob-stale", "unknown", "nobody"):
        assert people.validate(sent, attribute("bob-good")).key.login_id == "bob"


def test_good_tokens_of_one_user_agree(people: People) -> None:
    assert people.validate("bob-good", attribute("bob-again")).key.login_id == "bob"


def test_good_tokens_of_different_users_are_refused_with_an_alarm(people: People) -> None:
    assert refused(people.validate("bob-good", attribute("eve-good"))) == "invalid_session"
    assert people.alarms == ["session_conflict"]


def test_more_tokens_than_are_tried_are_the_caller_s_fault(people: People) -> None:
    many = [attribute(f"t{number}") for number in range(MAX_TOKENS + 1)]
    with pytest.raises(Rejected):
        people.validate(None, *many)
    assert refused(people.validate(None, *[attribute("same")] * 100)) == "invalid_session"


def test_the_session_of_an_inactive_user_is_refused(people: People) -> None:
    people.run("UPDATE users SET status = 'closed'")
    assert refused(people.validate("bob-good")) == "invalid_session"


@pytest.mark.parametrize("name", ["user_id", "external_reference_id", "login_id"])
def test_a_key_beside_the_token_must_name_its_user(people: People, name: str) -> None:
    bob, eve = people.login("bob").key, people.login("eve").key
    mine: dict[str, Any] = {name: getattr(bob, name)}
    assert people.validate("bob-good", **mine).key == bob
    for other in (getattr(eve, name), "nobody"):
        theirs: dict[str, Any] = {name: other}
        assert refused(people.validate("bob-good", **theirs)) == "invalid_session"
    assert people.alarms == ["conflicting_keys"] * 2


def test_a_token_that_is_bound_to_another_site_is_refused(tmp_path: Path) -> None:
    people = with_tokens(tmp_path, token_table={"site_column": "site"})
    give(people, "here", 1, site="de")
    give(people, "there", 1, site="us")
    assert people.validate("here").key.login_id == "bob"
    assert refused(people.validate("there")) == "invalid_session"


@pytest.mark.parametrize("rule", ["ignored", "checked", "required"])
@pytest.mark.parametrize(
    ("token", "answered"),
    [
        (None, {"ignored", "checked"}),
        ("bob-good", {"ignored", "checked", "required"}),
        ("bob-stale", {"ignored"}),
        ("eve-good", {"ignored"}),
    ],
)
def test_a_profile_is_given_as_the_site_s_session_rule_says(
    tmp_path: Path, rule: str, token: str | None, answered: set[str]
) -> None:
    people = with_tokens(tmp_path, profile_session=rule)
    answer = people.get(token=token, login_id="bob")
    if rule in answered:
        assert erid_in(answer)
    elif token == "eve-good":
        assert refused(answer) == "invalid_user_key"
    else:
        assert refused(answer) == "invalid_session"


def test_the_token_that_a_login_hands_out_opens_the_profile(tmp_path: Path) -> None:
    people = with_tokens(tmp_path, issue="link", profile_session="required")
    handed = people.login("bob").attributes[-1]
    assert handed.name == "crmSession"
    assert people.validate(handed.value).key.login_id == "bob"
    assert erid_in(people.get(token=handed.value, login_id="bob"))
    assert refused(people.get(token=handed.value, login_id="eve")) == "invalid_user_key"


@pytest.mark.parametrize(("names", "whom"), [("login", "bob"), ("erid", None)])
def test_a_token_may_name_its_user_by_login_or_erid(
    tmp_path: Path, names: str, whom: str | None
) -> None:
    people = with_tokens(tmp_path, token_table={"names": names})
    give(people, "mine", whom or people.erid("bob"))
    assert people.validate("mine").key.login_id == "bob"
    give(people, "other", "nobody")
    assert refused(people.validate("other")) == "invalid_session"


def shared_by_two_sources(folder: Path, names: str, **more: Any) -> People:
    """User 1 is bob of one source and eve of the other; both sites take the same tokens."""
    execute(folder / "other.db", TABLE)
    execute(folder / "other.db", "INSERT INTO users (login, password) VALUES ('eve', ?)", HASH)
    people = People(
        folder,
        f"{TABLE}; {TOKENS}",
        sources={"other": {**MAPPED, "url": "sqlite:///other.db"}},
        sessions={"cookie": {**TOKEN_TABLE, "names": names, **more}},
        sites={
            "de": {"source": "shop", "sessions": ["cookie"]},
            "us": {"source": "other", "sessions": ["cookie"]},
        },
    )
    people.add("bob")
    return people


def test_a_token_by_primary_key_opens_nothing_where_sites_with_other_users_take_it_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such a configuration is refused; the core does not rely on that."""
    monkeypatch.setattr("sso_bridge.config.model.check", lambda settings: None)
    people = shared_by_two_sources(tmp_path, "subject")
    give(people, "bob-good", 1)
    assert refused(people.validate("bob-good", site_id="us")) == "invalid_session"
    assert refused(people.validate("bob-good", site_id="de")) == "invalid_session"


def test_such_a_token_opens_the_site_that_it_is_bound_to(tmp_path: Path) -> None:
    people = shared_by_two_sources(tmp_path, "subject", site_column="site")
    give(people, "bob-good", 1, site="de")
    assert people.validate("bob-good", site_id="de").key.login_id == "bob"
    assert refused(people.validate("bob-good", site_id="us")) == "invalid_session"


def test_a_token_by_erid_needs_no_site_to_name_one_person(tmp_path: Path) -> None:
    people = shared_by_two_sources(tmp_path, "erid")
    give(people, "bob-good", people.erid("bob", site_id="de"))
    assert people.validate("bob-good", site_id="de").key.login_id == "bob"
    assert refused(people.validate("bob-good", site_id="us")) == "invalid_session"


def test_a_token_bound_to_another_site_is_refused_whatever_its_format_says(
    tmp_path: Path,
) -> None:
    sites = {"de": {"source": "shop", "sessions": ["link"]}, "at": {"source": "shop"}}
    people = People(tmp_path, sessions={"link": LINK}, sites=sites)
    people.add("bob")
    token = people.parts.issuers["link"].issue(Lookup("subject", "1"), "at", Deadline(5))
    assert refused(people.validate(token, site_id="de")) == "invalid_session"
