"""A source in Python: found by its name, called, and not trusted further than it can be checked."""

from __future__ import annotations

import importlib
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import TypeVar

from ..config.source import PythonSource
from ..core.alarms import ALARMS, COLLATION_MISMATCH, SOURCE_REJECTED
from ..core.deadline import Deadline
from ..core.logins import LoginRule
from ..core.model import Lookup, NewUser, Record
from ..core.ports import UserSource
from ..core.soundness import unsound
from ..core.turn import TURN
from ..errors import (
    ConfigurationError,
    CreationRefused,
    DeadlineExceeded,
    IdentityAlarm,
    LoginTaken,
    SourceUnavailable,
    Unavailable,
)

__all__ = ["Checked", "made_by_factory"]

_METHODS = ("find", "create", "password_hashes", "check")

T = TypeVar("T")


def made_by_factory(name: str, declared: PythonSource) -> UserSource:
    """What the factory of the source `name` makes, with a check around it; raises
    ConfigurationError if there is no such factory, it fails, or what it makes is no source."""
    place = f"sources.{name}.factory"
    module_name, _, attribute = declared.factory.partition(":")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        raise ConfigurationError(f"{place}: {_not_imported(module_name, error)}") from error
    factory = getattr(module, attribute, None)
    if not callable(factory):
        raise ConfigurationError(
            f"{place}: {module_name!r} has no {attribute!r} that can be called"
        )
    try:
        made = factory(name=name, options=declared.options)
    except ConfigurationError as error:
        raise ConfigurationError(f"{place}: {error.details}") from None
    except Exception as error:
        raise ConfigurationError(
            f"{place}: failed with {_described(error)}; it is called with name and options"
        ) from error
    wanted = (*_METHODS, "replace_hash") if declared.passwords.rehash else _METHODS
    missing = [method for method in wanted if not callable(getattr(made, method, None))]
    if missing:
        raise ConfigurationError(f"{place}: what it makes has no {', '.join(missing)}")
    return Checked(made, name=name, login_rule=LoginRule(declared.login_match))


class Checked:
    """Implements `core.ports.UserSource` over `users`, a client's own.

    An exception that is none of ours is an outage, told by its class and place and never by its
    text. So is an answer that is none. A row that is not the one asked for is an alarm."""

    def __init__(self, users: UserSource, *, name: str, login_rule: LoginRule) -> None:
        self._users, self._name, self._rule = users, name, login_rule

    def find(self, key: Lookup, deadline: Deadline, *, profile: bool = False) -> Record | None:
        """See `core.ports.UserSource`."""
        found = self._ask(
            "find", deadline, lambda: self._users.find(key, deadline, profile=profile)
        )
        if found is None:
            return None
        record = self._sound("find", found)
        if not self._is(record, key):
            raise IdentityAlarm(COLLATION_MISMATCH, f"source {self._name!r}, by {key.kind}")
        return record

    def create(
        self, user: NewUser, deadline: Deadline, accept: Callable[[Record], None]
    ) -> Record | None:
        """See `core.ports.UserSource`."""
        seen: list[Record] = []
        refusals: list[BaseException] = []

        def looked_at(given: Record) -> None:
            try:
                record = self._sound("create", given)
                if (record.login, record.password_hash) != (user.login, user.password_hash) or (
                    record.erid not in (None, user.erid) or not record.active
                ):
                    raise IdentityAlarm(
                        SOURCE_REJECTED,
                        f"source {self._name!r} keeps something else than was written",
                    )
                accept(record)
            except BaseException as refusal:
                refusals.append(refusal)
                raise
            seen.append(record)

        try:
            made = self._ask(
                "create", deadline, lambda: self._users.create(user, deadline, looked_at)
            )
        except BaseException:
            if refusals:  # whatever the client's code made of it
                raise refusals[0] from None
            raise
        if refusals:
            raise refusals[0]
        if made is None and not seen:
            return None
        if made is None or self._sound("create", made) not in seen:
            raise self._nonsense("create", "another record than the one it let accept see")
        return made

    def replace_hash(self, subject: str, old: str, new: str, deadline: Deadline) -> bool:
        """See `core.ports.UserSource`."""
        done = self._ask(
            "replace_hash",
            deadline,
            lambda: self._users.replace_hash(subject, old, new, deadline),
        )
        if not isinstance(done, bool):
            raise self._nonsense("replace_hash", "neither True nor False")
        return done

    def password_hashes(self, count: int, deadline: Deadline) -> Sequence[str]:
        """See `core.ports.UserSource`."""
        hashes = self._ask(
            "password_hashes",
            deadline,
            lambda: list(self._users.password_hashes(count, deadline)),
        )
        if not all(isinstance(one, str) for one in hashes):
            raise self._nonsense("password_hashes", "something other than texts")
        return hashes[:count]

    def check(self, deadline: Deadline) -> None:
        """See `core.ports.UserSource`."""
        self._ask("check", deadline, lambda: self._users.check(deadline))

    def _ask(self, what: str, deadline: Deadline, work: Callable[[], T]) -> T:
        """What `work` returns; raises what the method `what` may raise, and nothing else."""
        begun = time.monotonic()
        try:
            with TURN.lent():
                return work()
        except Unavailable:
            raise
        except IdentityAlarm as alarm:
            if alarm.kind in ALARMS:  # it becomes a label of a metric
                raise
            raise self._nonsense(what, "an alarm of a kind that there is not") from None
        except (Exception, SystemExit) as error:
            if what == "create" and isinstance(error, (CreationRefused, LoginTaken)):
                raise
            if deadline.is_over():
                raise DeadlineExceeded(f"source {self._name!r}: no answer in time") from None
            raise SourceUnavailable(
                f"source {self._name!r}: {what} failed with {_described(error)}"
            ) from None
        finally:
            deadline.took("source", begun)

    def _sound(self, what: str, given: object) -> Record:
        """`given`, if it is a record through and through."""
        wrong = unsound(given)
        if wrong is not None:
            raise self._nonsense(what, f"something else than {wrong}")
        assert isinstance(given, Record)
        return given

    def _is(self, record: Record, key: Lookup) -> bool:
        if key.kind == "subject":
            return record.subject == key.value
        if key.kind == "erid":
            return record.erid == key.value
        logins = (record.login, *record.other_logins)
        return any(one is not None and self._rule.same(one, key.value) for one in logins)

    def _nonsense(self, what: str, gave: str) -> SourceUnavailable:
        return SourceUnavailable(f"source {self._name!r}: {what} gave {gave}")


def _not_imported(module: str, error: Exception) -> str:
    missing = error.name if isinstance(error, ModuleNotFoundError) else None
    if missing is not None and missing != module and not module.startswith(f"{missing}."):
        return f"the module {module!r} needs {missing!r}, which is not installed"
    if missing is None:
        return f"the module {module!r} cannot be imported: it failed with {_described(error)}"
    return (
        f"the module {module!r} cannot be imported; install it where sso-bridge is installed, "
        "or name its folder in PYTHONPATH"
    )


def _described(error: BaseException) -> str:
    """The class of `error` and the line that raised it; its text may hold anything."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({PurePath(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}{place}"
