"""From Buildkite to Slack: what is heard and read becomes cards, replies and reports."""

from __future__ import annotations

from dataclasses import dataclass

from bot.admission import Admission
from bot.assembly.asking import Asking
from bot.assembly.ground import Ground
from bot.belongings import Belongings
from bot.callings import Callings
from bot.findings import Findings
from bot.homes import Homes
from bot.inbox import Inbox
from bot.mentions import Mentions
from bot.outcome import BOT_NAME
from bot.patrol import Patrol
from bot.posting import Posting
from bot.proposal_cards import ProposalCards
from bot.readers import Readers
from bot.reconcile import Reconcile
from bot.reminders import Reminders
from bot.replies import Replies
from bot.slack.authors import Authors
from bot.store.notify import CALL
from bot.subscription_file import SubscriptionFile
from bot.sweep import Sweep
from bot.waiting import Waiting
from webhooks.observe import observe


@dataclass
class Showing:
    """Each has a `tick` that does bounded work; all but the inbox run in one place of a workspace."""

    inbox: Inbox
    sweep: Sweep
    reconcile: Reconcile
    replies: Replies
    patrol: Patrol
    subscription_file: SubscriptionFile
    findings: Findings
    proposal_cards: ProposalCards
    waiting: Waiting
    reminders: Reminders
    homes: Homes


def showing(on: Ground, asked: Asking) -> Showing:
    """Everything between a fact and the message that shows it."""
    mine, clock, wakes = on.mine, on.clock, on.wakes
    posting = Posting(on.api, on.pacing, lambda: on.identity.bot, on.lease.sure, on.places.shut, asked.pictures)
    admission = _admission(on)
    return Showing(
        inbox=Inbox(
            on.store,
            clock,
            observe,
            wakes.of("writer", "sweep", "findings", "home"),
            on.metrics.folded,
            on.subscribers,
        ),
        sweep=Sweep(
            mine, clock, on.buildkite, on.identity.instance, wakes.of("writer", "findings", "home"), on.subscribers
        ),
        reconcile=Reconcile(mine, clock, on.api, posting, on.pacing, on.metrics.shown, admission),
        replies=Replies(mine, clock, on.api, posting, on.pacing, admission),
        patrol=Patrol(mine, clock, on.buildkite, on.subscribers, wakes.of("writer", "sweep")),
        subscription_file=_subscription_file(on),
        findings=_findings(on),
        proposal_cards=ProposalCards(
            mine, on.vault, clock, on.api, posting, on.pacing, asked.proposals, asked.answers
        ),
        waiting=Waiting(mine, clock, on.buildkite, on.made, on.identity.team, wakes.of("writer")),
        reminders=Reminders(mine, clock, on.buildkite, wakes.of("writer"), {CALL: _callings(on, asked).look}),
        homes=_homes(on, asked),
    )


def _homes(on: Ground, asked: Asking) -> Homes:
    rules, command = on.policy.rules, on.settings.kitestring_command
    belongings = Belongings(
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
    return Homes(
        on.mine, on.clock, on.api, on.pacing, on.people, belongings, rules, on.operations, command, on.lease.sure
    )


def _admission(on: Ground) -> Admission:
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


def _subscription_file(on: Ground) -> SubscriptionFile:
    return SubscriptionFile(on.listed, on.mine, on.clock, on.identity.team, on.wakes.of("patrol"))


def _callings(on: Ground, asked: Asking) -> Callings:
    return Callings(
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


def _findings(on: Ground) -> Findings:
    readers = Readers(on.mine, on.people, on.policy.rules, on.clock, on.operations["job log"])
    authors = Authors(on.api, on.people, on.mine, on.clock, on.identity.team, on.listed.owners)
    mentions = Mentions(on.mine, on.clock, authors)
    return Findings(on.mine, on.clock, on.buildkite, readers, mentions, on.wakes.of("writer"))
