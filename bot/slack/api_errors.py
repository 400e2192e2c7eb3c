"""Errors of Slack's API, classified by what to do about them. https://docs.slack.dev/reference/methods"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import aiohttp
from slack_sdk.errors import SlackApiError

from bot.errors import KitestringError

ErrorKind = Literal["limited", "refused", "barred", "down", "uncertain"]
# Slack documents that a call with these errors may have succeeded nevertheless.
_UNCERTAIN = frozenset({"internal_error", "fatal_error", "request_timeout", "service_unavailable"})
# The token is the problem, not the message: the same call may work once an admin has fixed the token.
# https://docs.slack.dev/reference/methods/auth.test#errors
TOKEN_ERRORS = frozenset({"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"})
_LIMITED = frozenset({"ratelimited", "rate_limited"})


class SlackError(KitestringError):
    """A call to Slack that failed.

    `kind` is limited (wait `retry_after` seconds), refused (permanently, with Slack's error `code`), barred
    (nothing works until the token is fixed), down (the request never arrived) or uncertain (it may have worked).
    """

    def __init__(self, kind: ErrorKind, code: str, retry_after: float = 0) -> None:
        super().__init__(f"Slack didn't accept that ({code}).")
        self.kind = kind
        self.code = code
        self.retry_after = retry_after


@asynccontextmanager
async def translate_errors() -> AsyncIterator[None]:
    """Turn every error that the Slack client raises into a SlackError."""
    try:
        yield
    except SlackApiError as error:
        raise _from_api_error(error) from None
    except aiohttp.ClientConnectorError:
        raise SlackError("down", "no connection") from None
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        raise SlackError("uncertain", type(error).__name__) from None


def _from_api_error(error: SlackApiError) -> SlackError:
    answer = error.response
    # A proxy may answer with a page of its own instead of Slack's JSON.
    data = getattr(answer, "data", answer)
    code = str(data.get("error") or "") if isinstance(data, dict) else ""
    wait = getattr(answer, "headers", {}).get("Retry-After")
    return classify_refusal(getattr(answer, "status_code", 200), code, wait)


def classify_refusal(status: int, code: str, wait: str | None) -> SlackError:
    """Return the error for an answer's HTTP status, Slack's error, which may be empty, and its Retry-After."""
    if status == 429 or code in _LIMITED:
        return SlackError("limited", "ratelimited", _parse_seconds(wait))
    if status >= 500 or code in _UNCERTAIN or not code:
        return SlackError("uncertain", code or f"HTTP {status}")
    return SlackError("barred" if code in TOKEN_ERRORS else "refused", code)


def _parse_seconds(header: str | None) -> float:
    return float(header) if header and header.isdigit() else 30.0
