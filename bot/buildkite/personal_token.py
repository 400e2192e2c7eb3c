"""Errors of a token that is a person's own: whose it is, and how that person mends it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import httpx
from pydantic import SecretStr

from bot.buildkite import responses
from bot.errors import KitestringError, NotFound, Refused

_SCOPE = re.compile(r"doesn.t have the (\w+) scope")


@dataclass(frozen=True)
class Bearer:
    """A person's own token; `command` is the slash command that connects another."""

    secret: SecretStr
    command: str

    @property
    def header(self) -> dict[str, str]:
        """What goes with a request in place of the bot's own token."""
        return {"Authorization": f"Bearer {self.secret.get_secret_value()}"}


def error(response: httpx.Response, what: str, sent: bool, bearer: Bearer) -> KitestringError | None:
    """The error that `response` is; None for a success.

    https://buildkite.com/docs/apis/rest-api#http-status-codes
    """
    words, mend = responses.said(response), _mend(bearer)
    match response.status_code:
        case 401:
            said = f"Buildkite does not accept your own token: {words}"
            return Refused(said, f"It was revoked, or has expired. {mend}", rule="Buildkite's 401")
        case 403:
            return Refused(f"Buildkite refused your own token: {words}", _lacks(words, mend), "Buildkite's 403")
        case 404:
            return NotFound(f"Buildkite has no {what}, or your own token may not see it.", f"It says: {words}")
        case 429:
            return responses.limited(response, "your own token's requests")
        case _:
            return responses.error(response, what, sent)


def _lacks(words: str, mend: str) -> str:
    scope = _SCOPE.search(words)
    if scope:
        return f"It lacks the scope {scope[1]}. {mend}"
    return f"Your user lacks this permission at Buildkite. {mend}"


def _mend(bearer: Bearer) -> str:
    return f"Connect another with `{bearer.command} connect`, or go on with mine: `{bearer.command} disconnect`."
