"""Webhooks are taken from Buildkite's addresses only, where that is wished."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import Unavailable
from bot.runtime.clock import ManualClock
from webhooks.allowlist import Allowlist, AllowlistGate

LISTED = ("192.0.2.0/24", "198.51.100.12", "2001:db8::/32")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Page:
    """What `/v2/meta` says: a list, or an error."""

    def __init__(self, *said: tuple[str, ...] | Exception) -> None:
        self.said = list(said)
        self.asked = 0

    async def read(self) -> tuple[str, ...]:
        self.asked += 1
        now = self.said.pop(0) if len(self.said) > 1 else self.said[0]
        if isinstance(now, Exception):
            raise now
        return now


class Counts(Counter[str]):
    """Outcomes by name."""

    def inc(self, name: str) -> None:
        self[name] += 1


async def knock(gate: AllowlistGate, host: str | None) -> tuple[int, dict[bytes, bytes]]:
    """The status and headers that a request from that address gets."""
    sent = []

    async def receive():
        raise AssertionError("a refusal does not read the body")

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "headers": [], "client": (host, 1) if host is not None else None}
    await gate(scope, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"])


async def taken(_scope, _receive, send) -> None:
    """The door behind the gate."""
    await send({"type": "http.response.start", "status": 200, "headers": []})


async def test_only_listed_addresses_get_through() -> None:
    """Networks and addresses of both families, also as an IPv6 socket writes IPv4; others get 403."""
    origins, counts = Allowlist(Page(LISTED).read, ManualClock(NOON)), Counts()
    gate = AllowlistGate(taken, origins, counts)
    await origins.tick()
    inside = ["192.0.2.77", "198.51.100.12", "2001:db8::7", "::ffff:192.0.2.1"]
    outside = ["192.0.3.1", "198.51.100.13", "127.0.0.1", "::1", "::ffff:10.0.0.1", "", "testclient", None]
    assert {(await knock(gate, host))[0] for host in inside} == {200}
    assert {(await knock(gate, host))[0] for host in outside} == {403}
    assert counts == {"origin": len(outside)}


async def test_before_the_list_is_known_buildkite_is_asked_to_come_again() -> None:
    """Nothing is let in and nothing is lost: 503 with a time to wait, until the first list has been read."""
    clock, page = ManualClock(NOON), Page(Unavailable("down"), LISTED)
    origins, counts = Allowlist(page.read, clock), Counts()
    gate = AllowlistGate(taken, origins, counts)
    for _ in range(2):
        status, headers = await knock(gate, "192.0.2.1")
        assert (status, headers[b"retry-after"]) == (503, b"5")
        await origins.tick()
    assert await origins.next_at() == NOON + timedelta(seconds=5)
    clock.advance(5)
    assert await origins.tick() == 1
    assert (await knock(gate, "192.0.2.1"))[0] == 200
    assert counts == {"unavailable": 2}


@pytest.mark.parametrize("wrong", [Unavailable("down"), (), ("everybody",), ("192.0.2.0/24", "")])
async def test_an_old_list_serves_while_none_can_be_read(wrong: Exception | tuple[str, ...]) -> None:
    """An outage, an empty list and one that is none change nothing; it is tried again in a minute."""
    clock = ManualClock(NOON)
    origins = Allowlist(Page(LISTED, wrong).read, clock)
    await origins.tick()
    clock.advance(3600)
    assert await origins.tick() == 0
    assert origins.admits("192.0.2.1")
    assert not origins.admits("203.0.113.1")
    assert await origins.next_at() == clock.now() + timedelta(minutes=1)


async def test_the_list_is_read_every_hour() -> None:
    """Within the hour nobody asks; afterwards the new list counts, and the old one does not."""
    clock, page = ManualClock(NOON), Page(LISTED, ("203.0.113.0/24",))
    origins = Allowlist(page.read, clock)
    for _ in range(3):
        await origins.tick()
        clock.advance(1199)
    assert page.asked == 1
    clock.advance(3)
    await origins.tick()
    assert (origins.admits("192.0.2.1"), origins.admits("203.0.113.1")) == (False, True)
