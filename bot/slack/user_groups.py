"""Reads the members of user groups from Slack, at most every five minutes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from bot.runtime.clock import Clock
from bot.runtime.token_bucket import backoff_seconds
from bot.slack.api_errors import SlackError
from bot.slack.api_shapes import UserGroupInfo
from bot.slack.web_client import SlackClient

log = structlog.stdlib.get_logger(__name__)
_FRESH = timedelta(minutes=5)


class Membership(NamedTuple):
    """A person's groups by ID and handle, and groups named in the policy whose members couldn't be read."""

    groups: frozenset[str] = frozenset()
    unresolved_groups: frozenset[str] = frozenset()


class NamedPeople(NamedTuple):
    """A user group or a person that a rule names: the id, and the ids of the people."""

    id: str
    users: frozenset[str]


class UserGroups:
    """Finds people's user groups; `named` returns those in the policy, without which Slack isn't asked.

    After a failure Slack isn't asked for a while, longer each time, and all groups are unresolved meanwhile.

    https://docs.slack.dev/reference/methods/usergroups.list
    """

    def __init__(self, api: SlackClient, clock: Clock, named: Callable[[], frozenset[str]]) -> None:
        self._api = api
        self._clock = clock
        self._named = named
        self._members: dict[str, frozenset[str]] = {}
        self._ids: dict[str, str] = {}
        self._asked_at: datetime | None = None
        self._failures = 0
        self._not_before: datetime | None = None
        self._lock = asyncio.Lock()

    async def find_membership(self, user: str) -> Membership:
        """Return a person's groups. While Slack doesn't answer, all are unresolved and grant nothing."""
        named = self._named()
        if not named:
            return Membership()
        async with self._lock:
            members = await self._read_members()
        if members is None:
            return Membership(unresolved_groups=named)
        mine = frozenset(group for group, users in members.items() if user in users)
        return Membership(mine, named - members.keys())

    async def find_group(self, name: str) -> NamedPeople | None:
        """Return a group by ID or handle; None if there's none or Slack doesn't answer."""
        async with self._lock:
            members = await self._read_members()
        users = members.get(name) if members else None
        return None if users is None else NamedPeople(self._ids.get(name, name), users)

    async def _read_members(self) -> Mapping[str, frozenset[str]] | None:
        """Return the members of each group, at most five minutes old; None if Slack doesn't answer."""
        now = self._clock.now()
        if self._asked_at is not None and now - self._asked_at < _FRESH:
            return self._members
        if self._not_before is not None and now < self._not_before:
            return None
        try:
            groups = await self._api.list_user_groups()
        except SlackError as problem:
            self._note_failure(problem, now)
            return None
        self._members = map_members(groups)
        self._ids = {f"@{group.handle.lower()}": group.id for group in groups if not group.date_delete}
        self._asked_at, self._failures, self._not_before = now, 0, None
        return self._members

    def _note_failure(self, problem: SlackError, now: datetime) -> None:
        self._failures += 1
        wait = max(problem.retry_after, backoff_seconds(self._failures, base=5))
        self._not_before = now + timedelta(seconds=wait)
        log.warning("user groups not read", code=problem.code, again_in=wait)


def map_members(groups: Iterable[UserGroupInfo]) -> dict[str, frozenset[str]]:
    """Return the members of each active group, by the group's ID and by its handle."""
    active = [(group, frozenset(group.users)) for group in groups if not group.date_delete]
    by_id = {group.id: users for group, users in active}
    return by_id | {f"@{group.handle.lower()}": users for group, users in active}
