"""What is wrong with [throttle] is said before anything is served."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from sso_bridge.config.throttle import Throttle
from sso_bridge.errors import ConfigurationError
from tests.people import People
from tests.throttle.nodes import KEY, in_redis

URL = "redis://127.0.0.1:1/0"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"storage": "redis", "key": KEY}, "needs url"),
        ({"storage": "redis", "url": URL}, "needs key"),
        ({"logins": {"first_wait": 5.0, "longest_wait": 1.0}}, "shorter than first_wait"),
        ({"logins": {"free": 0}}, "greater than or equal to 1"),
        ({"all": {"calls_per_second": 0}}, "greater than or equal to 1"),
        ({"storage": "memcached"}, "'memory' or 'redis'"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Throttle.model_validate(settings)


@pytest.mark.parametrize("url", ["localhost:6379", "http://secret@localhost", "redis://h:port/0"])
def test_an_address_that_is_none_is_refused_without_quoting_it(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"throttle\.url: .* redis://HOST") as raised:
        People(tmp_path, throttle=in_redis(url))
    assert url not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_key_that_could_be_guessed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"throttle\.key: is shorter than 32"):
        People(tmp_path, throttle={**in_redis(URL), "key": "secret"})


def test_no_secret_is_shown() -> None:
    declared = Throttle.model_validate(in_redis("redis://:hidden@127.0.0.1/0"))
    assert "hidden" not in repr(declared)
    assert KEY not in repr(declared)
