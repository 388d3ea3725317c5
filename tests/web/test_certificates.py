"""What a client certificate that a proxy passes on is called."""

from __future__ import annotations

import time
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as some

from sso_bridge.web.certificates import FORMS, name

KEY = ec.generate_private_key(ec.SECP256R1())
OTHERS = (
    x509.DNSName("Store.Example.com"),
    x509.UniformResourceIdentifier("spiffe://example.com/Store"),
    x509.RFC822Name("Store@example.com"),
)
SUBJECT = "CN=store,OU=a\\, b,O=Digital River,C=US"


def certificate(subject: str = SUBJECT, *others: x509.GeneralName) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        issuer_name=x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "the authority")]),
        subject_name=x509.Name.from_rfc4514_string(subject) if subject else x509.Name([]),
        public_key=KEY.public_key(),
        serial_number=1,
        not_valid_before=now - timedelta(hours=1),
        not_valid_after=now + timedelta(hours=1),
    )
    if others:
        builder = builder.add_extension(x509.SubjectAlternativeName(others), critical=False)
    return builder.sign(KEY, hashes.SHA256())


def pem(made: x509.Certificate) -> str:
    return quote(made.public_bytes(serialization.Encoding.PEM).decode(), safe="")


def der(made: x509.Certificate) -> str:
    return b64encode(made.public_bytes(serialization.Encoding.DER)).decode()


@pytest.mark.parametrize("written", ["pem", "der", "between-colons"])
def test_a_certificate_is_called_by_its_subject_and_its_other_names(written: str) -> None:
    made = certificate(SUBJECT, *OTHERS)
    said = {"pem": pem(made), "der": der(made), "between-colons": f":{der(made)}:"}[written]
    found = FORMS["pem" if written == "pem" else "der"](said)
    assert found is not None
    assert found.names == {
        name(SUBJECT),
        name("DNS:STORE.example.com"),
        name("URI:spiffe://example.com/Store"),
        name("email:Store@example.com"),
    }
    assert found.begins < time.time() < found.ends


def test_a_subject_alone_may_be_passed_on() -> None:
    found = FORMS["subject"](SUBJECT)
    assert found is not None
    assert found.names == {name(SUBJECT)}


@pytest.mark.parametrize(
    "other",
    [
        "CN=store,OU=a\\, b,O=Digital River",
        "C=US,O=Digital River,OU=a\\, b,CN=store",
        "CN=STORE,OU=a\\, b,O=Digital River,C=US",
        "CN=store\\ ,OU=a\\, b,O=Digital River,C=US",
        "CN=store,OU=a,O=Digital River,C=US",
        "CN=store\\,OU=a\\, b,O=Digital River,C=US",
        "CN=x,CN=store,OU=a\\, b,O=Digital River,C=US",
        "DNS:store",
        "email:store",
    ],
)
def test_a_subject_that_only_looks_like_it_is_another(other: str) -> None:
    found = FORMS["der"](der(certificate()))
    assert found is not None
    assert name(other) not in found.names


def test_a_name_of_one_kind_is_not_one_of_another() -> None:
    found = FORMS["der"](der(certificate("CN=DNS:store.example.com")))
    assert found is not None
    assert name("DNS:store.example.com") not in found.names
    found = FORMS["subject"]("DNS:store.example.com")
    assert found is None


def test_a_certificate_without_a_subject_has_no_empty_name() -> None:
    found = FORMS["der"](der(certificate("", *OTHERS)))
    assert found is not None
    assert len(found.names) == 3


@pytest.mark.parametrize(
    "text",
    ["", "DNS:", "store", "/C=US/CN=store", "CN=", "XX=store", "CN=store,", "URI:", "CN=#zz"],
)
def test_what_is_no_name_is_not_configured(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (it is what the configuration waits for)
        name(text)


@pytest.mark.parametrize("form", FORMS)
@given(
    some.one_of(
        some.text(max_size=80), some.binary(max_size=80).map(lambda b: b64encode(b).decode())
    )
)
def test_what_cannot_be_read_is_no_certificate(form: str, said: str) -> None:
    found = FORMS[form](said)
    assert found is None or form == "subject"


@pytest.mark.parametrize("cut", [12, 40, 200])
def test_a_certificate_that_is_cut_short_is_none(cut: int) -> None:
    made = certificate(SUBJECT, *OTHERS)
    assert FORMS["pem"](pem(made)[:-cut]) is None
    assert FORMS["der"](der(made)[:-cut]) is None


def test_of_two_certificates_none_is_taken() -> None:
    """The first would be the client's word, if the proxy adds a header and does not replace it."""
    one, other = certificate("CN=store"), certificate("CN=other")
    for form, written in (("pem", pem), ("der", der)):
        for between in (",", ", ", "", "\n"):
            assert FORMS[form](f"{written(one)}{between}{written(other)}") is None


def test_what_is_endless_is_not_looked_at() -> None:
    assert FORMS["subject"]("1.2.3=" + "a" * 10_000) is not None
    assert FORMS["subject"]("1.2.3=" + "a" * 100_000) is None
