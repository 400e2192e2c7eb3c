"""Finds the Slack user of a build's author, by email address alone: similar names are too easy to confuse."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.buildkite.models import Build, Person
from bot.errors import Unavailable
from bot.runtime.clock import Clock
from bot.slack.api_errors import SlackError
from bot.slack.people import PeopleDirectory
from bot.slack.queries import find_users_by_email
from bot.slack.types import Standing, Thread
from bot.slack.web_client import SlackClient
from bot.store.transactions import Transactions

# Seconds before Slack is asked again for an address that it doesn't know, and the number of such addresses kept.
_UNKNOWN_SECONDS = 3600.0
_MAX_UNKNOWN = 1000
_IN_WORKSPACE = frozenset({Standing.ADMIN, Standing.MEMBER, Standing.GUEST})


def no_overrides() -> Mapping[str, str]:
    """Return no overrides: the default if the settings name no differing addresses."""
    return {}


class Authors:
    """Finds the author of a build, or the person who started it.

    `overrides` returns Slack user ids by lower-case email address, for people whose address in Buildkite or in
    their commits differs from the one in Slack; it takes precedence over Slack.
    https://docs.slack.dev/reference/methods/users.lookupByEmail
    """

    def __init__(
        self,
        api: SlackClient,
        people: PeopleDirectory,
        store: Transactions,
        clock: Clock,
        team: str,
        overrides: Callable[[], Mapping[str, str]] = no_overrides,
    ) -> None:
        self._api = api
        self._people = people
        self._store = store
        self._clock = clock
        self._team = team
        self._overrides = overrides
        self._unknown: dict[str, float] = {}

    async def find_author(self, build: Build) -> str | None:
        """Return the Slack user id of a member of this workspace; None for bots, strangers and former members.

        Raise Unavailable while Slack doesn't answer.
        """
        for person in (build.author, build.creator):
            address = _normalize_email(person)
            if address:
                return await self._find_by_email(address)
        return None

    async def _find_by_email(self, address: str) -> str | None:
        user = self._overrides().get(address)
        if user is None:
            user = await self._find_stored(address) or await self._ask_slack(address)
        return user if user and await self._is_in_workspace(user) else None

    async def _is_in_workspace(self, user: str) -> bool:
        actor = await self._people.find_actor(user, Thread(self._team, ""), "schedule")
        return actor.standing in _IN_WORKSPACE

    async def _find_stored(self, address: str) -> str | None:
        """Return the user whose stored profile has this address, if their current profile still has it."""
        async with self._store.read() as tx:
            users = await find_users_by_email(tx, self._team, address)
        if len(users) != 1:
            return None
        actor = await self._people.find_actor(users[0], Thread(self._team, ""), "schedule")
        return actor.id if (actor.email or "").lower() == address else None

    async def _ask_slack(self, address: str) -> str | None:
        if self._clock.monotonic() < self._unknown.get(address, 0.0):
            return None
        try:
            return await self._api.find_user_by_email(address)
        except SlackError as problem:
            if problem.kind != "refused":
                raise Unavailable(
                    "I couldn't ask Slack whose build this is.", retry_after=problem.retry_after
                ) from problem
        self._forget_oldest()
        self._unknown[address] = self._clock.monotonic() + _UNKNOWN_SECONDS
        return None

    def _forget_oldest(self) -> None:
        """Forget the addresses that were asked for longest ago."""
        while len(self._unknown) >= _MAX_UNKNOWN:
            del self._unknown[next(iter(self._unknown))]


def _normalize_email(person: Person | None) -> str:
    return ((person.email if person else None) or "").strip().lower()
