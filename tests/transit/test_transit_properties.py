"""Whatever the agreement, what was encrypted comes back; what was changed does not."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.people import Watched

from .agreed import ALGORITHMS, AUTHENTICATED, K256, agreed, agreement

OTHER = K256[::-1]
PASSWORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=60)


@st.composite
def tables(draw: st.DrawFn) -> dict[str, Any]:
    algorithm = draw(st.sampled_from(ALGORITHMS))
    more: dict[str, Any] = {
        "encoding": draw(st.sampled_from(["base64", "base64url", "hex"])),
        "charset": draw(st.sampled_from(["utf-8", "utf-16-le"])),
        "tag": draw(st.sampled_from(["after", "before"])),
        "mac": draw(st.sampled_from(["sha1", "sha256", "sha384", "sha512"])),
    }
    if algorithm != "aes-gcm" and draw(st.booleans()):
        more["fixed_iv"] = "0f" * (8 if algorithm == "3des-cbc" else 16)
    keys = draw(st.permutations([K256, OTHER]).map(lambda both: both[: 1 + len(both[0]) % 2]))
    return agreed(algorithm, *keys, **more)


@settings(max_examples=150, deadline=None)
@given(tables(), PASSWORDS)
def test_what_was_encrypted_is_among_what_a_login_tries(
    table: dict[str, Any], password: str
) -> None:
    dr = agreement(table)
    assert password in dr.opened(dr.sealed(password))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(AUTHENTICATED), st.sampled_from(["after", "before"]), PASSWORDS, st.data())
def test_no_byte_can_be_changed_added_or_left_out(
    algorithm: str, place: str, password: str, data: st.DataObject
) -> None:
    dr = agreement(agreed(algorithm, K256, OTHER, tag=place))
    sent = base64.b64decode(dr.sealed(password))
    flip = data.draw(st.integers(1, 255))
    changed = [sent[:i] + bytes([sent[i] ^ flip]) + sent[i + 1 :] for i in range(len(sent))]
    shorter = [sent[:i] for i in range(len(sent))] + [sent[i:] for i in range(1, len(sent))]
    for other in [*changed, *shorter, sent + b"\0", b"\0" + sent]:
        written = base64.b64encode(other).decode()
        assert (dr.opened(written), dr.certain(written)) == (("",), "")


@settings(max_examples=200, deadline=None)
@given(tables(), st.text(max_size=80) | st.binary(max_size=80).map(bytes.hex))
def test_nothing_that_is_sent_is_an_error(table: dict[str, Any], sent: str) -> None:
    watched = Watched()
    dr = agreement(table, watched)
    widths = {len(dr.opened(sent)), len(dr.opened(dr.sealed("x"))), len(dr.opened(""))}
    assert len(widths) == 1
    assert isinstance(dr.certain(sent), str)
    assert set(watched.alarms) <= {"password_not_decrypted"}
    assert sent not in watched.details


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_no_key_is_shown(algorithm: str) -> None:
    dr = agreement(agreed(algorithm))
    for shown in (repr(dr), repr(vars(dr)), repr(vars(dr)["_keys"]), repr(vars(dr)["_cipher"])):
        assert K256[:16] not in shown
        assert str(bytes.fromhex(K256))[3:20] not in shown
