"""Builds requests signed like Slack's, and passes them to an ASGI application without a network."""

import asyncio
import hashlib
import hmac
import json
from datetime import UTC, datetime
from urllib.parse import urlencode

from hypothesis import strategies as st

SECRET = "0123456789abcdef0123456789abcdef"
NOON = datetime(2026, 8, 21, 12, tzinfo=UTC)
AT = str(int(NOON.timestamp()))
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
COMMAND = urlencode(
    {
        "command": "/bk",
        "text": "help",
        "user_id": "U1",
        "team_id": "T1",
        "channel_id": "C1",
        "trigger_id": "1.2",
    }
).encode()


def sign_headers(body, kind=FORM, timestamp=AT):
    """Return the headers of a request signed by Slack."""
    digest = hmac.digest(SECRET.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hex()
    return {"content-type": kind, "x-slack-request-timestamp": timestamp, "x-slack-signature": "v0=" + digest}


def call_app(app, headers, body, method="POST", complete=True):
    """Pass a request to `app`; return the status and the body of its answer, or None if it gave none."""
    half = len(body) // 2
    incoming = [{"type": "http.request", "body": part, "more_body": True} for part in (body[:half], body[half:])]
    incoming.append({"type": "http.request"} if complete else {"type": "http.disconnect"})
    sent = []

    async def receive():
        return incoming.pop(0)

    async def send(message):
        sent.append(message)

    raw = [
        (name.encode(), value if isinstance(value, bytes) else value.encode()) for name, value in headers.items()
    ]
    scope = {"type": "http", "method": method, "path": "/slack/events", "query_string": b"", "headers": raw}
    asyncio.run(app(scope, receive, send))
    return (sent[0]["status"], sent[1]["body"]) if sent else None


MALFORMED = [
    (b"", JSON),
    (b"{", JSON),
    (b"[]", JSON),
    (b"null", JSON),
    (b"\xff", JSON),
    (b'{"a": ' + b"9" * 5000 + b"}", JSON),
    (b'{"a": ' + b"[" * 100 + b"]" * 100 + b"}", JSON),
    (b'{"a": ' + b"[" * 100_000, JSON),
    (b'{"type": "event_callback", "event": 3}', JSON),
    (b'{"type": "event_callback", "event": null}', JSON),
    (b'{"type": "event_callback", "event": {}}', JSON),
    (b'{"type": "event_callback", "team_id": "T1", "event": {"type": "app_mention", "channel": "C1"}}', JSON),
    (b'{"type": "event_callback", "team_id": "T1", "event": {"type": "message", "channel_type": "im"}}', JSON),
    (b'{"type": "url_verification", "challenge": "\\ud800"}', JSON),
    (b'{"team": 3}', JSON),
    (b'{"user": []}', JSON),
    (b'{"authorizations": [3]}', JSON),
    (b'{"authorizations": {}}', JSON),
    (b'{"response_urls": [3]}', JSON),
    (b'{"response_urls": [{}, {}]}', JSON),
    (b'{"message": {"user": 3}}', JSON),
    (b'{"type": []}', JSON),
    (b'{"type": "block_actions"}', JSON),
    (b'{"type": "block_actions", "actions": []}', JSON),
    (b'{"type": "block_actions", "actions": [{}]}', JSON),
    (b'{"type": "block_actions", "actions": [{"action_id": "cancel"}]}', JSON),
    (b'{"type": "view_submission", "user": {"id": "U1"}, "view": {"type": "modal"}}', JSON),
    (b'{"type": "shortcut", "callback_id": 3}', JSON),
    (b'{"type": "shortcut", "callback_id": "x", "command": 3}', JSON),
    (b'{"type": "block_suggestion", "action_id": []}', JSON),
    (b'{"type": "block_suggestion", "action_id": "x", "user": null}', JSON),
    (b'{"type": "interactive_message", "callback_id": "x"}', JSON),
    (b'{"type": "workflow_step_edit", "callback_id": "x"}', JSON),
    (b'{"type": "block_actions", "user": {"id": "U\\u0000"}, "actions": [{"action_id": "x"}]}', JSON),
    (b'{"type": "view_closed", "view": {"type": "modal", "callback_id": 3}}', JSON),
    (b'{"type": "message_action", "user": {"id": "U1"}, "message": {}}', JSON),
    (b'{"type": "view_submission", "view": null}', JSON),
    (b'{"type": "view_closed", "view": {}}', JSON),
    (b"", FORM),
    (b"{", FORM),
    (b"\xff", FORM),
    (b"command=/bk&text=help", FORM),
    (b"payload=", FORM),
    (b"payload={", FORM),
    (b"payload=[]", FORM),
    (b"payload=%7B%22channel%22%3A3%7D", FORM),
]
KEYS = [
    "type",
    "event",
    "team",
    "user",
    "channel",
    "enterprise",
    "authorizations",
    "actions",
    "view",
    "message",
    "item",
    "previous_message",
    "thread_ts",
    "response_urls",
    "is_ext_shared_channel",
    "action_id",
    "function_data",
    "assistant_thread",
    "bot_id",
    "subtype",
    "command",
    "team_id",
    "ssl_check",
    "callback_id",
    "block_id",
]
WORDS = [
    "event_callback",
    "block_actions",
    "view_submission",
    "url_verification",
    "app_mention",
    "message",
    "cancel",
]
VALUES = st.recursive(
    st.sampled_from([None, True, 3, 0.5, "", "U1", *WORDS]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=8,
)
PAYLOADS = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6).map(json.dumps)
BODIES = (
    st.binary(max_size=100)
    | PAYLOADS.map(str.encode)
    | PAYLOADS.map(lambda payload: urlencode({"payload": payload}).encode())
    | st.dictionaries(st.sampled_from([*KEYS, "payload"]), st.sampled_from(WORDS)).map(
        lambda fields: urlencode(fields).encode()
    )
)
