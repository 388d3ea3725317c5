"""Every preset, on the real tables of its software, with users that the software made."""

from __future__ import annotations

import importlib
import pkgutil
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import tests.known
from sso_bridge.config.load import load
from sso_bridge.core.deadline import Deadline
from sso_bridge.core.model import (
    Accepted,
    Address,
    GetUser,
    Login,
    Profile,
    ProfileAnswer,
    Refusal,
    UserKey,
)
from sso_bridge.wiring import Parts, assemble, create_ledger
from tests.known.people import Known
from tests.people import Watched

PRESETS = Path(__file__).parents[2] / "config"
SECONDS = 30.0
WRONG = "this is nobody's password"


def _modules() -> list[ModuleType]:
    names = [found.name for found in pkgutil.iter_modules(tests.known.__path__)]
    modules = [importlib.import_module(f"tests.known.{n}") for n in names if n[:5] != "test_"]
    return [module for module in modules if hasattr(module, "make")]


def _preset(module: ModuleType) -> Path:
    return PRESETS / (module.__name__.rpartition(".")[2].replace("_", "-") + ".toml")


MODULES = _modules()
NAMED = {
    f"{_preset(module).stem}-{engine}": (module, engine)
    for module in MODULES
    for engine in module.ENGINES
}
CASES = [
    pytest.param(case, id=name, marks=pytest.mark.xdist_group(f"known-{name}"))
    for name, case in NAMED.items()
]
"""Each with its tests in one process, which makes its tables once."""


@dataclass(frozen=True, slots=True)
class Shop:
    """The preset of a software, assembled over a database that has its users."""

    parts: Parts
    watched: Watched
    people: tuple[Known, ...]

    def login(self, login: str, password: str) -> Accepted | Refusal:
        request = Login(UserKey(login_id=login), password)
        return self.parts.bridge.login(request, Deadline(SECONDS))

    def erid(self, login: str, password: str) -> str:
        """Who comes in by this login and password."""
        answer = self.login(login, password)
        assert isinstance(answer, Accepted), f"{login}: {answer}, {self.watched.details}"
        assert answer.key.external_reference_id is not None
        return answer.key.external_reference_id

    def profile(self, login: str) -> ProfileAnswer | Refusal:
        request = GetUser(UserKey(login_id=login))
        return self.parts.bridge.get_user(request, Deadline(SECONDS))

    def who_may(self) -> list[tuple[Known, str]]:
        """Those who come in, each with the password."""
        return [(p, p.password) for p in self.people if p.active and p.password is not None]


@pytest.fixture(scope="module", params=CASES)
def shop(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    module, engine = request.param
    folder = tmp_path_factory.mktemp("shop")
    if engine == "sqlite":
        yield from _served(module, f"sqlite:///{folder / 'shop.db'}", folder)
        return
    server = request.getfixturevalue(engine)
    url = server.new_database()
    yield from _served(module, url, folder)
    server.drop(url)


def _served(module: ModuleType, url: str, folder: Path) -> Iterator[Shop]:
    module.make(url)
    watched = Watched()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSO_BRIDGE_SHOP_URL", url)
        for name, value in getattr(module, "ENVIRONMENT", {}).items():
            patch.setenv(name, value)
        settings, warnings = load(Path(shutil.copy(_preset(module), folder)))
    assert warnings == []
    create_ledger(settings, folder)
    parts = assemble(settings, folder, watched)
    yield Shop(parts, watched, module.PEOPLE)
    parts.pool.close()
    for database in parts.databases.values():
        database.close()


def _flat(profile: Profile) -> dict[str, Any]:
    """The fields that have a value; those of an address with its name before them."""
    found: dict[str, Any] = {}
    for name, value in profile._asdict().items():
        if isinstance(value, Address):
            found |= {f"{name}.{field}": cell for field, cell in value._asdict().items()}
        else:
            found[name] = value
    return {name: value for name, value in found.items() if value is not None}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: _preset(module).stem)
def test_there_are_users_of_each_kind(module: ModuleType) -> None:
    people: tuple[Known, ...] = module.PEOPLE
    assert any(person.active and person.profile for person in people)
    assert any(not person.active for person in people)
    assert any(
        not (person.login + (person.profile.get("last_name") or "")).isascii() for person in people
    )
    assert any(person.strangers for person in people)
    assert len({person.login for person in people}) == len(people)


def test_who_may_comes_in_by_every_login_and_nobody_is_alarmed(shop: Shop) -> None:
    erids = []
    for person, password in shop.who_may():
        erid = shop.erid(person.login, password)
        erids.append(erid)
        for other in person.other_logins:
            answer = shop.login(other, password)
            assert isinstance(answer, Accepted), f"{other}: {answer}"
            assert answer.key.external_reference_id == erid
            assert answer.key.login_id == person.login
    assert len(set(erids)) == len(erids)
    assert shop.watched.alarms == []


def test_nobody_comes_in_by_a_wrong_password(shop: Shop) -> None:
    before = list(shop.watched.alarms)
    for person in shop.people:
        for wrong in {WRONG, ""} if person.password is None else {WRONG}:
            answer = shop.login(person.login, wrong)
            assert isinstance(answer, Refusal), person.login
            assert answer.kind == "invalid_login"
    assert shop.watched.alarms == before


def test_who_may_not_does_not_come_in_and_has_no_profile(shop: Shop) -> None:
    before = list(shop.watched.alarms)
    for person in shop.people:
        if person.active:
            continue
        assert person.password is not None
        answer = shop.login(person.login, person.password)
        assert isinstance(answer, Refusal), person.login
        assert answer.kind == "invalid_login"
        assert isinstance(shop.profile(person.login), Refusal)
    assert shop.watched.alarms == before


def test_what_is_nearly_a_login_is_nobodys(shop: Shop) -> None:
    for person in shop.people:
        for stranger in person.strangers:
            answer = shop.login(stranger, person.password or WRONG)
            assert isinstance(answer, Refusal), f"{stranger} is taken for {person.login}"
            assert isinstance(shop.profile(stranger), Refusal)


def test_the_profile_is_what_the_software_knows(shop: Shop) -> None:
    before = list(shop.watched.alarms)
    for person, _ in shop.who_may():
        answer = shop.profile(person.login)
        assert isinstance(answer, ProfileAnswer), f"{person.login}: {answer}"
        assert answer.key.login_id == person.login
        expected = {name: value for name, value in person.profile.items() if value is not None}
        assert _flat(answer.profile) == expected, person.login
    assert shop.watched.alarms == before
