"""Receives Buildkite's webhooks: verifies, inspects and stores them, and only then acknowledges them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from functools import partial
from typing import Literal, Protocol

from starlette.types import Receive, Scope, Send

from bot.builds.webhook_event import Delivery
from bot.errors import BadSignature, Unavailable
from bot.runtime.clock import Clock
from bot.runtime.group_commit import CommitCallback, callback_future
from bot.runtime.http.asgi import (
    MEBIBYTE,
    Disconnected,
    Rejected,
    check_request,
    read_body,
    send_json,
    send_rejection,
)
from bot.runtime.http.fast_path import Exchange, render_json
from bot.runtime.http.framing import HeaderFields
from webhooks.envelope import Envelope, Malformed, read_envelope
from webhooks.signature import verify, verify_token

ProofMode = Literal["signature", "token"]
KeepDelivery = Callable[[Delivery, CommitCallback], None]
_JSON = "application/json"
_DELIVERY_ID = re.compile(rb"[!-~]{1,100}")
_LENGTH = re.compile(rb"[0-9]{1,7}")
_SECONDS_TO_RETRY = 5.0
_KEPT_BODY = {"ok": True}
_ACKNOWLEDGED = render_json(200, json.dumps(_KEPT_BODY).encode(), {})


class OutcomeCounter(Protocol):
    """Counts outcomes: accepted, unknown, or the reason for a rejection.

    Reasons: method, type, size, slow, gone, origin, signature, malformed, unavailable.
    """

    def inc(self, name: str) -> None:
        """Count one more outcome called `name`."""


class Receiver:
    """Behind `POST /buildkite/webhooks`; looks at no path, so it is mounted at one.

    An ASGI callable for whatever comes, and the taker of what is plain: both do the same. `keep` tells once the
    delivery is durable, or of Unavailable (answered 503). What is malformed or unproven gets a 4xx. `patience` is
    how many seconds a body may take. Raises ValueError for an empty secret.
    """

    def __init__(
        self,
        secret: str,
        mode: ProofMode,
        keep: KeepDelivery,
        clock: Clock,
        counts: OutcomeCounter,
        patience: float = 10,
    ) -> None:
        if not secret:
            raise ValueError("The webhook secret is empty.")
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
            await send_rejection(send, why)
        except Disconnected:
            self._counts.inc("gone")
        else:
            self._counts.inc(outcome)
            await send_json(send, 200, _KEPT_BODY)

    async def _take(self, scope: Scope, receive: Receive) -> str:
        check_request(scope, (_JSON,))
        body = await read_body(receive, seconds=self._patience)
        delivery, outcome = self._examine(dict(scope["headers"][::-1]), body)
        try:
            await callback_future(partial(self._keep, delivery))
        except Unavailable as error:
            raise _make_unavailable(error) from error
        return outcome

    def accepts(self, fields: HeaderFields) -> bool:
        """Return whether these are the headers of a JSON body of an acceptable length."""
        length = fields.get(b"content-length", b"")
        small = _LENGTH.fullmatch(length) is not None and int(length) <= MEBIBYTE
        return small and fields.get(b"content-type") == _JSON.encode()

    def handle(self, exchange: Exchange) -> None:
        """Answer the exchange once its delivery is stored."""
        try:
            delivery, outcome = self._examine(exchange.fields, exchange.body)
        except Rejected as why:
            self._reject(exchange, why)
        else:
            self._keep(delivery, partial(self._answer, exchange, outcome))

    def note_abandoned(self, reason: str) -> None:
        """Count a request that broke off: half a body isn't stored."""
        self._counts.inc(reason)

    def _answer(self, asked: Exchange, outcome: str, error: BaseException | None) -> None:
        if error is None:
            self._counts.inc(outcome)
            asked.answer(_ACKNOWLEDGED)
        elif isinstance(error, Unavailable):
            self._reject(asked, _make_unavailable(error))
        else:
            asked.fail(error)

    def _reject(self, asked: Exchange, why: Rejected) -> None:
        self._counts.inc(why.reason)
        asked.answer(render_json(why.status, json.dumps({"error": why.text}).encode(), why.headers))

    def _examine(self, fields: HeaderFields, body: bytes) -> tuple[Delivery, str]:
        """Return the delivery, and the outcome to count once it is stored. Raise Rejected."""
        self._prove(fields, body)
        about = _read_envelope(body)
        delivery = Delivery(about.event, body, _read_delivery_id(fields), self._clock.now())
        return delivery, "accepted" if about.known else "unknown"

    def _prove(self, fields: HeaderFields, body: bytes) -> None:
        try:
            if self._mode == "token":
                verify_token(_read_header(fields, b"x-buildkite-token"), self._secret)
            else:
                verify(body, _read_header(fields, b"x-buildkite-signature"), self._secret, self._clock.now())
        except BadSignature as error:
            raise Rejected(401, "signature", str(error)) from error


def _make_unavailable(error: Unavailable) -> Rejected:
    wait = math.ceil(max(error.retry_after or _SECONDS_TO_RETRY, 1))
    return Rejected(503, "unavailable", "Can't store this now; retry later.", {"retry-after": str(wait)})


def _read_envelope(body: bytes) -> Envelope:
    try:
        return read_envelope(body)
    except Malformed as error:
        raise Rejected(400, "malformed", str(error)) from error


def _read_header(fields: HeaderFields, name: bytes) -> str:
    return fields.get(name, b"").decode("latin-1")


def _read_delivery_id(fields: HeaderFields) -> str | None:
    given = fields.get(b"x-buildkite-request", b"")
    return given.decode() if _DELIVERY_ID.fullmatch(given) else None
