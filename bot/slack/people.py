"""Who somebody is, asked afresh often enough that rights do not outlive a person's place in the workspace."""

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
from bot.slack.user_groups import Groups
from bot.slack.web_client import SlackClient
from bot.store.transactions import Store

# How long a right may outlive a person's place in the workspace: https://docs.slack.dev/reference/methods/users.info
# may be asked more than a hundred times a minute.
_FRESH = timedelta(minutes=1)
_STALE = timedelta(minutes=5)
# So many people are kept at hand.
_MOST = 500


class People:
    """Slack's people, kept for a minute; for five while Slack does not answer."""

    def __init__(self, api: SlackClient, store: Store, clock: Clock, team: str, groups: Groups) -> None:
        self._api = api
        self._store = store
        self._clock = clock
        self._team = team
        self._groups = groups
        self._known: OrderedDict[str, dict[str, Any]] = OrderedDict()

    async def actor(self, user: str, thread: Thread, via: Via) -> Actor:
        """Who acts. Raises Unavailable when nobody can say who that is."""
        profile = await self._profile(user)
        member = await self._groups.of(user)
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
            unresolved=member.unresolved,
        )

    async def email(self, user: str) -> str | None:
        """The address that Slack shows of somebody. Raises Unavailable."""
        address: str | None = (await self._profile(user))["email"]
        return address

    async def _profile(self, user: str) -> dict[str, Any]:
        row = self._known.get(user)
        if row and self._clock.now() - row["fetched_at"] < _FRESH:
            return row
        row = await self._kept(user)
        if row:
            self._remember(user, row)
        if row and self._clock.now() - row["fetched_at"] < _FRESH:
            return row
        try:
            fresh = profile(await self._api.user(user), self._team)
        except SlackError as problem:
            if problem.code == "user_not_found":
                return _nobody(user)
            if row and self._clock.now() - row["fetched_at"] < _STALE:
                return row
            raise Unavailable("I could not ask Slack who you are.", "Try again in a moment.") from problem
        await self._keep(user, fresh)
        return fresh

    async def _kept(self, user: str) -> dict[str, Any] | None:
        async with self._store.read() as tx:
            return await find_profile(tx, self._team, user)

    def _remember(self, user: str, row: dict[str, Any]) -> None:
        self._known[user] = row
        self._known.move_to_end(user)
        if len(self._known) > _MOST:
            self._known.popitem(last=False)

    async def _keep(self, user: str, fresh: dict[str, Any]) -> None:
        values = {**fresh, "fetched_at": self._clock.now()}
        async with self._store.write() as tx:
            await save_profile(tx, self._team, user, values)
        self._remember(user, values)


def _nobody(user: str) -> dict[str, Any]:
    """Somebody whom Slack does not know here."""
    return {"name": user, "email": None, "zone": None, "handle": None, "standing": Standing.STRANGER.value}


def profile(user: Mapping[str, Any], team: str) -> dict[str, Any]:
    """The little that is kept of a person."""
    details = user.get("profile") or {}
    return {
        "name": details.get("display_name") or user.get("real_name") or user.get("name") or user.get("id", ""),
        "email": details.get("email"),
        "zone": user.get("tz"),
        "handle": user.get("name"),
        "standing": standing(user, team).value,
    }


def standing(user: Mapping[str, Any], team: str) -> Standing:
    """What somebody is in this workspace. https://docs.slack.dev/reference/objects/user-object"""
    if user.get("deleted"):
        return Standing.DEACTIVATED
    if user.get("is_bot") or user.get("is_workflow_bot"):
        return Standing.BOT
    if user.get("is_stranger") or _elsewhere(user, team):
        return Standing.STRANGER
    if user.get("is_restricted") or user.get("is_ultra_restricted"):
        return Standing.GUEST
    if user.get("is_admin") or user.get("is_owner") or user.get("is_primary_owner"):
        return Standing.ADMIN
    return Standing.MEMBER


def _elsewhere(user: Mapping[str, Any], team: str) -> bool:
    """Somebody of another workspace; in an organization, `enterprise_user.teams` lists the ones they are in."""
    teams = (user.get("enterprise_user") or {}).get("teams")
    if teams:
        return team not in teams
    return bool(user.get("team_id")) and user["team_id"] != team
