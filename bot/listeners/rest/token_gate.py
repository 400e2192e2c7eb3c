"""Admits requests of the API: the right host, a valid token, and no more requests than the token may make."""

from __future__ import annotations

import math
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request

from bot.access.api_tokens.model import ApiToken
from bot.access.api_tokens.service import ApiTokens
from bot.errors import Unauthorized
from bot.listeners.rest.problems import RequestProblem
from bot.runtime.clock import Clock
from bot.runtime.token_bucket import TokenBucket, full_bucket

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# Tokens whose bucket is kept; beyond it, those that are full again are forgotten.
_BUCKETS = 1000
_MINUTE = 60.0
_CHALLENGE = 'Bearer realm="kitestring"'


@dataclass(frozen=True)
class Admitted:
    """An admitted request: the token that it came with, and the headers that say what is left to it."""

    token: ApiToken
    headers: dict[str, str]


class TokenGate:
    """Checks who calls before anything of the body is read; `own_url` is the bot's public URL, if it is known."""

    def __init__(self, api_tokens: ApiTokens, clock: Clock, rate: int, own_url: str | None) -> None:
        self._api_tokens = api_tokens
        self._clock = clock
        self._rate = rate
        self._own_host = _read_host(urlsplit(own_url).netloc) if own_url else None
        self._buckets: dict[str, TokenBucket] = {}

    def check_host(self, request: Request) -> None:
        """Raise RequestProblem if the request is for another host: a page of another site may have sent it.

        https://www.rfc-editor.org/rfc/rfc9110#status.421
        """
        host = _read_host(request.headers.get("host", ""))
        if self._own_host and host != self._own_host and host not in _LOOPBACK:
            raise RequestProblem("misdirected", "This server has another name.", "Use the bot's public URL.")

    async def admit(self, request: Request) -> Admitted:
        """Return the token of a request. Raise RequestProblem if it has none, or makes too many."""
        scheme, _, raw = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not raw.strip():
            raise RequestProblem(
                "unauthorized",
                "The request has no API token.",
                "Send it as `Authorization: Bearer kst_…`.",
                headers={"www-authenticate": _CHALLENGE},
            )
        try:
            token = await self._api_tokens.authenticate(raw.strip())
        except Unauthorized as error:
            challenge = f'{_CHALLENGE}, error="invalid_token"'
            raise RequestProblem(
                "unauthorized", error.message, error.hint, headers={"www-authenticate": challenge}
            ) from error
        return Admitted(token, self._take(token.id))

    def _take(self, token: str) -> dict[str, str]:
        """Count a request. Raise RequestProblem if it is one too many."""
        now = self._clock.monotonic()
        bucket = self._buckets.get(token) or full_bucket(self._rate / _MINUTE, self._rate, now)
        wait = bucket.wait_seconds(now)
        if wait > 0:
            retry = {"retry-after": str(math.ceil(wait))}
            raise RequestProblem(
                "rate-limited",
                f"This token may make {self._rate} requests a minute.",
                headers=self._describe(bucket.refill(now)) | retry,
            )
        self._forget_full(now)
        self._buckets[token] = bucket.take(now)
        return self._describe(self._buckets[token])

    def _describe(self, bucket: TokenBucket) -> dict[str, str]:
        return {
            "ratelimit-limit": str(self._rate),
            "ratelimit-remaining": str(max(math.floor(bucket.tokens), 0)),
            "ratelimit-reset": str(math.ceil((bucket.burst - bucket.tokens) / bucket.per_second)),
        }

    def _forget_full(self, now: float) -> None:
        if len(self._buckets) >= _BUCKETS:
            kept = {token: bucket.refill(now) for token, bucket in self._buckets.items()}
            self._buckets = {token: bucket for token, bucket in kept.items() if bucket.tokens < bucket.burst}


def _read_host(text: str) -> str:
    """Return the name in a Host header, without its port."""
    try:
        return (urlsplit(f"//{text}").hostname or "").rstrip(".")
    except ValueError:
        return ""
