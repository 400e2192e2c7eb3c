"""The optional allow-list admits webhooks only from Buildkite's addresses."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import Unavailable
from bot.runtime.clock import ManualClock
from webhooks.allowlist import Allowlist, AllowlistGate

LISTED = ("192.0.2.0/24", "198.51.100.12", "2001:db8::/32")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class MetaPage:
    """The response of `/v2/meta`: a list, or an error."""

    def __init__(self, *reply: tuple[str, ...] | Exception) -> None:
        self.answers = list(reply)
        self.requests = 0

    async def read(self) -> tuple[str, ...]:
        self.requests += 1
        now = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(now, Exception):
            raise now
        return now


class Counts(Counter[str]):
    """Counts outcomes by name."""

    def inc(self, name: str) -> None:
        self[name] += 1


async def request_from(gate: AllowlistGate, host: str | None) -> tuple[int, dict[bytes, bytes]]:
    """Return the status and headers for a request from that address."""
    sent = []

    async def receive():
        raise AssertionError("a refusal does not read the body")

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "headers": [], "client": (host, 1) if host is not None else None}
    await gate(scope, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"])


async def accept(_scope, _receive, send) -> None:
    """Accept every request; the application behind the gate."""
    await send({"type": "http.response.start", "status": 200, "headers": []})


async def test_only_listed_addresses_get_through() -> None:
    """IPv4 and IPv6 networks are admitted, also IPv4 in IPv6 notation; others get 403."""
    origins, counts = Allowlist(MetaPage(LISTED).read, ManualClock(NOON)), Counts()
    gate = AllowlistGate(accept, origins, counts)
    await origins.tick()
    inside = ["192.0.2.77", "198.51.100.12", "2001:db8::7", "::ffff:192.0.2.1"]
    outside = ["192.0.3.1", "198.51.100.13", "127.0.0.1", "::1", "::ffff:10.0.0.1", "", "testclient", None]
    assert {(await request_from(gate, host))[0] for host in inside} == {200}
    assert {(await request_from(gate, host))[0] for host in outside} == {403}
    assert counts == {"origin": len(outside)}


async def test_before_the_list_is_known_webhooks_get_503() -> None:
    """Until the first list is read, requests get 503 with a time to retry, so nothing is lost."""
    clock, page = ManualClock(NOON), MetaPage(Unavailable("down"), LISTED)
    origins, counts = Allowlist(page.read, clock), Counts()
    gate = AllowlistGate(accept, origins, counts)
    for _ in range(2):
        status, headers = await request_from(gate, "192.0.2.1")
        assert (status, headers[b"retry-after"]) == (503, b"5")
        await origins.tick()
    assert await origins.next_at() == NOON + timedelta(seconds=5)
    clock.advance(5)
    assert await origins.tick() == 1
    assert (await request_from(gate, "192.0.2.1"))[0] == 200
    assert counts == {"unavailable": 2}


@pytest.mark.parametrize("wrong", [Unavailable("down"), (), ("everybody",), ("192.0.2.0/24", "")])
async def test_an_old_list_stays_in_use_while_reading_fails(wrong: Exception | tuple[str, ...]) -> None:
    """An outage or an invalid list changes nothing; reading is retried in a minute."""
    clock = ManualClock(NOON)
    origins = Allowlist(MetaPage(LISTED, wrong).read, clock)
    await origins.tick()
    clock.advance(3600)
    assert await origins.tick() == 0
    assert origins.admits("192.0.2.1")
    assert not origins.admits("203.0.113.1")
    assert await origins.next_at() == clock.now() + timedelta(minutes=1)


async def test_the_list_is_read_every_hour() -> None:
    """Within the hour the list isn't read; after it the new list replaces the old one."""
    clock, page = ManualClock(NOON), MetaPage(LISTED, ("203.0.113.0/24",))
    origins = Allowlist(page.read, clock)
    for _ in range(3):
        await origins.tick()
        clock.advance(1199)
    assert page.requests == 1
    clock.advance(3)
    await origins.tick()
    assert (origins.admits("192.0.2.1"), origins.admits("203.0.113.1")) == (False, True)
