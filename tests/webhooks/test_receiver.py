"""Buildkite delivers over real HTTP: what is proven and durable gets 200, all else gets the right refusal."""

import asyncio
import json

import httpx
import pytest

from bot.errors import Unavailable
from bot.runtime.http.asgi import MEBIBYTE
from simulators.http_server import Serving
from webhooks.receiver import Receiver

PING = b'{"event": "ping"}'


async def post(door, body, headers, method="POST"):
    """Send one delivery to the receiver over HTTP."""
    async with Serving(door.site) as base, httpx.AsyncClient(base_url=base) as client:
        return await client.request(method, "/buildkite/webhooks", content=body, headers=headers)


async def test_every_recorded_delivery_is_kept_as_it_came(door, signed, payloads):
    """Each recorded payload, signed, is acknowledged, and the very bytes are kept under its event's name."""
    async with Serving(door.site) as base, httpx.AsyncClient(base_url=base) as client:
        for body in payloads.values():
            answered = await client.post("/buildkite/webhooks", content=body, headers=signed(body))
            assert (answered.status_code, answered.json()) == (200, {"ok": True})
    kept = [(delivery.event, delivery.body) for delivery in door.shelf.deliveries]
    assert kept == [(json.loads(body)["event"], body) for body in payloads.values()]
    assert door.counts.seen == {"accepted": len(payloads) - 2, "unknown": 2}


async def test_a_signature_made_by_others_opens_the_door(door, vectors):
    """The documentation's worked example is taken as it stands, at its own time."""
    each = vectors[1]
    door.clock.jump(int(each["timestamp"]) - door.clock.now().timestamp())
    headers = {"Content-Type": "application/json", "X-Buildkite-Signature": each["header"]}
    assert (await post(door, each["body"].encode(), headers)).status_code == 200


async def test_the_delivery_id_and_the_time_are_kept(door, signed):
    """`X-Buildkite-Request` and the clock's time go with the delivery."""
    await post(door, PING, signed(PING, **{"X-Buildkite-Request": "01813932-4ac5-490a-82cd-eb6bcb2b55b6"}))
    kept = door.shelf.deliveries[0]
    assert (kept.id, kept.received_at) == ("01813932-4ac5-490a-82cd-eb6bcb2b55b6", door.clock.now())


@pytest.mark.parametrize("given", ["", "x" * 101, "a b"])
async def test_a_strange_delivery_id_is_dropped(door, signed, given):
    """The id is no part of the signature, so only a plain short one is kept; the delivery itself is."""
    await post(door, PING, signed(PING, **{"X-Buildkite-Request": given}))
    assert [delivery.id for delivery in door.shelf.deliveries] == [None]


async def test_token_mode_asks_for_the_token(new_door, secret, signed):
    """In token mode the token opens the door; a wrong one, none, or a mere signature do not."""
    door = new_door(mode="token")
    kind = {"content-type": "application/json; charset=utf-8"}
    assert (await post(door, PING, {**kind, "x-buildkite-token": secret})).status_code == 200
    for headers in [{**kind, "x-buildkite-token": secret + "0"}, kind, signed(PING)]:
        assert (await post(door, PING, headers)).status_code == 401
    assert door.counts.seen == {"accepted": 1, "signature": 3}


async def test_signature_mode_takes_no_token(door, secret):
    """In signature mode a token proves nothing, since whoever saw one delivery could replay it."""
    headers = {"content-type": "application/json", "x-buildkite-token": secret}
    assert (await post(door, PING, headers)).status_code == 401


@pytest.mark.parametrize(("seconds", "status"), [(300, 200), (-300, 200), (301, 401), (-301, 401)])
async def test_a_delivery_cannot_be_played_again_after_five_minutes(door, signed, seconds, status):
    """300 seconds from its signature a delivery is taken, at 301 it is refused, on both sides."""
    headers = signed(PING)
    door.clock.jump(seconds)
    assert (await post(door, PING, headers)).status_code == status
    assert len(door.shelf.deliveries) == (status == 200)


async def test_the_proof_comes_before_any_parsing(door):
    """An unsigned body that is not JSON is unproven, not malformed."""
    assert (await post(door, b"{", {"content-type": "application/json"})).status_code == 401


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"event": 1}', b'{"event": "build.running"}', b"\xff"])
async def test_what_is_signed_but_malformed_gets_400(door, signed, body):
    """Buildkite is told that it makes no sense, and nothing is kept."""
    answered = await post(door, body, signed(body))
    assert answered.status_code == 400
    assert answered.json()["error"]
    assert (door.shelf.deliveries, door.counts.seen) == ([], {"malformed": 1})


async def test_only_post_is_answered(door, signed):
    """Other methods are told which one is meant."""
    for method in ("GET", "PUT", "DELETE", "OPTIONS"):
        answered = await post(door, b"", signed(b""), method)
        assert (answered.status_code, answered.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonx"])
async def test_only_json_is_answered(door, signed, kind):
    """A delivery says that it is JSON, or is refused unread."""
    assert (await post(door, PING, signed(PING) | {"content-type": kind})).status_code == 415
    assert door.counts.seen == {"type": 1}


async def test_a_body_may_have_one_mebibyte(door, signed):
    """At the cap a delivery is taken; one byte over, announced or not, it is refused."""
    body = PING.ljust(MEBIBYTE)
    assert (await post(door, body, signed(body))).status_code == 200
    assert (await post(door, body + b" ", signed(body + b" "))).status_code == 413

    async def unannounced():
        yield body
        yield b" "

    assert (await post(door, unannounced(), signed(body + b" "))).status_code == 413
    assert door.counts.seen == {"accepted": 1, "size": 2}


@pytest.mark.parametrize(("retry_after", "said"), [(None, "5"), (0.2, "1"), (7.5, "8")])
async def test_when_nothing_can_be_kept_buildkite_is_asked_to_wait(door, signed, retry_after, said):
    """A store that is down is a 503 with the time to wait, never a 200."""
    door.shelf.down = Unavailable("The database is locked.", retry_after=retry_after)
    answered = await post(door, PING, signed(PING))
    assert (answered.status_code, answered.headers["retry-after"]) == (503, said)
    assert door.counts.seen == {"unavailable": 1}


async def test_a_body_that_never_comes_is_not_waited_for(new_door):
    """A connection that stalls is told so and closed."""
    door = new_door(patience=0)
    head = b"POST /buildkite/webhooks HTTP/1.1\r\nHost: kitestring\r\n"
    head += b"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    async with Serving(door.site) as base:
        reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(base).port)
        writer.write(head)
        answered = await reader.read()
        writer.close()
    assert answered.startswith(b"HTTP/1.1 408 ")
    assert door.counts.seen == {"slow": 1}


async def test_a_caller_who_leaves_early_leaves_nothing_behind(door, signed):
    """Half a body is not kept and not answered."""
    incoming = iter([{"type": "http.request", "body": PING, "more_body": True}, {"type": "http.disconnect"}])
    sent = []

    async def receive():
        return next(incoming)

    async def send(message):
        sent.append(message)

    headers = [(name.encode(), value.encode()) for name, value in signed(PING).items()]
    await door.receiver({"type": "http", "method": "POST", "headers": headers}, receive, send)
    assert (sent, door.shelf.deliveries, door.counts.seen) == ([], [], {"gone": 1})


def test_an_empty_secret_opens_no_door(door):
    """A receiver without a secret cannot be made."""
    with pytest.raises(ValueError, match="empty"):
        Receiver("", "signature", door.shelf.keep, door.clock, door.counts)
