"""Builds the way to Slack: what is known becomes cards, replies, proposals, homes and reminders."""

from __future__ import annotations

from dataclasses import dataclass

from bot.access.approvals.publisher import ProposalPublisher
from bot.app.dependencies import Dependencies
from bot.app.interaction import Interaction
from bot.builds.cards.admission import Admission
from bot.builds.cards.publisher import CardPublisher
from bot.builds.replies.publisher import ReplyPublisher
from bot.execution.approval_calls import ApprovalCalls
from bot.execution.endings import BOT_NAME
from bot.home.contents import HomeContents
from bot.home.publisher import HomePublisher
from bot.notifications.direct.queries import APPROVAL_CALL
from bot.notifications.reminders.reminders import Reminders
from bot.runtime.loop import LoopName
from bot.slack.posting import Poster


@dataclass(frozen=True)
class Publishers:
    """Services whose `tick` writes a bounded amount to Slack; they run on the leader only."""

    card_publisher: CardPublisher
    reply_publisher: ReplyPublisher
    proposal_publisher: ProposalPublisher
    reminders: Reminders
    home_publisher: HomePublisher


def build_publishers(deps: Dependencies, interaction: Interaction) -> Publishers:
    """Build all that writes to Slack what people should see."""
    platform = deps.platform
    store, clock, wakeups = platform.leader_store, platform.clock, platform.wakeups
    posting = Poster(
        deps.slack.api,
        deps.slack.pacing,
        lambda: deps.slack.identity.bot,
        platform.leadership.require_leader,
        deps.slack.channel_access.is_restricted,
        interaction.block_fallback,
    )
    admission = _build_admission(deps)
    return Publishers(
        card_publisher=CardPublisher(
            store, clock, deps.slack.api, posting, deps.slack.pacing, platform.metrics.observe_card, admission
        ),
        reply_publisher=ReplyPublisher(store, clock, deps.slack.api, posting, deps.slack.pacing, admission),
        proposal_publisher=ProposalPublisher(
            store,
            platform.vault,
            clock,
            deps.slack.api,
            posting,
            deps.slack.pacing,
            interaction.proposals,
            interaction.answers,
        ),
        reminders=Reminders(
            store,
            clock,
            deps.buildkite.client,
            wakeups.waker(LoopName.CARDS),
            {APPROVAL_CALL: _build_approval_calls(deps, interaction).send},
        ),
        home_publisher=_build_home_publisher(deps, interaction),
    )


def _build_home_publisher(deps: Dependencies, interaction: Interaction) -> HomePublisher:
    platform = deps.platform
    rules, command = deps.policy.get_rules, deps.workspace.command
    contents = HomeContents(
        platform.leader_store,
        platform.clock,
        deps.slack.people,
        deps.slack.channel_access,
        rules,
        deps.operations,
        interaction.accounts,
        interaction.proposals,
        deps.subscriptions.listed.get_owners,
        command,
    )
    return HomePublisher(
        platform.leader_store,
        platform.clock,
        deps.slack.api,
        deps.slack.pacing,
        deps.slack.people,
        contents,
        rules,
        deps.operations,
        command,
        platform.leadership.require_leader,
    )


def _build_admission(deps: Dependencies) -> Admission:
    platform = deps.platform
    return Admission(
        platform.leader_store,
        platform.clock,
        deps.subscriptions.cache,
        deps.slack.people.find_actor,
        deps.policy.get_rules,
        deps.operations["subscribe"],
        deps.slack.channel_access.open_direct_message,
        BOT_NAME,
    )


def _build_approval_calls(deps: Dependencies, interaction: Interaction) -> ApprovalCalls:
    platform = deps.platform
    return ApprovalCalls(
        platform.leader_store,
        platform.clock,
        deps.slack.api,
        deps.buildkite.client,
        interaction.proposals,
        deps.slack.people,
        deps.policy.get_rules,
        deps.operations,
        deps.slack.channel_access.can_read,
    )
