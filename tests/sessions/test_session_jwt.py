"""JSON Web Tokens: which claims are good, which keys fit, and what is issued."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from sso_bridge.core.deadline import Deadline
from sso_bridge.core.model import Identity, Lookup
from sso_bridge.errors import ConfigurationError, DeadlineExceeded, InvalidSession
from sso_bridge.sessions import Encryption, JwtFormat, JwtIssuer, Signature

NOW = 1_800_000_000
SECRET = "a shared secret of more than 32 bytes"
RSA_KEY = RSAKey.generate_key(2048)
EC_KEY = ECKey.generate_key("P-256")
X_KEY = OKPKey.generate_key("X25519")
ELSEWHERE = json.loads(Path(__file__).with_name("tokens_made_elsewhere.json").read_text())
HS = Signature(keys=[SECRET], algorithms=["HS256"])
GOOD: dict[str, Any] = {
    "iss": "shop",
    "aud": "digital-river",
    "sub": "4711",
    "iat": NOW,
    "exp": NOW + 3600,
}


def jwt_format(signature: Signature | None = HS, **changed: Any) -> JwtFormat:
    settings: dict[str, Any] = {"issuer": "shop", "audience": "digital-river", "now": lambda: NOW}
    return JwtFormat(signature=signature, **(settings | changed))


def jwt_issuer(signature: Signature | None = HS, **changed: Any) -> JwtIssuer:
    settings: dict[str, Any] = {
        "issuer": "shop",
        "audience": "digital-river",
        "lifetime_seconds": 600,
        "now": lambda: NOW,
    }
    return JwtIssuer(signature=signature, **(settings | changed))


def signed(**claims: Any) -> str:
    """A token with good claims, some changed; None leaves one out."""
    changed = {name: value for name, value in (GOOD | claims).items() if value is not None}
    return HS.sign(json.dumps(changed).encode())


def verify(token: str, **changed: Any) -> Identity | None:
    return jwt_format(**changed).verify(token, "shop-de", Deadline(5))


def unpadded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.mark.parametrize("row", ELSEWHERE, ids=lambda row: f"{row['id']}-{row['made_by']}")
def test_a_token_made_elsewhere_is_verified(row: dict[str, Any]) -> None:
    session_format = JwtFormat(
        signature=Signature(**row["signature"]) if row["signature"] else None,
        encryption=Encryption(**row["encryption"]) if row["encryption"] else None,
        issuer="https://shop.example/login",
        audience="digital-river",
        now=lambda: NOW + 60,
    )
    identity = session_format.verify(row["token"], "shop-de", Deadline(5))
    assert identity == Identity(Lookup("subject", "4711"), "shop-de", "jwt")


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"exp": NOW + 1}, id="about-to-expire"),
        pytest.param({"exp": NOW - 29}, id="expired-within-leeway"),
        pytest.param({"exp": NOW + 0.5}, id="exp-float"),
        pytest.param({"nbf": NOW + 30}, id="nbf-within-leeway"),
        pytest.param({"iat": NOW + 30}, id="iat-within-leeway"),
        pytest.param({"iat": None}, id="no-iat"),
        pytest.param({"aud": ["other", "digital-river"]}, id="aud-list"),
        pytest.param({"site": "shop-de"}, id="site"),
    ],
)
def test_good_claims_are_accepted(claims: dict[str, Any]) -> None:
    assert verify(signed(**claims)) is not None


@pytest.mark.parametrize(
    ("claims", "says"),
    [
        pytest.param({"exp": NOW - 30}, "expired", id="expired"),
        pytest.param({"exp": None}, "lacks the claim exp", id="no-exp"),
        pytest.param({"exp": str(NOW + 60)}, "claim exp", id="exp-string"),
        pytest.param({"exp": True}, "claim exp", id="exp-boolean"),
        pytest.param({"exp": 1e308}, "not in seconds", id="exp-huge-float"),
        pytest.param({"exp": 10**400}, "not in seconds", id="exp-huge"),
        pytest.param({"exp": (NOW + 60) * 1000}, "not in seconds", id="exp-milliseconds"),
        pytest.param({"exp": -1}, "expired", id="exp-negative"),
        pytest.param({"exp": []}, "claim exp", id="exp-list"),
        pytest.param({"nbf": NOW + 31}, "claim nbf", id="not-yet-valid"),
        pytest.param({"nbf": "now"}, "claim nbf", id="nbf-string"),
        pytest.param({"iat": NOW + 31}, "claim iat", id="issued-in-the-future"),
        pytest.param({"aud": "other"}, "claim aud", id="aud-other"),
        pytest.param({"aud": ["other"]}, "claim aud", id="aud-list-other"),
        pytest.param({"aud": []}, "claim aud", id="aud-list-empty"),
        pytest.param({"aud": "digital-river2"}, "claim aud", id="aud-longer"),
        pytest.param({"aud": {"digital-river": 1}}, "claim aud", id="aud-object"),
        pytest.param({"aud": None}, "lacks the claim aud", id="no-aud"),
        pytest.param({"site": "shop-fr"}, "another site", id="site-other"),
        pytest.param({"site": ["shop-de"]}, "another site", id="site-list"),
        pytest.param({"site": ""}, "another site", id="site-empty"),
        pytest.param({"sub": None}, "names no user", id="no-sub"),
        pytest.param({"sub": ""}, "names no user", id="sub-empty"),
        pytest.param({"sub": 4711}, "claim sub", id="sub-number"),
        pytest.param({"sub": " 4711"}, "unusable", id="sub-spaced"),
        pytest.param({"sub": "47\x0011"}, "unusable", id="sub-nul"),
        pytest.param({"sub": "47\ud80011"}, "unusable", id="sub-surrogate"),
        pytest.param({"sub": "4" * 256}, "names no user", id="sub-long"),
    ],
)
def test_a_claim_that_is_not_good_is_refused_and_the_log_says_which(
    claims: dict[str, Any], says: str
) -> None:
    with pytest.raises(InvalidSession) as raised:
        verify(signed(**claims))
    assert says in raised.value.details
    assert "4711" not in raised.value.details


def test_without_an_audience_configured_a_token_for_some_audience_is_refused() -> None:
    assert verify(signed(aud=None), audience=None) is not None
    with pytest.raises(InvalidSession, match="audience"):
        verify(signed(), audience=None)


def test_without_an_issuer_configured_any_issuer_is_accepted() -> None:
    assert verify(signed(iss="another"), issuer=None) is not None


def test_a_token_bound_to_no_site_is_refused_where_binding_is_required() -> None:
    with pytest.raises(InvalidSession, match="no site"):
        verify(signed(), require_site=True)
    identity = verify(signed(site="shop-de"), require_site=True)
    assert identity is not None and identity.site == "shop-de"


def test_a_null_site_is_not_the_absence_of_one() -> None:
    token = HS.sign(json.dumps(GOOD | {"site": None}).encode())
    with pytest.raises(InvalidSession, match="another site"):
        verify(token)


def test_the_user_is_named_by_the_configured_claim() -> None:
    identity = verify(signed(uid=42, sub="other"), subject_claim="uid", names="login")
    assert identity is not None and identity.lookup == Lookup("login", "42")


def test_a_token_longer_than_the_limit_is_refused_unread() -> None:
    token = signed()
    assert verify(token, max_length=len(token)) is not None
    with pytest.raises(InvalidSession, match="too long"):
        verify(token, max_length=len(token) - 1)


def test_every_configured_key_is_good_during_a_rotation() -> None:
    old, new = OctKey.generate_key(256), OctKey.generate_key(256)
    both = Signature(keys=[new.raw_value, old.raw_value], algorithms=["HS256"])
    for key in (old, new):
        issuer = jwt_issuer(Signature(keys=[key.raw_value], algorithms=["HS256"]))
        token = issuer.issue(Lookup("subject", "1"), "shop-de", Deadline(5))
        assert verify(token, signature=both) is not None


def test_a_secret_may_be_given_as_a_jwk() -> None:
    key = {"kty": "oct", "k": unpadded(SECRET.encode())}
    assert verify(signed(), signature=Signature(keys=[key], algorithms=["HS256"])) is not None


def test_a_set_of_keys_may_hold_keys_of_other_kinds() -> None:
    keys = [
        RSA_KEY.as_dict(kid="sig", use="sig"),
        RSA_KEY.as_dict(kid="enc", use="enc"),
        X_KEY.as_dict(),
        {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA"},
        {"kty": "EC", "crv": "brainpoolP256r1", "x": "AA", "y": "AA"},
    ]
    signature = Signature(keys=[json.dumps({"keys": keys})], algorithms=["RS256"])
    private = RSA_KEY.as_dict(private=True, kid="sig")
    issuer = jwt_issuer(Signature(keys=[private], algorithms=["RS256"]))
    token = issuer.issue(Lookup("subject", "1"), "shop-de", Deadline(5))
    assert verify(token, signature=signature) is not None


PRIVATE, PUBLIC = RSA_KEY.as_pem(private=True).decode(), RSA_KEY.as_pem().decode()


def encryption(algorithm: str, *keys: Any, contents: str = "A256GCM") -> Encryption:
    return Encryption(keys=list(keys), algorithms=[algorithm], contents=[contents])


@pytest.mark.parametrize(
    ("make", "says"),
    [
        pytest.param(lambda: Signature(keys=[], algorithms=["HS256"]), "at least one key", id="no"),
        pytest.param(lambda: Signature(keys=[""], algorithms=["HS256"]), "cannot be read", id="''"),
        pytest.param(
            lambda: Signature(keys=["s3cr3t-of-31-bytes-" + "x" * 12], algorithms=["HS256"]),
            "32 bytes",
            id="secret-of-31-bytes",
        ),
        pytest.param(
            lambda: Signature(keys=["s3cr3t"], algorithms=["HS256"]), "too weak", id="weak"
        ),
        pytest.param(
            lambda: Signature(keys=["s3cr3t" * 6], algorithms=["HS512"]), "64 bytes", id="HS512"
        ),
        pytest.param(
            lambda: Signature(keys=[SECRET], algorithms=["none"]), "not one of", id="none"
        ),
        pytest.param(lambda: Signature(keys=[SECRET], algorithms=[]), "at least one", id="no-alg"),
        pytest.param(lambda: Signature(keys=[SECRET], algorithms="HS256"), "list", id="alg-text"),
        pytest.param(lambda: Signature(keys=SECRET, algorithms=["HS256"]), "list", id="key-text"),
        pytest.param(
            lambda: Signature(keys=[PUBLIC], algorithms=["HS256"]), "suits none", id="HS-public"
        ),
        pytest.param(
            lambda: Signature(
                keys=[{"kty": "oct", "k": unpadded(PUBLIC.encode())}],
                algorithms=["HS256"],
            ),
            "public key is never a secret",
            id="HS-public-key-as-jwk",
        ),
        pytest.param(
            lambda: Signature(keys=[SECRET, PUBLIC], algorithms=["HS256", "RS256"]),
            "two formats",
            id="HS-beside-RS",
        ),
        pytest.param(
            lambda: Signature(keys=[SECRET], algorithms=["RS256"]), "suits none", id="RS-secret"
        ),
        pytest.param(
            lambda: Signature(keys=[EC_KEY.as_pem()], algorithms=["ES384"]), "P-256", id="curve"
        ),
        pytest.param(
            lambda: Signature(keys=[PUBLIC], algorithms=["RS256", "ES256"]), "no key", id="no-key"
        ),
        pytest.param(
            lambda: Signature(keys=["-----BEGIN PUBLIC KEY-----\nx"], algorithms=["RS256"]),
            "cannot be read",
            id="broken-pem",
        ),
        pytest.param(
            lambda: Signature(keys=['{"kty":'], algorithms=["HS256"]), "cannot be read", id="json"
        ),
        pytest.param(
            lambda: Signature(keys=[{"keys": []}], algorithms=["HS256"]), "no key", id="empty-set"
        ),
        pytest.param(
            lambda: Signature(keys=[RSA_KEY.as_dict(use="enc")], algorithms=["RS256"]),
            "suits none",
            id="use-enc",
        ),
        pytest.param(
            lambda: Signature(keys=[RSA_KEY.as_dict(alg="RS512")], algorithms=["RS256"]),
            "suits none",
            id="another-alg",
        ),
        pytest.param(lambda: encryption("dir", b"k" * 16), "32 bytes", id="dir-length"),
        pytest.param(lambda: encryption("A128KW", b"k" * 32), "16 bytes", id="kw-length"),
        pytest.param(lambda: encryption("PBES2-HS256+A128KW", SECRET), "not one of", id="pbes2"),
        pytest.param(lambda: encryption("RSA1_5", PRIVATE), "not one of", id="rsa1_5"),
        pytest.param(
            lambda: encryption("dir", b"k" * 32, contents="A512GCM"), "not one of", id="content"
        ),
        pytest.param(lambda: jwt_format(None), "who made a token", id="nothing"),
        pytest.param(
            lambda: jwt_format(None, encryption=encryption("RSA-OAEP-256", PRIVATE)),
            "who made a token",
            id="encrypted-to-a-public-key-only",
        ),
        pytest.param(
            lambda: jwt_format(encryption=encryption("RSA-OAEP-256", PUBLIC)),
            "private key",
            id="decrypt-with-public-key",
        ),
        pytest.param(
            lambda: jwt_issuer(Signature(keys=[PUBLIC], algorithms=["RS256"])),
            "private key",
            id="sign-with-public-key",
        ),
        pytest.param(lambda: jwt_format(issuer=""), "empty", id="issuer-empty"),
        pytest.param(lambda: jwt_format(leeway_seconds=301), "leeway", id="leeway"),
        pytest.param(lambda: jwt_format(max_length=0), "max_length", id="max-length"),
        pytest.param(lambda: jwt_format(names="email"), "subject, login or erid", id="names"),
        pytest.param(lambda: jwt_format(site_claim="aud"), "two claims", id="site-claim-aud"),
        pytest.param(lambda: jwt_format(site_claim="sub"), "two claims", id="site-claim-sub"),
        pytest.param(lambda: jwt_issuer(lifetime_seconds=0), "lifetime", id="lifetime"),
    ],
)
def test_a_bad_configuration_is_refused_at_the_start_without_quoting_a_key(
    make: Any, says: str
) -> None:
    with pytest.raises(ConfigurationError) as raised:
        make()
    assert says in raised.value.details
    assert "s3cr3t" not in raised.value.details and SECRET not in raised.value.details


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_a_short_rsa_key_is_refused_as_weak() -> None:
    short = RSAKey.generate_key(1024)
    with pytest.raises(ConfigurationError, match="too weak"):
        Signature(keys=[short.as_pem()], algorithms=["RS256"])


ISSUED = [
    pytest.param(HS, None, id="signed"),
    pytest.param(Signature(keys=[PRIVATE], algorithms=["RS256"]), None, id="RS256"),
    pytest.param(None, encryption("dir", b"k" * 32), id="dir"),
    pytest.param(
        None, encryption("A256KW", b"k" * 32, contents="A128CBC-HS256"), id="A256KW-A128CBC-HS256"
    ),
    pytest.param(HS, encryption("RSA-OAEP-256", PRIVATE), id="HS256-in-RSA-OAEP-256"),
    pytest.param(HS, encryption("ECDH-ES", X_KEY.as_pem(private=True)), id="HS256-in-ECDH-ES"),
]


@pytest.mark.parametrize(("signature", "encrypted"), ISSUED)
def test_an_issued_token_is_accepted_until_it_expires_and_only_for_its_site(
    signature: Signature | None, encrypted: Encryption | None
) -> None:
    issuer = jwt_issuer(signature, encryption=encrypted)
    token = issuer.issue(Lookup("subject", "4711"), "shop-de", Deadline(5))
    session_format = jwt_format(signature, encryption=encrypted, require_site=True)
    expected = Identity(Lookup("subject", "4711"), "shop-de", "jwt")
    assert session_format.verify(token, "shop-de", Deadline(5)) == expected
    with pytest.raises(InvalidSession, match="another site"):
        session_format.verify(token, "shop-fr", Deadline(5))
    later = jwt_format(signature, encryption=encrypted, now=lambda: NOW + 630)
    with pytest.raises(InvalidSession, match="expired"):
        later.verify(token, "shop-de", Deadline(5))


def test_an_issued_token_says_when_by_whom_for_whom_and_is_never_the_same() -> None:
    tokens = [jwt_issuer().issue(Lookup("subject", "1"), "shop-de", Deadline(5)) for _ in "12"]
    payloads = [json.loads(base64.urlsafe_b64decode(t.split(".")[1] + "==")) for t in tokens]
    assert len({payload.pop("jti") for payload in payloads}) == 2
    assert payloads[0] == payloads[1]
    assert payloads[0] == {
        "iss": "shop",
        "aud": "digital-river",
        "sub": "1",
        "site": "shop-de",
        "iat": NOW,
        "exp": NOW + 600,
    }


def test_a_token_is_not_issued_for_a_user_named_in_another_way() -> None:
    with pytest.raises(ConfigurationError, match="by subject"):
        jwt_issuer().issue(Lookup("login", "ada"), "shop-de", Deadline(5))


def test_no_time_left_is_said_as_such() -> None:
    with pytest.raises(DeadlineExceeded):
        jwt_format().verify(signed(), "shop-de", Deadline(-1))


def test_no_repr_shows_a_key() -> None:
    shown = " ".join(map(repr, (HS, jwt_format(), jwt_issuer(), vars(HS), vars(jwt_format()))))
    assert SECRET not in shown
