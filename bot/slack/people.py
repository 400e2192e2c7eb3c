"""Reads people's profiles from Slack, and caches them briefly so that rights end soon after a person leaves."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta

from bot.errors import Unavailable
from bot.runtime.clock import Clock
from bot.slack.api_errors import SlackError
from bot.slack.api_shapes import UserInfo
from bot.slack.queries import find_profile, find_user_by_handle, save_profile
from bot.slack.types import Actor, Profile, Standing, Thread, Via
from bot.slack.user_groups import NamedPeople, UserGroups
from bot.slack.web_client import SlackClient
from bot.store.transactions import Store

# A right may outlive a person's membership for this long. users.info allows over a hundred calls a minute.
# https://docs.slack.dev/reference/methods/users.info
_FRESH = timedelta(minutes=1)
_STALE = timedelta(minutes=5)
# People whose profiles stay in memory; others are read from the database.
_MAX_KNOWN = 500


class PeopleDirectory:
    """Finds people's profiles, cached for a minute, or for five minutes while Slack doesn't answer."""

    def __init__(self, api: SlackClient, store: Store, clock: Clock, team: str, groups: UserGroups) -> None:
        self._api = api
        self._store = store
        self._clock = clock
        self._team = team
        self._groups = groups
        self._known: OrderedDict[str, Profile] = OrderedDict()

    async def find_actor(self, user: str, thread: Thread, via: Via) -> Actor:
        """Return the person who acts. Raise Unavailable if neither Slack nor the cache knows them."""
        profile = await self._find_profile(user)
        member = await self._groups.find_membership(user)
        return Actor(
            id=user,
            name=profile.name,
            team=thread.team,
            standing=profile.standing,
            channel=thread.channel,
            via=via,
            email=profile.email,
            zone=profile.zone,
            handle=profile.handle,
            groups=member.groups,
            unresolved_groups=member.unresolved_groups,
        )

    async def find_email(self, user: str) -> str | None:
        """Return a person's email address if Slack shares it. Raise Unavailable."""
        return (await self._find_profile(user)).email

    async def find_by_name(self, name: str) -> NamedPeople | None:
        """Return the people behind a name in the policy: an ID, the handle of a group, or that of a person.

        None for a handle that the bot hasn't met yet, and for a group while Slack doesn't answer.
        """
        if name.startswith(("U", "W")):
            return NamedPeople(name, frozenset({name}))
        if group := await self._groups.find_group(name):
            return group
        async with self._store.read() as tx:
            user = await find_user_by_handle(tx, self._team, name.removeprefix("@"))
        return NamedPeople(user, frozenset({user})) if user else None

    async def _find_profile(self, user: str) -> Profile:
        profile = self._known.get(user)
        if profile and self._clock.now() - profile.fetched_at < _FRESH:
            return profile
        profile = await self._load_stored(user)
        if profile:
            self._remember(user, profile)
        if profile and self._clock.now() - profile.fetched_at < _FRESH:
            return profile
        try:
            fresh = build_profile(await self._api.read_user(user), self._team, self._clock.now())
        except SlackError as problem:
            if problem.code == "user_not_found":
                return _build_unknown_profile(user, self._clock.now())
            if profile and self._clock.now() - profile.fetched_at < _STALE:
                return profile
            raise Unavailable("I couldn't ask Slack who you are.", "Try again in a moment.") from problem
        await self._save(user, fresh)
        return fresh

    async def _load_stored(self, user: str) -> Profile | None:
        async with self._store.read() as tx:
            return await find_profile(tx, self._team, user)

    def _remember(self, user: str, profile: Profile) -> None:
        self._known[user] = profile
        self._known.move_to_end(user)
        if len(self._known) > _MAX_KNOWN:
            self._known.popitem(last=False)

    async def _save(self, user: str, profile: Profile) -> None:
        async with self._store.write() as tx:
            await save_profile(tx, self._team, user, profile)
        self._remember(user, profile)


def _build_unknown_profile(user: str, now: datetime) -> Profile:
    """Return a profile for a person whom Slack doesn't know in this workspace."""
    return Profile(user, None, None, None, Standing.STRANGER, now)


def build_profile(user: UserInfo, team: str, now: datetime) -> Profile:
    """Return the part of Slack's user object that is stored."""
    return Profile(
        name=user.profile.display_name or user.real_name or user.name or user.id,
        email=user.profile.email,
        zone=user.tz,
        handle=user.name,
        standing=find_standing(user, team),
        fetched_at=now,
    )


def find_standing(user: UserInfo, team: str) -> Standing:
    """Return a person's standing in this workspace. https://docs.slack.dev/reference/objects/user-object"""
    if user.deleted:
        return Standing.DEACTIVATED
    if user.is_bot or user.is_workflow_bot:
        return Standing.BOT
    if user.is_stranger or _is_from_elsewhere(user, team):
        return Standing.STRANGER
    if user.is_restricted or user.is_ultra_restricted:
        return Standing.GUEST
    if user.is_admin or user.is_owner or user.is_primary_owner:
        return Standing.ADMIN
    return Standing.MEMBER


def _is_from_elsewhere(user: UserInfo, team: str) -> bool:
    """Return whether a person belongs to another workspace only.

    In an Enterprise organization `team_id` may be another workspace's, but `enterprise_user.teams` lists all.
    """
    if user.enterprise_user and user.enterprise_user.teams:
        return team not in user.enterprise_user.teams
    return bool(user.team_id) and user.team_id != team
