"""No request makes the receiver fail."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.builds.webhook_event import Undecodable, WebhookEvent
from bot.errors import Unavailable
from tests.sampling import many_examples
from webhooks.events import EVENTS
from webhooks.router import read_event

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
TIMES = st.sampled_from(["2026-01-01 00:00:00 UTC", "2026-01-01T00:00:00", "0000-13-01 UTC", "", None])
FIELDS = [
    "id",
    "number",
    "state",
    "url",
    "pipeline",
    "meta_data",
    "name",
    "author",
    "jobs",
    "agent",
    "finished_at",
]
SOUND = {
    "id": "b",
    "number": 7,
    "state": "passed",
    "name": "n",
    "url": "https://api.buildkite.com/v2/organizations/acme-inc/pipelines/web/builds/7",
}
ODD = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=3) | st.fixed_dictionaries({"finished_at": TIMES})
OBJECTS = VALUES | ODD.map(lambda odd: {**SOUND, **odd})
PAYLOADS = st.fixed_dictionaries(
    {"event": st.sampled_from(sorted(EVENTS)) | VALUES},
    optional={"build": OBJECTS, "job": OBJECTS, "agent": OBJECTS, "pipeline": OBJECTS, "blocked_ip": VALUES},
)
BODIES = st.binary(max_size=200) | PAYLOADS.map(lambda payload: json.dumps(payload).encode())
NAMES = ["content-type", "content-length", "x-buildkite-signature", "x-buildkite-token", "x-buildkite-request"]
HEADERS = st.dictionaries(st.sampled_from(NAMES), st.binary(max_size=40))
SIGNED = st.booleans()


def call(app, method, headers, chunks, complete):
    """Send one request to `app`; return its status, or None without an answer."""
    incoming = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    incoming.append({"type": "http.request"} if complete else {"type": "http.disconnect"})
    sent = []

    async def receive():
        return incoming.pop(0)

    async def send(message):
        sent.append(message)

    raw = [(name.encode(), value) for name, value in headers.items()]
    asyncio.run(app({"type": "http", "method": method, "headers": raw}, receive, send))
    return sent[0]["status"] if sent else None


@many_examples(300)
@given(
    mode=st.sampled_from(["signature", "token"]),
    method=st.sampled_from(["POST", "POST", "POST", "GET", "\xff"]),
    headers=HEADERS,
    proven=SIGNED,
    body=BODIES,
    cut=st.integers(0, 200),
    complete=st.sampled_from([True, True, True, False]),
    down=st.booleans(),
)
def test_the_receiver_never_fails(
    new_rig, signed, secret, mode, method, headers, proven, body, cut, complete, down
):
    """Any request gets 200 or a 4xx; 503 only if storing fails, and only when it is verified.

    Nothing is stored unless it was acknowledged, and nothing unverified is."""
    rig = new_rig(mode=mode)
    rig.stored.down = Unavailable("down") if down else None
    if proven:
        proof = {**signed(body), "x-buildkite-token": secret}
        headers = headers | {name: value.encode() for name, value in proof.items()}
    status = call(rig.receiver, method, headers, [body[:cut], body[cut:]], complete)
    assert status in {None, 200, 400, 401, 405, 413, 415, 503}
    assert (status is None) <= (not complete)
    assert (status == 503) <= (down and proven)
    assert len(rig.stored.deliveries) == (status == 200)
    assert (status == 200) <= proven


@many_examples(300)
@given(payload=PAYLOADS)
def test_reading_an_event_only_fails_as_undecodable(payload):
    """Whatever passed the receiver is read or undecodable, with a reason of one line."""
    event = payload["event"] if isinstance(payload["event"], str) else "build.finished"
    body = json.dumps(payload).encode()
    try:
        found = read_event(event, body)
    except Undecodable as why:
        found = str(why)
    assert isinstance(found, WebhookEvent) or "\n" not in found


@pytest.mark.parametrize("event", sorted(EVENTS))
def test_a_deeply_nested_payload_is_malformed(new_rig, signed, event):
    """A hundred thousand brackets are malformed and don't crash the receiver."""
    body = b'{"event": "' + event.encode() + b'", "build": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    headers = {name: value.encode() for name, value in signed(body).items()}
    assert call(new_rig().receiver, "POST", headers, [body], complete=True) == 400
