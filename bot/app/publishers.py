"""Builds the way from Buildkite to Slack: deliveries and reads become cards, replies and reports."""

from __future__ import annotations

from dataclasses import dataclass

from bot.access.approvals.publisher import ProposalPublisher
from bot.app.dependencies import Dependencies
from bot.app.interaction import Interaction
from bot.app.prometheus import HistogramMetric
from bot.builds.cards.admission import Admission
from bot.builds.cards.publisher import CardPublisher
from bot.builds.failures.author_mentions import AuthorMentions
from bot.builds.failures.authors import Authors
from bot.builds.failures.log_visibility import LogVisibility
from bot.builds.failures.lookup import FailureLookup
from bot.builds.ingest.inbox import Inbox
from bot.builds.polling.catch_up import CatchUp
from bot.builds.polling.poller import Poller
from bot.builds.replies.publisher import ReplyPublisher
from bot.builds.waiting.lookup import WaitingLookup
from bot.execution.approval_calls import ApprovalCalls
from bot.execution.endings import BOT_NAME
from bot.home.contents import HomeContents
from bot.home.publisher import HomePublisher
from bot.notifications.direct.queries import APPROVAL_CALL
from bot.notifications.reminders.reminders import Reminders
from bot.notifications.subscriptions.subscription_file import SubscriptionFile
from bot.runtime.loop import LoopName
from bot.slack.posting import Poster
from webhooks.router import read_event


@dataclass
class Publishers:
    """Services whose `tick` does a bounded amount of work; all but the inbox run on the leader only."""

    inbox: Inbox
    poller: Poller
    card_publisher: CardPublisher
    reply_publisher: ReplyPublisher
    catch_up: CatchUp
    subscription_file: SubscriptionFile
    failure_lookup: FailureLookup
    proposal_publisher: ProposalPublisher
    waiting_lookup: WaitingLookup
    reminders: Reminders
    home_publisher: HomePublisher


def build_publishers(deps: Dependencies, interaction: Interaction) -> Publishers:
    """Build all that is between a change in Buildkite and the message that shows it."""
    store, clock, wakeups = deps.leader_store, deps.clock, deps.wakeups
    posting = Poster(
        deps.slack,
        deps.slack_pacing,
        lambda: deps.identity.bot,
        deps.leadership.require_leader,
        deps.channel_access.is_restricted,
        interaction.block_fallback,
    )
    admission = _build_admission(deps)
    return Publishers(
        inbox=Inbox(
            deps.store,
            clock,
            read_event,
            wakeups.waker(LoopName.CARDS, LoopName.POLLER, LoopName.FAILURES, LoopName.HOME),
            deps.metrics.observer(HistogramMetric.DELIVERY_AGE),
            deps.subscription_cache,
        ),
        poller=Poller(
            store,
            clock,
            deps.buildkite,
            deps.identity.instance,
            wakeups.waker(LoopName.CARDS, LoopName.FAILURES, LoopName.HOME),
            deps.subscription_cache,
        ),
        card_publisher=CardPublisher(
            store, clock, deps.slack, posting, deps.slack_pacing, deps.metrics.observe_card, admission
        ),
        reply_publisher=ReplyPublisher(store, clock, deps.slack, posting, deps.slack_pacing, admission),
        catch_up=CatchUp(
            store, clock, deps.buildkite, deps.subscription_cache, wakeups.waker(LoopName.CARDS, LoopName.POLLER)
        ),
        subscription_file=_build_subscription_file(deps),
        failure_lookup=_build_failure_lookup(deps),
        proposal_publisher=ProposalPublisher(
            store,
            deps.vault,
            clock,
            deps.slack,
            posting,
            deps.slack_pacing,
            interaction.proposals,
            interaction.answers,
        ),
        waiting_lookup=WaitingLookup(
            store, clock, deps.buildkite, deps.choices, deps.identity.team, wakeups.waker(LoopName.CARDS)
        ),
        reminders=Reminders(
            store,
            clock,
            deps.buildkite,
            wakeups.waker(LoopName.CARDS),
            {APPROVAL_CALL: _build_approval_calls(deps, interaction).send},
        ),
        home_publisher=_build_home_publisher(deps, interaction),
    )


def _build_home_publisher(deps: Dependencies, interaction: Interaction) -> HomePublisher:
    rules, command = deps.policy.get_rules, deps.settings.kitestring_command
    contents = HomeContents(
        deps.leader_store,
        deps.clock,
        deps.people,
        deps.channel_access,
        rules,
        deps.operations,
        interaction.accounts,
        interaction.proposals,
        deps.listed_subscriptions.get_owners,
        command,
    )
    return HomePublisher(
        deps.leader_store,
        deps.clock,
        deps.slack,
        deps.slack_pacing,
        deps.people,
        contents,
        rules,
        deps.operations,
        command,
        deps.leadership.require_leader,
    )


def _build_admission(deps: Dependencies) -> Admission:
    return Admission(
        deps.leader_store,
        deps.clock,
        deps.subscription_cache,
        deps.people.find_actor,
        deps.policy.get_rules,
        deps.operations["subscribe"],
        deps.channel_access.open_direct_message,
        BOT_NAME,
    )


def _build_subscription_file(deps: Dependencies) -> SubscriptionFile:
    return SubscriptionFile(
        deps.listed_subscriptions,
        deps.leader_store,
        deps.clock,
        deps.identity.team,
        deps.wakeups.waker(LoopName.CATCH_UP),
    )


def _build_approval_calls(deps: Dependencies, interaction: Interaction) -> ApprovalCalls:
    return ApprovalCalls(
        deps.leader_store,
        deps.clock,
        deps.slack,
        deps.buildkite,
        interaction.proposals,
        deps.people,
        deps.policy.get_rules,
        deps.operations,
        deps.channel_access.can_read,
    )


def _build_failure_lookup(deps: Dependencies) -> FailureLookup:
    readers = LogVisibility(
        deps.leader_store, deps.people, deps.policy.get_rules, deps.clock, deps.operations["job log"]
    )
    authors = Authors(
        deps.slack,
        deps.people,
        deps.leader_store,
        deps.clock,
        deps.identity.team,
        deps.listed_subscriptions.get_owners,
    )
    mentions = AuthorMentions(deps.leader_store, deps.clock, authors)
    return FailureLookup(
        deps.leader_store, deps.clock, deps.buildkite, readers, mentions, deps.wakeups.waker(LoopName.CARDS)
    )
