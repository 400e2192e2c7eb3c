"""Publishes App Homes and keeps those that people open up to date. https://docs.slack.dev/surfaces/app-home"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.access.read_permission import ReadPermission
from bot.errors import Unavailable
from bot.home.contents import HomeContents
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
from bot.home.render import HomeView, render_closed_home, render_home
from bot.runtime.clock import Clock
from bot.runtime.token_bucket import backoff_seconds
from bot.slack.drafts import Draft, Postponement, Withdrawn
from bot.slack.people import PeopleDirectory
from bot.slack.posting import Failed, HomeEdit, Shown
from bot.slack.types import Standing, Thread
from bot.store.transactions import Store, Transactions, Tx

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


@dataclass(frozen=True)
class HomeContent:
    """A home as drawn: the moment whose state it shows, and the digest of its view."""

    at: datetime
    digest: str


class HomeSource:
    """App Homes, as a source of the publisher."""

    label = "home"

    def __init__(
        self,
        store: Transactions,
        clock: Clock,
        people: PeopleDirectory,
        contents: HomeContents,
        permission: ReadPermission,
        command: str,
    ) -> None:
        self._store = store
        self._clock = clock
        self._people = people
        self._contents = contents
        self._permission = permission
        self._command = command
        self._checked_at = -_CHANGE_CHECK_SECONDS

    async def find_due(self, now: datetime) -> Sequence[HomeRow]:
        """Return the homes that are due, after making those due whose contents may have changed."""
        await self._mark_changed(now)
        async with self._store.read() as tx:
            return await find_due_homes(tx, now, _HOMES_PER_TICK)

    async def find_next_due(self, tx: Tx) -> datetime | None:
        """Return when the next home is due."""
        return await find_next_home_due(tx)

    async def _mark_changed(self, now: datetime) -> None:
        since = now - WATCHED_SPAN
        if self._clock.monotonic() - self._checked_at < _CHANGE_CHECK_SECONDS:
            return
        self._checked_at = self._clock.monotonic()
        async with self._store.read() as tx:
            watched = await any_home_opened(tx, since)
        if watched:
            async with self._store.write() as tx:
                await mark_homes_changed(tx, since, now, REDRAW_INTERVAL)

    async def draw(self, home: HomeRow) -> Draft[HomeRow, HomeContent] | Failed | Withdrawn:
        """Gather and render what a person may see; forget the home of a deactivated account."""
        at = self._clock.now()
        try:
            view = await self._render(home)
        except Unavailable as problem:
            return Failed(max(problem.retry_after or 0, backoff_seconds(home.attempts + 1)))
        if view is None:
            return await self._forget(home)
        content = HomeContent(at, view.digest())
        edit = HomeEdit(home.user, view.to_json())
        return Draft(home, edit, content, content.digest == home.shown_digest)

    async def _render(self, home: HomeRow) -> HomeView | None:
        """Return a person's view, or None if their account is deactivated. Raise Unavailable."""
        actor = await self._people.find_actor(home.user, Thread(home.team, ""), "button")
        if actor.standing is Standing.DEACTIVATED:
            return None
        if refused := self._permission.find_blanket_refusal(actor):
            return render_closed_home(refused.message, refused.hint)
        return render_home(await self._contents.gather(actor), now=self._clock.now(), command=self._command)

    async def begin(self, tx: Tx, draft: Draft[HomeRow, HomeContent]) -> None:
        """Record nothing: a home is replaced, never posted, so sending it twice does no harm."""

    async def mark_shown(self, tx: Tx, draft: Draft[HomeRow, HomeContent], _shown: Shown) -> None:
        """Record what the home shows."""
        await mark_home_drawn(tx, draft.row, draft.content.at, draft.content.digest)

    async def postpone(self, tx: Tx, home: HomeRow, postponement: Postponement) -> None:
        """Draw the home later."""
        await postpone_home(tx, home, postponement)

    async def give_up(self, draft: Draft[HomeRow, HomeContent], code: str) -> None:
        """Forget the home, as if it had never been opened."""
        log.warning("home not published", code=code)
        await self._forget(draft.row)

    async def _forget(self, home: HomeRow) -> Withdrawn:
        async with self._store.write() as tx:
            await delete_home(tx, home)
        return Withdrawn()
