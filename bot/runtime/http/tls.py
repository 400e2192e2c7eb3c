"""The certificate with which HTTPS is served."""

from __future__ import annotations

import ssl
from pathlib import Path

from bot.errors import KitestringError


def load_tls_context(certificate: str, key: str) -> ssl.SSLContext:
    """TLS 1.2 or newer with the chain and the key of these PEM files.

    Raises KitestringError with one sentence when they cannot be used. A key with a passphrase cannot: nobody is
    there to type it.
    """
    for name, file in (("TLS_CERTFILE", certificate), ("TLS_KEYFILE", key)):
        try:
            Path(file).read_bytes()
        except OSError as error:
            raise KitestringError(
                f"{name} {file} cannot be read ({error.strerror}).", "Check the path and the rights."
            ) from None
    tls_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls_context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        tls_context.load_cert_chain(certificate, key, password=_no_passphrase)
    except (ssl.SSLError, ValueError):
        raise KitestringError(
            "TLS_CERTFILE and TLS_KEYFILE are no certificate and its key.",
            "Both should be PEM, the key without a passphrase.",
        ) from None
    return tls_context


def _no_passphrase() -> str:
    """In place of OpenSSL's question on the terminal."""
    return ""
