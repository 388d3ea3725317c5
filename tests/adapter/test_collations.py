"""Which logins are one is the site's to say: the same on every engine, under every collation."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import NullPool, create_engine

from sso_bridge.core.deadline import Deadline
from sso_bridge.core.logins import LoginRule
from sso_bridge.core.model import Lookup
from sso_bridge.errors import IdentityAlarm
from sso_bridge.sources.matching import finds_all
from tests.people import HASH, People
from tests.services import MariaDB, PostgreSQL

RULES = ("exact", "ascii_case", "case", "case_and_accents")
PAIRS: list[tuple[str, str, str]] = [
    # stored, sent, and the rules by which they are one: e, a, c, t (for accents) in that order
    ("Bob", "Bob", "eact"),
    ("Bob", "bob", "act"),
    ("Bob", "BOB", "act"),
    ("INFO", "info", "act"),
    ("INFO", "ınfo", ""),
    ("ella", "elLa", "act"),
    ("chovan", "cHovan", "act"),
    ("aage", "aAge", "act"),
    ("dzsinn", "dZsinn", "act"),
    ("eve@example.com", "Eve@Example.COM", "act"),
    ("JOSÉ", "josé", "ct"),
    ("JOSÉ", "JOSE", "t"),
    ("JOSÉ", "jose\u0301", "t"),
    ("andre\u0301", "andre\u0301", "eact"),
    ("andre\u0301", "ANDRE\u0301", "act"),
    ("andre\u0301", "andré", "t"),
    ("andre\u0301", "andre", "t"),
    ("rené", "rene\u0301", "t"),
    ("rené", "RENÉ", "ct"),
    ("MÜLLER", "müller", "ct"),
    ("MÜLLER", "muller", "t"),
    ("MÜLLER", "mueller", ""),
    ("straße", "STRASSE", ""),
    ("straße", "strasse", ""),
    ("straße", "STRAßE", "act"),
    ("straße", "STRAẞE", ""),
    ("İstanbul", "istanbul", "t"),
    ("İstanbul", "Istanbul", "t"),
    ("İstanbul", "i\u0307stanbul", "t"),
    ("İstanbul", "İSTANBUL", "act"),
    ("İstanbul", "ıstanbul", ""),
    ("ılgaz", "ILGAZ", ""),
    ("ılgaz", "ilgaz", ""),
    ("ılgaz", "ıLGAZ", "act"),
    ("ΣΊΣΥΦΟΣ", "σίσυφοσ", "ct"),
    ("ΣΊΣΥΦΟΣ", "σίσυφος", ""),
    ("σίσυφος2", "ΣΊΣΥΦΟΣ2", ""),
    ("σίσυφος2", "Σίσυφος2", "ct"),
    ("ΔΗΜΉΤΡΗΣ", "δημητρησ", "t"),
    ("ИВАН", "иван", "ct"),
    ("Йод", "Иод", ""),
    ("Йод", "йод", "ct"),
    ("Йод", "И\u0306од", ""),
    ("Ёлка", "Елка", ""),
    ("Ёлка", "ёлка", "ct"),
    ("한글", "한글", "eact"),
    ("한글", "\u1112\u1161\u11ab\u1100\u1173\u11af", ""),
    ("ガ", "カ", ""),
    ("がくせい", "ガクセイ", ""),
    ("ᾼδης", "αδης", "t"),
    ("Việt", "viet", "t"),
    ("Việt", "VIỆT", "ct"),
    ("Ơn", "on", "t"),
    ("x\u0363", "x", ""),
    ("trail", "trail ", ""),
    ("pad ", "pad", ""),
    ("pad ", "pad ", "eact"),
    ("lead", " lead", ""),
    ("ａｌｉｃｅ", "alice", ""),
    ("ａｌｉｃｅ", "ＡＬＩＣＥ", "ct"),
    ("\u212aelvin", "kelvin", ""),
    ("\u212aelvin", "\u212aELVIN", "act"),
    ("kilo", "\u212ailo", ""),
    ("ångström", "\u212bngström", ""),
    ("ohm\u2126", "ohmω", ""),
    ("ϴeta", "θeta", ""),
    ("ǆep", "Ǆep", "ct"),
    ("ǆep", "ǅep", ""),
    ("smile\U0001f600", "smile\U0001f600", "eact"),
    ("smile\U0001f600", "smile\U0001f603", ""),
    ("smile\U0001f600", "smile", ""),
    ("zero\u200bwidth", "zerowidth", ""),
    ("soft\u00adhyphen", "softhyphen", ""),
    ("ﬁne", "fine", ""),
    ("Ⅷ", "ⅷ", "ct"),
    ("æther", "AETHER", ""),
    ("æther", "Æther", "ct"),
    ("øre", "ore", ""),
    ("œuvre", "oeuvre", ""),
    ("ñandu", "nandu", "t"),
    ("łódź", "lodz", ""),
    ("łódź", "ŁÓDŹ", "ct"),
    ("x_y", "xzy", ""),
    ("100%", "100x", ""),
]  # fmt: skip


def is_old(letter: str) -> bool:
    """Whether all collations know it: those of MariaDB are of Unicode 3 and 4."""
    return unicodedata.ucd_3_2_0.category(letter) != "Cn" and not "\u0220" <= letter <= "\u024f"


LETTERS = [chr(code) for code in [*range(0xC0, 0x250), *range(0x386, 0x3CF), *range(0x400, 0x460)]]
LETTERS += [chr(code) for code in [*range(0x1E00, 0x2000), *range(0x2160, 0x2180)]]
LETTERS = [one for one in LETTERS if all(map(is_old, one + one.upper() + one.lower()))][::5]
MIXED = [
    f"{number}:" + "".join(LETTERS[number * 6 : number * 6 + 6])
    for number in range(-(-len(LETTERS) // 6))
]
"""A fifth of those letters, in logins."""


def spellings(login: str) -> set[str]:
    forms = {login, login.lower(), login.upper(), login.swapcase()}
    apart = {unicodedata.normalize("NFD", one) for one in (login, login.upper())}
    return (
        forms | apart | {"".join(c for c in one if not unicodedata.combining(c)) for one in apart}
    )


COLLATIONS = {
    "sqlite": ["BINARY", "NOCASE"],
    "postgresql": ["plain", "citext", "level1", "level2", "level1-kc-true", "turkish"],
    "mariadb": [
        *(f"utf8mb4_{name}" for name in ("general_ci", "unicode_ci", "unicode_520_ci", "bin")),
        *(f"utf8mb4_{name}" for name in ("nopad_bin", "swedish_ci", "turkish_ci", "spanish2_ci")),
        *(f"utf8mb4_{name}" for name in ("croatian_ci", "slovak_ci", "danish_ci", "hungarian_ci")),
        *(f"utf8mb4_uca1400_{name}" for name in ("ai_ci", "nopad_as_ci", "turkish_ai_ci")),
    ],
}
PLACES = [(engine, name) for engine, names in COLLATIONS.items() for name in names]
POSTGRESQL = {
    "plain": ("", "TEXT"),
    "citext": ("CREATE EXTENSION citext", "CITEXT"),
    **{
        name: (
            f"CREATE COLLATION chosen (provider = icu, locale = '{locale}', deterministic = false)",
            "TEXT COLLATE chosen",
        )
        for name, locale in {
            "level1": "und-u-ks-level1",
            "level2": "und-u-ks-level2",
            "level1-kc-true": "und-u-ks-level1-kc-true",
            "turkish": "tr-u-ks-level2",
        }.items()
    },
}


@pytest.fixture(scope="module", params=PLACES, ids="-".join)
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, str]]:
    """A folder, and the URL of a database whose logins have that collation."""
    engine, collation = request.param
    folder = tmp_path_factory.mktemp("collation")
    server: PostgreSQL | MariaDB | None = None
    statements = []
    if engine == "sqlite":
        url, kind = f"sqlite:///{folder / 'users.db'}", f"TEXT COLLATE {collation}"
    else:
        server = request.getfixturevalue(engine)
        assert server is not None
        url, kind = server.new_database(), f"VARCHAR(100) COLLATE {collation}"
        if engine == "postgresql":
            before, kind = POSTGRESQL[collation]
            statements = [before] if before else []
    statements.append(f"CREATE TABLE users (id INTEGER PRIMARY KEY, login {kind}, password TEXT)")
    statements.append("CREATE INDEX by_login ON users (login)")
    made = create_engine(url, poolclass=NullPool)
    with made.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
        mark = "(?, ?, ?)" if engine == "sqlite" else "(%s, %s, %s)"
        for number, login in enumerate(dict.fromkeys([*(p[0] for p in PAIRS), *MIXED])):
            row = (number, login, HASH)
            connection.exec_driver_sql(f"INSERT INTO users VALUES {mark}", row)
    yield folder, url
    if server is not None:
        server.drop(url)


@pytest.fixture(params=RULES)
def people(request: pytest.FixtureRequest, place: tuple[Path, str]) -> People:
    folder, url = place
    source = {"login_match": request.param, "active": None, "profile": None}
    return People(folder, "", url=url, source=source, site={"create": False})


def test_the_same_logins_are_found_everywhere(people: People) -> None:
    declared: Any = people.settings.sources["shop"]
    rule = declared.login_match
    users, wrong = people.parts.sources["shop"], []
    for stored, sent, rules in PAIRS:
        try:
            found = users.find(Lookup("login", sent), Deadline(10))
        except IdentityAlarm:
            found = None
        expected = "eact"[RULES.index(rule)] in rules
        if (found is not None and found.login == stored) is not expected:
            wrong.append((stored, sent, "should be found" if expected else "should not be found"))
    assert wrong == []


def test_letters_in_general_are_found_as_the_rule_says(people: People) -> None:
    declared: Any = people.settings.sources["shop"]
    rule, users, wrong = LoginRule(declared.login_match), people.parts.sources["shop"], []
    for stored in MIXED:
        for sent in spellings(stored):
            try:
                found = users.find(Lookup("login", sent), Deadline(10))
            except IdentityAlarm:
                found = None
            if (found is not None and found.login == stored) is not rule.same(stored, sent):
                wrong.append((stored, sent, rule.same(stored, sent)))
    assert wrong == []


@pytest.mark.parametrize("collation", ["general_ci", "unicode_520_ci", "turkish_ci"])
@pytest.mark.parametrize("rule", ["case", "case_and_accents"])
def test_every_capital_is_found_by_its_small_letter(
    mariadb: MariaDB, tmp_path: Path, collation: str, rule: str
) -> None:
    letters = [chr(code) for code in range(0x80, 0x20000) if not 0xD800 <= code < 0xE000]
    capitals = [c for c in letters if LoginRule.CASE.canonical(c) != c]
    stored = [f"{at}:{''.join(capitals[at : at + 9])}a" for at in range(0, len(capitals), 9)]
    url = mariadb.new_database()
    made = create_engine(url, poolclass=NullPool)
    kind = f"VARCHAR(100) COLLATE utf8mb4_{collation}"
    with made.begin() as connection:
        connection.exec_driver_sql(f"CREATE TABLE users (id INTEGER PRIMARY KEY, login {kind})")
        for row in enumerate(stored):
            connection.exec_driver_sql("INSERT INTO users VALUES (%s, %s)", row)
    source = {"login_match": rule, "active": None, "profile": None, "password": "login"}
    people = People(tmp_path, "", url=url, source=source, site={"create": False})
    users = people.parts.sources["shop"]
    wrong = []
    for login in stored:
        sent = LoginRule.CASE.canonical(login)[:-1] + "A"  # neither all small nor all capital
        found = users.find(Lookup("login", sent), Deadline(10))
        if found is None or found.login != login:
            wrong.append(login)
    mariadb.drop(url)
    assert wrong == []


@pytest.mark.parametrize(
    ("collation", "rules"),
    [
        ("utf8mb4_general_ci", "a"),
        ("utf8mb3_unicode_ci", "a"),
        ("latin1_swedish_ci", "a"),
        ("utf8mb4_unicode_520_nopad_ci", "a"),
        ("utf8mb4_0900_ai_ci", "act"),
        ("utf8mb4_0900_as_ci", "ac"),
        ("utf8mb4_uca1400_nopad_ai_ci", "act"),
        ("utf8mb4_uca1400_as_ci", "ac"),
        ("utf8mb4_uca1400_turkish_ai_ci", ""),
        ("utf8mb4_tr_0900_ai_ci", ""),
        ("utf8mb4_turkish_ci", ""),
        ("utf8mb4_spanish2_ci", ""),
        ("latin5_turkish_ci", ""),
        ("utf8mb4_bin", ""),
        ("citext", "a"),
        ("und-u-ks-level1", "act"),
        ("und-u-ks-level2", "ac"),
        ("und-u-ks-level1-kc-true", ""),
        ("tr-u-ks-level2", ""),
        ("", ""),
    ],
)
def test_only_collations_that_are_known_to_find_all_are_trusted(collation: str, rules: str) -> None:
    assert [r for r, rule in zip("act", RULES[1:], strict=True)
            if finds_all(collation, LoginRule(rule))] == list(rules)  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_the_rule_itself_is_what_the_table_says(rule: str) -> None:
    for stored, sent, rules in PAIRS:
        expected = "eact"[RULES.index(rule)] in rules
        assert LoginRule(rule).same(stored, sent) is expected, (stored, sent)


@given(st.text(st.one_of(st.characters(), st.sampled_from("İıſKÅΩςΣéÉ\u0301\u0308\u0345\u0363йЙ"))))
def test_a_canonical_login_is_its_own_canonical_form(login: str) -> None:
    for rule in LoginRule:
        canonical = rule.canonical(login)
        assert rule.canonical(canonical) == canonical
        assert rule.same(login, canonical)
