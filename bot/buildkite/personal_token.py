"""A person's own token, and errors that tell that person how to fix it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import httpx
from pydantic import SecretStr

from bot.buildkite import error_responses
from bot.errors import KitestringError, NotFound, Refused

_SCOPE = re.compile(r"doesn.t have the (\w+) scope")


@dataclass(frozen=True)
class Bearer:
    """A person's own token; `command` is the bot's slash command, for hints."""

    secret: SecretStr
    command: str

    @property
    def header(self) -> dict[str, str]:
        """Headers that replace the bot's own token in a request."""
        return {"Authorization": f"Bearer {self.secret.get_secret_value()}"}


def parse_error(response: httpx.Response, subject: str, sent: bool, bearer: Bearer) -> KitestringError | None:
    """Return the error that `response` stands for, or None for a success.

    https://buildkite.com/docs/apis/rest-api#http-status-codes
    """
    message, reconnect = error_responses.read_message(response), _suggest_reconnect(bearer)
    match response.status_code:
        case 401:
            refusal = f"Buildkite doesn't accept your token: {message}"
            return Refused(refusal, f"It was revoked or has expired. {reconnect}", rule="Buildkite's 401")
        case 403:
            return Refused(
                f"Buildkite refused your token: {message}", _explain_refusal(message, reconnect), "Buildkite's 403"
            )
        case 404:
            return NotFound(
                f"Buildkite has no {subject}, or your token can't see it.", f"Buildkite says: {message}"
            )
        case 429:
            return error_responses.rate_limit_error(response, "your token's requests")
        case _:
            return error_responses.parse_error(response, subject, sent)


def _explain_refusal(message: str, reconnect: str) -> str:
    scope = _SCOPE.search(message)
    if scope:
        return f"It lacks the {scope[1]} scope. {reconnect}"
    return f"Your Buildkite user lacks this permission. {reconnect}"


def _suggest_reconnect(bearer: Bearer) -> str:
    return f"Connect another with `{bearer.command} connect`, or use mine again: `{bearer.command} disconnect`."
