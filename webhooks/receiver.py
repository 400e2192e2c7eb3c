"""Takes Buildkite's webhooks: proven, looked at, kept, and only then acknowledged."""

from __future__ import annotations

import math
import re
from collections.abc import Awaitable, Callable
from typing import Literal, Protocol

from starlette.types import Receive, Scope, Send

from bot.asgi import Disconnected, Rejected, answer, body_of, expect, header, reject
from bot.clock import Clock
from bot.core.observed import Delivery
from bot.errors import BadSignature, Unavailable
from webhooks.payloads import Envelope, Malformed, envelope
from webhooks.signature import verify, verify_token

Mode = Literal["signature", "token"]
Keep = Callable[[Delivery], Awaitable[None]]
_DELIVERY_ID = re.compile(r"[!-~]{1,100}", re.ASCII)
_SECONDS_TO_RETRY = 5.0


class Counts(Protocol):
    """Where outcomes are counted: accepted, unknown, or the reason of a refusal.

    Reasons: method, type, size, slow, gone, origin, signature, malformed, unavailable.
    """

    def inc(self, name: str) -> None:
        """One more of `name`."""


class Receiver:
    """The ASGI callable behind `POST /buildkite/webhooks`; looks at no path, so it is mounted at one.

    `keep` returns once the delivery is durable, or raises Unavailable (answered 503). What is malformed or
    unproven gets a 4xx. `patience` is how many seconds a body may take. Raises ValueError for an empty secret.
    """

    def __init__(
        self, secret: str, mode: Mode, keep: Keep, clock: Clock, counts: Counts, patience: float = 10
    ) -> None:
        if not secret:
            raise ValueError("The webhook's secret is empty.")
        self._secret = secret
        self._mode = mode
        self._keep = keep
        self._clock = clock
        self._counts = counts
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            outcome = await self._take(scope, receive)
        except Rejected as why:
            self._counts.inc(why.reason)
            await reject(send, why)
        except Disconnected:
            self._counts.inc("gone")
        else:
            self._counts.inc(outcome)
            await answer(send, 200, {"ok": True})

    async def _take(self, scope: Scope, receive: Receive) -> str:
        expect(scope, ("application/json",))
        body = await body_of(receive, patience=self._patience)
        self._prove(scope, body)
        about = _look(body)
        await self._store(Delivery(about.event, body, _delivery_id(scope), self._clock.now()))
        return "accepted" if about.known else "unknown"

    def _prove(self, scope: Scope, body: bytes) -> None:
        try:
            if self._mode == "token":
                verify_token(header(scope, b"x-buildkite-token"), self._secret)
            else:
                verify(body, header(scope, b"x-buildkite-signature"), self._secret, self._clock.now())
        except BadSignature as error:
            raise Rejected(401, "signature", str(error)) from error

    async def _store(self, delivery: Delivery) -> None:
        try:
            await self._keep(delivery)
        except Unavailable as error:
            wait = math.ceil(max(error.retry_after or _SECONDS_TO_RETRY, 1))
            text = "This cannot be kept just now."
            raise Rejected(503, "unavailable", text, {"retry-after": str(wait)}) from error


def _look(body: bytes) -> Envelope:
    try:
        return envelope(body)
    except Malformed as error:
        raise Rejected(400, "malformed", str(error)) from error


def _delivery_id(scope: Scope) -> str | None:
    given = header(scope, b"x-buildkite-request")
    return given if _DELIVERY_ID.fullmatch(given) else None
