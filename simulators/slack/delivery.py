"""Delivers requests to the app, signed over HTTP or as Socket Mode envelopes, and records the answers."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import aiohttp

from simulators.slack.installation import Installation
from simulators.slack.models import Message
from simulators.slack.signing import sign_headers
from simulators.slack.sockets import Sockets, Unacknowledged

Json = dict[str, Any]
TIMED_OUT = -1
_FORM, _JSON = "application/x-www-form-urlencoded", "application/json"


@dataclass(frozen=True)
class Ack:
    """The app's answer: HTTP status (0: none, -1: too late), decoded body, seconds by `now`.

    `problem` is the error that Slack shows: operation_timeout, dispatch_failed, or an error of Slack's own
    client. `message` and `event` were created by the person's action.
    """

    status: int
    body: Any = None
    seconds: float = 0.0
    problem: str | None = None
    message: Message | None = None
    event: "Event | None" = None

    @property
    def ok(self) -> bool:
        """Tell whether Slack accepted the answer."""
        return self.problem is None

    @property
    def ts(self) -> str:
        """Return the ts of the created message; "" without one."""
        return self.message.ts if self.message else ""


@dataclass
class Event:
    """An event, delivered once or more."""

    payload: Json
    deliveries: int = 0
    acknowledged: bool = False

    @property
    def id(self) -> str:
        """Return the event_id, the same for each delivery."""
        return str(self.payload["event_id"])

    @property
    def type(self) -> str:
        """Return the inner event's type."""
        return str(self.payload["event"]["type"])


@dataclass(frozen=True)
class AppRequest:
    """A request to the app: kind is slash_commands, interactive or events_api."""

    kind: str
    payload: Json
    retry: int = 0
    reason: str = ""
    accepts_response: bool = False


@dataclass(frozen=True)
class SentRequest:
    """A request exactly as it was sent, to be sent again."""

    outgoing: AppRequest
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


class Delivery:
    """Sends requests from Slack to the app."""

    def __init__(self, slack: Installation, sockets: Sockets) -> None:
        self._slack, self._sockets = slack, sockets
        self.last: SentRequest | None = None

    async def send(self, outgoing: AppRequest) -> Ack:
        """Deliver it once and wait for the acknowledgement, 3 seconds at most."""
        self.last = self._sign(outgoing)
        return await self.resend(self.last)

    async def resend(self, sent: SentRequest) -> Ack:
        """Send the same bytes and headers (over a socket: the same payload in a new envelope)."""
        began = self._slack.now()
        if self._slack.request_url is None:
            status, text = await self._by_socket(sent.outgoing)
        else:
            status, text = await self._by_http(self._slack.request_url, sent)
        seconds = self._slack.now() - began
        return Ack(status, _decode(text), seconds, self._find_problem(status, seconds))

    def _find_problem(self, status: int, seconds: float) -> str | None:
        if seconds > self._slack.patience or status == TIMED_OUT:
            return "operation_timeout"
        return None if 200 <= status < 300 else "dispatch_failed"

    def _sign(self, outgoing: AppRequest) -> SentRequest:
        body, content_type = encode_request(outgoing)
        timestamp = int(self._slack.now())
        headers = sign_headers(self._slack.signing_secret, timestamp, body, content_type)
        if outgoing.retry:
            headers |= {"X-Slack-Retry-Num": str(outgoing.retry), "X-Slack-Retry-Reason": outgoing.reason}
        return SentRequest(outgoing, body, headers)

    async def _by_http(self, url: str, sent: SentRequest) -> tuple[int, str]:
        timeout = aiohttp.ClientTimeout(total=self._slack.patience)
        connector = aiohttp.TCPConnector(force_close=True)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, connector=connector) as session,
                session.post(url, data=sent.body, headers=sent.headers, allow_redirects=False) as answer,
            ):
                return answer.status, await answer.text()
        except TimeoutError:
            return TIMED_OUT, ""
        except aiohttp.ClientError:
            return 0, ""

    async def _by_socket(self, outgoing: AppRequest) -> tuple[int, str]:
        envelope: Json = {
            "envelope_id": self._slack.ids.uuid(),
            "payload": outgoing.payload,
            "type": outgoing.kind,
            "accepts_response_payload": outgoing.accepts_response,
        }
        if outgoing.kind == "events_api":
            envelope |= {"retry_attempt": outgoing.retry, "retry_reason": outgoing.reason}
        try:
            frame = await self._sockets.send(envelope, self._slack.patience)
        except TimeoutError:
            return TIMED_OUT, ""
        except Unacknowledged:
            return 0, ""
        return 200, json.dumps(frame["payload"]) if frame.get("payload") else ""


def encode_request(outgoing: AppRequest) -> tuple[bytes, str]:
    """Return the body and its content type, as this kind of request has it over HTTP."""
    if outgoing.kind == "slash_commands":
        return urlencode(outgoing.payload).encode(), _FORM
    if outgoing.kind == "interactive":
        return urlencode({"payload": json.dumps(outgoing.payload)}).encode(), _FORM
    return json.dumps(outgoing.payload).encode(), _JSON


def _decode(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
