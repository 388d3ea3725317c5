"""What is refused, and whether the refusal helps."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sso_bridge.config import load
from sso_bridge.config.example import sections
from sso_bridge.config.load import settings_from
from sso_bridge.config.places import known_keys
from sso_bridge.errors import ConfigurationError

from .conftest import SMALL, Complaints, Loader

WRONG = [
    pytest.param(
        "[sever]\n", 'sever: there is no such setting; did you mean "server"?', id="table"
    ),
    pytest.param(
        "[server]\nprot = 1\n",
        'server.prot: there is no such setting; did you mean "port"?',
        id="key",
    ),
    pytest.param(
        "[sources.shop.profile]\nfirstname = 'x'\n",
        'sources.shop.profile.firstname: there is no such setting; did you mean "first_name"?',
        id="profile-field",
    ),
    pytest.param(
        "[sources.shop]\ndb_schema = 'x'\n",
        'sources.shop.db_schema: there is no such setting; did you mean "schema"?',
        id="python-name-of-a-key",
    ),
    pytest.param(
        "[callers.dr]\nuser = 'u'\npasword_env = 'X'\n",
        'callers.dr.pasword_env: there is no such setting; did you mean "password_env"?',
        id="secret-elsewhere",
    ),
    pytest.param(
        "[sessions.jwt]\nkind = 'jwt'\nisuer = 'x'\n",
        'sessions.jwt.isuer: there is no such setting; did you mean "issuer"?',
        id="entry-named-like-its-kind",
    ),
    pytest.param(
        "[sites.demo.refusals.invalid_login]\ntxet = 'no'\n",
        'sites.demo.refusals.invalid_login.txet: there is no such setting; did you mean "text"?',
        id="deep-down",
    ),
    pytest.param("qqq = 1\n", "qqq: there is no such setting, and none", id="nothing-alike"),
    pytest.param("[server]\nport = '80'\n", "server.port: should be a valid integer", id="text"),
    pytest.param("[server]\nport = 65536\n", "server.port: should be less than", id="too-much"),
    pytest.param("[server]\nworkers = true\n", "server.workers: should be", id="true-is-no-number"),
    pytest.param("[server]\nworkers = 0\n", "server.workers: should be greater", id="none"),
    pytest.param("[server]\ncall_seconds = inf\n", "server.call_seconds: should be", id="for-ever"),
    pytest.param("[server]\ncall_seconds = nan\n", "server.call_seconds: should be", id="nan"),
    pytest.param("[server]\nbody_seconds = 0\n", "server.body_seconds: should be", id="no-time"),
    pytest.param(
        "[server]\nallow_anonymous = 'no'\n", "server.allow_anonymous: should be", id="switch"
    ),
    pytest.param("[server]\npublic_url = 'x'\n", "server.public_url: should be an addr", id="url"),
    pytest.param(
        "[server]\ntls_key = 'x'\n",
        "server.tls_certificate: is missing; it goes together with tls_key",
        id="half-of-tls",
    ),
    pytest.param("server = 3\n", "server: should be a table, as in [server]", id="no-table"),
    pytest.param(
        "[sources.shop.profile]\nemail = 3\n",
        "sources.shop.profile.email: should be text, or a table { value = …, column = …",
        id="choice",
    ),
    pytest.param(
        "[sources.shop.profile]\nemail = { valeu = 'x' }\n",
        'sources.shop.profile.email.valeu: there is no such setting; did you mean "value"?',
        id="choice-made",
    ),
    pytest.param(
        "[sources.shop.create_values]\na = 1.5\n",
        "sources.shop.create_values.a: should be text, or a whole number, or true or false, or",
        id="choice-of-four",
    ),
    pytest.param(
        "[sources.shop.create_values]\na = { make = 'tea' }\n",
        "sources.shop.create_values.a.make: should be 'now', 'epoch' or 'uuid'",
        id="made",
    ),
    pytest.param(
        "[sources.shop.active]\ncolumn = 'x'\n",
        "sources.shop.active.values: give one of values, other_than, null, expires and",
        id="neither",
    ),
    pytest.param(
        "[sources.shop.active]\ncolumn = 'x'\nvalues = [1.5]\n",
        "sources.shop.active.values[0]: should be text, or a whole number, or true or false",
        id="in-a-list",
    ),
    pytest.param(
        "[sources.shop.erid]\ncolumn = 'x'\n",
        'sources.shop.erid.column: goes with strategy = "column"',
        id="erid-column",
    ),
    pytest.param(
        "[sessions.x]\nkind = 'paseto'\n", 'sessions.x.kind: should be "jwt" or "table"', id="kind"
    ),
    pytest.param("[sessions.x]\n", 'sessions.x.kind: should be "jwt" or "table"', id="no-kind"),
    pytest.param(
        "[sessions.x]\nkind = 'table'\nsource = 'shop'\ntable = 't'\ntoken_column = 'c'\n",
        "sessions.x.user_column: is missing; set it (the column that says whose session it is)",
        id="missing",
    ),
    pytest.param(
        "[sessions.x]\nkind = 'table'\nsource = 'shop'\ntable = 't'\ntoken_column = 'c'\n"
        "user_column = 'u'\n",
        "sessions.x.expiry_column: is missing, so sessions would never end",
        id="for-ever-good",
    ),
    pytest.param(
        "[sessions.x]\nkind = 'table'\nsource = 'shpo'\ntable = 't'\ntoken_column = 'c'\n"
        "user_column = 'u'\nexpiry_column = 'e'\n",
        "sessions.x.source: names 'shpo', which is not configured; there is 'shop'",
        id="unknown-source",
    ),
    pytest.param(
        "[sites.other]\nsource = 'shpo'\n",
        "sites.other.source: names 'shpo', which is not configured; there is 'shop'",
        id="unknown-source-of-a-site",
    ),
    pytest.param(
        "[sites.other]\nsource = 'shop'\nissue = 'x'\n",
        "sites.other.issue: names 'x', which is not configured; there is none",
        id="unknown-session",
    ),
    pytest.param(
        "[sites.other]\nsource = 'shop'\nprofile_session = 'required'\n",
        "sites.other.profile_session: needs sites.other.sessions",
        id="session-required-of-no-kind",
    ),
    pytest.param(
        "default_site = 'x'\n", "default_site: names 'x', which is not configured", id="default"
    ),
    pytest.param(
        "[callers.dr]\nuser = 'a:b'\npassword = 'x'\n",
        "callers.dr.user: is empty or has a colon",
        id="colon",
    ),
    pytest.param(
        "[callers.dr]\nuser = 'a'\n",
        "callers.dr.password: user goes together with password or password_hash",
        id="no-password",
    ),
    pytest.param(
        f"[sources.{'x' * 101}]\n" + SMALL.partition("]\n")[2].partition("[")[0],
        "sources: a name is empty, or longer than 100 characters",
        id="long-source-name",
    ),
    pytest.param('[sites."a b"]\nsource = 3\n', "sites.'a b'.source: should be", id="odd-name"),
]


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_an_error_names_the_key_and_the_remedy(text: str, said: str, complaint: Complaints) -> None:
    assert said in complaint(_merged(text))


def _merged(text: str) -> str:
    """`text` with the least configuration; tables of both are joined."""
    if "[sources.shop]" in text:
        return SMALL.replace("[sources.shop]", text)
    return text + SMALL


def test_each_mistake_has_a_line_of_its_own(complaint: Complaints) -> None:
    said = complaint("[server]\nprot = 1\nhsot = 'x'\n[log]\nlevel = 'loud'\n").splitlines()
    assert sorted(line.partition(":")[0] for line in said) == [
        "log.level",
        "server.hsot",
        "server.prot",
        "sites",
        "sources",
    ]


@pytest.mark.parametrize("key", ["url", "table", "subject", "login", "password"])
def test_what_is_required_is_missed(key: str, complaint: Complaints) -> None:
    lines = [line for line in SMALL.splitlines() if not line.startswith(f"{key} =")]
    assert complaint("\n".join(lines)).startswith(f"sources.shop.{key}: is missing; set it (")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"[server\n", "not TOML", id="syntax"),
        pytest.param(b"\xff", "is not UTF-8", id="bytes"),
        pytest.param(b"a = " + b"[" * 5_000, "not TOML", id="deep"),
    ],
)
def test_a_file_that_is_no_toml_is_refused(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "bridge.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=said):
        load(path)


def test_a_file_that_is_not_there_says_where_to_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no such file.*example\.toml"):
        load(tmp_path / "bridge.toml")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load(tmp_path)


def test_a_byte_order_mark_does_no_harm(load_text: Loader) -> None:
    assert load_text("\ufeff" + SMALL)[1] == []


def test_relative_paths_start_from_the_file(load_text: Loader, tmp_path: Path) -> None:
    text = "[server]\ntls_certificate = 'tls/crt.pem'\ntls_key = '/etc/tls/key.pem'\n"
    server = load_text(text + SMALL)[0].server
    assert server.tls_certificate == tmp_path / "tls" / "crt.pem"
    assert server.tls_key == Path("/etc/tls/key.pem")


def test_the_only_site_is_the_default_one(load_text: Loader) -> None:
    assert load_text(SMALL)[0].default() == "demo"
    two = SMALL + "[sites.other]\nsource = 'shop'\n"
    assert load_text(two)[0].default() is None
    assert load_text("default_site = 'other'\n" + two)[0].default() == "other"


REAL_KEYS = sorted({key for _, section in sections() for key in known_keys([section])})
NAMES = st.sampled_from([*REAL_KEYS, "shop", "demo", "email", "line1"]) | st.text(max_size=6)
LEAVES = (
    st.none().map(lambda _: 0)
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["jwt", "table", "shop", "demo", "\0", "../..", "http://x", "\ud800"])
    | st.dates()
    | st.datetimes()
)
TABLES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=25,
)


@given(st.dictionaries(NAMES, TABLES, max_size=6))
@example({"[key]": 0})
@settings(max_examples=150, deadline=None)
def test_any_content_loads_or_is_a_configuration_error(tables: dict[str, Any]) -> None:
    _loads_or_is_refused(tables)


@given(st.sampled_from(["server", "log", "hashing", "ledger", "callers", "sessions"]), TABLES)
@settings(max_examples=80, deadline=None)
def test_any_content_of_one_table_does_too(name: str, table: Any) -> None:
    source = dict.fromkeys(["url", "table", "subject", "login", "password"], "x")
    whole = {"sources": {"shop": source}, "sites": {"demo": {"source": "shop"}}, name: table}
    _loads_or_is_refused(whole)


@given(st.dictionaries(NAMES, TABLES, max_size=6), st.dictionaries(NAMES, TABLES, max_size=6))
@settings(max_examples=80, deadline=None)
def test_any_source_and_site_do_too(source: dict[str, Any], site: dict[str, Any]) -> None:
    _loads_or_is_refused({"sources": {"shop": source}, "sites": {"demo": site}})


def _loads_or_is_refused(tables: dict[str, Any]) -> None:
    """Whatever else is raised fails the test, and so does a refusal without a key and a reason."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bridge.toml"
        try:
            loaded = settings_from(tables, path)
        except ConfigurationError as error:
            lines = error.details.splitlines()
            assert lines
            assert all(line.startswith(f"{path}: ") and line.count(": ") > 1 for line in lines)
        else:
            assert set(loaded[0].sites) == set(tables["sites"])
