"""The calls of the store, before endpoints that are not the bridge."""

from __future__ import annotations

from sso_bridge.harness.endpoint import Endpoint, Masks
from sso_bridge.harness.store import Calls
from sso_bridge.harness.store.calls import Shown, Told

from .faulty import CALLER, Faulty, served
from .test_other_endpoints import Other


def signed_in(endpoint: Faulty, profile: str = "GetUserRequest") -> list[Shown]:
    """What the panel has after a sign-in, whatever came of it."""
    panel: list[Shown] = []
    with served(endpoint) as url:
        asked = Endpoint(url, 10.0, {"Authorization": CALLER})
        try:
            Calls(asked, None, Masks(), profile).sign_in("ann@example.com", "ann's password", panel)
        except Told:
            pass
        finally:
            asked.close()
    return panel


def test_a_right_answer_is_good() -> None:
    assert [one.good for one in signed_in(Faulty())] == [True, True]


def test_an_answer_about_another_erid_is_shown_as_a_cross_link() -> None:
    last = signed_in(Faulty("erid of the login in the profile"))[-1]
    assert not last.good
    assert "CROSS-LINK" in last.outcome


def test_a_profile_is_asked_for_by_the_name_that_the_endpoint_takes() -> None:
    panel = signed_in(Other(), "GetUserProfileRequest")
    assert [one.good for one in panel] == [True, True]
    assert panel[-1].about == "Profile: GetUserProfile"
