"""Where secrets come from, and that nothing that is said about them says them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sso_bridge.errors import ConfigurationError

from .conftest import SMALL, Complaints, Loader

SECRET = "hunter2-hunter2-hunter2-hunter2-hunter2"
CALLER = "[callers.dr]\nuser = 'dr'\n"


def test_a_secret_comes_from_the_environment(
    load_text: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THE_PASSWORD", SECRET)
    settings, warnings = load_text(CALLER + "password_env = 'THE_PASSWORD'\n" + SMALL)
    (password,) = settings.callers["dr"].password
    assert password.get_secret_value() == SECRET
    assert warnings == []


@pytest.mark.parametrize("end", ["", "\n", "\r\n"], ids=["bare", "line-break", "windows"])
def test_a_secret_comes_from_a_file_beside_the_configuration(
    end: str, load_text: Loader, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_bytes(f" {SECRET} {end}".encode())
    settings, warnings = load_text(CALLER + "password_file = 'secret'\n" + SMALL)
    (password,) = settings.callers["dr"].password
    assert password.get_secret_value() == f" {SECRET} "
    assert warnings == []


def test_a_secret_in_the_file_works_and_is_warned_about(load_text: Loader) -> None:
    settings, warnings = load_text(CALLER + f"password = '{SECRET}'\n" + SMALL)
    assert settings.callers["dr"].password
    (warning,) = warnings
    assert "callers.dr.password is a secret in the file itself" in warning
    assert "password_file" in warning
    assert SECRET not in warning


@pytest.mark.parametrize(
    ("url", "warned"),
    [
        ("sqlite:///users.db", False),
        ("postgresql+psycopg://bridge@db.example.com/shop", False),
        (f"postgresql+psycopg://bridge:{SECRET}@db.example.com/shop", True),
        (f"mysql+pymysql://db.example.com/shop?user=bridge&password={SECRET}", True),
    ],
)
def test_a_url_is_a_secret_if_a_password_is_in_it(
    url: str, warned: bool, load_text: Loader
) -> None:
    text = SMALL.replace("sqlite:///users.db", url)
    assert len(load_text(text)[1]) == warned


def test_only_the_url_with_a_password_is_warned_about(load_text: Loader) -> None:
    ledger = "[ledger]\nurl = 'sqlite:///erids.db'\n"
    other = SMALL.replace("sqlite:///users.db", f"mysql://a:{SECRET}@db.example.com/shop")
    (warning,) = load_text(ledger + other)[1]
    assert "sources.shop.url" in warning


MISTAKES = [
    pytest.param(f"password_env = '{SECRET}'\n", "callers.dr.password_env: names", id="as-name"),
    pytest.param(f"password_file = '{SECRET}'\n", "callers.dr.password_file: names", id="as-path"),
    pytest.param("password_env = ''\n", "callers.dr.password_env: should be", id="no-name"),
    pytest.param("password_env = 3\n", "callers.dr.password_env: should be", id="number"),
    pytest.param("password_file = ''\n", "callers.dr.password_file: should be", id="no-path"),
    pytest.param("password_file = '.'\n", "callers.dr.password_file: names a file", id="folder"),
    pytest.param("password_file = 'empty'\n", "is empty; put the secret into it", id="empty-file"),
    pytest.param("password_file = 'bytes'\n", "it is not UTF-8 text", id="bytes"),
    pytest.param("password = ''\n", "callers.dr.password: is empty", id="empty"),
    pytest.param(f"password = {{ x = '{SECRET}' }}\n", "callers.dr.password: is", id="table"),
    pytest.param(f"password = [['{SECRET}']]\n", "callers.dr.password: is empty or no", id="list"),
    pytest.param("password = []\n", "callers.dr.password: is an empty list", id="empty-list"),
    pytest.param("password = ['x', '']\n", "callers.dr.password: is empty", id="one-empty"),
    pytest.param(f"password_env = ['{SECRET}']\n", "password_env: names", id="as-name-in-list"),
    pytest.param(f"password = '{SECRET}'\nuser2 = '{SECRET}'\n", "no such setting", id="unknown"),
    pytest.param(f"token = '{SECRET}!'\n", "user goes together", id="token-for-password"),
    pytest.param(f"password = '{SECRET}'\ntoken = '{SECRET}'\n", "give one", id="basic-and-token"),
]


@pytest.mark.parametrize(("lines", "said"), MISTAKES)
def test_no_error_says_the_secret(
    lines: str, said: str, complaint: Complaints, tmp_path: Path
) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    text = complaint(CALLER + lines + SMALL)
    assert said in text
    assert SECRET not in text


def test_a_variable_that_is_set_to_nothing_is_not_set(
    complaint: Complaints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THE_PASSWORD", "")
    said = complaint(CALLER + "password_env = 'THE_PASSWORD'\n" + SMALL)
    assert "callers.dr.password_env: names an environment variable that is not set" in said


def test_no_secret_has_a_repr(load_text: Loader) -> None:
    settings, _ = load_text(CALLER + f"password = '{SECRET}'\n" + SMALL)
    assert SECRET not in repr(settings)
    assert SECRET not in str(settings.model_dump())


def test_an_error_carries_no_cause_that_says_the_secret(load_text: Loader) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load_text(CALLER + f"password = '{SECRET}'\n[server]\nport = 'x'\n" + SMALL)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


def test_several_secrets_of_one_name_add_up_wherever_they_are(
    load_text: Loader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONE", "1")
    monkeypatch.setenv("TWO", "2")
    (tmp_path / "three").write_text("3\n")
    text = CALLER + "password_env = ['ONE', 'TWO']\npassword_file = 'three'\n" + SMALL
    settings, warnings = load_text(text)
    assert [one.get_secret_value() for one in settings.callers["dr"].password] == ["1", "2", "3"]
    assert warnings == []


def test_secrets_of_a_list_in_the_file_are_warned_about(load_text: Loader) -> None:
    _, warnings = load_text(CALLER + f"password = ['{SECRET}', '{SECRET}2']\n" + SMALL)
    assert warnings
    assert all("callers.dr.password is a secret" in one and SECRET not in one for one in warnings)


def test_a_secret_that_is_one_only_is_given_in_one_way(
    complaint: Complaints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("URL", "sqlite:///erids.db")
    ledger = "[ledger]\nurl = 'sqlite:///x.db'\nurl_env = 'URL'\n"
    assert "more than once" in complaint(ledger + SMALL)
