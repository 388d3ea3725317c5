"""Callers and proxies that could not work, or would let in whoever wants, are not configured."""

from __future__ import annotations

from pathlib import Path

import pytest

from sso_bridge.config.safety import safe_to_serve
from sso_bridge.errors import ConfigurationError
from sso_bridge.observing import Silent
from sso_bridge.wiring import assemble
from tests.database.certificates import Authority
from tests.people import CHEAP

from .conftest import SMALL, Complaints, Loader

BASIC = "user = 'dr'\npassword = 'x'\n"
TOKEN = "0123456789abcdef0123456789abcdef"
PROXIES = "[proxies]\ntrusted = ['10.0.0.5']\n"
PASSES_ON = PROXIES + "certificate_header = 'ClientCert'\n"

WRONG = [
    pytest.param("[callers.dr]\n", "callers.dr.user: nothing tells this caller", id="nothing"),
    pytest.param(
        "[callers.dr]\nsites = ['demo']\n", "callers.dr.user: nothing tells", id="sites-alone"
    ),
    pytest.param("[callers.dr]\npassword = 'x'\n", "user goes together", id="no-user"),
    pytest.param("[callers.dr]\nuser = 'dr'\n", "callers.dr.password: user goes", id="no-password"),
    pytest.param(f"[callers.dr]\n{BASIC}token = '{TOKEN}'\n", "give one of them", id="both"),
    pytest.param("[callers.dr]\ntoken = '0123456789'\n", "shorter than 32", id="short-token"),
    pytest.param(f"[callers.dr]\ntoken = '{TOKEN} {TOKEN}'\n", "cannot carry", id="odd-token"),
    pytest.param(
        f"[callers.dr]\ntoken = ['{TOKEN}', '{TOKEN[1:]}']\n", "shorter than", id="one-short-token"
    ),
    pytest.param(
        f"[callers.dr]\ntoken_sha256 = ['{TOKEN}']\n",
        "callers.dr.token_sha256: should",
        id="digest",
    ),
    pytest.param("[callers.dr]\ntoken_sha256 = []\n", "token_sha256: ", id="no-digest"),
    pytest.param(
        "[callers.dr]\nnetworks = ['10.0.0.1/8']\n",
        "callers.dr.networks: '10.0.0.1/8' is an address within 10.0.0.0/8; write that",
        id="host-bits",
    ),
    pytest.param("[callers.dr]\nnetworks = ['x.com']\n", "no address or network", id="host-name"),
    pytest.param("[callers.dr]\nnetworks = ['0.0.0.0/0']\n", "is everybody", id="everybody"),
    pytest.param("[callers.dr]\nnetworks = ['::/0']\n", "is everybody", id="everybody-v6"),
    pytest.param(
        "[callers.dr]\nnetworks = ['::ffff:10.0.0.0/104']\n", "write it as IPv4", id="v4-in-v6"
    ),
    pytest.param("[callers.dr]\nnetworks = []\n", "callers.dr.networks: ", id="no-network"),
    pytest.param(
        f"[callers.dr]\n{BASIC}sites = ['nowhere']\n", "callers.dr.sites: ", id="unknown-site"
    ),
    pytest.param(
        f"[callers.dr]\n{BASIC}sites = []\n",
        "callers.dr.sites: has nothing in it that counts; name one",
        id="no-site",
    ),
    pytest.param(
        f"[callers.dr]\n{BASIC}operations = ['Delete']\n",
        "callers.dr.operations[0]: should be 'Login', 'GetUser'",
        id="unknown-operation",
    ),
    pytest.param(
        "[callers.dr]\ncertificate = ['CN=x']\n",
        "callers.dr.certificate: goes together with proxies.certificate_header",
        id="nobody-says-whose-certificate",
    ),
    pytest.param(
        "[callers.dr]\ncertificate = ['*']\n",
        "callers.dr.certificate: nobody asks for certificates; set server.tls_client_ca",
        id="nobody-asks-for-a-certificate",
    ),
    pytest.param(
        f"{PROXIES}[callers.dr]\nnetworks = ['10.0.0.0/8']\n",
        "callers.dr.networks: behind proxies.trusted every call comes from a proxy; set",
        id="a-proxy-that-does-not-say-for-whom",
    ),
    pytest.param(
        "[callers.dr]\nuser = 'dr'\npassword_hash = [" + "'x'," * 17 + "]\n",
        "callers: there are more than 16 password_hash",
        id="too-many-hashes",
    ),
    pytest.param(
        "[proxies]\naddress_header = 'Forwarded'\n", "proxies.trusted: is empty", id="no-proxy"
    ),
    pytest.param(
        f"{PROXIES}address_header = 'X-Forwarded-For'\n",
        "proxies.address_header: 'X-Forwarded-For' has a hyphen: anybody could send it as "
        "'X_Forwarded_For'",
        id="hyphen",
    ),
    pytest.param(
        f"{PROXIES}certificate_header = 'Client-Cert'\n", "drop_underscores", id="hyphen-too"
    ),
    pytest.param(
        f"{PROXIES}address_header = 'X_Real_IP'\n", "should be the name of a", id="underscore"
    ),
    pytest.param(
        f"{PROXIES}certificate_header = 'Authorization'\n", "choose another", id="authorization"
    ),
    pytest.param(
        f"{PASSES_ON}address_header = 'clientcert'\n", "is the address_header", id="one-for-both"
    ),
    pytest.param("[proxies]\ntrusted = ['10.0.0.5/8']\n", "proxies.trusted: ", id="proxy-bits"),
    pytest.param("[proxies]\ntrusted = ['0.0.0.0/0']\n", "is everybody", id="trusts-everybody"),
    pytest.param(
        f"{PASSES_ON}certificate_form = 'text'\n", "certificate_form: should be", id="form"
    ),
    pytest.param(
        "[server]\ntls_client_ca = 'ca.pem'\n",
        "server.tls_certificate: is missing; tls_client_ca goes together with it",
        id="ca-without-tls",
    ),
    pytest.param(
        "[server]\ntls_certificate = 'a'\ntls_key = 'b'\ntls_client_crl = ['c']\n",
        "server.tls_client_ca: is missing; tls_client_crl goes together with it",
        id="crl-without-ca",
    ),
]


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_what_cannot_work_is_refused_with_the_remedy(
    text: str, said: str, complaint: Complaints
) -> None:
    assert said in complaint(text + SMALL)


