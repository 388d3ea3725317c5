"""`sso-bridge`, whose new password hashes are cheap: the processors are for the calls."""

from __future__ import annotations

from sso_bridge.cli import main
from sso_bridge.passwords import MAKERS
from tests.people import CHEAP

if __name__ == "__main__":
    MAKERS["argon2id"] = lambda: CHEAP
    main()
