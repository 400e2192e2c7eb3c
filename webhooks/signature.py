"""Verifies that a webhook comes from Buildkite (https://buildkite.com/docs/apis/webhooks#webhook-signature)."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime, timedelta

from bot.errors import BadSignature

TOLERANCE = timedelta(minutes=5)
_USUAL = re.compile(r"timestamp=([0-9]{1,12}),signature=([0-9a-f]{64})", re.ASCII)
_TIMESTAMP = re.compile(r"[0-9]{1,12}", re.ASCII)
_SIGNATURE = re.compile(r"[0-9a-f]{64}", re.ASCII)


def verify(body: bytes, header: str, secret: str, now: datetime, tolerance: timedelta = TOLERANCE) -> None:
    """Check `timestamp=<unix seconds>,signature=<hex>` against the raw body; the parts may be in any order.

    The timestamp is when the request was sent, not when the event happened. Raise only BadSignature.
    """
    timestamp, signature = _split_header(header)
    if not secret or not hmac.compare_digest(_sign(timestamp, body, secret), signature):
        raise BadSignature("The signature does not match.")
    if abs(now.timestamp() - int(timestamp)) > tolerance.total_seconds():
        raise BadSignature("The signature's timestamp is too far from now.", "Check the clocks.")


def verify_token(header: str, secret: str) -> None:
    """Check the token that is sent in clear (token mode). Raise only BadSignature."""
    given = header.encode("latin-1", "backslashreplace")  # header bytes reach us as Latin-1
    if not secret or not hmac.compare_digest(given, secret.encode()):
        raise BadSignature("The token does not match.")


def _split_header(header: str) -> tuple[str, str]:
    usual = _USUAL.fullmatch(header)
    return (usual[1], usual[2]) if usual else _split_unusual(header)


def _split_unusual(header: str) -> tuple[str, str]:
    found: dict[str, str] = {}
    for part in header.split(","):
        name, _, value = part.partition("=")
        if name.strip() in found:
            raise BadSignature("The signature header contains a part twice.")
        found[name.strip()] = value.strip()
    timestamp, signature = found.get("timestamp", ""), found.get("signature", "")
    if not _TIMESTAMP.fullmatch(timestamp) or not _SIGNATURE.fullmatch(signature):
        raise BadSignature("The signature header doesn't have the form timestamp=…,signature=….")
    return timestamp, signature


def _sign(timestamp: str, body: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
