"""Authorization headers that nobody's client sends."""

from __future__ import annotations

import base64

import pytest
from werkzeug.exceptions import Unauthorized

from sso_bridge.core.call import Caller
from sso_bridge.web.callers import Callers, Conditions


def basic(credentials: bytes) -> str:
    return f"Basic {base64.b64encode(credentials).decode()}"


ODD = {
    "letters that are not ASCII": "Basic \u00ff\u00fe",
    "a letter after good ones": basic(b"dr:s3cret") + "\u00e9",
    "bytes that are no UTF-8": basic(b"dr:\xff\xfe"),
    "NUL": basic(b"dr:s3cret\0"),
    "no colon": basic(b"drs3cret"),
    "only a colon": basic(b":"),
    "wrong padding": "Basic ZHI6czNjcmV",
    "twice": basic(b"dr:s3cret") + ", " + basic(b"dr:s3cret"),
    "no scheme": basic(b"dr:s3cret").removeprefix("Basic "),
    "parameters": 'Basic username="dr", password="s3cret"',
    "100,000 letters": "Basic " + "A" * 100_000,
    "empty": "",
    "spaces": " \t ",
}


@pytest.mark.parametrize("header", ODD.values(), ids=ODD.keys())
def test_an_odd_header_is_nobodys(header: str) -> None:
    hashes = [lambda password, deadline: password == "s3cret"]
    callers = Callers([Conditions(caller=Caller("dr"), user="dr", hashes=hashes)])
    with pytest.raises(Unauthorized):
        callers.who({"HTTP_AUTHORIZATION": header})
    assert callers.who({"HTTP_AUTHORIZATION": basic(b"dr:s3cret")}).name == "dr"
