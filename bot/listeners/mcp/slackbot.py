"""Admits Slackbot's requests to the MCP endpoint: Slack signs them, and says in each for whom it asks.

https://docs.slack.dev/ai/slackbot-mcp-client
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import NamedTuple

from starlette.requests import Request

from bot.errors import BadSignature
from bot.listeners.rest.calls import SlackPerson
from bot.listeners.rest.problems import RequestProblem
from bot.listeners.signature_guard import SIGNATURE_WINDOW, verify
from bot.runtime.clock import Clock
from bot.runtime.http.asgi import Disconnected, Rejected, check_request, read_body

# What Slackbot may learn before anybody asks it for something.
_WITHOUT_PERSON = frozenset({"initialize", "ping", "server/discover", "tools/list", "resources/list"})
_REJECTED = {413: "too-large", 415: "unsupported-type", 408: "slow-body", 405: "method-not-allowed"}


class SlackbotRequest(NamedTuple):
    """An admitted request: its body, which was read to verify it, and the person for whom Slackbot asks."""

    body: bytes
    person: SlackPerson


class SlackbotGuard:
    """Verifies requests of the workspace `team`. One that was seen before is refused.

    Each replica remembers for itself, as long as a signature is valid. What changes something is recognised by its
    key in the database, too.
    """

    def __init__(self, secret: str, team: str, clock: Clock) -> None:
        self._secret = secret
        self._team = team
        self._clock = clock
        self._seen: dict[str, float] = {}

    async def admit(self, request: Request) -> SlackbotRequest:
        """Return an admitted request. Raise RequestProblem for one that isn't signed, or for another workspace."""
        body = await _read(request)
        timestamp = request.headers.get("x-slack-request-timestamp", "")
        signature = request.headers.get("x-slack-signature", "")
        try:
            verify(body, timestamp, signature, self._secret, self._clock.now())
        except BadSignature as error:
            raise RequestProblem("unauthorized", str(error)) from None
        self._require_new(signature)
        return SlackbotRequest(body, self._identify(body, timestamp))

    def _require_new(self, signature: str) -> None:
        now, window = self._clock.monotonic(), SIGNATURE_WINDOW.total_seconds()
        self._seen = {seen: at for seen, at in self._seen.items() if now - at <= 2 * window}
        if signature in self._seen:
            raise RequestProblem("unauthorized", "This request was received before.")
        self._seen[signature] = now

    def _identify(self, body: bytes, timestamp: str) -> SlackPerson:
        """Return the person in the request's metadata; the same request within five minutes has the same key."""
        message = _parse(body)
        found = _get(_get(_get(message, "params"), "_meta"), "slack")
        user, team = _get(found, "user_id"), _get(found, "team_id")
        if found is not None and team != self._team:
            raise RequestProblem("unauthorized", "This request is for another workspace.")
        method = str(_get(message, "method") or "")
        if not isinstance(user, str) or not user:
            if method not in _WITHOUT_PERSON and not method.startswith("notifications/"):
                raise RequestProblem("unauthorized", "The request doesn't name the person.")
            user = ""
        window = int(timestamp) // int(SIGNATURE_WINDOW.total_seconds())
        return SlackPerson(user, hashlib.sha256(b"%d:%s" % (window, body)).hexdigest()[:32])


async def _read(request: Request) -> bytes:
    try:
        check_request(request.scope, ("application/json",))
        return await read_body(request.receive)
    except Rejected as why:
        raise RequestProblem(_REJECTED[why.status], why.text, headers=why.headers) from why
    except Disconnected as why:
        raise RequestProblem("slow-body", "The client is gone.") from why


def _parse(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise RequestProblem("not-json", "The body isn't JSON in UTF-8.") from None


def _get(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, Mapping) else None
