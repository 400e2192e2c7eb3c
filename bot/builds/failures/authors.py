"""Who in the workspace a build belongs to: by e-mail address alone, never by a name that looks alike."""

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

# Seconds for which Slack is not asked again for an address that it does not know, and how many are remembered.
_UNKNOWN_FOR = 3600.0
_UNKNOWN = 1000
_HERE = frozenset({Standing.ADMIN, Standing.MEMBER, Standing.GUEST})


def nobody() -> Mapping[str, str]:
    """The default of what is said of addresses that differ."""
    return {}


class Authors:
    """Finds the author of a build, else whoever started it.

    `said` gives Slack user ids by e-mail address in lower case, for people whose address at Buildkite or in their
    commits is another one: it is believed before Slack is asked.
    https://docs.slack.dev/reference/methods/users.lookupByEmail
    """

    def __init__(
        self,
        api: SlackClient,
        people: PeopleDirectory,
        store: Transactions,
        clock: Clock,
        team: str,
        said: Callable[[], Mapping[str, str]] = nobody,
    ) -> None:
        self._api = api
        self._people = people
        self._store = store
        self._clock = clock
        self._team = team
        self._said = said
        self._unknown: dict[str, float] = {}

    async def of(self, build: Build) -> str | None:
        """The Slack user id of a person of this workspace; None for bots, strangers and those who have left.

        Raises Unavailable while Slack does not say.
        """
        for somebody in (build.author, build.creator):
            address = _address(somebody)
            if address:
                return await self._by_email(address)
        return None

    async def _by_email(self, address: str) -> str | None:
        user = self._said().get(address)
        if user is None:
            user = await self._kept(address) or await self._asked(address)
        return user if user and await self._is_here(user) else None

    async def _is_here(self, user: str) -> bool:
        actor = await self._people.find_actor(user, Thread(self._team, ""), "schedule")
        return actor.standing in _HERE

    async def _kept(self, address: str) -> str | None:
        """Somebody with that address whose profile was read lately, and still has it."""
        async with self._store.read() as tx:
            users = await find_users_by_email(tx, self._team, address)
        if len(users) != 1:
            return None
        actor = await self._people.find_actor(users[0], Thread(self._team, ""), "schedule")
        return actor.id if (actor.email or "").lower() == address else None

    async def _asked(self, address: str) -> str | None:
        if self._clock.monotonic() < self._unknown.get(address, 0.0):
            return None
        try:
            return str((await self._api.user_by_email(address))["id"])
        except SlackError as problem:
            if problem.kind != "refused":
                raise Unavailable(
                    "I could not ask Slack whose build that is.", retry_after=problem.retry_after
                ) from problem
        self._forget_some()
        self._unknown[address] = self._clock.monotonic() + _UNKNOWN_FOR
        return None

    def _forget_some(self) -> None:
        """The ones that were asked for longest ago."""
        while len(self._unknown) >= _UNKNOWN:
            del self._unknown[next(iter(self._unknown))]


def _address(somebody: Person | None) -> str:
    return ((somebody.email if somebody else None) or "").strip().lower()
