"""A source in Python serves calls like any other, and its faults are told and contained."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sso_bridge.config.source import PythonSource
from sso_bridge.core.alarms import AMBIGUOUS_KEY
from sso_bridge.core.deadline import Deadline
from sso_bridge.core.logins import LoginRule
from sso_bridge.core.model import Address, Attribute, Lookup, NewUser, Profile, Record
from sso_bridge.errors import (
    BridgeError,
    Busy,
    ConfigurationError,
    CreationRefused,
    DeadlineExceeded,
    IdentityAlarm,
    InvalidLogin,
    NotPossible,
    SourceUnavailable,
)
from sso_bridge.passwords import identify
from sso_bridge.wiring.factory import Checked, made_by_factory
from tests.adapter.remembered import Remembered
from tests.people import HASH, SECRET, People, erid_in, refused

KEY = "0123456789" * 4
BOB = Lookup("login", "bob")
numbers = itertools.count()


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Writes a module with that text where Python finds it; its name."""

    def write(text: str) -> str:
        name = f"shop_bridge_{next(numbers)}"
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        monkeypatch.syspath_prepend(str(tmp_path))
        return name

    return write


CRM = f"""
from tests.adapter.remembered import Remembered, row

class Crm(Remembered):
    def __init__(self, name, options):
        super().__init__()
        assert (name, options) == ("crm", {{"region": "eu"}})
        self.rows = [
            row("1", "bob"), row("2", "ida", active=False), row("3", "twin"), row("4", "twin"),
        ]
        for one in self.rows:
            object.__setattr__(one, "password_hash", {HASH!r})
"""


@pytest.fixture
def people(tmp_path: Path, module: Callable[[str], str]) -> People:
    crm = {"factory": f"{module(CRM)}:Crm", "options": {"region": "eu"}}
    return People(
        tmp_path,
        sources={"crm": crm},
        sites={"crm": {"source": "crm", "create": True, "sessions": ["link"], "issue": "link"}},
        sessions={"link": {"kind": "jwt", "signing_key": KEY}},
    )


def test_a_source_in_python_serves_every_operation(people: People) -> None:
    answer = people.login("bob")
    erid = erid_in(answer)
    assert people.erid("bob") == erid
    token = answer.attributes[-1].value
    assert erid_in(people.validate(token)) == erid
    fetched = people.get(user_id=erid)
    assert (fetched.key.login_id, fetched.profile.first_name) == ("bob", "Bob")
    made = erid_in(people.create("new", profile=Profile(first_name="New")))
    assert people.erid("new") == made
    assert people.get(login_id="new").profile.first_name == "New"
    assert erid_in(people.create("new")) == made
    assert ("crm", "1", erid) in people.bindings()
    assert people.alarms == []


def test_a_source_in_python_refuses_as_any_other(people: People) -> None:
    for login, password in (("bob", "wrong"), ("nobody", SECRET), ("ida", SECRET), ("", SECRET)):
        assert refused(people.login(login, password)) == "invalid_login"
    assert refused(people.get(login_id="nobody")) == "user_not_found"
    assert refused(people.create("bob", "another")) == "login_taken"
    assert people.alarms == []
    assert refused(people.login("twin")) == "invalid_login"
    assert people.alarms == ["ambiguous_key"]


def test_its_outage_is_an_outage(people: People) -> None:
    users: Any = people.parts.sources["crm"]
    with users._users.outage():
        asked: list[Callable[[], object]] = [
            lambda: people.login("bob"),
            lambda: people.get(login_id="nobody"),
            lambda: people.create("new"),
        ]
        for ask in asked:
            with pytest.raises(SourceUnavailable):
                ask()
    assert erid_in(people.login("bob"))


def test_it_may_take_new_hashes(tmp_path: Path, module: Callable[[str], str]) -> None:
    crm = {
        "factory": f"{module(CRM)}:Crm",
        "options": {"region": "eu"},
        "passwords": {"scheme": "django-pbkdf2-sha256", "rehash": True},
    }
    people = People(tmp_path, sources={"crm": crm}, sites={"crm": {"source": "crm"}})
    erid = people.erid("bob")
    users: Any = people.parts.sources["crm"]
    assert identify(users._users.rows[0].password_hash) == "django-pbkdf2-sha256"
    assert people.erid("bob") == erid
    assert people.alarms == []


