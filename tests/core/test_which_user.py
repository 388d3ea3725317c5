"""Which user is meant, and that nobody else is answered with."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from sso_bridge.errors import Rejected
from tests.people import COLUMN, ERIDS, HASH, MAPPED, TABLE, People, erid_in, execute, refused

Make = Callable[..., People]

OTHER = {**MAPPED, "url": "sqlite:///other.db", "company": "acme"}
TWO_SITES = {"de": {"source": "shop"}, "us": {"source": "other"}}


@pytest.fixture
def people(make: Make) -> People:
    people = make(source={"company": "shop-co"})
    people.add("bob")
    people.add("eve")
    return people


def two_sources(folder: Path, **settings: Any) -> People:
    """Bob in both databases under the same primary key: two people."""
    execute(folder / "other.db", TABLE)
    settings = {"sites": TWO_SITES, **settings}
    people = People(folder, source={"company": "shop-co"}, sources={"other": OTHER}, **settings)
    people.add("bob", first_name="Bob of shop")
    execute(
        folder / "other.db",
        "INSERT INTO users (login, password, first_name) VALUES ('bob', ?, 'Bob of other')",
        HASH,
    )
    return people


def test_every_operation_and_key_answers_with_the_same_user_key(people: People) -> None:
    key = people.login("bob", site_id="de").key
    erid = key.external_reference_id
    assert people.get(user_id=erid).key == key
    assert people.get(external_reference_id=erid, site_id="de").key == key
    assert people.get(external_reference_id=erid, company_id="shop-co").key == key
    assert people.get(login_id="bob", site_id="de").key == key
    assert people.get(login_id="bob").key == key
    assert key.company_id == "shop-co"


def test_two_people_have_two_erids(people: People) -> None:
    assert people.erid("bob") != people.erid("eve")


@pytest.mark.parametrize(
    "which", [w for w in product("be?", repeat=3) if len(set(w)) > 1], ids="".join
)
def test_keys_that_name_different_people_are_refused(
    people: People, which: tuple[str, ...]
) -> None:
    erids = {"b": people.erid("bob"), "e": people.erid("eve"), "?": "nobody"}
    logins = {"b": "bob", "e": "eve", "?": "nobody"}
    user, erid, login = which
    key: dict[str, Any] = {
        "user_id": erids[user],
        "external_reference_id": erids[erid],
        "login_id": logins[login],
    }
    assert refused(people.get(**key)) in ("invalid_user_key", "user_not_found")
    key["login"] = key.pop("login_id")
    assert refused(people.login(**key)) == "invalid_login"


@pytest.mark.parametrize(
    "present", [p for p in product([0, 1], repeat=3) if any(p)], ids=lambda p: "".join(map(str, p))
)
def test_keys_that_agree_are_answered(people: People, present: tuple[int, ...]) -> None:
    erid = people.erid("bob")
    names = ("user_id", "external_reference_id", "login_id")
    values = (erid, erid, "bob")
    key: dict[str, Any] = {
        n: v for n, v, is_there in zip(names, values, present, strict=True) if is_there
    }
    assert erid_in(people.get(**key)) == erid


def test_a_company_that_is_not_the_site_s_is_refused(people: People) -> None:
    erid = people.erid("bob")
    assert refused(people.get(user_id=erid, site_id="de", company_id="x")) == "invalid_user_key"
    assert people.alarms == ["conflicting_keys"]
    assert refused(people.login("bob", site_id="de", company_id="x")) == "invalid_login"


@pytest.mark.parametrize("key", [{"site_id": "nowhere"}, {"site_id": ""}, {"company_id": "x"}])
def test_an_unknown_site_or_company_is_the_caller_s_fault(
    people: People, key: dict[str, Any]
) -> None:
    with pytest.raises(Rejected):
        people.login("bob", **key)


def test_a_key_that_names_nobody_is_the_caller_s_fault(people: People) -> None:
    with pytest.raises(Rejected):
        people.get(site_id="de")


def test_an_erid_that_only_looks_like_one_is_nobody_s(people: People) -> None:
    erid = people.erid("bob")
    for like in (erid.upper(), f"{erid} ", f"{erid}\u200b", f"\x01{erid}", erid * 9):
        assert refused(people.get(user_id=like)) == "user_not_found"


def test_a_login_that_is_somebody_s_erid_is_only_a_login(people: People) -> None:
    erid = people.erid("bob")
    people.add(erid)
    assert people.erid(erid) not in (erid, people.erid("bob"))
    assert people.get(user_id=erid).key.login_id == "bob"


def test_sites_on_different_sources_never_share_a_person(tmp_path: Path) -> None:
    people = two_sources(tmp_path, default_site="de")
    shop, other = people.erid("bob", site_id="de"), people.erid("bob", site_id="us")
    assert shop != other
    assert people.get(user_id=shop).profile.first_name == "Bob of shop"
    assert people.get(user_id=other).profile.first_name == "Bob of other"
    assert people.get(external_reference_id=other, company_id="acme").key.site_id == "us"
    assert refused(people.get(user_id=other, site_id="de")) == "user_not_found"
    assert refused(people.get(external_reference_id=other, company_id="shop-co"))
    assert refused(people.login(None, user_id=other, site_id="de")) == "invalid_login"


def test_the_default_site_is_meant_where_none_is_named(tmp_path: Path) -> None:
    people = two_sources(tmp_path, default_site="us")
    assert people.get(login_id="bob").key.site_id == "us"


def test_a_login_without_site_is_the_caller_s_fault_where_there_is_no_default(
    tmp_path: Path,
) -> None:
    people = two_sources(tmp_path)
    with pytest.raises(Rejected):
        people.login("bob")
    assert people.login("bob", company_id="acme").key.site_id == "us"


def test_a_user_id_alone_names_its_user_though_there_is_no_default_site(tmp_path: Path) -> None:
    people = two_sources(tmp_path)
    other = people.erid("bob", site_id="us")
    assert people.get(user_id=other).key.site_id == "us"
    assert people.login(None, user_id=other).key.site_id == "us"
    assert refused(people.login(None, user_id="nobody")) == "invalid_login"


def test_sites_on_one_source_share_a_person_and_their_erid(make: Make) -> None:
    sites = {"de": {"source": "shop"}, "at": {"source": "shop"}}
    people = make(sites=sites)
    people.add("bob")
    erid = people.erid("bob", site_id="de")
    assert people.erid("bob", site_id="at") == erid
    assert people.get(user_id=erid, site_id="at").key.site_id == "at"


def test_which_of_two_sites_of_one_user_is_not_guessed(make: Make) -> None:
    sites = {"de": {"source": "shop"}, "at": {"source": "shop"}}
    people = make(sites=sites)
    people.add("bob")
    erid = people.erid("bob", site_id="de")
    with pytest.raises(Rejected):
        people.get(user_id=erid)
    people = make("", sites=sites, default_site="at")
    assert people.get(user_id=erid).key.site_id == "at"


STORES = TABLE.replace("first_name TEXT", "first_name TEXT, erid TEXT, store INTEGER")
OF_STORES = {
    "de": {"source": "shop", "filter": {"store": 1}},
    "at": {"source": "shop", "filter": {"store": 2}},
    "ch": {"source": "shop", "filter": {"store": [2, 3]}},
}


@pytest.mark.parametrize("erids", [{}, COLUMN], ids=["minted", "column"])
@pytest.mark.parametrize("default", [{}, {"default_site": "de"}], ids=["none", "default"])
def test_an_erid_alone_names_the_user_of_the_one_site_whose_filter_lets_them_in(
    make: Make, erids: dict[str, Any], default: dict[str, str]
) -> None:
    people = make(STORES, sites=OF_STORES, source=erids, **default)
    for login, store in (("bob", 1), ("eve", 3), ("ann", 2), ("gone", 4)):
        people.add(login, store=store, erid=f"{login}-1")
    eve, ann = people.erid("eve", site_id="ch"), people.erid("ann", site_id="at")
    assert people.get(user_id=eve).key.site_id == "ch"
    assert people.get(user_id=people.erid("bob", site_id="de")).key.site_id == "de"
    assert people.login(None, user_id=eve).key.site_id == "ch"
    for site in ("de", "at"):
        assert refused(people.get(user_id=eve, site_id=site)) == "user_not_found"
        assert refused(people.login(None, user_id=eve, site_id=site)) == "invalid_login"
    with pytest.raises(Rejected):
        people.get(user_id=ann)
    people.run("UPDATE users SET store = 4 WHERE login = 'eve'")
    for erid in (eve, "gone-1"):
        assert refused(people.get(user_id=erid)) == "user_not_found"


def test_the_default_site_is_meant_before_another_that_has_the_user_too(make: Make) -> None:
    people = make(STORES, sites=OF_STORES, default_site="at")
    people.add("ann", store=2)
    erid = people.erid("ann", site_id="ch")
    assert people.get(user_id=erid).key.site_id == "at"


def test_an_erid_in_the_columns_of_two_sources_is_refused(tmp_path: Path) -> None:
    execute(tmp_path / "other.db", ERIDS)
    other = {**MAPPED, **COLUMN, "url": "sqlite:///other.db"}
    people = People(tmp_path, ERIDS, source=COLUMN, sources={"other": other}, sites=TWO_SITES)
    people.add("bob", erid="same")
    execute(tmp_path / "other.db", "INSERT INTO users (login, erid) VALUES ('bob', 'same')")
    assert refused(people.get(user_id="same")) == "invalid_user_key"
    assert people.alarms == ["ambiguous_key"]


def test_each_refusal_is_in_the_words_of_its_site(make: Make) -> None:
    words = {"invalid_login": {"code": "7", "text": "Nein"}}
    people = make(site={"refusals": words})
    answer = people.login("nobody")
    assert (answer.code, answer.text) == ("7", "Nein")
    assert people.get(login_id="nobody").text == "User not found"


def test_a_user_is_looked_up_anew_in_every_call(people: People) -> None:
    erid = people.erid("bob")
    people.run("UPDATE users SET login = 'robert', first_name = 'R' WHERE login = 'bob'")
    answer = people.get(user_id=erid)
    assert (answer.key.login_id, answer.profile.first_name) == ("robert", "R")
    assert refused(people.login("bob")) == "invalid_login"
    people.run("DELETE FROM users WHERE login = 'robert'")
    assert refused(people.get(user_id=erid)) == "user_not_found"


def test_a_login_that_changed_hands_names_its_new_holder_only(people: People) -> None:
    bob, eve = people.erid("bob"), people.erid("eve")
    people.run("UPDATE users SET login = 'bob2' WHERE login = 'bob'")
    people.run("UPDATE users SET login = 'bob' WHERE login = 'eve'")
    assert people.erid("bob") == eve
    assert refused(people.get(user_id=bob, login_id="bob")) == "invalid_user_key"


def test_a_user_deleted_and_made_again_is_another_person(people: People) -> None:
    before = people.erid("bob")
    people.run("DELETE FROM users WHERE login = 'bob'")
    people.add("bob")
    assert people.erid("bob") != before
    assert refused(people.get(user_id=before)) == "user_not_found"