RIGHT = [
    pytest.param("[callers.dr]\nnetworks = ['10.0.0.0/8', '2001:db8::1']\n", id="networks-alone"),
    pytest.param(f"[callers.dr]\ntoken = '{TOKEN}'\n", id="token"),
    pytest.param(f"[callers.dr]\ntoken_sha256 = ['{TOKEN * 2}']\n", id="digest"),
    pytest.param(f"{PASSES_ON}[callers.dr]\ncertificate = ['*']\n", id="any-certificate"),
    pytest.param(
        f"{PASSES_ON}[callers.dr]\n{BASIC}certificate = ['CN=a b,O=c', 'DNS:x', 'email:a@b']\n",
        id="names-and-password",
    ),
    pytest.param(
        f"{PROXIES}address_header = 'X-Forwarded-For'\ndrop_underscores = true\n"
        "[callers.dr]\nnetworks = ['203.0.113.0/24']\n",
        id="hyphen-that-is-guarded",
    ),
    pytest.param(
        f"[callers.dr]\n{BASIC}sites = ['demo']\noperations = ['GetUser']\n", id="limited"
    ),
]


@pytest.mark.parametrize("text", RIGHT)
def test_what_can_work_is_taken(text: str, load_text: Loader, tmp_path: Path) -> None:
    settings, _ = load_text(text + SMALL)
    assemble(settings, tmp_path, Silent()).pool.close()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("store", ""),
        ("/C=US/CN=store", "with slashes is ambiguous"),
        ("CN=", "length"),
        ("DNS:", "nothing after the colon"),
        ("dns:store", ""),
    ],
)
def test_what_is_no_name_of_a_certificate_is_found_before_serving(
    name: str, why: str, load_text: Loader, tmp_path: Path
) -> None:
    settings, _ = load_text(f"{PASSES_ON}[callers.dr]\ncertificate = ['DNS:x', '{name}']\n" + SMALL)
    with pytest.raises(ConfigurationError, match=f"^callers.dr.certificate: '{name}' is no") as no:
        assemble(settings, tmp_path, Silent())
    assert why in no.value.details
    assert '"CN=store,O=Digital River,C=US"' in no.value.details


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ("hunter2-hunter2", "is a hash of no known format"),
        ("$2b$12$tooshort-hunter2", "bcrypt"),
        ("$argon2id$v=19$m=99999999,t=3,p=4$c29tZXNhbHQ$aHVudGVyMmh1bnRlcjI", "argon2"),
    ],
    ids=["unknown", "corrupt", "too-costly"],
)
def test_a_hash_that_would_never_be_computed_is_found_before_serving(
    stored: str, said: str, load_text: Loader, tmp_path: Path
) -> None:
    good = CHEAP.make(b"x")
    text = f"[callers.dr]\nuser = 'dr'\npassword_hash = ['{good}', '{stored}']\n" + SMALL
    with pytest.raises(ConfigurationError, match=r"^callers\.dr\.password_hash\[1\]: ") as refused:
        assemble(load_text(text)[0], tmp_path, Silent())
    assert said in refused.value.details
    assert "hunter2" not in refused.value.details