WRONG = [
    ("x = 1", ":Crm", "has no 'Crm' that can be called"),
    ("Crm = 1", ":Crm", "has no 'Crm' that can be called"),
    ("import no_such_library", ":Crm", "needs 'no_such_library', which is not installed"),
    ("1 / 0", ":Crm", "cannot be imported: it failed with ZeroDivisionError (shop_bridge_"),
    ("def Crm(", ":Crm", "cannot be imported: it failed with SyntaxError"),
    ("class Crm: pass", ":Crm", "failed with TypeError"),
    ("def Crm(name, options): return options['secret']", ":Crm", "failed with KeyError (shop_"),
    ("def Crm(name, options): return None", ":Crm", "has no find, create, password_hashes, check"),
    (
        "class Crm:\n    find = create = check = print\n    def __init__(self, **_): pass",
        ":Crm",
        "what it makes has no password_hashes",
    ),
    (
        "from sso_bridge.errors import ConfigurationError\n"
        "def Crm(name, options): raise ConfigurationError('options.url is missing; give it')",
        ":Crm",
        "options.url is missing; give it",
    ),
]


@pytest.mark.parametrize(("text", "attribute", "said"), WRONG, ids=[w[2][:40] for w in WRONG])
def test_a_factory_that_makes_no_source_is_an_error_of_the_configuration(
    module: Callable[[str], str], text: str, attribute: str, said: str
) -> None:
    with pytest.raises(ConfigurationError) as raised:
        made_by_factory("crm", PythonSource(factory=module(text) + attribute))
    assert raised.value.details.startswith("sources.crm.factory: ")
    assert said in raised.value.details


def test_a_module_that_there_is_not_is_named() -> None:
    for name in ("no_such_module", "no_such_package.users"):
        with pytest.raises(ConfigurationError, match=f"{name!r} cannot be imported; install it"):
            made_by_factory("crm", PythonSource(factory=f"{name}:Crm"))


def test_what_a_factory_raises_is_not_repeated(module: Callable[[str], str]) -> None:
    text = "def Crm(name, options): raise ValueError('password=hunter2')"
    with pytest.raises(ConfigurationError) as raised:
        made_by_factory("crm", PythonSource(factory=f"{module(text)}:Crm"))
    assert "hunter2" not in raised.value.details


def test_rehashing_needs_the_method_for_it(module: Callable[[str], str]) -> None:
    text = CRM + "    replace_hash = None\n"
    declared = {"factory": f"{module(text)}:Crm", "options": {"region": "eu"}}
    made_by_factory("crm", PythonSource.model_validate(declared))
    wanting = PythonSource.model_validate({**declared, "passwords": {"rehash": True}})
    with pytest.raises(ConfigurationError, match="has no replace_hash"):
        made_by_factory("crm", wanting)


class Strange(Remembered):
    """A source whose methods do what they are told."""

    answer: Any = None
    error: BaseException | None = None

    def find(self, key: Lookup, deadline: Deadline, *, profile: bool = False) -> Any:
        return self._do()

    def create(self, user: NewUser, deadline: Deadline, accept: Callable[[Record], None]) -> Any:
        return self._do()

    def replace_hash(self, subject: str, old: str, new: str, deadline: Deadline) -> Any:
        return self._do()

    def password_hashes(self, count: int, deadline: Deadline) -> Any:
        return self._do()

    def check(self, deadline: Deadline) -> None:
        self._do()

    def _do(self) -> Any:
        if self.error is not None:
            raise self.error
        return self.answer


NEW = NewUser(login="new", password_hash=HASH, erid="E")


def calls(users: Checked, deadline: Deadline) -> Iterator[tuple[str, Callable[[], object]]]:
    yield "find", lambda: users.find(BOB, deadline)
    yield "create", lambda: users.create(NEW, deadline, lambda record: None)
    yield "replace_hash", lambda: users.replace_hash("1", "a", "b", deadline)
    yield "password_hashes", lambda: users.password_hashes(3, deadline)
    yield "check", lambda: users.check(deadline)


def checked(inner: Remembered, rule: LoginRule = LoginRule.EXACT) -> Checked:
    return Checked(inner, name="crm", login_rule=rule)


