"""Rejects unsigned or malformed requests with a 4xx before Bolt sees them.

Bolt parses a request before it verifies it, answers 500 if it can't parse it, and accepts unsigned `ssl_check`
requests. https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Receive, Scope, Send

from bot.errors import BadSignature
from bot.listeners.payloads import check_payload, check_storable
from bot.runtime.clock import Clock
from bot.runtime.http.asgi import (
    Disconnected,
    Rejected,
    check_request,
    get_header,
    get_media_type,
    read_body,
    replay_body,
    send_rejection,
)

# As Slack recommends, so that a recorded request can't be replayed later.
SIGNATURE_WINDOW = timedelta(minutes=5)
_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"
_TIMESTAMP = re.compile(r"[0-9]{1,12}", re.ASCII)
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}", re.ASCII)


class SignatureGuard:
    """ASGI middleware for `POST /slack/events`; `app` sees only signed, well-formed requests of at most 1 MiB.

    Answers 405, 415, 413, 408, 401 or 400, and calls `on_refused` with a word for the reason. `patience` is the
    number of seconds that a body may take.
    Raises ValueError for an empty secret.
    """

    def __init__(
        self, app: ASGIApp, secret: str, clock: Clock, on_refused: Callable[[str], None], patience: float = 10
    ) -> None:
        if not secret:
            raise ValueError("Slack's signing secret is empty.")
        self._app = app
        self._secret = secret
        self._clock = clock
        self._on_refused = on_refused
        self._body_seconds = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await self._check(scope, receive)
        except Rejected as why:
            self._on_refused(why.reason)
            await send_rejection(send, why)
        except Disconnected:
            return
        else:
            await self._app(scope, replay_body(body, receive), send)

    async def _check(self, scope: Scope, receive: Receive) -> bytes:
        check_request(scope, (_JSON, _FORM))
        body = await read_body(receive, seconds=self._body_seconds)
        timestamp = get_header(scope, b"x-slack-request-timestamp")
        try:
            verify(body, timestamp, get_header(scope, b"x-slack-signature"), self._secret, self._clock.now())
        except BadSignature as error:
            raise Rejected(401, "signature", str(error)) from error
        try:
            check_well_formed(body, get_media_type(scope))
        except ValueError as error:
            raise Rejected(400, "malformed", str(error)) from error
        return body


def verify(body: bytes, timestamp: str, signature: str, secret: str, now: datetime) -> None:
    """Check `X-Slack-Signature` over the raw body; raises BadSignature, and nothing else.

    slack_sdk's verifier decodes the body first, and raises TypeError or ValueError on unusual ones.
    """
    if not _TIMESTAMP.fullmatch(timestamp) or not _SIGNATURE.fullmatch(signature):
        raise BadSignature("The request isn't signed.")
    base = b"v0:" + timestamp.encode() + b":" + body
    expected = "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, signature):
        raise BadSignature("The signature doesn't match.")
    if abs(now.timestamp() - int(timestamp)) > SIGNATURE_WINDOW.total_seconds():
        raise BadSignature("The signature is too old or from the future.")


def check_well_formed(body: bytes, kind: str) -> None:
    """Raise ValueError, with one sentence, for a body that Bolt couldn't parse."""
    text = _decode(body)
    if kind == _JSON or text.startswith("{"):  # Bolt also decides by the first character
        check_payload(_parse_json(text))
        return
    fields = dict(parse_qsl(text, keep_blank_values=True))
    if not fields:
        raise ValueError("The form is empty.")
    check_payload(_parse_json(fields["payload"]) if "payload" in fields else fields)


def _decode(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise ValueError("The body isn't UTF-8.") from error


def _parse_json(text: str) -> object:
    try:
        payload: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError("The payload isn't JSON.") from error
    check_storable(text)
    return payload
