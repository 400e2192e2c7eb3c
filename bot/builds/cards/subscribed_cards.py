"""Builds that nobody asked for, and who wants to be told of them: wanted cards come of matching subscriptions."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.buildkite.models import Build
from bot.builds.cards.queries import ensure_card
from bot.builds.fold.batch import BuildBatch
from bot.builds.model import TrackedBuild
from bot.history.model import VERDICTS, Run, run_from_build
from bot.history.queries import find_attempts_of_build, find_previous_run
from bot.notifications.direct.model import is_personal
from bot.notifications.direct.queries import find_askers
from bot.notifications.queries import find_channel_settings
from bot.notifications.subscriptions.index import SubscriptionIndex
from bot.notifications.subscriptions.model import Subscription, seen, steps_of
from bot.slack.types import Thread
from bot.store.transactions import Tx

# What came to its end longer ago is no news, however late it is heard of.
STALE = timedelta(hours=6)
# Buildkite's clock is not ours.
_CLOCKS_APART = timedelta(minutes=1)
_LOUDNESS = ("all", "important", "end")
Place = tuple[str, str]


@dataclass(frozen=True)
class SubscriptionMatcher:
    """The subscriptions of one moment. A candidate costs a row and a read; what nobody wants costs nothing."""

    index: SubscriptionIndex
    now: datetime

    async def wanting(self, tx: Tx, build: Build, *, perhaps: bool = False) -> tuple[Subscription, ...]:
        """The subscriptions that want this build as it is, but for muted ones.

        With `perhaps` also those about a step of which nothing was heard: a read will tell. What came about
        before a subscription was made is not for it; those who asked for the build are told where they asked.
        """
        run = run_from_build(build, self.now)
        people = [item for item in (run.creator, run.author) if item]
        about = self.index.about(run.pipeline, run.branch, people)
        if not about:
            return ()
        stepwise = any(item.step for item in about.values())
        compared = stepwise or build.phase in VERDICTS
        before = await find_previous_run(tx, run.pipeline, run.branch, run.number) if compared else None
        steps = await _steps(tx, build.id, before) if stepwise else None
        found = self.index.wanting(seen(run, before.phase if before else None, steps), perhaps=perhaps)
        since = since_when(build)
        told = await find_askers(tx, build.id) if any(is_personal(item.id) for item in found) else frozenset()
        fresh = [item for item in found if _after(item, since) and not self.unheard(item.muted_until, since)]
        return tuple(item for item in fresh if not _told(item, told))

    def unheard(self, muted_until: datetime | None, since: datetime | None) -> bool:
        """Whether it came about under a mute: then it is not told afterwards either."""
        return muted_until is not None and (since or self.now) < muted_until

    async def offer(self, ledger: BuildBatch, tracked: TrackedBuild) -> None:
        """A card in each place that wants this build now and has none of it yet; the build is followed then."""
        ended = tracked.build.finished_at if tracked.build.inactive else None
        if tracked.deleted or (ended and self.now - ended > STALE):
            return
        tx, id_ = ledger.tx, tracked.build.id
        taken = ledger.find_channels_with_card(id_)
        for (team, channel), rules in _by_place(await self.wanting(tx, tracked.build, perhaps=True)).items():
            chosen = await find_channel_settings(tx, team, channel)
            if channel in taken or self.unheard(chosen.muted_until, since_when(tracked.build)):
                continue
            if ledger[id_].polled_since is None:
                await ledger.start_polling(id_)
            place = Thread(team, channel)
            ledger.add_card(await ensure_card(tx, _new_id(), id_, place, None, self.now, **_said_below(rules)))


def since_when(build: Build) -> datetime | None:
    """When the build came into the state that it is in, as far as it tells."""
    if build.inactive:
        return build.finished_at
    return build.failing_at or build.started_at or build.created_at


async def _steps(tx: Tx, build_id: str, before: Run | None) -> dict[str, frozenset[str]]:
    earlier = await find_attempts_of_build(tx, before.id) if before else ()
    return steps_of(await find_attempts_of_build(tx, build_id), earlier)


def _after(subscription: Subscription, moment: datetime | None) -> bool:
    return moment is None or moment + _CLOCKS_APART >= subscription.created_at


def _told(subscription: Subscription, told: frozenset[str]) -> bool:
    return is_personal(subscription.id) and subscription.owner in told


def _by_place(found: Iterable[Subscription]) -> dict[Place, list[Subscription]]:
    places: dict[Place, list[Subscription]] = {}
    for item in found:
        places.setdefault((item.team, item.channel), []).append(item)
    return places


def _said_below(rules: list[Subscription]) -> dict[str, object]:
    """One message for all rules of a place: the one that wants most decides what is said below it."""
    most = min(rules, key=lambda item: (_LOUDNESS.index(item.updates), not is_personal(item.id)))
    return {
        "origin": "subscribed",
        "subscription": most.id,
        "updates": most.updates,
        "broadcast": any(rule.broadcast for rule in rules),
    }


def _new_id() -> str:
    return secrets.token_hex(12)