FOREIGN = [
    KeyError("bob@example.com"),
    ConnectionError("https://user:hunter2@crm"),
    TimeoutError("bob@example.com"),
    RecursionError("bob@example.com"),
    ConfigurationError("bob@example.com"),
    NotPossible("bob@example.com"),
    InvalidLogin("bob@example.com"),
    BridgeError("bob@example.com"),
    IdentityAlarm("bob@example.com", "not one of the kinds that there are"),
]


@pytest.mark.parametrize("error", FOREIGN, ids=lambda error: type(error).__name__)
def test_an_error_that_a_source_may_not_raise_is_an_outage(error: Exception) -> None:
    strange = Strange()
    strange.error = error
    for what, call in calls(checked(strange), Deadline(5)):
        with pytest.raises(SourceUnavailable) as raised:
            call()
        said = raised.value.details
        assert said.startswith(f"source 'crm': {what} ")
        assert "bob@" not in said and "hunter2" not in said
        assert raised.value.__suppress_context__
        if not isinstance(error, IdentityAlarm):
            assert f"failed with {type(error).__name__} (test_factory.py:" in said


@pytest.mark.parametrize(
    "error",
    [SourceUnavailable("x"), DeadlineExceeded("x"), Busy("x"), IdentityAlarm(AMBIGUOUS_KEY, "x")],
    ids=lambda error: type(error).__name__,
)
def test_an_error_that_a_source_may_raise_is_let_through(error: Exception) -> None:
    strange = Strange()
    strange.error = error
    for _, call in calls(checked(strange), Deadline(5)):
        with pytest.raises(type(error)) as raised:
            call()
        assert raised.value is error


def test_a_refusal_of_new_users_is_let_through_of_create_alone() -> None:
    strange = Strange()
    strange.error = CreationRefused("x")
    for what, call in calls(checked(strange), Deadline(5)):
        with pytest.raises(CreationRefused if what == "create" else SourceUnavailable):
            call()


def test_what_stops_the_program_stops_it() -> None:
    strange = Strange()
    strange.error = KeyboardInterrupt()
    for _, call in calls(checked(strange), Deadline(5)):
        with pytest.raises(KeyboardInterrupt):
            call()


def test_an_error_after_the_deadline_is_the_deadlines() -> None:
    strange = Strange()
    strange.error = OSError("timed out")
    for _, call in calls(checked(strange), Deadline(0)):
        with pytest.raises(DeadlineExceeded):
            call()


GOOD = Record(subject="1", login="bob", password_hash=HASH)
made: Any = Record
profile: Any = Profile
address: Any = Address
attribute: Any = Attribute
NONSENSE: list[Any] = [
    "bob",
    {"subject": "1", "login": "bob"},
    True,
    [GOOD],
    *(
        made(**{"subject": "1", "login": "bob", **wrong})
        for wrong in (
            {"subject": 1},
            {"subject": None},
            {"login": b"bob"},
            {"erid": 7},
            {"password_hash": HASH.encode()},
            {"other_logins": ["bob"]},
            {"other_logins": (1,)},
            {"active": 1},
            {"active": "no"},
            {"fingerprint": "2020"},
            {"profile": None},
            {"profile": {"email": "x"}},
            {"profile": profile(home_phone=30)},
            {"profile": profile(shipping_address={"city": "x"})},
            {"profile": profile(billing_address=address(postal_code=10115))},
            {"profile": profile(billing_address=address(extended_attributes=("x",)))},
            {"attributes": None},
            {"attributes": ("x",)},
            {"attributes": (attribute("x", 1),)},
        )
    ),
]


@pytest.mark.parametrize("answer", NONSENSE, ids=range(len(NONSENSE)))
def test_what_is_no_record_is_an_outage(answer: Any) -> None:
    strange = Strange()
    strange.answer = answer
    users = checked(strange)
    with pytest.raises(SourceUnavailable, match="source 'crm': find gave something else than"):
        users.find(BOB, Deadline(5))

    def create(user: NewUser, deadline: Deadline, accept: Callable[[Any], None]) -> Any:
        accept(answer)
        pytest.fail("it is accepted")

    strange.create = create  # type: ignore[method-assign]
    with pytest.raises(SourceUnavailable, match="source 'crm': create gave something else than"):
        users.create(NEW, Deadline(5), lambda record: pytest.fail("it is shown"))


