"""A caller who is limited to sites learns nothing of another site's users, and changes nothing
about them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations, product
from pathlib import Path
from typing import Any

import pytest

from sso_bridge.core.bridge import Bridge
from sso_bridge.core.call import Call, Caller, NotAllowed
from sso_bridge.core.creation import Creation
from sso_bridge.core.deadline import Deadline
from sso_bridge.core.directory import Directory, UnknownSite
from sso_bridge.core.gate import Gate
from sso_bridge.core.model import (
    GetUser,
    Identity,
    Login,
    Lookup,
    Profile,
    ProfileAnswer,
    UserKey,
    ValidateSession,
)
from sso_bridge.core.sessions import Sessions
from sso_bridge.core.site import Site
from sso_bridge.errors import Rejected
from tests.people import (
    COLUMN,
    ERIDS,
    HASH,
    MAPPED,
    SECRET,
    TOKEN_TABLE,
    TOKENS,
    People,
    execute,
    refused,
)
from tests.throttle.nodes import waits

STORES = ERIDS.replace("erid TEXT", "erid TEXT, store INTEGER")
OTHER = {**MAPPED, "url": "sqlite:///other.db", "company": "acme"}
SITES: dict[str, dict[str, Any]] = {
    "de": {"source": "shop", "filter": {"store": 1}, "create": True},
    "at": {"source": "shop", "filter": {"store": [1, 2]}},
    "us": {"source": "other", "create": True},
}


class Limited(People):
    """Asks as a caller who is limited to `sites`."""

    def limit(self, *sites: str) -> None:
        self.bridge = self.parts.bridge.of(Caller("dr", frozenset(sites)))


def shops(folder: Path, **settings: Any) -> Limited:
    """Bob is of de and at, Ann of at alone, and another Bob of us, which has a company."""
    execute(folder / "other.db", ERIDS)
    given = {"sites": SITES, "sources": {"other": OTHER}, **settings}
    people = Limited(folder, STORES, **given)
    people.add("bob", store=1)
    people.add("ann", store=2)
    execute(folder / "other.db", "INSERT INTO users (login, password) VALUES ('bob', ?)", HASH)
    return people


@pytest.fixture
def people(tmp_path: Path) -> Limited:
    return shops(tmp_path)


@pytest.mark.parametrize("site", ["us", "nowhere", ""], ids=["another", "unknown", "empty"])
def test_a_site_that_is_not_the_caller_s_is_refused_alike_whether_it_is_there_or_not(
    people: Limited, site: str
) -> None:
    people.limit("de", "at")
    asks: tuple[Callable[[], Any], ...] = (
        lambda: people.get(login_id="bob", site_id=site),
        lambda: people.get(login_id="nobody", site_id=site),
        lambda: people.get(user_id="nobody", site_id=site),
        lambda: people.login("bob", site_id=site),
        lambda: people.validate("token", site_id=site),
        lambda: people.create("new", site_id=site),
    )
    for ask in asks:
        with pytest.raises(NotAllowed):
            ask()


def test_a_company_without_a_site_of_the_caller_s_is_refused(people: Limited) -> None:
    people.limit("de", "at")
    for company in ("acme", "nowhere"):
        with pytest.raises(NotAllowed):
            people.get(login_id="bob", company_id=company)
    people.limit("us")
    assert people.get(login_id="bob", company_id="acme").key.site_id == "us"


@pytest.mark.parametrize("default", [None, "us", "at"])
def test_an_erid_alone_names_nobody_of_another_site(tmp_path: Path, default: str | None) -> None:
    people = shops(tmp_path, default_site=default)
    theirs = people.erid("bob", site_id="us")
    ann = people.erid("ann", site_id="at")
    bob = people.erid("bob", site_id="de")
    people.limit("de")
    for erid in (theirs, ann, "nobody"):
        assert refused(people.get(user_id=erid)) == "user_not_found"
        assert refused(people.get(external_reference_id=erid)) == "user_not_found"
        assert refused(people.login(None, user_id=erid)) == "invalid_login"
    assert people.get(user_id=bob).key.site_id == "de"
    assert people.login(None, user_id=bob).key.site_id == "de"
    people.limit("de", "us")
    assert people.get(user_id=theirs).key.site_id == "us"
    assert refused(people.get(user_id=ann)) == "user_not_found"


def test_a_user_of_two_sites_is_of_the_caller_s_one(tmp_path: Path) -> None:
    people = shops(tmp_path, default_site="at")
    bob = people.erid("bob", site_id="at")
    people.limit("de")
    assert people.get(user_id=bob).key.site_id == "de"
    people.limit("de", "at")
    assert people.get(user_id=bob).key.site_id == "at"


@pytest.mark.parametrize("default", [None, "de", "us"])
def test_where_no_site_is_named_the_caller_s_only_one_is_meant(
    tmp_path: Path, default: str | None
) -> None:
    people = shops(tmp_path, default_site=default)
    people.limit("us")
    assert people.login("bob").key.site_id == "us"
    assert people.create("new").key.site_id == "us"


def test_the_default_site_is_not_the_caller_s_only_because_nobody_names_another(
    tmp_path: Path,
) -> None:
    people = shops(tmp_path, default_site="us")
    people.limit("de", "at")
    with pytest.raises(UnknownSite):
        people.login("ann")
    with pytest.raises(UnknownSite):
        people.create("new")


def test_an_erid_column_of_another_site_s_source_is_not_looked_into(tmp_path: Path) -> None:
    people = shops(tmp_path, sources={"other": {**OTHER, **COLUMN}})
    execute(tmp_path / "other.db", "UPDATE users SET erid = 'E-1'")
    people.limit("de", "at")
    assert refused(people.get(user_id="E-1")) == "user_not_found"
    people.limit("us")
    assert people.get(user_id="E-1").key.site_id == "us"


def test_nothing_is_changed_about_a_user_of_another_site(tmp_path: Path) -> None:
    rehash = {"passwords": {"rehash": True, "scheme": "pbkdf2-sha256"}}
    people = shops(tmp_path, sources={"other": {**OTHER, **COLUMN, **rehash}})
    execute(tmp_path / "other.db", "UPDATE users SET erid = 'E-1'")
    before = execute(tmp_path / "other.db", "SELECT * FROM users")
    people.limit("de", "at")
    assert refused(people.login(None, user_id="E-1")) == "invalid_login"
    assert refused(people.get(user_id="E-1")) == "user_not_found"
    for site in ("us", None):
        with pytest.raises((NotAllowed, UnknownSite)):
            people.create("bob", site_id=site, profile=Profile())
    assert people.bindings() == []
    assert execute(tmp_path / "other.db", "SELECT * FROM users") == before


def test_a_login_makes_no_session_on_another_site(tmp_path: Path) -> None:
    sites = {**SITES, "us": {"source": "other", "sessions": ["cookie"], "issue": "cookie"}}
    cookie = {**TOKEN_TABLE, "source": "other", "created_column": None}
    execute(tmp_path / "other.db", TOKENS)
    people = shops(
        tmp_path,
        sites=sites,
        sessions={"cookie": {k: v for k, v in cookie.items() if v is not None}},
        default_site="us",
    )
    theirs = people.erid("bob", site_id="us")
    made = execute(tmp_path / "other.db", "SELECT count(*) FROM tokens")
    people.limit("de", "at")
    assert refused(people.login(None, user_id=theirs)) == "invalid_login"
    assert execute(tmp_path / "other.db", "SELECT count(*) FROM tokens") == made


@pytest.mark.parametrize("default", [None, "de", "us"])
def test_whatever_is_asked_a_limited_caller_gets_what_everybody_would_of_their_sites_or_nothing(
    tmp_path: Path, default: str | None
) -> None:
    """Every key there is, for every set of sites."""
    people = shops(tmp_path, default_site=default)
    erids = [people.erid(login, site_id=s) for login, s in (("bob", "de"), ("ann", "at"))]
    erids.append(people.erid("bob", site_id="us"))
    keys = [
        UserKey(external_reference_id=erid, company_id=company, login_id=login, site_id=site)
        for erid, company, login, site in product(
            [None, "nobody", *erids], [None, "acme"], [None, "bob", "ann"], [None, *SITES, "no"]
        )
    ]
    answered = 0
    for limits in (c for n in (1, 2) for c in combinations(SITES, n)):
        bridge = people.parts.bridge.of(Caller("dr", frozenset(limits)))
        for key in keys:
            answer = outcome(bridge, key)
            whole = outcome(people.parts.bridge, key)
            if isinstance(answer, ProfileAnswer):
                answered += 1
                site = answer.key.site_id
                assert site in limits
                assert answer == outcome(people.parts.bridge, key._replace(site_id=site))
            elif isinstance(whole, ProfileAnswer):
                assert whole.key.site_id not in limits, (limits, key)
    assert answered > 100


def outcome(bridge: Bridge, key: UserKey) -> object:
    """What a GetUser comes to; the class of the error if it is one."""
    try:
        return bridge.get_user(GetUser(key, None), Deadline(5))
    except Rejected as error:
        return type(error)


class NamesNoSite:
    """Tokens that are primary keys, and do not say on which site."""

    def verify(self, token: str, site: str, deadline: Deadline) -> Identity | None:
        return Identity(Lookup("subject", token))


def test_a_token_that_a_site_out_of_sight_takes_too_must_still_say_for_whom(
    people: Limited,
) -> None:
    """It names another person on each, and which is meant is not guessed because one is hidden."""
    shared, parts = NamesNoSite(), people.parts
    sites = [replace(site, sessions=(shared,)) for site in parts.sites.values()]

    def validated(*served: Site) -> Any:
        directory = Directory(served, default=None, ledger=parts.ledger, observer=people.watched)
        bridge = Bridge(
            directory=directory,
            guard=parts.guard,
            sessions=Sessions(directory),
            creation=Creation(parts.ledger, parts.guard),
            observer=people.watched,
        )
        request = ValidateSession(UserKey(), "1")
        return bridge.of(Caller("dr", frozenset({"de"}))).validate_session(request, Deadline(5))

    assert refused(validated(*sites)) == "invalid_session"
    assert validated(sites[0]).key.login_id == "bob"


def test_a_token_of_another_site_is_not_taken(tmp_path: Path) -> None:
    link = {
        "kind": "jwt",
        "signing_key": "a secret of thirty-two bytes or more",
        "issuer": "us",
        "audience": "them",
        "require_site": True,
    }
    sites = {name: {**site, "sessions": ["link"], "issue": "link"} for name, site in SITES.items()}
    people = shops(tmp_path, sessions={"link": link}, sites=sites)
    (attribute,) = people.login("bob", site_id="us").attributes
    people.limit("de")
    for site in ("de", None):
        assert refused(people.validate(attribute.value, site_id=site)) == "invalid_session"


def test_an_unknown_user_of_another_site_costs_a_hash_like_any_unknown_user(
    people: Limited,
) -> None:
    theirs = people.erid("bob", site_id="us")
    people.limit("de", "at")
    for erid in (theirs, "nobody"):
        people.counted.computed = 0
        assert refused(people.login(None, SECRET, user_id=erid)) == "invalid_login"
        assert people.counted.computed == 1


def entered(bridge: Bridge, caller: Caller, operation: str, **key: str) -> str:
    """The site that a call is found to be about at the gate."""
    call = Call("1", Deadline(5), caller, operation)
    Gate(bridge).enter(call, GetUser(UserKey(**key), None))
    return call.site


def test_an_operation_that_is_not_the_caller_s_is_refused_before_anything_is_looked_up(
    people: Limited,
) -> None:
    caller = Caller("dr", None, frozenset({"GetUser"}))
    bridge = people.parts.bridge
    assert entered(bridge, caller, "GetUser", login_id="bob", site_id="de") == "de"
    for site in ("de", "nowhere"):
        with pytest.raises(NotAllowed):
            entered(bridge, caller, "Login", login_id="bob", site_id=site)
    assert people.watched.steps == []


def test_the_gate_refuses_a_site_that_is_not_the_caller_s(people: Limited) -> None:
    caller = Caller("dr", frozenset({"de"}))
    bridge = people.parts.bridge
    assert entered(bridge, caller, "GetUser", login_id="bob") == "de"
    with pytest.raises(NotAllowed):
        entered(bridge, caller, "GetUser", login_id="bob", site_id="at")


@pytest.mark.parametrize("key", ["login", "erid"])
def test_what_a_limited_caller_tries_lets_no_user_of_another_site_wait(
    tmp_path: Path, key: str
) -> None:
    people = shops(tmp_path, throttle={"logins": waits(free=1)})
    ann = people.erid("ann", site_id="at")
    gate = Gate(people.parts.bridge, people.parts.throttle)
    named = {"login": UserKey(login_id="ann"), "erid": UserKey(user_id=ann)}[key]

    def has_to_wait(caller: Caller, site: str) -> bool:
        call = Call("1", Deadline(5), caller, "Login")
        return gate.enter(call, Login(named._replace(site_id=site), "wrong")) is not None

    limited = Caller("dr", frozenset({"de"}))
    assert [has_to_wait(limited, "de") for _ in range(3)] == [False, True, True]
    assert not has_to_wait(Caller("everything"), "at")
    assert not has_to_wait(Caller("other", frozenset({"at"})), "at")


def test_who_is_limited_costs_the_others_and_themselves_next_to_nothing(people: Limited) -> None:
    caller, bridge = Caller("dr", frozenset({"de"})), people.parts.bridge
    assert bridge.of(caller) is bridge.of(Caller("other", frozenset({"de"})))
    best = 1.0
    for _ in range(20):
        began = time.perf_counter()
        for _ in range(100):
            bridge.of(caller)
        best = min(best, (time.perf_counter() - began) / 100)
    assert best < 20e-6
