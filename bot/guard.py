"""Stands in front of Bolt: what is unsigned or malformed gets a 4xx and never reaches it.

Bolt parses a request before it verifies it, and answers 500 to what it cannot parse; it also takes `ssl_check`
unsigned. https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import parse_qsl

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.asgi import Disconnected, Rejected, body_of, expect, header, media_type, reject, replayed
from bot.clock import Clock
from bot.errors import BadSignature

WINDOW = timedelta(minutes=5)
_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"
_TIMESTAMP = re.compile(r"[0-9]{1,12}", re.ASCII)
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}", re.ASCII)
_DEEPEST = 64  # Block Kit stays under 20; Python's parsers give up near 1,000


class Guard:
    """ASGI middleware for `POST /slack/events`; `app` sees only signed, well-formed requests of at most 1 MiB.

    Answers 405, 415, 413, 408, 401 or 400. `patience` is how many seconds a body may take.
    Raises ValueError for an empty secret.
    """

    def __init__(self, app: ASGIApp, secret: str, clock: Clock, patience: float = 10) -> None:
        if not secret:
            raise ValueError("Slack's signing secret is empty.")
        self._app = app
        self._secret = secret
        self._clock = clock
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await self._checked(scope, receive)
        except Rejected as why:
            await reject(send, why)
        except Disconnected:
            return
        else:
            await self._app(scope, replayed(body, receive), send)

    async def _checked(self, scope: Scope, receive: Receive) -> bytes:
        expect(scope, (_JSON, _FORM))
        body = await body_of(receive, patience=self._patience)
        timestamp = header(scope, b"x-slack-request-timestamp")
        try:
            verify(body, timestamp, header(scope, b"x-slack-signature"), self._secret, self._clock.now())
        except BadSignature as error:
            raise Rejected(401, "signature", str(error)) from error
        try:
            well_formed(body, media_type(scope))
        except ValueError as error:
            raise Rejected(400, "malformed", str(error)) from error
        return body


def verify(body: bytes, timestamp: str, signature: str, secret: str, now: datetime) -> None:
    """Check `X-Slack-Signature` over the raw body; raises BadSignature, and nothing else.

    slack_sdk's verifier decodes the body first, and raises TypeError and ValueError on what is not plain.
    """
    if not _TIMESTAMP.fullmatch(timestamp) or not _SIGNATURE.fullmatch(signature):
        raise BadSignature("The request is not signed.")
    base = b"v0:" + timestamp.encode() + b":" + body
    expected = "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, signature):
        raise BadSignature("The signature does not match.")
    if abs(now.timestamp() - int(timestamp)) > WINDOW.total_seconds():
        raise BadSignature("The signature is from another time.")


def well_formed(body: bytes, kind: str) -> None:
    """Raise ValueError, with one sentence, for a body that Bolt could not take apart."""
    text = _text(body)
    if kind == _JSON or text.startswith("{"):  # Bolt goes by the first character as well
        _bolt_can_take(_loaded(text))
        return
    fields = dict(parse_qsl(text, keep_blank_values=True))
    if not fields:
        raise ValueError("The form is empty.")
    _bolt_can_take(_loaded(fields["payload"]) if "payload" in fields else fields)


class _Spoken(Struct):
    """The fields in which Bolt looks for ids, with the types that it takes for granted."""

    type: str | UnsetType = UNSET
    enterprise: str | dict[str, Any] | None = None
    team: str | dict[str, Any] | None = None
    user: str | dict[str, Any] | None = None
    channel: str | dict[str, Any] | None = None
    authorizations: list[_Spoken] | None = None
    event: _Spoken | UnsetType = UNSET
    message: _Spoken | None = None
    previous_message: _Spoken | None = None
    item: _Spoken | None = None
    assistant_thread: _Spoken | None = None
    view: dict[str, Any] | None = None
    # Bolt fails on two or more: it logs about them before it has a logger.
    response_urls: Annotated[list[dict[str, Any]], Meta(max_length=1)] | UnsetType = UNSET


class _Action(Struct):
    action_id: str


class _Click(Struct):
    actions: Annotated[list[_Action], Meta(min_length=1)]


class _View(Struct):
    type: str


class _Form(Struct):
    view: _View


_KINDS: dict[str, type[Struct]] = {"block_actions": _Click, "view_submission": _Form, "view_closed": _Form}


def _bolt_can_take(payload: object) -> None:
    if not isinstance(payload, dict):
        raise ValueError("The payload is not a JSON object.")
    if not _shallow(payload, _DEEPEST):
        raise ValueError("The payload is nested too deeply.")
    try:
        kind = msgspec.convert(payload, _Spoken).type
        if isinstance(kind, str) and kind in _KINDS:
            msgspec.convert(payload, _KINDS[kind])
    except msgspec.ValidationError as error:
        raise ValueError(f"The payload is not one of Slack's: {error}.") from error


def _shallow(value: object, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return True
    inner = value.values() if isinstance(value, dict) else value
    return levels > 0 and all(_shallow(each, levels - 1) for each in inner)


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise ValueError("The body is not UTF-8.") from error


def _loaded(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError("The payload is not JSON.") from error
