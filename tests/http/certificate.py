"""Creates self-signed certificates for 127.0.0.1."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


class CertificateFiles(NamedTuple):
    """The paths of a certificate and its key."""

    certificate: str
    key: str


def make_certificate(folder: Path, name: str = "tls", passphrase: bytes = b"") -> CertificateFiles:
    """Create a certificate and its key in `folder`."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "kitestring")])
    now = datetime.now(UTC)
    loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([loopback]), critical=False)
        .sign(key, hashes.SHA256())
    )
    sealing = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    made = CertificateFiles(str(folder / f"{name}.crt"), str(folder / f"{name}.key"))
    Path(made.certificate).write_bytes(certificate.public_bytes(pem))
    Path(made.key).write_bytes(key.private_bytes(pem, form, sealing))
    return made