FILES = """
[server]
tls_certificate = 'server.pem'
tls_key = 'server-key.pem'
tls_client_ca = 'ca.pem'
tls_client_crl = ['list.pem']
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with what `FILES` names."""
    authority = Authority("the authority")
    certificate, key = authority.sign("localhost")
    (tmp_path / "server.pem").write_bytes(certificate)
    (tmp_path / "server-key.pem").write_bytes(key)
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    (tmp_path / "list.pem").write_bytes(authority.revoke(certificate))
    return tmp_path


def test_what_client_certificates_are_verified_with_is_taken(
    load_text: Loader, files: Path
) -> None:
    safe_to_serve(load_text(FILES + SMALL)[0])


@pytest.mark.parametrize(
    ("file", "like", "said"),
    [
        ("ca.pem", "", "server.tls_client_ca: .* has no PEM certificate of an authority"),
        ("ca.pem", "server-key.pem", "server.tls_client_ca: .* has no PEM certificate"),
        ("ca.pem", "server.pem", "server.tls_client_ca: .* has no PEM certificate"),
        ("ca.pem", None, "server.tls_client_ca: cannot read"),
        ("list.pem", "", "server.tls_client_crl: .* is not one PEM list"),
        ("list.pem", "ca.pem", "server.tls_client_crl: .* is not one PEM list"),
        ("list.pem", None, "server.tls_client_crl: cannot read"),
    ],
)
def test_what_cannot_verify_client_certificates_is_found_before_serving(
    file: str, like: str | None, said: str, load_text: Loader, files: Path
) -> None:
    content = (files / like).read_bytes() if like else b""
    (files / file).unlink()
    if like is not None:
        (files / file).write_bytes(content)
    with pytest.raises(ConfigurationError, match=said):
        safe_to_serve(load_text(FILES + SMALL)[0])


def test_several_lists_in_one_file_are_refused_since_only_the_first_would_be_read(
    load_text: Loader, files: Path
) -> None:
    twice = Authority("a").revoke() + Authority("b").revoke()
    (files / "list.pem").write_bytes(twice)
    with pytest.raises(ConfigurationError, match="put several into several files"):
        safe_to_serve(load_text(FILES + SMALL)[0])
