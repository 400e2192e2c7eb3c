"""Who is in which user group, asked afresh every five minutes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import structlog

from bot.runtime.clock import Clock
from bot.runtime.token_bucket import backoff_seconds
from bot.slack.api_errors import SlackError
from bot.slack.web_client import SlackClient

log = structlog.stdlib.get_logger(__name__)
_FRESH = timedelta(minutes=5)


class Membership(NamedTuple):
    """The groups of somebody, by id and by handle, and those of the policy that nobody can say anything about."""

    groups: frozenset[str] = frozenset()
    unresolved: frozenset[str] = frozenset()


class Groups:
    """`named` are the groups that the policy names: without any, Slack is not asked.

    After a failure Slack is left alone for a while, longer each time, and all groups are unresolved meanwhile.

    https://docs.slack.dev/reference/methods/usergroups.list
    """

    def __init__(self, api: SlackClient, clock: Clock, named: Callable[[], frozenset[str]]) -> None:
        self._api = api
        self._clock = clock
        self._named = named
        self._members: dict[str, frozenset[str]] = {}
        self._asked_at: datetime | None = None
        self._failures = 0
        self._not_before: datetime | None = None
        self._lock = asyncio.Lock()

    async def of(self, user: str) -> Membership:
        """The groups of this person; while Slack does not answer, all are unresolved and help nobody."""
        named = self._named()
        if not named:
            return Membership()
        async with self._lock:
            members = await self._fresh()
        if members is None:
            return Membership(unresolved=named)
        mine = frozenset(group for group, users in members.items() if user in users)
        return Membership(mine, named - members.keys())

    async def _fresh(self) -> Mapping[str, frozenset[str]] | None:
        """Who is in which group, as it was five minutes ago at most; None: Slack does not say."""
        now = self._clock.now()
        if self._asked_at is not None and now - self._asked_at < _FRESH:
            return self._members
        if self._not_before is not None and now < self._not_before:
            return None
        try:
            self._members = members(await self._api.user_groups())
        except SlackError as problem:
            self._failed(problem, now)
            return None
        self._asked_at, self._failures, self._not_before = now, 0, None
        return self._members

    def _failed(self, problem: SlackError, now: datetime) -> None:
        self._failures += 1
        wait = max(problem.retry_after, backoff_seconds(self._failures, base=5))
        self._not_before = now + timedelta(seconds=wait)
        log.warning("user groups not read", code=problem.code, again_in=wait)


def members(groups: list[dict[str, Any]]) -> dict[str, frozenset[str]]:
    """The people of each group that is not disabled, by its id and by its handle."""
    there = [group for group in groups if not group.get("date_delete")]
    by_id = {str(group["id"]): frozenset(group.get("users") or ()) for group in there}
    return by_id | {f"@{str(group['handle']).lower()}": by_id[str(group["id"])] for group in there}
