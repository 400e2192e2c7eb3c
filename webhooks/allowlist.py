"""Admits webhooks only from the addresses that Buildkite publishes."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.errors import KitestringError
from bot.runtime.clock import Clock
from bot.runtime.http.asgi import Rejected, send_rejection
from webhooks.receiver import OutcomeCounter

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
# Returns addresses and CIDR blocks. https://buildkite.com/docs/apis/rest-api/meta
ReadAddresses = Callable[[], Awaitable[Iterable[str]]]
REFRESH_INTERVAL = timedelta(hours=1)
RETRY_INTERVAL = timedelta(minutes=1)
_FIRST_RETRY_INTERVAL = timedelta(seconds=5)
log = structlog.stdlib.get_logger(__name__)


class Allowlist:
    """The networks that Buildkite publishes, read every hour; an old list stays in use while reading fails."""

    def __init__(self, read: ReadAddresses, clock: Clock) -> None:
        self._read = read
        self._clock = clock
        self._due = clock.now()
        self._networks: tuple[Network, ...] = ()

    @property
    def known(self) -> bool:
        """A list has been read."""
        return bool(self._networks)

    @property
    def networks(self) -> tuple[str, ...]:
        """The networks as CIDR blocks; empty until a list has been read."""
        return tuple(str(network) for network in self._networks)

    def admits(self, host: str) -> bool:
        """Return whether Buildkite sends webhooks from that address."""
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        plain = getattr(address, "ipv4_mapped", None) or address
        return any(plain in network for network in self._networks)

    async def tick(self) -> int:
        """Read the list if it is due. Return 1 if it was read, else 0."""
        if self._clock.now() < self._due:
            return 0
        try:
            self._networks = _parse_networks(await self._read())
        except (KitestringError, ValueError) as error:
            log.warning("webhook addresses not read", error=type(error).__name__, known=self.known)
            self._due = self._clock.now() + (RETRY_INTERVAL if self.known else _FIRST_RETRY_INTERVAL)
            return 0
        self._due = self._clock.now() + REFRESH_INTERVAL
        return 1

    async def next_at(self) -> datetime | None:
        """Return the time of the next read."""
        return self._due


class AllowlistGate:
    """Guards the receiver: answers 403 to other addresses, and 503 until the list is known, so nothing is lost.

    Buildkite repeats a webhook after a 503.
    """

    def __init__(self, app: ASGIApp, origins: Allowlist, counts: OutcomeCounter) -> None:
        self._app = app
        self._origins = origins
        self._counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            self._check(scope)
        except Rejected as why:
            self._counts.inc(why.reason)
            await send_rejection(send, why)
        else:
            await self._app(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        if not self._origins.known:
            raise Rejected(503, "unavailable", "Buildkite's addresses aren't known yet.", {"retry-after": "5"})
        if not self._origins.admits((scope.get("client") or ("", 0))[0]):
            raise Rejected(403, "origin", "Only webhooks from Buildkite's addresses are accepted.")


def _parse_networks(listed: Iterable[str]) -> tuple[Network, ...]:
    """Raise ValueError for an empty list or an entry that isn't an address: either would lock Buildkite out."""
    found = tuple(ipaddress.ip_network(entry.strip(), strict=False) for entry in listed)
    if not found:
        raise ValueError("The list is empty.")
    return found
