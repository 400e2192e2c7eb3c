"""Unfurls links that people paste, if everyone who can read the channel may see what the preview shows.

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
from bot.operations.addresses import Address, parse_buildkite_url
from bot.operations.choices import make_choice_id
from bot.operations.operation import Registry
from bot.runtime.clock import Clock
from bot.runtime.error_boundary import run_guarded
from bot.slack.blockkit.blocks import Message
from bot.slack.people import PeopleDirectory
from bot.slack.rate_limits import UNFURL, Pacing
from bot.slack.types import Actor, Thread
from bot.slack.web_client import SlackClient
from bot.store.transactions import Store

# Links per message: a longer list of links is a list, and previews would bury it.
_MAX_LINKS = 5
# Builds read to find the few that the person may see.
_MAX_LISTED = 20
_READ_OPERATION = "build view"
# The team, channel and timestamp of the message with the links.
MessageKey = tuple[str, str, str]
log = structlog.stdlib.get_logger(__name__)


class LinkUnfurler:
    """Unfurls links to builds, jobs and pipelines; the person who pasted a link must be allowed to read it there.

    A link that isn't unfurled gets no error message: the person requested nothing, and the message would tell the
    channel that the build exists.
    """

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

    async def unfurl_links(self, message: MessageKey, user: str, urls: tuple[str, ...]) -> None:
        """Unfurl the links of a person's message (team, channel, ts); raise nothing."""
        own_links = [(url, address) for url in urls if (address := self._parse_own_address(url))]
        for url, address in own_links[:_MAX_LINKS]:
            try:
                await run_guarded(self._unfurl_link(message, user, url, address), "unfurl")
            except KitestringError as error:
                # The text of the error may name what the person may not see.
                log.info("link not unfurled", error=type(error).__name__)

    def _parse_own_address(self, url: str) -> Address | None:
        address = parse_buildkite_url(url)
        return address if address and address.org == self._buildkite.organization and address.pipeline else None

    async def _unfurl_link(self, message: MessageKey, user: str, url: str, address: Address) -> None:
        team, channel, _ts = message
        # A preview is for everyone in the channel, so what the person alone may see isn't enough.
        if not await self._places.allows_unfurls(channel):
            return
        actor = await self._people.find_actor(user, Thread(team, channel), "mention")
        slug = str(address.pipeline)
        if address.number is None:
            await self._post_pipeline_preview(message, actor, url, slug)
        elif self._may_read_some_branch(actor, slug):
            own = await self._accounts.find_access(team, user)
            build = await (own.buildkite if own else self._buildkite).build(slug, int(address.number))
            # Rules may depend on the branch, which is known only now.
            if self._may_read_build(actor, build):
                await self._add_preview_card(message, user, url, build, address.job)

    def _may_read_some_branch(self, actor: Actor, pipeline: str) -> bool:
        """Return whether the person may read a build on some branch; otherwise Buildkite isn't even asked."""
        rules = self._rules()
        return rules.depends_on_branch(pipeline) or self._may_read(actor, Target(pipeline))

    def _may_read_build(self, actor: Actor, build: Build) -> bool:
        return self._may_read(actor, Target(build.ref.pipeline, build.branch))

    def _may_read(self, actor: Actor, target: Target) -> bool:
        verdict = decide(self._rules(), actor, self._registry[_READ_OPERATION], target, self._clock.now())
        return isinstance(verdict, Allow)

    async def _add_preview_card(
        self, message: MessageKey, user: str, url: str, build: Build, job: str | None
    ) -> None:
        """Add a preview as a card that the publisher draws and updates; a repeated event adds no second."""
        team, channel, ts = message
        # A job that was retried is no longer listed: the preview shows the whole build instead.
        if job not in {listed.id for listed in build.jobs}:
            job = None
        unfurl = {"url": url, "by": user, **({"job": job} if job else {})}
        thread = Thread(team, channel, _format_thread_key(ts, job))
        async with self._store.write() as tx:
            now = self._clock.now()
            fold = BuildFold(now, await are_webhooks_arriving(tx, now))
            await fold.track(tx, build, thread, None, make_choice_id(), origin="unfurled", ts=ts, unfurl=unfurl)
        self._wake()

    async def _post_pipeline_preview(self, message: MessageKey, actor: Actor, url: str, slug: str) -> None:
        """Post the preview of a pipeline, which isn't updated later."""
        if not self._may_read(actor, Target(slug)):
            return
        own = await self._accounts.find_access(actor.team, actor.id)
        catalog, buildkite = (own.catalog, own.buildkite) if own else (self._catalog, self._buildkite)
        pipeline = await catalog.find_pipeline(slug)
        listed = [build async for build in buildkite.builds(pipeline.slug, limit=_MAX_LISTED)]
        builds = list(islice((build for build in listed if self._may_read_build(actor, build)), BUILDS_SHOWN))
        # If Slack is limiting unfurls, the preview is skipped: it isn't worth a place in a queue.
        if self._pacing.compute_wait(UNFURL, "") <= 0 and await self._claim_preview(message, pipeline.slug, url):
            await self._post_preview(message, url, render_pipeline_preview(pipeline, builds, url))

    async def _claim_preview(self, message: MessageKey, slug: str, url: str) -> bool:
        """Return whether this preview hasn't been posted yet, and record it as a card that is never due."""
        team, channel, ts = message
        done: dict[str, Any] = {"origin": "unfurled", "state": "retired", "ts": ts, "due_at": None}
        async with self._store.write() as tx:
            card_id, thread = make_choice_id(), Thread(team, channel, _format_thread_key(ts, None))
            card = await ensure_card(
                tx, card_id, f"pipeline:{slug}", thread, None, self._clock.now(), unfurl={"url": url}, **done
            )
        # Slack delivers an event again if it got no answer in time: another call has added the card by then.
        return card.id == card_id

    async def _post_preview(self, message: MessageKey, url: str, preview: Message) -> None:
        _team, channel, ts = message
        self._pacing.take(UNFURL, "")
        await self._api.unfurl(channel, ts, url, preview)


def _format_thread_key(ts: str, job: str | None) -> str:
    """Return a key to store as the thread, unique to each preview, so that it clashes with no other card."""
    return f"unfurl:{ts}:{job}" if job else f"unfurl:{ts}"
