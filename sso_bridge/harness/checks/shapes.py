"""Every way in which a request may be written means the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from ..messages import SHAPES, STYLES, Style
from ..trial import Group, Trial

CHECKS: Final = Group("shapes")


def _in(shape: str, style: Style) -> Callable[[Trial], None]:
    def run(trial: Trial) -> None:
        user = trial.anybody()
        with trial.written(shape, style):
            found = trial.login(user.login, user.secret())
            erid = trial.accepted(found, user.login, "a good login")
            trial.refused(trial.login(user.login, "wrong"), "a wrong password", "login refused")
            if erid is None:
                return
            for name in trial.cast.profile_requests:
                found = trial.profile("by ERID", by=name, externalReferenceID=erid)
                trial.accepted(found, user.login, f"{name} by ERID")
            trial.refused(trial.session("no such token", "with a bad token"), "a bad token")

    return run


for _shape in SHAPES:
    for _style in STYLES:
        _slug = re.sub(r"[^a-z]+", "-", _style.name.partition(":")[0].lower()).strip("-")
        CHECKS.put(f"shape-{_shape}-{_slug}", f"{_shape}, {_style.name}", _in(_shape, _style))
