"""From Buildkite to Slack: what is heard and read becomes cards, replies and reports."""

from __future__ import annotations

from dataclasses import dataclass

from bot.access.approvals.publisher import ProposalPublisher
from bot.app.dependencies import Dependencies
from bot.app.interaction import Interaction
from bot.builds.cards.admission import Admission
from bot.builds.cards.publisher import CardPublisher
from bot.builds.failures.author_mentions import Mentions
from bot.builds.failures.authors import Authors
from bot.builds.failures.log_visibility import LogVisibility
from bot.builds.failures.lookup import FailureLookup
from bot.builds.ingest.inbox import Inbox
from bot.builds.polling.catch_up import CatchUp
from bot.builds.polling.poller import Poller
from bot.builds.replies.publisher import ReplyPublisher
from bot.builds.waiting.lookup import WaitingLookup
from bot.execution.approval_calls import ApprovalCalls
from bot.execution.outcomes import BOT_NAME
from bot.home.contents import HomeContents
from bot.home.publisher import HomePublisher
from bot.notifications.direct.queries import APPROVAL_CALL
from bot.notifications.reminders.reminders import Reminders
from bot.notifications.subscriptions.subscription_file import SubscriptionFile
from bot.slack.posting import Posting
from webhooks.router import observe


@dataclass
class Publishers:
    """Each has a `tick` that does bounded work; all but the inbox run in one place of a workspace."""

    inbox: Inbox
    sweep: Poller
    reconcile: CardPublisher
    replies: ReplyPublisher
    patrol: CatchUp
    subscription_file: SubscriptionFile
    findings: FailureLookup
    proposal_cards: ProposalPublisher
    waiting: WaitingLookup
    reminders: Reminders
    homes: HomePublisher


def build_publishers(on: Dependencies, asked: Interaction) -> Publishers:
    """Everything between a fact and the message that shows it."""
    mine, clock, wakes = on.mine, on.clock, on.wakes
    posting = Posting(on.api, on.pacing, lambda: on.identity.bot, on.lease.sure, on.places.shut, asked.pictures)
    admission = _admission(on)
    return Publishers(
        inbox=Inbox(
            on.store,
            clock,
            observe,
            wakes.of("writer", "sweep", "findings", "home"),
            on.metrics.folded,
            on.subscribers,
        ),
        sweep=Poller(
            mine, clock, on.buildkite, on.identity.instance, wakes.of("writer", "findings", "home"), on.subscribers
        ),
        reconcile=CardPublisher(mine, clock, on.api, posting, on.pacing, on.metrics.shown, admission),
        replies=ReplyPublisher(mine, clock, on.api, posting, on.pacing, admission),
        patrol=CatchUp(mine, clock, on.buildkite, on.subscribers, wakes.of("writer", "sweep")),
        subscription_file=_subscription_file(on),
        findings=_findings(on),
        proposal_cards=ProposalPublisher(
            mine, on.vault, clock, on.api, posting, on.pacing, asked.proposals, asked.answers
        ),
        waiting=WaitingLookup(mine, clock, on.buildkite, on.made, on.identity.team, wakes.of("writer")),
        reminders=Reminders(
            mine, clock, on.buildkite, wakes.of("writer"), {APPROVAL_CALL: _callings(on, asked).look}
        ),
        homes=_homes(on, asked),
    )


def _homes(on: Dependencies, asked: Interaction) -> HomePublisher:
    rules, command = on.policy.rules, on.settings.kitestring_command
    belongings = HomeContents(
        on.mine,
        on.clock,
        on.people,
        on.places,
        rules,
        on.operations,
        asked.accounts,
        asked.proposals,
        on.listed.owners,
        command,
    )
    return HomePublisher(
        on.mine, on.clock, on.api, on.pacing, on.people, belongings, rules, on.operations, command, on.lease.sure
    )


def _admission(on: Dependencies) -> Admission:
    return Admission(
        on.mine,
        on.clock,
        on.subscribers,
        on.people.actor,
        on.policy.rules,
        on.operations["subscribe"],
        on.places.direct,
        BOT_NAME,
    )


def _subscription_file(on: Dependencies) -> SubscriptionFile:
    return SubscriptionFile(on.listed, on.mine, on.clock, on.identity.team, on.wakes.of("patrol"))


def _callings(on: Dependencies, asked: Interaction) -> ApprovalCalls:
    return ApprovalCalls(
        on.mine,
        on.clock,
        on.api,
        on.buildkite,
        asked.proposals,
        on.people,
        on.policy.rules,
        on.operations,
        on.places.reads,
    )


def _findings(on: Dependencies) -> FailureLookup:
    readers = LogVisibility(on.mine, on.people, on.policy.rules, on.clock, on.operations["job log"])
    authors = Authors(on.api, on.people, on.mine, on.clock, on.identity.team, on.listed.owners)
    mentions = Mentions(on.mine, on.clock, authors)
    return FailureLookup(on.mine, on.clock, on.buildkite, readers, mentions, on.wakes.of("writer"))
