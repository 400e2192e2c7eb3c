"""Deliveries over real HTTP: verified and durable ones get 200, all others the right rejection."""

import asyncio
import json

import httpx
import pytest

from bot.errors import Unavailable
from bot.runtime.http.asgi import MEBIBYTE
from simulators.http_server import Serving
from webhooks.receiver import Receiver

PING = b'{"event": "ping"}'


async def post(rig, body, headers, method="POST"):
    """Send a delivery to the receiver over HTTP."""
    async with Serving(rig.site) as base, httpx.AsyncClient(base_url=base) as client:
        return await client.request(method, "/buildkite/webhooks", content=body, headers=headers)


async def test_every_recorded_delivery_is_stored_unchanged(rig, signed, payloads):
    """Each recorded payload, signed, is acknowledged and stored byte by byte under its event's name."""
    async with Serving(rig.site) as base, httpx.AsyncClient(base_url=base) as client:
        for body in payloads.values():
            answered = await client.post("/buildkite/webhooks", content=body, headers=signed(body))
            assert (answered.status_code, answered.json()) == (200, {"ok": True})
    kept = [(delivery.event, delivery.body) for delivery in rig.stored.deliveries]
    assert kept == [(json.loads(body)["event"], body) for body in payloads.values()]
    assert rig.counts.seen == {"accepted": len(payloads) - 2, "unknown": 2}


async def test_a_documented_signature_is_accepted(rig, vectors):
    """The documentation's example is accepted at its own time."""
    each = vectors[1]
    rig.clock.jump(int(each["timestamp"]) - rig.clock.now().timestamp())
    headers = {"Content-Type": "application/json", "X-Buildkite-Signature": each["header"]}
    assert (await post(rig, each["body"].encode(), headers)).status_code == 200


async def test_the_delivery_id_and_time_are_stored(rig, signed):
    """`X-Buildkite-Request` and the clock's time are stored with the delivery."""
    await post(rig, PING, signed(PING, **{"X-Buildkite-Request": "01813932-4ac5-490a-82cd-eb6bcb2b55b6"}))
    kept = rig.stored.deliveries[0]
    assert (kept.id, kept.received_at) == ("01813932-4ac5-490a-82cd-eb6bcb2b55b6", rig.clock.now())


@pytest.mark.parametrize("given", ["", "x" * 101, "a b"])
async def test_a_strange_delivery_id_is_dropped(rig, signed, given):
    """The id isn't signed, so only a short plain one is stored; the delivery always is."""
    await post(rig, PING, signed(PING, **{"X-Buildkite-Request": given}))
    assert [delivery.id for delivery in rig.stored.deliveries] == [None]


async def test_token_mode_requires_the_token(new_rig, secret, signed):
    """In token mode the token is accepted, but not a wrong one, none or a signature."""
    rig = new_rig(mode="token")
    kind = {"content-type": "application/json; charset=utf-8"}
    assert (await post(rig, PING, {**kind, "x-buildkite-token": secret})).status_code == 200
    for headers in [{**kind, "x-buildkite-token": secret + "0"}, kind, signed(PING)]:
        assert (await post(rig, PING, headers)).status_code == 401
    assert rig.counts.seen == {"accepted": 1, "signature": 3}


async def test_signature_mode_accepts_no_token(rig, secret):
    """In signature mode a token proves nothing, because one seen delivery would allow replays."""
    headers = {"content-type": "application/json", "x-buildkite-token": secret}
    assert (await post(rig, PING, headers)).status_code == 401


@pytest.mark.parametrize(("seconds", "status"), [(300, 200), (-300, 200), (301, 401), (-301, 401)])
async def test_a_delivery_cannot_be_replayed_after_five_minutes(rig, signed, seconds, status):
    """A delivery is accepted up to 300 seconds from its signature and rejected at 301, on both sides."""
    headers = signed(PING)
    rig.clock.jump(seconds)
    assert (await post(rig, PING, headers)).status_code == status
    assert len(rig.stored.deliveries) == (status == 200)


async def test_verification_comes_before_parsing(rig):
    """An unsigned body that isn't JSON is unverified, not malformed."""
    assert (await post(rig, b"{", {"content-type": "application/json"})).status_code == 401


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"event": 1}', b'{"event": "build.running"}', b"\xff"])
async def test_what_is_signed_but_malformed_gets_400(rig, signed, body):
    """A signed malformed body is rejected, and nothing is stored."""
    answered = await post(rig, body, signed(body))
    assert answered.status_code == 400
    assert answered.json()["error"]
    assert (rig.stored.deliveries, rig.counts.seen) == ([], {"malformed": 1})


async def test_only_post_is_accepted(rig, signed):
    """Other methods get 405 with the allowed one."""
    for method in ("GET", "PUT", "DELETE", "OPTIONS"):
        answered = await post(rig, b"", signed(b""), method)
        assert (answered.status_code, answered.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonx"])
async def test_only_json_is_accepted(rig, signed, kind):
    """A delivery that doesn't declare JSON is rejected without reading it."""
    assert (await post(rig, PING, signed(PING) | {"content-type": kind})).status_code == 415
    assert rig.counts.seen == {"type": 1}


async def test_a_body_may_have_one_mebibyte(rig, signed):
    """A body of one mebibyte is accepted; one byte more, announced or not, is rejected."""
    body = PING.ljust(MEBIBYTE)
    assert (await post(rig, body, signed(body))).status_code == 200
    assert (await post(rig, body + b" ", signed(body + b" "))).status_code == 413

    async def unannounced():
        yield body
        yield b" "

    assert (await post(rig, unannounced(), signed(body + b" "))).status_code == 413
    assert rig.counts.seen == {"accepted": 1, "size": 2}


@pytest.mark.parametrize(("retry_after", "reply"), [(None, "5"), (0.2, "1"), (7.5, "8")])
async def test_when_nothing_can_be_stored_webhooks_get_503(rig, signed, retry_after, reply):
    """If storing fails, the answer is 503 with a time to retry, never 200."""
    rig.stored.down = Unavailable("The database is locked.", retry_after=retry_after)
    answered = await post(rig, PING, signed(PING))
    assert (answered.status_code, answered.headers["retry-after"]) == (503, reply)
    assert rig.counts.seen == {"unavailable": 1}


async def test_a_stalled_body_is_rejected(new_rig):
    """A connection that stalls gets an answer and is closed."""
    rig = new_rig(patience=0)
    head = b"POST /buildkite/webhooks HTTP/1.1\r\nHost: kitestring\r\n"
    head += b"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    async with Serving(rig.site) as base:
        reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(base).port)
        writer.write(head)
        answered = await reader.read()
        writer.close()
    assert answered.startswith(b"HTTP/1.1 408 ")
    assert rig.counts.seen == {"slow": 1}


async def test_an_interrupted_body_is_not_stored(rig, signed):
    """Half a body is neither stored nor answered."""
    incoming = iter([{"type": "http.request", "body": PING, "more_body": True}, {"type": "http.disconnect"}])
    sent = []

    async def receive():
        return next(incoming)

    async def send(message):
        sent.append(message)

    headers = [(name.encode(), value.encode()) for name, value in signed(PING).items()]
    await rig.receiver({"type": "http", "method": "POST", "headers": headers}, receive, send)
    assert (sent, rig.stored.deliveries, rig.counts.seen) == ([], [], {"gone": 1})


def test_an_empty_secret_is_refused(rig):
    """A receiver without a secret can't be created."""
    with pytest.raises(ValueError, match="empty"):
        Receiver("", "signature", rig.stored.keep, rig.clock, rig.counts)
