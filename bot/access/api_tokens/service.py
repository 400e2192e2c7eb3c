"""Makes, checks, lists and revokes API tokens."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

from bot.access.api_tokens.agent_switch import AgentSwitch
from bot.access.api_tokens.model import ApiToken, hash_token, is_well_formed
from bot.access.api_tokens.queries import find_by_digest, find_token, mark_used
from bot.access.channel_access import ChannelAccess
from bot.errors import Unauthorized, Unavailable
from bot.runtime.clock import Clock
from bot.slack.people import PeopleDirectory
from bot.slack.types import Actor, Standing, Thread, Via
from bot.store.transactions import Store

# The time of the last use is for people who look for unused tokens, so a minute is exact enough.
USE_NOTED_EVERY = timedelta(minutes=1)
# As long as a profile counts as fresh.
_SIGHT_SECONDS = 60.0
GONE = frozenset({Standing.DEACTIVATED, Standing.STRANGER, Standing.BOT})


class _Sight(NamedTuple):
    """Slack's last answer to whether an owner can read a channel."""

    at: float
    sees: bool


class ApiTokens:
    """The API tokens of a workspace.

    The database is read on every call, so that a revoked token stops working at once in every replica.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        people: PeopleDirectory,
        channel_access: ChannelAccess,
        agents: AgentSwitch,
        team: str,
        command: str,
    ) -> None:
        self._store = store
        self._clock = clock
        self._people = people
        self._channel_access = channel_access
        self._agents = agents
        self._seen_channels: dict[tuple[str, str], _Sight] = {}
        self._team = team
        self._command = command

    async def authenticate(self, raw: str) -> ApiToken:
        """Return a caller's valid token. Raise Unauthorized, Unavailable, or Refused while agents are stopped.

        Who knows the token may learn why it doesn't work any more; who doesn't learns only that it is unknown.
        """
        if not is_well_formed(raw):
            raise Unauthorized("That isn't an API token, or it was copied incompletely.", self._advise())
        async with self._store.read() as tx:
            token = await find_by_digest(tx, self._team, hash_token(raw))
        if token is None:
            raise Unauthorized("I don't know this API token.", self._advise())
        await self._require_valid(token)
        if token.is_stale(self._clock.now()):
            raise Unauthorized(f"The API token {token.name} has to be renewed.", "Use its refresh token.")
        await self.require_not_stopped(token.owner)
        await self._note_use(token)
        return token

    async def find_actor(self, token_id: str, thread: Thread, via: Via, *, checked: bool = True) -> Actor:
        """Return who acts with a token from a place: its owner or service as they stand now, within its limits.

        Raise Unauthorized if it was revoked or has expired, and Refused if agents are stopped, even after the
        request was accepted or approved; without `checked` only Unauthorized if it's unknown.
        """
        async with self._store.read() as tx:
            token = await find_token(tx, self._team, token_id)
        if token is None:
            raise Unauthorized("The API token of this request is gone.", self._advise())
        if checked:
            self._require_in_force(token)
            await self.require_not_stopped(token.owner)
        if token.service is not None:
            return _build_service_actor(token, thread, via)
        owner = await self._people.find_actor(token.owner, thread, via)
        channel = thread.channel if await self._sees(token.owner, thread.channel) else ""
        return replace(owner, channel=channel, name=token.name_agent(owner.name), limits=token.limits)

    async def require_not_stopped(self, owner: str) -> None:
        """Raise Refused while nothing may act for that person but they themselves."""
        await self._agents.require_on(owner)

    async def _sees(self, owner: str, channel: str) -> bool:
        """Return whether the owner could ask from a channel: only then do grants count that are limited to it.

        In Slack that needs no check, because nobody can type where they aren't. While Slack doesn't say, they
        can't.
        """
        if not channel:
            return False
        last = self._seen_channels.get((owner, channel))
        if last is None or self._clock.monotonic() - last.at >= _SIGHT_SECONDS:
            try:
                sees = await self._channel_access.can_read(channel, owner)
            except Unavailable:
                return False
            last = _Sight(self._clock.monotonic(), sees)
            self._seen_channels[(owner, channel)] = last
        return last.sees

    async def _require_valid(self, token: ApiToken) -> None:
        self._require_in_force(token)
        if token.service is None and await self._is_gone(token):
            raise Unauthorized(
                f"The API token {token.name} belongs to someone who is no longer in the workspace.",
                "Use a token of someone who is, or ask an admin for a service token.",
            )

    def _require_in_force(self, token: ApiToken) -> None:
        if token.revoked_at is not None:
            raise Unauthorized(f"The API token {token.name} was revoked.", self._advise())
        if token.is_expired(self._clock.now()):
            raise Unauthorized(f"The API token {token.name} has expired.", self._advise())

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


def _build_service_actor(token: ApiToken, thread: Thread, via: Via) -> Actor:
    """Return a service, which has only its group: neither its maker's rights nor their Buildkite account.

    It's in no channel but the one that an admin chose for it.
    """
    return Actor(
        id=token.group,
        name=token.name_agent(""),
        team=thread.team,
        standing=Standing.SERVICE,
        channel=thread.channel if thread.channel == token.channel else "",
        via=via,
        groups=frozenset({token.group}),
        limits=token.limits,
    )
