"""Databases of no known software: what init makes of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.wizard.running import config_of, profile, run
from tests.wizard.shops import PASSWORD, SHOPS, Shop

CASES = [
    pytest.param(shop, engine, id=f"{shop.name}-{engine}")
    for shop in SHOPS
    for engine in shop.engines
]


@pytest.mark.parametrize(("shop", "engine"), CASES)
def test_users_sign_in_and_are_known(shop: Shop, engine: str, url: str, tmp_path: Path) -> None:
    shop.make(url)
    done, config = config_of(url, tmp_path, *shop.arguments)
    assert done.exit_code == 0, done.output
    text = config.read_text(encoding="utf-8")
    for said in shop.says:
        assert said in text, text
    for login in (*shop.logins, *shop.locked):
        tried = run("try", "login", login, "--config", str(config), stdin=PASSWORD)
        assert tried.exit_code == (0 if login in shop.logins else 1), text + tried.output
    wrong = run("try", "login", shop.logins[0], "--config", str(config), stdin="wrong")
    assert wrong.exit_code == 1
    answered = profile(shop.logins[0], config)
    assert {name: answered[name] for name in shop.profile} == shop.profile, text
