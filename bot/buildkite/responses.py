"""Buildkite's answers, read: the error that an answer is, and how long it asks to wait."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import httpx

from bot.errors import Conflict, KitestringError, NotFound, Refused, Unavailable

_SCOPE = re.compile(r"doesn.t have the (\w+) scope")
_WAITS = ("Retry-After", "RateLimit-User-Reset", "RateLimit-Reset")
_LONGEST_QUOTE = 500


def error(
    response: httpx.Response, what: str, sent: bool, variable: str | None = "BUILDKITE_API_TOKEN"
) -> KitestringError | None:
    """The error that `response` is, in Buildkite's words; None for a success.

    `what` is asked for or acted on (`build web#101`); `sent` marks a 5xx whose request may have been carried out;
    `variable` is the environment variable that holds the token; None where whoever reads it gave the token.
    https://buildkite.com/docs/apis/rest-api#http-status-codes
    """
    status, words = response.status_code, said(response)
    if status < 300:
        return None
    if status < 400:
        return _elsewhere(status, sent, variable)
    if status == 401:
        return _unauthenticated(words, variable)
    if status == 403:
        return _forbidden(words, variable)
    if status == 404:
        return NotFound(f"Buildkite has no {what}, or the token may not see it.", f"It says: {words}")
    if status == 429:
        return limited(response, "my requests" if variable else "the token's requests")
    if status >= 500:
        return _broken(response, sent)
    return Conflict(f"Buildkite refused: {words}")


def said(response: httpx.Response) -> str:
    """What the body says, validation errors field by field; the status where it says nothing.

    Behind a proxy an error may be no JSON at all: that text is not shown.
    """
    body = _json(response)
    message = body.get("message")
    if not isinstance(message, str) or not message.strip():
        return f"{response.status_code} {response.reason_phrase}".strip()
    return ": ".join(filter(None, (message.strip(), _fields(body.get("errors")))))[:_LONGEST_QUOTE]


def wait_asked(response: httpx.Response) -> float | None:
    """Seconds that a 429 or 503 asks to wait: by `Retry-After`, the body, or the limit that is used up."""
    headers = response.headers
    if (after := _seconds(headers.get("Retry-After"))) is not None:
        return after
    if response.status_code != 429:
        return None
    if (reset := _seconds(_json(response).get("reset"))) is not None:
        return reset
    used_up = [
        _seconds(headers.get(f"{prefix}Reset"))
        for prefix in ("RateLimit-User-", "RateLimit-")
        if headers.get(f"{prefix}Remaining") == "0"
    ]
    any_reset = [_seconds(headers.get(name)) for name in _WAITS]
    return max((seconds for seconds in used_up or any_reset if seconds is not None), default=None)


def _json(response: httpx.Response) -> Mapping[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _seconds(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return max(float(value), 0.0)
    return float(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,6}", value) else None


def _fields(errors: object) -> str:
    if not isinstance(errors, list):
        return ""
    parts = [f"{error.get('field')}: {error.get('code')}" for error in errors if isinstance(error, dict)]
    return "; ".join(parts)


def _unauthenticated(words: str, variable: str | None) -> Refused:
    check = f"check {variable} (kitestring doctor)" if variable else "use one that is neither revoked nor expired"
    whose = "my" if variable else "the"
    return Refused(
        f"Buildkite does not accept {whose} token: {words}", _please(variable, check), rule="Buildkite's 401"
    )


def _forbidden(words: str, variable: str | None) -> Refused:
    scope = _SCOPE.search(words)
    whose = "my" if variable else "the"
    hint = (
        _please(variable, f"add the scope {scope[1]} to the API token")
        if scope
        else f"The user that {whose} API token belongs to lacks this permission at Buildkite."
    )
    return Refused(f"Buildkite refused: {words}", hint, rule="Buildkite's 403")


def _please(variable: str | None, act: str) -> str:
    """Who is to act: the bot's owner, or whoever reads this."""
    return f"Whoever runs me should {act}." if variable else f"{act[0].upper()}{act[1:]}."


def limited(response: httpx.Response, whose: str) -> Unavailable:
    """A 429, in Buildkite's words: `whose` requests there were too many of, and when to try again."""
    after = wait_asked(response)
    hint = "Try again in a minute." if after is None else f"Try again in {after:.0f} seconds."
    return Unavailable(f"Buildkite is limiting {whose}: {said(response)}", hint, retry_after=after)


def _elsewhere(status: int, sent: bool, variable: str | None) -> Unavailable:
    """A redirect is not followed: the token goes nowhere but to the configured address."""
    place = "BUILDKITE_REST_API_ENDPOINT" if variable else "the endpoint"
    return Unavailable(
        f"Buildkite pointed elsewhere (it answered {status}), where I do not go.",
        _please(variable, f"check {place}, or the proxy in between"),
        sent=sent,
    )


def _broken(response: httpx.Response, sent: bool) -> Unavailable:
    status = f"{response.status_code} {response.reason_phrase}".strip()
    return Unavailable(
        f"Buildkite is having trouble (it answered {status}).",
        "Try again in a moment; https://www.buildkitestatus.com may say more.",
        retry_after=wait_asked(response),
        sent=sent,
    )
