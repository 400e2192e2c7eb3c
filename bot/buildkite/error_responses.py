"""Turns Buildkite's error responses into errors, and reads how long they ask to wait."""

from __future__ import annotations

import re
from collections.abc import Mapping

import httpx

from bot.errors import Conflict, KitestringError, NotFound, Refused, Unavailable

_SCOPE = re.compile(r"doesn.t have the (\w+) scope")
_WAITS = ("Retry-After", "RateLimit-User-Reset", "RateLimit-Reset")
# Characters of Buildkite's own text quoted in an error, so that it fits a Slack message.
_LONGEST_QUOTE = 500


def parse_error(
    response: httpx.Response, subject: str, sent: bool, variable: str | None = "BUILDKITE_API_TOKEN"
) -> KitestringError | None:
    """Return the error that `response` stands for, in Buildkite's words, or None for a success.

    `subject` is the object the request is about (`build web#101`). `sent` marks a 5xx whose request may have been
    carried out. `variable` is the environment variable of the token, or None if the reader supplied the token.
    https://buildkite.com/docs/apis/rest-api#http-status-codes
    """
    status, message = response.status_code, read_message(response)
    if status < 300:
        return None
    if status < 400:
        return _redirect_error(status, sent, variable)
    if status == 401:
        return _unauthenticated_error(message, variable)
    if status == 403:
        return _forbidden_error(message, variable)
    if status == 404:
        return NotFound(f"Buildkite has no {subject}, or the token can't see it.", f"Buildkite says: {message}")
    if status == 429:
        return rate_limit_error(response, "my requests" if variable else "the token's requests")
    if status >= 500:
        return _server_error(response, sent)
    return Conflict(f"Buildkite refused: {message}")


def read_message(response: httpx.Response) -> str:
    """Return the message of the body with validation errors by field, or the status if there is none.

    A proxy's error page isn't JSON: its text is never shown.
    """
    body = _read_object(response)
    message = body.get("message")
    if not isinstance(message, str) or not message.strip():
        return f"{response.status_code} {response.reason_phrase}".strip()
    return ": ".join(filter(None, (message.strip(), _format_field_errors(body.get("errors")))))[:_LONGEST_QUOTE]


def read_retry_after(response: httpx.Response) -> float | None:
    """Return the seconds that a 429 or 503 asks to wait: from `Retry-After`, the body or the exhausted limit."""
    headers = response.headers
    if (after := _parse_seconds(headers.get("Retry-After"))) is not None:
        return after
    if response.status_code != 429:
        return None
    if (reset := _parse_seconds(_read_object(response).get("reset"))) is not None:
        return reset
    used_up = [
        _parse_seconds(headers.get(f"{prefix}Reset"))
        for prefix in ("RateLimit-User-", "RateLimit-")
        if headers.get(f"{prefix}Remaining") == "0"
    ]
    any_reset = [_parse_seconds(headers.get(name)) for name in _WAITS]
    return max((seconds for seconds in used_up or any_reset if seconds is not None), default=None)


def _read_object(response: httpx.Response) -> Mapping[str, object]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _parse_seconds(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return max(float(value), 0.0)
    return float(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,6}", value) else None


def _format_field_errors(errors: object) -> str:
    if not isinstance(errors, list):
        return ""
    parts = [f"{error.get('field')}: {error.get('code')}" for error in errors if isinstance(error, dict)]
    return "; ".join(parts)


def _unauthenticated_error(message: str, variable: str | None) -> Refused:
    check = f"check {variable} (run `kitestring doctor`)" if variable else "use one that isn't revoked or expired"
    whose = "my" if variable else "the"
    return Refused(
        f"Buildkite doesn't accept {whose} token: {message}", _format_hint(variable, check), rule="Buildkite's 401"
    )


def _forbidden_error(message: str, variable: str | None) -> Refused:
    scope = _SCOPE.search(message)
    whose = "my" if variable else "the"
    hint = (
        _format_hint(variable, f"add the {scope[1]} scope to the API token")
        if scope
        else f"The user that {whose} API token belongs to lacks this permission in Buildkite."
    )
    return Refused(f"Buildkite refused: {message}", hint, rule="Buildkite's 403")


def _format_hint(variable: str | None, step: str) -> str:
    """Return a hint to the bot's users, who have to ask its operator, or directly to the token's owner."""
    return f"Ask the bot's operator to {step}." if variable else f"{step[0].upper()}{step[1:]}."


def rate_limit_error(response: httpx.Response, requests: str) -> Unavailable:
    """Return the error for a 429, in Buildkite's words; `requests` says whose requests exceeded the limit."""
    after = read_retry_after(response)
    hint = "Try again in a minute." if after is None else f"Try again in {after:.0f} seconds."
    return Unavailable(f"Buildkite is limiting {requests}: {read_message(response)}", hint, retry_after=after)


def _redirect_error(status: int, sent: bool, variable: str | None) -> Unavailable:
    """Return the error for a redirect, never followed because the token must reach only the configured address."""
    place = "BUILDKITE_REST_API_ENDPOINT" if variable else "the endpoint"
    return Unavailable(
        f"Buildkite answered with a redirect ({status}), which I don't follow.",
        _format_hint(variable, f"check {place}, or the proxy in between"),
        sent=sent,
    )


def _server_error(response: httpx.Response, sent: bool) -> Unavailable:
    status = f"{response.status_code} {response.reason_phrase}".strip()
    return Unavailable(
        f"Buildkite is having trouble (it answered {status}).",
        "Try again in a moment, or check https://www.buildkitestatus.com.",
        retry_after=read_retry_after(response),
        sent=sent,
    )
