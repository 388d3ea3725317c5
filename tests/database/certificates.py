"""Certificates for one test run: an authority, a server named localhost, a client, a stranger."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

CLIENT = "certified"
"""Whom the client's certificate names."""
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


class Authority:
    """Signs certificates."""

    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        self.certificate = (
            _certificate(self._name, self._name, self._key.public_key(), self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs=True), critical=True)
            .sign(self._key, hashes.SHA256())
        )

    def sign(self, name: str, *, valid: timedelta = DAY) -> tuple[bytes, bytes]:
        """A certificate for that host or user, good for so long, and its key; both as PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            _certificate(_named(name), self._name, key.public_key(), self._key.public_key(), valid)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs=False), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        pem = serialization.Encoding.PEM
        private = key.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return certificate.public_bytes(pem), private

    @property
    def pem(self) -> bytes:
        """Its own certificate."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def revoke(self, *certificates: bytes) -> bytes:
        """The list of these certificates, revoked, as PEM."""
        now = datetime.now(UTC)
        revoked = x509.CertificateRevocationListBuilder(
            issuer_name=self._name, last_update=now - timedelta(minutes=5), next_update=now + DAY
        ).add_extension(x509.CRLNumber(1), critical=False)
        for pem in certificates:
            number = x509.load_pem_x509_certificate(pem).serial_number
            revoked = revoked.add_revoked_certificate(
                x509.RevokedCertificateBuilder(number, now).build()
            )
        return revoked.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def write_certificates(folder: Path) -> Path:
    """`ca`, `server`, `client`, `expired` (once the server's), `stranger` (another authority), and
    the keys, as `.pem` files."""
    authority, stranger = Authority("the authority"), Authority("somebody else")
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(authority.certificate.public_bytes(pem))
    (folder / "stranger.pem").write_bytes(stranger.certificate.public_bytes(pem))
    for file, name in (("server", "localhost"), ("expired", "localhost"), ("client", CLIENT)):
        certificate, key = authority.sign(name, valid=-MINUTE if file == "expired" else DAY)
        (folder / f"{file}.pem").write_bytes(certificate)
        (folder / f"{file}-key.pem").write_bytes(key)
        (folder / f"{file}-key.pem").chmod(0o600)
    return folder


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    signed_with: ec.EllipticCurvePublicKey,
    valid: timedelta = DAY,
) -> x509.CertificateBuilder:
    """One that Python 3.13 takes too, which is strict about its extensions."""
    now = datetime.now(UTC)
    issued = x509.AuthorityKeyIdentifier.from_issuer_public_key(signed_with)
    return (
        x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + valid)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(issued, critical=False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
