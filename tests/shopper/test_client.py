"""The clients against the API of the harness, waiting and with asyncio."""

from __future__ import annotations

import asyncio
import logging
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from sso_bridge.harness.api import Faults
from sso_bridge.shopper import (
    AlreadyExists,
    AsyncShopperClient,
    Credentials,
    InvalidToken,
    Pace,
    Refused,
    Shopper,
    ShopperClient,
    TakenErid,
    Unreachable,
    ValidationFailed,
)
from tests.shopper.conftest import CREDENTIALS, HASTE, KEY, SECRET, Running, Start

ANN = Shopper(
    erid="E-1", username="ann", first_name="Ånn", last_name="Ågren", email="ann@example.com",
    locale="sv_SE", currency="SEK",
)  # fmt: skip


class Waited:
    """An AsyncShopperClient that is asked as a ShopperClient is."""

    def __init__(self, url: str, credentials: Credentials, **settings: Any) -> None:
        self._loop = asyncio.new_event_loop()
        self._client = AsyncShopperClient(url, credentials, **settings)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._client, name)
        return lambda *args, **named: self._loop.run_until_complete(method(*args, **named))

    def finish(self) -> None:
        self._loop.run_until_complete(self._client.close())
        self._loop.close()


@pytest.fixture(params=["waiting", "asyncio"])
def client(request: pytest.FixtureRequest, api: Running) -> Iterator[ShopperClient]:
    if request.param == "waiting":
        with ShopperClient(api.url, CREDENTIALS, pace=HASTE) as waiting:
            yield waiting
        return
    waited: Any = Waited(api.url, CREDENTIALS, pace=HASTE)
    yield waited
    waited.finish()


def test_a_customer_is_created_shown_and_updated(client: ShopperClient, api: Running) -> None:
    created = client.create(ANN)
    assert created.sure and created.shopper.first_name == "Ånn"
    there = client.show("E-1")
    assert there.filled() == ANN.filled()
    client.update("E-1", Shopper(first_name="Anna", erid="E-2"))
    assert client.show("E-1").first_name == "Anna"
    assert api.rows("SELECT erid, first_name, last_name FROM shopper") == [("E-1", "Anna", "Ågren")]


def test_an_erid_is_in_the_answer_only_if_it_is_asked_for(client: ShopperClient) -> None:
    client.create(ANN)
    assert client.show("E-1", expand=()).erid is None
    assert client.show("E-1", expand=["all"]).erid == "E-1"
    only = client.show("E-1", expand=(), fields=["firstName", "locale"])
    assert only.filled() == {"first_name": "Ånn", "locale": "sv_SE"}


def test_a_token_is_on_behalf_of_the_customer_with_the_erid(client: ShopperClient) -> None:
    client.create(ANN)
    about = client.information(client.token("E-1", session_token="store-session"))
    assert (about.erid, about.authenticated, about.session_id) == ("E-1", True, "store-session")
    assert (about.locale, about.currency) == ("sv_SE", "SEK")
    nobody = client.information(client.token())
    assert (nobody.erid, nobody.authenticated) == (None, False)


def test_a_refresh_token_gives_another_token_for_the_same_customer(client: ShopperClient) -> None:
    client.create(ANN)
    first = client.token("E-1")
    assert first.refresh is not None
    second = client.refresh(first.refresh.get_secret_value())
    assert second.access != first.access
    assert client.information(second).erid == "E-1"
    with pytest.raises(InvalidToken):
        client.refresh("no such token")


def test_a_token_that_expired_early_is_replaced(client: ShopperClient, api: Running) -> None:
    client.create(ANN)
    before = client.token("E-1")
    api.expire_tokens()
    with pytest.raises(InvalidToken):
        client.information(before)
    assert client.show("E-1").erid == "E-1"
    assert client.token("E-1").access != before.access


def test_conflicts_are_told_apart(client: ShopperClient) -> None:
    client.create(ANN)
    with pytest.raises(TakenErid):
        client.create(Shopper(erid="E-1"))
    with pytest.raises(AlreadyExists):
        client.create(Shopper(erid="E-2", username="ANN"))
    with pytest.raises(ValidationFailed):
        client.create(Shopper(erid="E-2", locale="Swedish"))
    assert client.look("E-2") is None


