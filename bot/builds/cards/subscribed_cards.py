"""Matches builds against subscriptions, and creates their cards."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.buildkite.models import Build
from bot.builds.cards.queries import ensure_card
from bot.builds.fold.batch import BuildBatch
from bot.builds.model import NewCard, TrackedBuild
from bot.history.model import VERDICTS, Run, run_from_build
from bot.history.queries import find_attempts_of_build, find_previous_run
from bot.notifications.direct.model import is_personal
from bot.notifications.direct.queries import find_requesters
from bot.notifications.queries import find_channel_settings
from bot.notifications.subscriptions.index import SubscriptionIndex
from bot.notifications.subscriptions.model import Subscription, derive_step_states, observe_build
from bot.slack.types import Thread
from bot.store.transactions import Tx

# An end longer ago is no news, however late it is reported.
STALE_AFTER = timedelta(hours=6)
# Buildkite's clock may differ from ours.
_CLOCK_SKEW = timedelta(minutes=1)
_MOST_UPDATES_FIRST = ("all", "important", "end")
ChannelKey = tuple[str, str]


@dataclass(frozen=True)
class SubscriptionMatcher:
    """The subscriptions at one moment; a build that none of them can match costs no query."""

    index: SubscriptionIndex
    now: datetime

    async def find_wanting(
        self, tx: Tx, build: Build, *, include_unknown_steps: bool = False
    ) -> tuple[Subscription, ...]:
        """Return the subscriptions that want this build as it is, without muted ones.

        `include_unknown_steps` adds those to a step that nothing is known about: a read will show. A state from
        before the subscription was made doesn't count, and requesters of a build are notified by its own card.
        """
        run = run_from_build(build, self.now)
        people = [address for address in (run.creator, run.author) if address]
        about = self.index.find_candidates(run.pipeline, run.branch, people)
        if not about:
            return ()
        has_step_rules = any(rule.step for rule in about.values())
        is_compared = has_step_rules or build.phase in VERDICTS
        before = await find_previous_run(tx, run.pipeline, run.branch, run.number) if is_compared else None
        steps = await _find_steps(tx, build.id, before) if has_step_rules else None
        found = self.index.find_matching(
            observe_build(run, before.phase if before else None, steps), assume_step=include_unknown_steps
        )
        since = find_state_start(build)
        askers = (
            await find_requesters(tx, build.id) if any(is_personal(rule.id) for rule in found) else frozenset()
        )
        return tuple(
            rule
            for rule in found
            if _is_after_subscription(rule, since)
            and not self.was_muted_at(rule.muted_until, since)
            and not _has_asked(rule, askers)
        )

    def was_muted_at(self, muted_until: datetime | None, since: datetime | None) -> bool:
        """Return whether the state began during a mute: then it isn't posted afterwards either."""
        return muted_until is not None and (since or self.now) < muted_until

    async def add_cards(self, batch: BuildBatch, tracked: TrackedBuild) -> None:
        """Add a card in each channel that wants this build and has no card of it yet; start polling the build."""
        ended = tracked.build.finished_at if tracked.build.inactive else None
        if tracked.deleted or (ended and self.now - ended > STALE_AFTER):
            return
        tx, id_ = batch.tx, tracked.build.id
        taken = batch.find_channels_with_card(id_)
        wanting = await self.find_wanting(tx, tracked.build, include_unknown_steps=True)
        for (team, channel), rules in _group_by_channel(wanting).items():
            settings = await find_channel_settings(tx, team, channel)
            if channel in taken or self.was_muted_at(settings.muted_until, find_state_start(tracked.build)):
                continue
            if batch[id_].polled_since is None:
                await batch.start_polling(id_)
            # Only a row for now: it is posted once a read has confirmed the state, if it is still wanted then.
            new = _build_card(Thread(team, channel), rules)
            batch.add_card(await ensure_card(tx, id_, new, self.now))


def find_state_start(build: Build) -> datetime | None:
    """Return when the build entered its state, as far as is known."""
    if build.inactive:
        return build.finished_at
    return build.failing_at or build.started_at or build.created_at


async def _find_steps(tx: Tx, build_id: str, before: Run | None) -> dict[str, frozenset[str]]:
    earlier = await find_attempts_of_build(tx, before.id) if before else ()
    return derive_step_states(await find_attempts_of_build(tx, build_id), earlier)


def _is_after_subscription(subscription: Subscription, moment: datetime | None) -> bool:
    return moment is None or moment + _CLOCK_SKEW >= subscription.created_at


def _has_asked(subscription: Subscription, askers: frozenset[str]) -> bool:
    return is_personal(subscription.id) and subscription.owner in askers


def _group_by_channel(rules: Iterable[Subscription]) -> dict[ChannelKey, list[Subscription]]:
    by_channel: dict[ChannelKey, list[Subscription]] = {}
    for rule in rules:
        by_channel.setdefault((rule.team, rule.channel), []).append(rule)
    return by_channel


def _build_card(thread: Thread, rules: list[Subscription]) -> NewCard:
    """Build the one card for all subscriptions of a channel: the widest `updates` apply."""
    widest = min(rules, key=lambda rule: (_MOST_UPDATES_FIRST.index(rule.updates), not is_personal(rule.id)))
    return NewCard(
        secrets.token_hex(12),
        thread,
        origin="subscribed",
        subscription=widest.id,
        updates=widest.updates,
        broadcast=any(rule.broadcast for rule in rules),
    )
