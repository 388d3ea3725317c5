"""The bridge that is measured: its configuration, its ledger, its session tokens."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import calls_world as world
from calls_peers import ROOT, World

KEY = "a signing key of the benchmark, long enough"


def configuration(where: World, url: str = "sqlite:///users.db", ledger: str = "") -> None:
    """Write `bridge.toml`: callers, the log's line for each call, sessions of both kinds."""
    fields = {
        kind: "\n".join(f'{name} = "{kind}_{name}"' for name in world.ADDRESS)
        for kind in ("shipping", "billing")
    }
    profile = "\n".join(f'{name} = "{name}"' for name in world.PROFILE)
    where.config.write_text(
        f"""default_site = "{world.SITE}"

[log]
format = "json"

[callers.dr]
user = {json.dumps(world.CALLER[0])}
password_file = "caller.secret"

[throttle.logins]
enabled = false

[ledger]
url = {json.dumps(ledger or "sqlite:///erids.db")}

[sources.shop]
url = {json.dumps(url)}
table = "users"
subject = "id"
login = "login"
password = "password"
active = {{ column = "status", values = ["active"] }}

[sources.shop.profile]
{profile}

[sources.shop.shipping]
{fields["shipping"]}

[sources.shop.billing]
{fields["billing"]}

[sessions.signed]
kind = "jwt"
signing_key_file = "session.key"
issuer = "benchmark"
audience = "digital-river"
lifetime_seconds = 86400

[sessions.stored]
kind = "table"
source = "shop"
table = "sessions"
token_column = "token_sha256"
user_column = "user_id"
expiry_column = "expires_at"
expiry_kind = "epoch_seconds"

[sites.{world.SITE}]
source = "shop"
sessions = ["signed"]

[sites.stored]
source = "shop"
sessions = ["stored"]
""",
        encoding="utf-8",
    )
    (where.folder / "caller.secret").write_text(world.CALLER[1])
    (where.folder / "session.key").write_text(KEY)


def ledger(where: World, known: Iterable[int]) -> None:
    """Make the ledger, with the ERIDs of these users in it."""
    command("ledger", "create", "--config", str(where.config))
    pairs = where.folder / "pairs.csv"
    with pairs.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("subject", "erid"))
        writer.writerows((number, world.erid(number)) for number in known)
    command("erid", "import", str(pairs), "--config", str(where.config))


def signed(number: int) -> str:
    """A session token that names a user, as a shop would sign it."""
    from joserfc import jwt
    from joserfc.jwk import OctKey

    now = int(time.time())
    claims = {"sub": str(number), "iss": "benchmark", "aud": "digital-river"}
    times = {"iat": now, "exp": now + 86400}
    return jwt.encode({"alg": "HS256"}, {**claims, **times}, OctKey.import_key(KEY))


def command(*arguments: str) -> None:
    """Run a command of the bridge; raises if it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "sso_bridge", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"sso-bridge {arguments[0]} failed:\n{done.stdout}{done.stderr}")


def built(folder: Path, users: int) -> World:
    """Users, configuration and ledger on SQLite, as the comparison of GetUser has them.

    A folder that is complete is used as it is. Raises ValueError if other users are in it."""
    where = World(folder, users)
    complete = folder / "complete"
    if complete.exists():
        if complete.read_text() != str(users):
            raise ValueError(f"{folder} has {complete.read_text()} users, not {users}")
        return where
    folder.mkdir(parents=True, exist_ok=True)
    world.fill_sqlite(where.database, users)
    configuration(where)
    ledger(where, range(1, users + 1))
    complete.write_text(str(users))
    return where
