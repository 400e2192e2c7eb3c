"""Finds who acts: a person, or a program with a person's or a service's API token."""

from __future__ import annotations

from bot.access.api_tokens.service import ApiTokens
from bot.access.policy.token_limits import TOKEN_RULE
from bot.errors import Refused, Unauthorized
from bot.operations.invocation import Invocation, Request
from bot.slack.people import PeopleDirectory
from bot.slack.types import PROGRAM_WAYS, Actor


class Actors:
    """Finds the actor of a request, anew each time: rights end at once with a membership or a token."""

    def __init__(self, people: PeopleDirectory, api_tokens: ApiTokens) -> None:
        self._people = people
        self._api_tokens = api_tokens

    async def find(self, request: Request | Invocation) -> Actor:
        """Return who acts. Raise Refused if their API token is no longer valid, or agents are stopped.

        Raise Unavailable if Slack doesn't say who it is.
        """
        if not request.flags.token:
            if request.via in PROGRAM_WAYS:
                await self._api_tokens.require_not_stopped(request.user)
            return await self._people.find_actor(request.user, request.thread, request.via)
        try:
            return await self._api_tokens.find_actor(request.flags.token, request.thread, request.via)
        except Unauthorized as error:
            raise Refused(error.message, error.hint, TOKEN_RULE) from error

    async def find_past(self, invocation: Invocation) -> Actor:
        """Return who acted, whether or not their API token is still valid, to find out what became of it."""
        token = invocation.flags.token
        if token:
            try:
                return await self._api_tokens.find_actor(token, invocation.thread, invocation.via, checked=False)
            except Unauthorized:
                pass  # the row is gone; its owner is known
        return await self._people.find_actor(invocation.user, invocation.thread, invocation.via)