def test_a_customer_of_digital_river_s_own_has_a_password(client: ShopperClient) -> None:
    hosted = Shopper(username="bo", password=SecretStr("blåbærgrød"))
    assert client.create(hosted).shopper.username == "bo"


def test_wrong_credentials_are_refused_and_not_repeated(api: Running) -> None:
    wrong = Credentials(SecretStr(KEY), SecretStr("wrong"))
    with ShopperClient(api.url, wrong, pace=HASTE) as client, pytest.raises(Refused) as caught:
        client.look("E-1")
    assert (caught.value.status, caught.value.code) == (401, "invalid_client")


def test_faults_of_all_kinds_are_got_over(start: Start) -> None:
    api = start(faults=Faults(errors=0.25, drops=0.25, seed=5))
    with ShopperClient(api.url, CREDENTIALS, pace=HASTE, attempts=20) as client:
        client._exchange._jitter = lambda least, most: 0.0
        for number in range(40):
            client.create(Shopper(erid=f"E-{number}"))
    assert api.rows("SELECT count(*), count(DISTINCT erid) FROM shopper") == [(40, 40)]


def test_threads_share_a_client_and_keep_to_the_rate_of_the_api(start: Start) -> None:
    api = start(rate=30)
    with ShopperClient(api.url, CREDENTIALS, pace=Pace(30.0)) as client:

        def work(name: int) -> None:
            for number in range(10):
                client.create(Shopper(erid=f"E-{name}-{number}"))

        threads = [threading.Thread(target=work, args=(name,)) for name in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert api.rows("SELECT count(*) FROM shopper") == [(60,)]
    state = api.state()
    assert state["busiest_second"] <= 30
    assert state["refused_for_rate"] == 0


def test_tasks_share_a_client_and_keep_to_the_rate_of_the_api(start: Start) -> None:
    api = start(rate=30)

    async def everybody() -> None:
        async with AsyncShopperClient(api.url, CREDENTIALS, pace=Pace(30.0)) as client:
            made = (client.create(Shopper(erid=f"E-{number}")) for number in range(50))
            await asyncio.gather(*made)

    asyncio.run(everybody())
    assert api.rows("SELECT count(*) FROM shopper") == [(50,)]
    state = api.state()
    assert state["busiest_second"] <= 30
    assert state["refused_for_rate"] == 0


def test_an_api_that_says_too_many_is_obeyed(start: Start) -> None:
    api = start(rate=3)
    with ShopperClient(api.url, CREDENTIALS, pace=HASTE) as client:
        for number in range(5):
            client.create(Shopper(erid=f"E-{number}"))
    assert api.state()["refused_for_rate"] >= 1
    assert api.rows("SELECT count(*) FROM shopper") == [(5,)]


def test_nobody_there_is_not_reachable_and_says_so() -> None:
    with (
        ShopperClient("http://127.0.0.1:9", CREDENTIALS, pace=HASTE, attempts=2) as client,
        pytest.raises(Unreachable, match="cannot be reached") as caught,
    ):
        client.token()
    assert not caught.value.sent


def test_no_secret_is_in_a_repr_a_log_or_an_exception(
    start: Start, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    api = start()
    with ShopperClient(api.url, CREDENTIALS, pace=HASTE, attempts=1) as client:
        client.create(ANN)
        full = client.token("E-1")
        api.expire_tokens()
        with pytest.raises(InvalidToken) as refused:
            client.information(full)
    with (
        ShopperClient("http://127.0.0.1:9", CREDENTIALS, pace=HASTE, attempts=1) as client,
        pytest.raises(Unreachable) as unreachable,
    ):
        client.token()
    assert unreachable.value.__context__ is None and unreachable.value.__cause__ is None
    tracebacks = [
        "".join(traceback.TracebackException.from_exception(e.value).format())
        for e in (refused, unreachable)
    ]
    assert not [r for r in caplog.records if r.name.startswith("http")]
    written = "\n".join([caplog.text, repr(full), repr(CREDENTIALS), *tracebacks])
    secrets = {SECRET, KEY, full.access.get_secret_value(), "dGVzdC1rZXk6dGVzdC1zZWNyZXQ="}
    assert full.refresh is not None
    for secret in {*secrets, full.refresh.get_secret_value(), "ann@example.com"}:
        assert secret not in written
