"""Nothing that anybody sends makes the receiver fail."""

import asyncio
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.builds.webhook_event import Undecodable, WebhookEvent
from bot.errors import Unavailable
from webhooks.envelope import ABOUT
from webhooks.router import observe

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
    {"event": st.sampled_from(sorted(ABOUT)) | VALUES},
    optional={"build": OBJECTS, "job": OBJECTS, "agent": OBJECTS, "pipeline": OBJECTS, "blocked_ip": VALUES},
)
BODIES = st.binary(max_size=200) | PAYLOADS.map(lambda payload: json.dumps(payload).encode())
NAMES = ["content-type", "content-length", "x-buildkite-signature", "x-buildkite-token", "x-buildkite-request"]
HEADERS = st.dictionaries(st.sampled_from(NAMES), st.binary(max_size=40))
SIGNED = st.booleans()


def call(app, method, headers, chunks, complete):
    """Hand one request to `app`; the status it answers with, or None for no answer."""
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


@settings(max_examples=300, deadline=None)
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
    new_door, signed, secret, mode, method, headers, proven, body, cut, complete, down
):
    """Any request in any pieces gets 200 or a 4xx; 503 only from a store that is down, and only when it is proven.

    Nothing is kept unless it was acknowledged, and nothing unproven is.
    """
    door = new_door(mode=mode)
    door.shelf.down = Unavailable("down") if down else None
    if proven:
        proof = {**signed(body), "x-buildkite-token": secret}
        headers = headers | {name: value.encode() for name, value in proof.items()}
    status = call(door.receiver, method, headers, [body[:cut], body[cut:]], complete)
    assert status in {None, 200, 400, 401, 405, 413, 415, 503}
    assert (status is None) <= (not complete)
    assert (status == 503) <= (down and proven)
    assert len(door.shelf.deliveries) == (status == 200)
    assert (status == 200) <= proven


@settings(max_examples=300, deadline=None)
@given(payload=PAYLOADS)
def test_observing_never_fails_otherwise_than_it_says(payload):
    """Whatever passed the receiver turns into facts or is undecodable, with a reason of one line."""
    event = payload["event"] if isinstance(payload["event"], str) else "build.finished"
    body = json.dumps(payload).encode()
    try:
        found = observe(event, body)
    except Undecodable as why:
        found = str(why)
    assert isinstance(found, WebhookEvent) or "\n" not in found


@pytest.mark.parametrize("event", sorted(ABOUT))
def test_the_deepest_payload_is_refused_in_good_order(new_door, signed, event):
    """A hundred thousand brackets are malformed, not a crash."""
    body = b'{"event": "' + event.encode() + b'", "build": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    headers = {name: value.encode() for name, value in signed(body).items()}
    assert call(new_door().receiver, "POST", headers, [body], complete=True) == 400
