"""Previews of links in people's messages: those of builds are cards, those of pipelines are posted once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from bot.buildkite.models import Build
from bot.buildkite.resources import Pipeline
from bot.builds.cards.queries import ensure_card
from bot.builds.fold.build_fold import BuildFold
from bot.builds.links.render import render_pipeline_preview
from bot.builds.model import NewCard, PreviewedLink
from bot.history.queries import are_webhooks_arriving
from bot.operations.choices import make_choice_id
from bot.runtime.clock import Clock
from bot.slack.rate_limits import UNFURL, Pacing
from bot.slack.types import Thread
from bot.slack.web_client import SlackClient
from bot.store.transactions import Store


class LinkedMessage(NamedTuple):
    """A person's message with links."""

    team: str
    channel: str
    ts: str

    def make_key(self, job: str | None = None) -> Thread:
        """Return a key to store as the thread, unique to each preview, so that it clashes with no other card."""
        return Thread(self.team, self.channel, f"unfurl:{self.ts}:{job}" if job else f"unfurl:{self.ts}")


class LinkPreviews:
    """Adds previews to messages, each once, however often Slack delivers the event."""

    def __init__(
        self, store: Store, clock: Clock, api: SlackClient, pacing: Pacing, wake: Callable[[], None]
    ) -> None:
        self._store = store
        self._clock = clock
        self._api = api
        self._pacing = pacing
        self._wake = wake

    async def add_card(self, source: LinkedMessage, link: PreviewedLink, build: Build) -> None:
        """Add a preview as a card that the publisher draws and updates; a repeated event adds no second."""
        # A job that was retried is no longer listed: the preview shows the whole build instead.
        if link.job not in {listed.id for listed in build.jobs}:
            link = replace(link, job=None)
        card = NewCard(make_choice_id(), source.make_key(link.job), origin="unfurled", ts=source.ts, unfurl=link)
        async with self._store.write() as tx:
            now = self._clock.now()
            await BuildFold(now, await are_webhooks_arriving(tx, now)).track(tx, build, card)
        self._wake()

    async def post_pipeline(
        self, source: LinkedMessage, url: str, pipeline: Pipeline, builds: Sequence[Build]
    ) -> None:
        """Post the preview of a pipeline, which isn't updated later."""
        # If Slack is limiting unfurls, the preview is skipped: it isn't worth a place in a queue.
        if self._pacing.compute_wait(UNFURL, "") <= 0 and await self._claim_preview(source, pipeline.slug, url):
            self._pacing.take(UNFURL, "")
            preview = render_pipeline_preview(pipeline, builds, url)
            await self._api.unfurl(source.channel, source.ts, url, preview)

    async def _claim_preview(self, source: LinkedMessage, slug: str, url: str) -> bool:
        """Return whether this preview hasn't been posted yet, and record it as a card that is never due."""
        link = PreviewedLink(url)
        new = NewCard(
            make_choice_id(), source.make_key(), origin="unfurled", ts=source.ts, unfurl=link, retired=True
        )
        async with self._store.write() as tx:
            card = await ensure_card(tx, f"pipeline:{slug}", new, self._clock.now())
        # Slack delivers an event again if it got no answer in time: another call has added the card by then.
        return card.id == new.id
