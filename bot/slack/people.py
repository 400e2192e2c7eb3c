"""Reads people's profiles from Slack, and caches them briefly so that rights end soon after a person leaves."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bot.errors import Unavailable
from bot.runtime.clock import Clock
from bot.slack.api_errors import SlackError
from bot.slack.queries import find_profile, save_profile
from bot.slack.types import Actor, Standing, Thread, Via
from bot.slack.user_groups import UserGroups
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
        self._known: OrderedDict[str, dict[str, Any]] = OrderedDict()

    async def find_actor(self, user: str, thread: Thread, via: Via) -> Actor:
        """Return the person who acts. Raise Unavailable if neither Slack nor the cache knows them."""
        profile = await self._find_profile(user)
        member = await self._groups.find_membership(user)
        return Actor(
            id=user,
            name=profile["name"],
            team=thread.team,
            standing=Standing(profile["standing"]),
            channel=thread.channel,
            via=via,
            email=profile["email"],
            zone=profile["zone"],
            handle=profile["handle"],
            groups=member.groups,
            unresolved_groups=member.unresolved_groups,
        )

    async def find_email(self, user: str) -> str | None:
        """Return a person's email address if Slack shares it. Raise Unavailable."""
        address: str | None = (await self._find_profile(user))["email"]
        return address

    async def _find_profile(self, user: str) -> dict[str, Any]:
        row = self._known.get(user)
        if row and self._clock.now() - row["fetched_at"] < _FRESH:
            return row
        row = await self._load_stored(user)
        if row:
            self._remember(user, row)
        if row and self._clock.now() - row["fetched_at"] < _FRESH:
            return row
        try:
            fresh = parse_profile(await self._api.read_user(user), self._team)
        except SlackError as problem:
            if problem.code == "user_not_found":
                return _unknown_profile(user)
            if row and self._clock.now() - row["fetched_at"] < _STALE:
                return row
            raise Unavailable("I couldn't ask Slack who you are.", "Try again in a moment.") from problem
        await self._save(user, fresh)
        return fresh

    async def _load_stored(self, user: str) -> dict[str, Any] | None:
        async with self._store.read() as tx:
            return await find_profile(tx, self._team, user)

    def _remember(self, user: str, row: dict[str, Any]) -> None:
        self._known[user] = row
        self._known.move_to_end(user)
        if len(self._known) > _MAX_KNOWN:
            self._known.popitem(last=False)

    async def _save(self, user: str, fresh: dict[str, Any]) -> None:
        values = {**fresh, "fetched_at": self._clock.now()}
        async with self._store.write() as tx:
            await save_profile(tx, self._team, user, values)
        self._remember(user, values)


def _unknown_profile(user: str) -> dict[str, Any]:
    """Return a profile for a person whom Slack doesn't know in this workspace."""
    return {"name": user, "email": None, "zone": None, "handle": None, "standing": Standing.STRANGER.value}


def parse_profile(user: Mapping[str, Any], team: str) -> dict[str, Any]:
    """Return the part of Slack's user object that is stored."""
    details = user.get("profile") or {}
    return {
        "name": details.get("display_name") or user.get("real_name") or user.get("name") or user.get("id", ""),
        "email": details.get("email"),
        "zone": user.get("tz"),
        "handle": user.get("name"),
        "standing": parse_standing(user, team).value,
    }


def parse_standing(user: Mapping[str, Any], team: str) -> Standing:
    """Return a person's standing in this workspace. https://docs.slack.dev/reference/objects/user-object"""
    if user.get("deleted"):
        return Standing.DEACTIVATED
    if user.get("is_bot") or user.get("is_workflow_bot"):
        return Standing.BOT
    if user.get("is_stranger") or _is_from_elsewhere(user, team):
        return Standing.STRANGER
    if user.get("is_restricted") or user.get("is_ultra_restricted"):
        return Standing.GUEST
    if user.get("is_admin") or user.get("is_owner") or user.get("is_primary_owner"):
        return Standing.ADMIN
    return Standing.MEMBER


def _is_from_elsewhere(user: Mapping[str, Any], team: str) -> bool:
    """Return whether a person belongs to another workspace only.

    In an Enterprise organization `team_id` may be another workspace's, but `enterprise_user.teams` lists all.
    """
    teams = (user.get("enterprise_user") or {}).get("teams")
    if teams:
        return team not in teams
    return bool(user.get("team_id")) and user["team_id"] != team
