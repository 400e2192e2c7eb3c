"""Builds the way to Slack: what is known becomes cards, replies, proposals, homes and reminders."""

from __future__ import annotations

from dataclasses import dataclass

from bot.access.approvals.approver_check import ApproverCheck
from bot.access.approvals.publisher import ProposalSource
from bot.access.read_permission import ReadPermission
from bot.app.dependencies import Dependencies
from bot.app.interaction import Interaction
from bot.builds.cards.admission import Admission
from bot.builds.cards.publisher import CardSource, CardTurns
from bot.builds.cards.undeliverable import UndeliverableCards
from bot.builds.cards.update_order import UpdateOrder
from bot.builds.replies.publisher import ReplySource
from bot.execution.approval_calls import ApprovalCalls
from bot.execution.endings import BOT_NAME
from bot.home.contents import HomeContents
from bot.home.publisher import HomeSource
from bot.notifications.direct.queries import APPROVAL_CALL
from bot.notifications.reminders.reminders import Reminders
from bot.runtime.loop import LoopName, Ticking
from bot.slack.posting import Poster
from bot.slack.publishing import PacedTurns, Publisher


@dataclass(frozen=True)
class Publishers:
    """Services whose `tick` writes a bounded amount to Slack; they run on the leader only."""

    card_publisher: Ticking
    reply_publisher: Ticking
    proposal_publisher: Ticking
    reminders: Reminders
    home_publisher: Ticking


def build_publishers(deps: Dependencies, interaction: Interaction) -> Publishers:
    """Build all that writes to Slack what people should see."""
    platform = deps.platform
    store, clock, wakeups = platform.leader_store, platform.clock, platform.wakeups
    poster, pacing = _build_poster(deps, interaction), deps.slack.pacing
    admission = _build_admission(deps)
    replies = ReplySource(store, clock, deps.slack.api, admission)
    proposals = ProposalSource(
        store,
        platform.vault,
        clock,
        interaction.proposals,
        interaction.answers,
        deps.slack.channel_access.open_direct_message,
    )
    return Publishers(
        card_publisher=_build_card_publisher(deps, poster, admission),
        reply_publisher=Publisher(replies, PacedTurns(pacing), poster, store, clock),
        proposal_publisher=Publisher(proposals, PacedTurns(pacing), poster, store, clock),
        reminders=Reminders(
            store,
            clock,
            deps.buildkite.client,
            wakeups.waker(LoopName.CARDS),
            {APPROVAL_CALL: _build_approval_calls(deps, interaction).send},
        ),
        home_publisher=Publisher(_build_home_source(deps, interaction), PacedTurns(pacing), poster, store, clock),
    )


def _build_poster(deps: Dependencies, interaction: Interaction) -> Poster:
    return Poster(
        deps.slack.api,
        deps.slack.pacing,
        lambda: deps.slack.identity.bot,
        deps.platform.leadership.require_leader,
        deps.slack.channel_access.is_restricted,
        interaction.block_fallback,
    )


def _build_card_publisher(deps: Dependencies, poster: Poster, admission: Admission) -> Ticking:
    store, clock = deps.platform.leader_store, deps.platform.clock
    undeliverable = UndeliverableCards(store, clock, deps.slack.api, admission)
    order = UpdateOrder(clock, deps.slack.pacing)
    turns = CardTurns(store, clock, order, admission, deps.platform.metrics.observe_card)
    return Publisher(CardSource(store, clock, undeliverable), turns, poster, store, clock)


def _build_home_source(deps: Dependencies, interaction: Interaction) -> HomeSource:
    store, clock = deps.platform.leader_store, deps.platform.clock
    permission = ReadPermission(deps.policy.get_rules, deps.operations["build view"], clock)
    contents = HomeContents(
        store,
        clock,
        permission,
        ApproverCheck(
            deps.slack.people, deps.policy.get_rules, deps.operations, deps.slack.channel_access.can_read
        ),
        interaction.accounts,
        interaction.proposals,
        deps.subscriptions.listed.get_owners,
        interaction.services.person.token_records,
    )
    return HomeSource(store, clock, deps.slack.people, contents, permission, deps.workspace.command)


def _build_admission(deps: Dependencies) -> Admission:
    clock = deps.platform.clock
    return Admission(
        deps.platform.leader_store,
        clock,
        deps.subscriptions.cache,
        deps.slack.people.find_actor,
        ReadPermission(deps.policy.get_rules, deps.operations["subscribe"], clock),
        deps.slack.channel_access.open_direct_message,
        BOT_NAME,
    )


def _build_approval_calls(deps: Dependencies, interaction: Interaction) -> ApprovalCalls:
    platform = deps.platform
    approvers = ApproverCheck(
        deps.slack.people,
        deps.policy.get_rules,
        deps.operations,
        deps.slack.channel_access.can_read,
        deps.buildkite.client.for_background(),
    )
    return ApprovalCalls(platform.leader_store, platform.clock, deps.slack.api, interaction.proposals, approvers)