@pytest.mark.parametrize("answer", [None, 1, "yes"])
def test_whether_a_hash_was_replaced_is_yes_or_no(answer: Any) -> None:
    strange = Strange()
    strange.answer = answer
    with pytest.raises(SourceUnavailable, match="neither True nor False"):
        checked(strange).replace_hash("1", "a", "b", Deadline(5))


@pytest.mark.parametrize("answer", [None, 7, [None], [b"x"], ["x", 1]])
def test_a_sample_is_of_texts(answer: Any) -> None:
    strange = Strange()
    strange.answer = answer
    with pytest.raises(SourceUnavailable, match="password_hashes "):
        checked(strange).password_hashes(3, Deadline(5))


def test_a_sample_is_no_larger_than_asked_for() -> None:
    strange = Strange()
    strange.answer = iter(["a", "b", "c"])
    assert checked(strange).password_hashes(2, Deadline(5)) == ["a", "b"]


@pytest.mark.parametrize(
    "key",
    [Lookup("login", "Bob"), Lookup("login", "eve"), Lookup("subject", "01"), Lookup("erid", "1")],
    ids=str,
)
def test_a_record_that_was_not_asked_for_is_an_alarm(key: Lookup) -> None:
    strange = Strange()
    strange.answer = GOOD
    with pytest.raises(IdentityAlarm) as raised:
        checked(strange).find(key, Deadline(5))
    assert raised.value.kind == "collation_mismatch"
    assert key.value not in raised.value.details.replace("'crm'", "")


def test_a_record_is_compared_by_the_rule_of_the_source() -> None:
    strange = Strange()
    strange.answer = GOOD
    assert checked(strange, LoginRule.CASE).find(Lookup("login", "BOB"), Deadline(5)) is GOOD
    assert checked(strange).find(Lookup("subject", "1"), Deadline(5)) is GOOD


def creating(do: Callable[[NewUser, Callable[[Any], None]], Any]) -> Checked:
    strange = Strange()
    strange.create = lambda user, deadline, accept: do(user, accept)  # type: ignore[method-assign]
    return checked(strange)


MADE = Record(subject="9", login="new", password_hash=HASH, erid="E")


def test_a_new_user_whom_nobody_accepted_is_refused() -> None:
    with pytest.raises(SourceUnavailable, match="than the one it let accept see"):
        creating(lambda user, accept: MADE).create(NEW, Deadline(5), lambda record: None)


def test_a_new_user_other_than_the_accepted_one_is_refused() -> None:
    def other(user: NewUser, accept: Callable[[Any], None]) -> Record:
        accept(MADE)
        return GOOD

    with pytest.raises(SourceUnavailable, match="than the one it let accept see"):
        creating(other).create(NEW, Deadline(5), lambda record: None)


def test_a_source_cannot_overrule_who_does_not_accept() -> None:
    def stubborn(user: NewUser, accept: Callable[[Any], None]) -> Record:
        try:
            accept(MADE)
        except BaseException:
            time.sleep(0)
        return MADE

    def talkative(user: NewUser, accept: Callable[[Any], None]) -> None:
        try:
            accept(MADE)
        except Exception as error:
            raise OSError("rolled back") from error

    def refuse(record: Record) -> None:
        raise refusal

    for refusal in (Busy("another has taken over"), ZeroDivisionError()):
        for do in (stubborn, talkative):
            with pytest.raises(type(refusal)) as raised:
                creating(do).create(NEW, Deadline(5), refuse)
            assert raised.value is refusal


@pytest.mark.parametrize(
    "kept",
    [
        {"login": "New"},
        {"password_hash": "another"},
        {"password_hash": None},
        {"erid": "F"},
        {"active": False},
    ],
    ids=str,
)
def test_a_new_user_who_is_kept_as_something_else_is_an_alarm(kept: dict[str, Any]) -> None:
    def do(user: NewUser, accept: Callable[[Any], None]) -> None:
        accept(made(**{"subject": "9", "login": "new", "password_hash": HASH, **kept}))

    with pytest.raises(IdentityAlarm) as raised:
        creating(do).create(NEW, Deadline(5), lambda record: pytest.fail("it is shown"))
    assert raised.value.kind == "source_rejected"


def test_a_new_user_is_made_and_a_taken_login_is_none() -> None:
    users, seen = checked(Remembered()), list[Record]()
    made = users.create(NEW, Deadline(5), seen.append)
    assert seen == [made]
    assert users.create(NEW, Deadline(5), seen.append) is None
    assert len(seen) == 1
