"""Publishes App Homes and keeps those that people open up to date. https://docs.slack.dev/surfaces/app-home"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.access.policy.decide import find_blanket_refusal
from bot.access.policy.rules import Rules
from bot.errors import KitestringError
from bot.home.contents import VIEW_OPERATION, HomeContents
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
from bot.slack.people import PeopleDirectory
from bot.slack.rate_limits import PUBLISH, Pacing
from bot.slack.types import Standing, Thread
from bot.slack.web_client import SlackClient
from bot.store.transactions import Store, Transactions

# A home is published at most once in this time, and kept up to date for a week after its owner last opened it:
# Slack doesn't say when people look away, and `views.publish` is limited for all homes together.
REDRAW_INTERVAL = timedelta(seconds=10)
WATCHED_SPAN = timedelta(days=7)
# Seconds between searches for homes that have changed: the query reads every home opened within the week.
_CHANGE_CHECK_SECONDS = 2.0
_HOMES_PER_TICK = 20
log = structlog.stdlib.get_logger(__name__)


class HomeOpenings:
    """Records who opens their home. Any replica may receive that event; only the leader publishes."""

    def __init__(self, store: Store, clock: Clock, wake: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._wake = wake

    async def mark_opened(self, team: str, user: str, *, empty: bool) -> None:
        """Make a home due; `empty` means that Slack shows nothing yet. Raise Unavailable."""
        async with self._store.write() as tx:
            await mark_home_opened(tx, team, user, self._clock.now(), REDRAW_INTERVAL, empty=empty)
        self._wake()


class HomePublisher:
    """Publishes homes; equal contents aren't published again.

    `require_leadership` raises if this process is no longer the leader.
    """

    def __init__(
        self,
        store: Transactions,
        clock: Clock,
        api: SlackClient,
        pacing: Pacing,
        people: PeopleDirectory,
        contents: HomeContents,
        rules: Callable[[], Rules],
        registry: Registry,
        command: str,
        require_leadership: Callable[[], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._api = api
        self._pacing = pacing
        self._people = people
        self._contents = contents
        self._rules = rules
        self._registry = registry
        self._command = command
        self._require_leadership = require_leadership
        self._checked_at = -_CHANGE_CHECK_SECONDS

    async def tick(self) -> int:
        """Publish the homes that are due; return how many were published."""
        await self._mark_changed()
        async with self._store.read() as tx:
            due = await find_due_homes(tx, self._clock.now(), _HOMES_PER_TICK)
        return sum([await self._try_publish(home) for home in due])

    async def next_at(self) -> datetime | None:
        """Return when the next home is due."""
        async with self._store.read() as tx:
            return await find_next_home_due(tx)

    async def _mark_changed(self) -> None:
        """Make homes due whose contents may have changed."""
        now, since = self._clock.now(), self._clock.now() - WATCHED_SPAN
        if self._clock.monotonic() - self._checked_at < _CHANGE_CHECK_SECONDS:
            return
        self._checked_at = self._clock.monotonic()
        async with self._store.read() as tx:
            watched = await any_home_opened(tx, since)
        if watched:
            async with self._store.write() as tx:
                await mark_homes_changed(tx, since, now, REDRAW_INTERVAL)

    async def _try_publish(self, home: HomeRow) -> bool:
        """Publish a home; if that fails, postpone it, so that the others don't have to wait."""
        try:
            return await run_guarded(self._publish(home), "home")
        except SlackError as problem:
            await self._handle_failure(home, problem)
        except KitestringError:
            await self._postpone(home, backoff_seconds(home.attempts + 1), home.attempts + 1)
        return False

    async def _publish(self, home: HomeRow) -> bool:
        at = self._clock.now()
        view = await self._render(home)
        if view is None:
            await self._forget(home)
            return False
        shown = view_digest(view)
        if shown != home.shown_digest:
            wait = self._pacing.compute_wait(PUBLISH, "")
            if wait > 0:
                await self._postpone(home, wait, home.attempts)
                return False
            self._require_leadership()
            self._pacing.take(PUBLISH, "")
            await self._api.publish(home.user, view)
            self._pacing.note_success(PUBLISH)
        async with self._store.write() as tx:
            await mark_home_drawn(tx, home, at, shown)
        return shown != home.shown_digest

    async def _render(self, home: HomeRow) -> dict[str, Any] | None:
        """Return a person's view, or None if their account is deactivated."""
        actor = await self._people.find_actor(home.user, Thread(home.team, ""), "button")
        if actor.standing is Standing.DEACTIVATED:
            return None
        refused = find_blanket_refusal(self._rules(), actor, self._registry[VIEW_OPERATION])
        if refused:
            return render_closed_home(refused.message, refused.hint)
        return render_home(await self._contents.gather(actor), now=self._clock.now(), command=self._command)

    async def _handle_failure(self, home: HomeRow, problem: SlackError) -> None:
        if problem.kind == "refused":
            log.warning("home not published", code=problem.code)
            await self._forget(home)
        elif problem.kind == "limited":
            self._pacing.close(PUBLISH, problem.retry_after)
            await self._postpone(home, problem.retry_after, home.attempts)
        else:
            wait = max(self._pacing.note_failure(PUBLISH), backoff_seconds(home.attempts + 1))
            await self._postpone(home, wait, home.attempts + 1)

    async def _postpone(self, home: HomeRow, seconds: float, attempts: int) -> None:
        async with self._store.write() as tx:
            await postpone_home(tx, home, self._clock.now() + timedelta(seconds=seconds), attempts)

    async def _forget(self, home: HomeRow) -> None:
        async with self._store.write() as tx:
            await delete_home(tx, home)
