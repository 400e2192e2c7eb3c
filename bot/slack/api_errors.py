"""What can go wrong at Slack, told apart by what to do about it. https://docs.slack.dev/reference/methods"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import aiohttp
from slack_sdk.errors import SlackApiError

from bot.errors import KitestringError

Kind = Literal["limited", "refused", "barred", "down", "uncertain"]
# Slack says of these that something may have happened all the same.
_UNCERTAIN = frozenset({"internal_error", "fatal_error", "request_timeout", "service_unavailable"})
# It is about the token, not about this message: the same call may work once somebody has seen to it.
# https://docs.slack.dev/reference/methods/auth.test#errors
BARRED = frozenset({"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"})
_LIMITED = frozenset({"ratelimited", "rate_limited"})


class SlackError(KitestringError):
    """A call to Slack that failed.

    `kind`: limited (wait `retry_after` seconds), refused (Slack's own error `code`, it will not change by
    itself), barred (nothing works until the token does), down (it never got there), uncertain (it may have
    happened).
    """

    def __init__(self, kind: Kind, code: str, retry_after: float = 0) -> None:
        super().__init__(f"Slack did not take that ({code}).")
        self.kind = kind
        self.code = code
        self.retry_after = retry_after


@asynccontextmanager
async def told_apart() -> AsyncIterator[None]:
    """Turn whatever the client raises into SlackProblem."""
    try:
        yield
    except SlackApiError as error:
        raise _from_answer(error) from None
    except aiohttp.ClientConnectorError:
        raise SlackError("down", "no connection") from None
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        raise SlackError("uncertain", type(error).__name__) from None


def _from_answer(error: SlackApiError) -> SlackError:
    answer = error.response
    status = getattr(answer, "status_code", 200)
    # Proxies answer with pages of their own: then there is no object to look into.
    said = getattr(answer, "data", answer)
    code = str(said.get("error") or "") if isinstance(said, dict) else ""
    if status == 429 or code in _LIMITED:
        headers = getattr(answer, "headers", {})
        return SlackError("limited", "ratelimited", _seconds(headers.get("Retry-After")))
    if status >= 500 or code in _UNCERTAIN or not code:
        return SlackError("uncertain", code or f"HTTP {status}")
    return SlackError("barred" if code in BARRED else "refused", code)


def _seconds(header: str | None) -> float:
    return float(header) if header and header.isdigit() else 30.0
