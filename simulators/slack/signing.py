"""Signs requests as Slack does, scheme v0 (https://docs.slack.dev/authentication/verifying-requests-from-slack)."""

import hashlib
import hmac


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """Return X-Slack-Signature: `v0=` and 64 hex digits over `v0:timestamp:body`."""
    base = b"v0:" + str(timestamp).encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


def sign_headers(secret: str, timestamp: int, body: bytes, content_type: str) -> dict[str, str]:
    """Return every header of Slack's requests to an app."""
    return {
        "Content-Type": content_type,
        "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        "X-Slack-Request-Timestamp": str(timestamp),
        "X-Slack-Signature": sign(secret, timestamp, body),
        "Accept": "*/*",
    }
