"""When requests reach the simulated Slack: the moment that a person's screen could change."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass
class Arrival:
    """One request; `at` is when its last byte was there."""

    method: str
    at: float = 0.0
    body: bytes = b""

    @property
    def arguments(self) -> dict[str, Any]:
        """Its arguments."""
        return dict(json.loads(self.body))


@dataclass
class Arrivals:
    """Stands before the Web API of one SlackSim; keeps every request of these methods in their order.

    Times are those of `now`; an answer takes `delay` seconds longer than it would.
    """

    app: ASGIApp
    methods: tuple[str, ...] = ("chat.update", "chat.postMessage")
    now: Callable[[], float] = time.perf_counter
    delay: float = 0.0
    seen: list[Arrival] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = str(scope.get("path", "")).rpartition("/")[2]
        if scope["type"] != "http" or method not in self.methods:
            await self.app(scope, receive, send)
            return
        arrival = Arrival(method)

        async def heard() -> Message:
            said = await receive()
            if said["type"] == "http.request":
                arrival.body += said.get("body", b"")
                if not said.get("more_body") and not arrival.at:
                    arrival.at = self.now()
                    self.seen.append(arrival)
                    await asyncio.sleep(self.delay)
            return said

        await self.app(scope, heard, send)

    def find(self, method: str, ts: str) -> list[Arrival]:
        """What came about one message."""
        return [item for item in self.seen if item.method == method and item.arguments.get("ts") == ts]
