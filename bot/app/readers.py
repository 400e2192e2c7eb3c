"""Builds the way from Buildkite: deliveries and reads become tracked builds, failures and reasons to wait."""

from __future__ import annotations

from dataclasses import dataclass

from bot.app.dependencies import Dependencies
from bot.app.prometheus import HistogramMetric
from bot.builds.failures.author_mentions import AuthorMentions
from bot.builds.failures.authors import Authors
from bot.builds.failures.log_visibility import LogVisibility
from bot.builds.failures.lookup import FailureLookup
from bot.builds.ingest.inbox import Inbox
from bot.builds.polling.catch_up import CatchUp
from bot.builds.polling.job_details import JobDetails
from bot.builds.polling.poller import Poller
from bot.builds.polling.read_intake import ReadIntake
from bot.builds.waiting.lookup import WaitingLookup
from bot.notifications.subscriptions.subscription_file import SubscriptionFile
from bot.runtime.loop import LoopName
from webhooks.router import read_event

_AFTER_READS = (LoopName.CARDS, LoopName.POLLER, LoopName.JOB_DETAILS, LoopName.FAILURES, LoopName.HOME)


@dataclass(frozen=True)
class Readers:
    """Services whose `tick` reads a bounded amount of news; all but the first and third run on the leader only."""

    inbox: Inbox
    poller: Poller
    read_intake: ReadIntake
    catch_up: CatchUp
    job_details: JobDetails
    subscription_file: SubscriptionFile
    failure_lookup: FailureLookup
    waiting_lookup: WaitingLookup


def build_readers(deps: Dependencies) -> Readers:
    """Build all that finds out what changed in Buildkite."""
    platform = deps.platform
    store, clock, wakeups = platform.leader_store, platform.clock, platform.wakeups
    buildkite, cache, identity = deps.buildkite.client, deps.subscriptions.cache, deps.slack.identity
    return Readers(
        _build_inbox(deps),
        Poller(
            store,
            clock,
            buildkite,
            identity.instance,
            wakeups.waker(*_AFTER_READS),
            cache,
        ),
        _build_read_intake(deps),
        CatchUp(store, clock, buildkite, cache, wakeups.waker(*_AFTER_READS)),
        JobDetails(store, clock, buildkite, cache, wakeups.waker(LoopName.CARDS, LoopName.FAILURES)),
        _build_subscription_file(deps),
        _build_failure_lookup(deps),
        WaitingLookup(store, clock, buildkite, deps.choices, identity.team, wakeups.waker(LoopName.CARDS)),
    )


def _build_read_intake(deps: Dependencies) -> ReadIntake:
    platform = deps.platform
    wake_self = platform.wakeups.local_waker(LoopName.READ_INTAKE)
    wake = platform.wakeups.waker(*_AFTER_READS)
    intake = ReadIntake(platform.store, platform.clock, deps.subscriptions.cache, wake_self, wake)
    deps.buildkite.client.observe = intake.note
    return intake


def _build_inbox(deps: Dependencies) -> Inbox:
    platform = deps.platform
    wake = platform.wakeups.waker(*_AFTER_READS)
    observe_age = platform.metrics.observer(HistogramMetric.DELIVERY_AGE)
    return Inbox(platform.store, platform.clock, read_event, wake, observe_age, deps.subscriptions.cache)


def _build_subscription_file(deps: Dependencies) -> SubscriptionFile:
    platform = deps.platform
    return SubscriptionFile(
        deps.subscriptions.listed,
        platform.leader_store,
        platform.clock,
        deps.slack.identity.team,
        platform.wakeups.waker(LoopName.CATCH_UP),
    )


def _build_failure_lookup(deps: Dependencies) -> FailureLookup:
    platform = deps.platform
    readers = LogVisibility(
        platform.leader_store,
        deps.slack.people,
        deps.policy.get_rules,
        platform.clock,
        deps.operations["job log"],
    )
    authors = Authors(
        deps.slack.api,
        deps.slack.people,
        platform.leader_store,
        platform.clock,
        deps.slack.identity.team,
        deps.subscriptions.listed.get_owners,
    )
    mentions = AuthorMentions(platform.leader_store, platform.clock, authors)
    return FailureLookup(
        platform.leader_store,
        platform.clock,
        deps.buildkite.client,
        readers,
        mentions,
        platform.wakeups.waker(LoopName.CARDS),
    )
