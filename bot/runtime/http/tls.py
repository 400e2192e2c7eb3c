"""Loads the certificate for serving HTTPS."""

from __future__ import annotations

import ssl
from pathlib import Path

from bot.errors import KitestringError


def load_tls_context(certificate: str, key: str) -> ssl.SSLContext:
    """Return a context for TLS 1.2 or newer with the chain and the key of these PEM files.

    Raise KitestringError if they can't be used. A key with a passphrase can't be, since no one is there to type
    it.
    """
    for name, file in (("TLS_CERTFILE", certificate), ("TLS_KEYFILE", key)):
        try:
            Path(file).read_bytes()
        except OSError as error:
            raise KitestringError(
                f"{name} {file} can't be read ({error.strerror}).", "Check the path and the permissions."
            ) from None
    tls_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls_context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        tls_context.load_cert_chain(certificate, key, password=_no_passphrase)
    except (ssl.SSLError, ValueError):
        raise KitestringError(
            "TLS_CERTFILE and TLS_KEYFILE aren't a certificate and its key.",
            "Both should be PEM, the key without a passphrase.",
        ) from None
    return tls_context


def _no_passphrase() -> str:
    """Answer OpenSSL's request for a passphrase, which would otherwise wait on the terminal."""
    return ""
