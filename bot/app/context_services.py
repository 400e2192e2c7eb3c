"""Builds the services that the contexts of operations are made of."""

from __future__ import annotations

from functools import partial

from bot.access.accounts.service import Accounts
from bot.access.api_tokens.agent_switch import AgentSwitch
from bot.access.api_tokens.service import ApiTokens
from bot.access.api_tokens.token_records import TokenRecords
from bot.access.approvals.proposals import Proposals
from bot.access.approvals.voting import Approvals
from bot.access.audit_log import AuditLog
from bot.access.locks.service import LockService
from bot.access.policy.service import PolicyService
from bot.app.dependencies import Dependencies
from bot.app.platform import LEADER
from bot.builds.tracked_builds import TrackedBuilds
from bot.execution.aliases import Aliases
from bot.execution.bot_status import StatusService
from bot.execution.default_pipeline import DefaultPipelines
from bot.execution.services import BotServices, ChannelServices, ContextServices, PersonServices
from bot.history.report_data import ReportData
from bot.notifications.agent_watches.service import AgentWatches
from bot.notifications.direct.service import DirectMessageService
from bot.notifications.subscriptions.service import SubscriptionService
from bot.operations.acts.service import Acts
from bot.runtime.loop import LoopName
from bot.store.leader import ElectedLeader


def build_context_services(deps: Dependencies, accounts: Accounts, proposals: Proposals) -> ContextServices:
    """Return the services, in groups, for the operations of one workspace."""
    platform = deps.platform
    return ContextServices(
        _build_channel_services(deps),
        _build_person_services(deps, accounts, proposals),
        BotServices(
            deps.operations,
            platform.clock,
            _build_status_service(deps),
            ReportData(platform.store, platform.clock),
            deps.buildkite.agent_api,
            deps.buildkite.allowlist,
            deps.workspace.webhook,
        ),
    )


def _build_status_service(deps: Dependencies) -> StatusService:
    platform = deps.platform
    lease = LEADER if isinstance(platform.leadership, ElectedLeader) else None
    budget = deps.buildkite.client.budget
    return StatusService(platform.store, platform.clock, budget, platform.replica, lease)


def _build_channel_services(deps: Dependencies) -> ChannelServices:
    platform = deps.platform
    wake = platform.wakeups.waker(LoopName.CARDS, LoopName.CATCH_UP, LoopName.HOME)
    return ChannelServices(
        TrackedBuilds(platform.store, platform.clock, wake),
        SubscriptionService(
            platform.store,
            platform.clock,
            deps.slack.channel_access.can_post,
            deps.slack.people.find_email,
            wake,
        ),
        AgentWatches(platform.store, platform.clock),
        DefaultPipelines(platform.store),
        deps.slack.channel_access,
    )


def _build_person_services(deps: Dependencies, accounts: Accounts, proposals: Proposals) -> PersonServices:
    platform, slack = deps.platform, deps.slack
    rules, command, team = deps.policy.get_rules, deps.workspace.command, slack.identity.team
    open_direct_message = deps.slack.channel_access.open_direct_message
    wake = platform.wakeups.waker(LoopName.CARDS, LoopName.CATCH_UP, LoopName.HOME)
    locks = LockService(
        platform.store,
        platform.clock,
        partial(open_direct_message, team),
        platform.wakeups.waker(LoopName.CARDS),
    )
    agents = AgentSwitch(platform.store, command)
    return PersonServices(
        accounts,
        Aliases(platform.store, platform.clock),
        DirectMessageService(
            platform.store,
            platform.clock,
            open_direct_message,
            deps.subscriptions.listed.get_owners,
            wake,
        ),
        locks,
        Approvals(proposals, deps.slack.people, rules, deps.operations, command),
        AuditLog(platform.store),
        Acts(platform.store, platform.clock),
        ApiTokens(platform.store, platform.clock, slack.people, slack.channel_access, agents, team, command),
        TokenRecords(platform.store, platform.clock, team),
        agents,
        PolicyService(rules, deps.operations, locks, platform.clock),
    )
