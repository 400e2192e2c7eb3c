"""Links that people paste, drawn below their message: only where everybody who reads along may see it.

https://docs.slack.dev/messaging/unfurling-links-in-messages
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

import structlog

from bot.access.accounts.service import Accounts
from bot.access.channel_access import ChannelAccess
from bot.access.policy.decide import decide
from bot.access.policy.rules import Allow, Rules, Target
from bot.buildkite.catalog import Catalog
from bot.buildkite.client import Buildkite
from bot.buildkite.models import Build
from bot.builds.cards.queries import ensure_card
from bot.builds.fold.build_fold import BuildFold
from bot.builds.links.render import BUILDS_SHOWN, render_pipeline_preview
from bot.errors import KitestringError
from bot.history.queries import are_webhooks_arriving
from bot.operations.addresses import Address, address
from bot.operations.choices import new_choice_id
from bot.operations.operation import Registry
from bot.runtime.clock import Clock
from bot.runtime.error_boundary import run_guarded
from bot.slack.blockkit.blocks import Message
from bot.slack.people import PeopleDirectory
from bot.slack.rate_limits import UNFURL, Pacing
from bot.slack.types import Actor, Thread
from bot.slack.web_client import SlackClient
from bot.store.transactions import Store

# So many links of one message; whoever pastes more wants no previews.
_LINKS = 5
_LISTED = 20
_READS = "build view"
Place = tuple[str, str, str]
log = structlog.stdlib.get_logger(__name__)


class Unfurling:
    """Whoever pasted the link has to be allowed to read it there; nobody is told of what is not shown."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        api: SlackClient,
        pacing: Pacing,
        people: PeopleDirectory,
        places: ChannelAccess,
        accounts: Accounts,
        rules: Callable[[], Rules],
        registry: Registry,
        buildkite: Buildkite,
        catalog: Catalog,
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._api = api
        self._pacing = pacing
        self._people = people
        self._places = places
        self._accounts = accounts
        self._rules = rules
        self._registry = registry
        self._buildkite = buildkite
        self._catalog = catalog
        self._wake = wake

    async def shared(self, place: Place, user: str, urls: tuple[str, ...]) -> None:
        """Links in a message (team, channel, ts) of this person; nothing is raised."""
        ours = [(url, found) for url in urls if (found := self._ours(url))]
        for url, found in ours[:_LINKS]:
            try:
                await run_guarded(self._link(place, user, url, found), "unfurl")
            except KitestringError as error:
                log.info("link not drawn", error=type(error).__name__)

    def _ours(self, url: str) -> Address | None:
        found = address(url)
        return found if found and found.org == self._buildkite.organization and found.pipeline else None

    async def _link(self, place: Place, user: str, url: str, found: Address) -> None:
        team, channel, _ts = place
        if not await self._places.allows_unfurls(channel):
            return
        actor = await self._people.find_actor(user, Thread(team, channel), "mention")
        slug = str(found.pipeline)
        if found.number is None:
            await self._pipeline(place, actor, url, slug)
        elif self._perhaps(actor, slug):
            own = await self._accounts.of(team, user)
            build = await (own.buildkite if own else self._buildkite).build(slug, int(found.number))
            if self._may_read(actor, build):
                await self._build(place, user, url, build, found.job)

    def _perhaps(self, actor: Actor, pipeline: str) -> bool:
        """Whether somebody may read a build of it, on whatever branch: nothing is looked up for others."""
        rules = self._rules()
        return rules.depends_on_branch(pipeline) or self._reads(actor, Target(pipeline))

    def _may_read(self, actor: Actor, build: Build) -> bool:
        return self._reads(actor, Target(build.ref.pipeline, build.branch))

    def _reads(self, actor: Actor, target: Target) -> bool:
        verdict = decide(self._rules(), actor, self._registry[_READS], target, self._clock.now())
        return isinstance(verdict, Allow)

    async def _build(self, place: Place, user: str, url: str, build: Build, job: str | None) -> None:
        """It is a card from here on, which the writer draws and keeps up; said twice it is one."""
        team, channel, ts = place
        named = next((item for item in build.jobs if job and item.id == job), None)
        if job and named is None:
            job = None  # a job that was retried away: the build tells of it
        unfurl = {"url": url, "by": user, **({"job": job} if job else {})}
        there = Thread(team, channel, _mark(ts, job))
        async with self._store.write() as tx:
            now = self._clock.now()
            rules = BuildFold(now, await are_webhooks_arriving(tx, now))
            await rules.track(tx, build, there, None, new_choice_id(), origin="unfurled", ts=ts, unfurl=unfurl)
        self._wake()

    async def _pipeline(self, place: Place, actor: Actor, url: str, slug: str) -> None:
        """A pipeline is drawn once, as it is now."""
        if not self._reads(actor, Target(slug)):
            return
        own = await self._accounts.of(actor.team, actor.id)
        catalog, buildkite = (own.catalog, own.buildkite) if own else (self._catalog, self._buildkite)
        pipeline = await catalog.find_pipeline(slug)
        listed = [build async for build in buildkite.builds(pipeline.slug, limit=_LISTED)]
        builds = list(islice((item for item in listed if self._may_read(actor, item)), BUILDS_SHOWN))
        if self._pacing.compute_wait(UNFURL, "") <= 0 and await self._first(place, pipeline.slug, url):
            await self._draw(place, url, render_pipeline_preview(pipeline, builds, url))

    async def _first(self, place: Place, slug: str, url: str) -> bool:
        """Whether nobody has drawn it there yet: a row that is never due says so from now on."""
        team, channel, ts = place
        done: dict[str, Any] = {"origin": "unfurled", "state": "retired", "ts": ts, "due_at": None}
        async with self._store.write() as tx:
            mark, there = new_choice_id(), Thread(team, channel, _mark(ts, None))
            card = await ensure_card(
                tx, mark, f"pipeline:{slug}", there, None, self._clock.now(), unfurl={"url": url}, **done
            )
        return card.id == mark

    async def _draw(self, place: Place, url: str, message: Message) -> None:
        _team, channel, ts = place
        self._pacing.take(UNFURL, "")
        await self._api.unfurl(channel, ts, url, message)


def _mark(ts: str, job: str | None) -> str:
    """In place of a thread: a preview is in nobody's way there, neither a card's nor another preview's."""
    return f"unfurl:{ts}:{job}" if job else f"unfurl:{ts}"
