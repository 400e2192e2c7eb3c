"""Makes, checks, lists and revokes API tokens."""

from __future__ import annotations

from datetime import timedelta

from bot.access.api_tokens.model import ApiToken, hash_token, is_well_formed
from bot.access.api_tokens.queries import find_by_digest, mark_used
from bot.errors import Unauthorized
from bot.runtime.clock import Clock
from bot.slack.people import PeopleDirectory
from bot.slack.types import Standing, Thread
from bot.store.transactions import Store

# The time of the last use is for people who look for unused tokens, so a minute is exact enough.
USE_NOTED_EVERY = timedelta(minutes=1)
GONE = frozenset({Standing.DEACTIVATED, Standing.STRANGER, Standing.BOT})


class ApiTokens:
    """The API tokens of a workspace.

    The database is read on every call, so that a revoked token stops working at once in every replica.
    """

    def __init__(self, store: Store, clock: Clock, people: PeopleDirectory, team: str, command: str) -> None:
        self._store = store
        self._clock = clock
        self._people = people
        self._team = team
        self._command = command

    async def authenticate(self, raw: str) -> ApiToken:
        """Return the valid token that a caller presents. Raise Unauthorized, or Unavailable.

        Who knows the token may learn why it doesn't work any more; who doesn't learns only that it is unknown.
        """
        if not is_well_formed(raw):
            raise Unauthorized("That isn't an API token, or it was copied incompletely.", self._advise())
        async with self._store.read() as tx:
            token = await find_by_digest(tx, self._team, hash_token(raw))
        if token is None:
            raise Unauthorized("I don't know this API token.", self._advise())
        await self._require_valid(token)
        await self._note_use(token)
        return token

    async def _require_valid(self, token: ApiToken) -> None:
        if token.revoked_at is not None:
            raise Unauthorized(f"The API token {token.name} was revoked.", self._advise())
        if token.is_expired(self._clock.now()):
            raise Unauthorized(f"The API token {token.name} expired.", self._advise())
        if token.service is None and await self._is_gone(token):
            raise Unauthorized(
                f"The API token {token.name} belongs to someone who is no longer in the workspace.",
                "Use a token of someone who is, or ask an admin for a service token.",
            )

    async def _is_gone(self, token: ApiToken) -> bool:
        owner = await self._people.find_actor(token.owner, Thread(self._team, token.channel or ""), "rest")
        return owner.standing in GONE

    async def _note_use(self, token: ApiToken) -> None:
        now = self._clock.now()
        if token.used_at is None or now - token.used_at >= USE_NOTED_EVERY:
            async with self._store.write() as tx:
                await mark_used(tx, token.id, now, USE_NOTED_EVERY)

    def _advise(self) -> str:
        return f"Create one in Slack with `{self._command} api-token create`, and send it as a bearer token."
