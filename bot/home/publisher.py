"""Keeps the homes that people look at equal to what is theirs. https://docs.slack.dev/surfaces/app-home"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.access.policy.decide import hopeless
from bot.access.policy.rules import Rules
from bot.errors import KitestringError
from bot.home.contents import READS, HomeContents
from bot.home.queries import (
    HomeRow,
    any_home_opened,
    delete_home,
    find_due_homes,
    find_next_home_due,
    mark_home_drawn,
    mark_home_opened,
    mark_homes_changed,
    postpone_home,
)
from bot.home.render import render_closed_home, render_home, view_digest
from bot.operations.operation import Registry
from bot.runtime.clock import Clock
from bot.runtime.error_boundary import run_guarded
from bot.runtime.token_bucket import backoff_seconds
from bot.slack.api_errors import SlackError
from bot.slack.people import People
from bot.slack.rate_limits import PUBLISH, Pacing
from bot.slack.types import Standing, Thread
from bot.slack.web_client import SlackClient
from bot.store.transactions import Store, Transactions

# One drawing of a home in so many seconds, for those who looked at it within the last week.
PAUSE = timedelta(seconds=10)
WATCHED = timedelta(days=7)
# What has changed is looked for at most this often.
_LOOKS = 2.0
_BATCH = 20
log = structlog.stdlib.get_logger(__name__)


class Openings:
    """Notes who looks at their home, wherever that is heard."""

    def __init__(self, store: Store, clock: Clock, wake: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._wake = wake

    async def note(self, team: str, user: str, *, empty: bool) -> None:
        """It is to be drawn; `empty`: Slack has none of it. Raises Unavailable."""
        async with self._store.write() as tx:
            await mark_home_opened(tx, team, user, self._clock.now(), PAUSE, empty=empty)
        self._wake()


class HomePublisher:
    """The one writer of homes; equal contents are not published again. `sure` raises unless we still are it."""

    def __init__(
        self,
        store: Transactions,
        clock: Clock,
        api: SlackClient,
        pacing: Pacing,
        people: People,
        belongings: HomeContents,
        rules: Callable[[], Rules],
        registry: Registry,
        command: str,
        sure: Callable[[], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._api = api
        self._pacing = pacing
        self._people = people
        self._belongings = belongings
        self._rules = rules
        self._registry = registry
        self._command = command
        self._sure = sure
        self._looked = -_LOOKS

    async def tick(self) -> int:
        """Draw the homes that are due; says how many were published."""
        await self._look()
        async with self._store.read() as tx:
            due = await find_due_homes(tx, self._clock.now(), _BATCH)
        return sum([await self._safely(item) for item in due])

    async def next_at(self) -> datetime | None:
        """When a home is to be looked at."""
        async with self._store.read() as tx:
            return await find_next_home_due(tx)

    async def _look(self) -> None:
        """Find out whose home has changed."""
        now, since = self._clock.now(), self._clock.now() - WATCHED
        if self._clock.monotonic() - self._looked < _LOOKS:
            return
        self._looked = self._clock.monotonic()
        async with self._store.read() as tx:
            watched = await any_home_opened(tx, since)
        if watched:
            async with self._store.write() as tx:
                await mark_homes_changed(tx, since, now, PAUSE)

    async def _safely(self, home: HomeRow) -> bool:
        """A home that cannot be drawn keeps no other waiting."""
        try:
            return await run_guarded(self._bring_up(home), "home")
        except SlackError as problem:
            await self._not_published(home, problem)
        except KitestringError:
            await self._later(home, backoff_seconds(home.attempts + 1), home.attempts + 1)
        return False

    async def _bring_up(self, home: HomeRow) -> bool:
        at = self._clock.now()
        view = await self._view(home)
        if view is None:
            await self._forget(home)
            return False
        shown = view_digest(view)
        if shown != home.shown:
            wait = self._pacing.wait(PUBLISH, "")
            if wait > 0:
                await self._later(home, wait, home.attempts)
                return False
            self._sure()
            self._pacing.take(PUBLISH, "")
            await self._api.publish(home.user, view)
            self._pacing.worked(PUBLISH)
        async with self._store.write() as tx:
            await mark_home_drawn(tx, home, at, shown)
        return shown != home.shown

    async def _view(self, home: HomeRow) -> dict[str, Any] | None:
        """What this person sees; None for somebody who is not here any more."""
        actor = await self._people.actor(home.user, Thread(home.team, ""), "button")
        if actor.standing is Standing.DEACTIVATED:
            return None
        refused = hopeless(self._rules(), actor, self._registry[READS])
        if refused:
            return render_closed_home(refused.message, refused.hint)
        return render_home(await self._belongings.of(actor), now=self._clock.now(), command=self._command)

    async def _not_published(self, home: HomeRow, problem: SlackError) -> None:
        if problem.kind == "refused":
            log.warning("home not published", code=problem.code)
            await self._forget(home)
        elif problem.kind == "limited":
            self._pacing.close(PUBLISH, problem.retry_after)
            await self._later(home, problem.retry_after, home.attempts)
        else:
            wait = max(self._pacing.failed(PUBLISH), backoff_seconds(home.attempts + 1))
            await self._later(home, wait, home.attempts + 1)

    async def _later(self, home: HomeRow, seconds: float, attempts: int) -> None:
        async with self._store.write() as tx:
            await postpone_home(tx, home, self._clock.now() + timedelta(seconds=seconds), attempts)

    async def _forget(self, home: HomeRow) -> None:
        async with self._store.write() as tx:
            await delete_home(tx, home)
