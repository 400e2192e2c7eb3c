"""Records when requests reach the simulated Slack: the time at which a person's screen could change."""

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
    """A request; `at` is when its last byte arrived."""

    method: str
    at: float = 0.0
    body: bytes = b""

    @property
    def arguments(self) -> dict[str, Any]:
        """Return its arguments."""
        return dict(json.loads(self.body))


@dataclass
class Arrivals:
    """Wraps the Web API of one SlackSim and records every request of these methods, in order.

    Times come from `now`; each answer is delayed by `delay` seconds.
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

        async def receive_recorded() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                arrival.body += message.get("body", b"")
                if not message.get("more_body") and not arrival.at:
                    arrival.at = self.now()
                    self.seen.append(arrival)
                    await asyncio.sleep(self.delay)
            return message

        await self.app(scope, receive_recorded, send)

    def find(self, method: str, ts: str) -> list[Arrival]:
        """Return the requests about one message."""
        return [item for item in self.seen if item.method == method and item.arguments.get("ts") == ts]
