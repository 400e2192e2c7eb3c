"""Lets webhooks through only from where Buildkite says that it sends them."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.errors import KitestringError
from bot.runtime.clock import Clock
from bot.runtime.http.asgi import Rejected, send_rejection
from webhooks.receiver import Counts

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
# Gives addresses and CIDR blocks. https://buildkite.com/docs/apis/rest-api/meta
Read = Callable[[], Awaitable[Iterable[str]]]
AFRESH = timedelta(hours=1)
AGAIN = timedelta(minutes=1)
_SOON = timedelta(seconds=5)
log = structlog.stdlib.get_logger(__name__)


class Allowlist:
    """The networks that Buildkite names, read again every hour; an old list serves while none can be read."""

    def __init__(self, read: Read, clock: Clock) -> None:
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
        """As CIDR blocks; none while no list was read."""
        return tuple(str(network) for network in self._networks)

    def admits(self, host: str) -> bool:
        """Whether webhooks come from that address."""
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        plain = getattr(address, "ipv4_mapped", None) or address
        return any(plain in network for network in self._networks)

    async def tick(self) -> int:
        """Read the list where it is due; says whether there is a new one."""
        if self._clock.now() < self._due:
            return 0
        try:
            self._networks = _networks(await self._read())
        except (KitestringError, ValueError) as error:
            log.warning("webhook addresses not read", error=type(error).__name__, known=self.known)
            self._due = self._clock.now() + (AGAIN if self.known else _SOON)
            return 0
        self._due = self._clock.now() + AFRESH
        return 1

    async def next_at(self) -> datetime | None:
        """When it is to be read."""
        return self._due


class AllowlistGate:
    """In front of the receiver: 403 for other addresses, 503 until the list is known, so that nothing is lost."""

    def __init__(self, app: ASGIApp, origins: Allowlist, counts: Counts) -> None:
        self._app = app
        self._origins = origins
        self._counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            self._look(scope)
        except Rejected as why:
            self._counts.inc(why.reason)
            await send_rejection(send, why)
        else:
            await self._app(scope, receive, send)

    def _look(self, scope: Scope) -> None:
        if not self._origins.known:
            raise Rejected(503, "unavailable", "Buildkite's addresses are not known yet.", {"retry-after": "5"})
        if not self._origins.admits((scope.get("client") or ("", 0))[0]):
            raise Rejected(403, "origin", "Webhooks are taken from Buildkite's addresses only.")


def _networks(listed: Iterable[str]) -> tuple[Network, ...]:
    """Raises ValueError for an empty list and for what is no address: either would shut Buildkite out."""
    found = tuple(ipaddress.ip_network(entry.strip(), strict=False) for entry in listed)
    if not found:
        raise ValueError("The list is empty.")
    return found
