"""Builds the way from Slack to Buildkite: requests are authorized, run and answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from slack_bolt.async_app import AsyncApp

from bot.access.accounts.service import Accounts, BuildkiteAccess
from bot.access.approvals.approvers import ApproverFinder
from bot.access.approvals.proposals import Proposals
from bot.access.read_permission import ReadPermission
from bot.app.context_services import build_context_services
from bot.app.dependencies import Dependencies
from bot.app.prometheus import CounterMetric
from bot.builds.links.previews import LinkPreviews
from bot.builds.links.unfurl import LinkUnfurler
from bot.builds.queries import mark_build_cards_due
from bot.execution.actors import Actors
from bot.execution.answering import Answering
from bot.execution.authorisation import Authoriser
from bot.execution.background import BackgroundTasks
from bot.execution.context_factory import ContextFactory, Contexts
from bot.execution.endings import Endings
from bot.execution.interrupted import InterruptedInvocations
from bot.execution.parsing import CommandParser
from bot.execution.placement import Placement
from bot.execution.policy_gate import PolicyGate
from bot.execution.procedure import Procedure
from bot.execution.proposing import Proposer
from bot.execution.records import InvocationRecords
from bot.execution.services import ContextServices
from bot.history.queries import find_branches
from bot.home.publisher import HomeOpenings
from bot.listeners.bolt_app import build_bolt_app
from bot.listeners.conversation_listeners import ConversationListeners
from bot.listeners.dispatch import Dispatcher
from bot.listeners.event_listeners import EventListeners
from bot.listeners.form_channel import FormDestinations
from bot.listeners.form_handling import FormHandler
from bot.listeners.home_tab import HomeTab
from bot.listeners.menu_options import MenuOptions
from bot.notifications.direct.queries import schedule_call
from bot.operations.addresses import find_own_hosts
from bot.runtime.loop import LoopName
from bot.slack.answers import Answers
from bot.slack.block_fallback import BlockFallback, RefusedBlocks
from bot.slack.notices import AppNotices


@dataclass(frozen=True)
class Execution:
    """Carries out invocations, and recovers those that were interrupted."""

    procedure: Procedure
    authoriser: Authoriser
    answering: Answering
    endings: Endings
    interrupted: InterruptedInvocations
    background: BackgroundTasks


@dataclass(frozen=True)
class Interaction:
    """`bolt` receives Slack's requests; `execution` carries them out."""

    block_fallback: BlockFallback
    answers: Answers
    accounts: Accounts
    proposals: Proposals
    services: ContextServices
    execution: Execution
    bolt: AsyncApp


def build_interaction(deps: Dependencies) -> Interaction:
    """Build all that is between a Slack request and its answer."""
    platform = deps.platform
    block_fallback = BlockFallback(RefusedBlocks(platform.store, platform.clock), deps.slack.api)
    answers = Answers(deps.slack.api, deps.slack.pacing, block_fallback)
    accounts = Accounts(
        platform.store,
        platform.vault,
        platform.clock,
        deps.buildkite.client,
        deps.workspace.command,
    )
    proposals = _build_proposals(deps)
    services = build_context_services(deps, accounts, proposals)
    execution = _build_execution(deps, answers, accounts, proposals, services)
    forms = FormHandler(
        deps.slack.api,
        deps.operations,
        deps.choices,
        execution.authoriser,
        execution.procedure,
        execution.endings,
        FormDestinations(deps.slack.channel_access),
        answers,
    )
    dispatcher = Dispatcher(
        platform.store, deps.operations, execution.procedure, deps.choices, forms, execution.background
    )
    listeners = ConversationListeners(
        dispatcher,
        answers,
        MenuOptions(
            deps.operations,
            deps.choices,
            deps.slack.people,
            accounts,
            services.person.policy,
            deps.buildkite.catalog,
            _branch_finder(deps),
        ),
        deps.operations,
        deps.slack.identity.team,
        deps.slack.identity.user,
        EventListeners(
            _build_home_tab(deps, proposals, dispatcher, execution.procedure),
            _build_unfurling(deps, accounts),
            dispatcher,
            AppNotices(platform.store, platform.metrics.counter(CounterMetric.SLACK_NOTICES)),
            execution.background.spawn,
            deps.slack.identity.team,
        ),
        find_own_hosts(deps.workspace.organization.endpoint),
    )
    return Interaction(
        block_fallback,
        answers,
        accounts,
        proposals,
        services,
        execution,
        build_bolt_app(deps.slack.web, find_signing_secret(deps), listeners),
    )


def _build_proposals(deps: Dependencies) -> Proposals:
    platform = deps.platform
    wake = platform.wakeups.waker(
        LoopName.PROPOSALS,
        LoopName.APPROVED_PROPOSALS,
        LoopName.HOME,
        LoopName.REMINDERS,
        LoopName.CARDS,
        LoopName.REPLIES,
    )
    return Proposals(platform.store, platform.vault, platform.clock, schedule_call, mark_build_cards_due, wake)


def _build_home_tab(
    deps: Dependencies, proposals: Proposals, dispatcher: Dispatcher, procedure: Procedure
) -> HomeTab:
    platform = deps.platform
    openings = HomeOpenings(platform.store, platform.clock, platform.wakeups.waker(LoopName.HOME))
    return HomeTab(platform.store, openings, deps.slack.channel_access, proposals, dispatcher, procedure)


def _build_unfurling(deps: Dependencies, accounts: Accounts) -> LinkUnfurler:
    platform = deps.platform
    wake = platform.wakeups.waker(LoopName.CARDS)
    return LinkUnfurler(
        deps.slack.people,
        deps.slack.channel_access,
        accounts,
        ReadPermission(deps.policy.get_rules, deps.operations["build view"], platform.clock),
        BuildkiteAccess(deps.buildkite.client, deps.buildkite.catalog),
        LinkPreviews(platform.store, platform.clock, deps.slack.api, deps.slack.pacing, wake),
        find_own_hosts(deps.workspace.organization.endpoint),
    )


def find_signing_secret(deps: Dependencies) -> str:
    """Return Slack's signing secret; empty in Socket Mode, where nothing is signed."""
    secret = deps.workspace.slack.signing_secret
    return secret.get_secret_value() if secret else ""


def _build_execution(
    deps: Dependencies, answers: Answers, accounts: Accounts, proposals: Proposals, services: ContextServices
) -> Execution:
    platform = deps.platform
    command, person = deps.workspace.command, services.person
    records = _build_records(deps)
    own_access = BuildkiteAccess(deps.buildkite.client, deps.buildkite.catalog)
    contexts = Contexts(
        ContextFactory(deps.operations, services),
        accounts,
        own_access,
        person.policy.make_name_filter,
        command,
        deps.slack.identity.instance,
    )
    gate = PolicyGate(person.policy, person.approvals, services.bot.status, deps.slack.channel_access, command)
    defaults = services.channel.default_pipelines
    actors = Actors(deps.slack.people, person.api_tokens)
    authoriser = Authoriser(deps.operations, command, actors, accounts, defaults, gate, contexts, platform.clock)
    answering = Answering(platform.store, platform.clock, deps.choices, answers, deps.slack.channel_access)
    endings = Endings(deps.operations, deps.choices, records, answering)
    parser = CommandParser(person.aliases, deps.operations, command, services.channel.tracked_builds)
    interrupted = InterruptedInvocations(platform.store, platform.vault, platform.clock, platform.replica)
    background = BackgroundTasks()
    proposer = Proposer(
        proposals,
        ApproverFinder(deps.slack.people, deps.policy.get_rules),
        Placement(platform.store, deps.slack.channel_access),
    )
    procedure = Procedure(parser, records, authoriser, proposer, answering, endings, background, interrupted)
    return Execution(procedure, authoriser, answering, endings, interrupted, background)


def _build_records(deps: Dependencies) -> InvocationRecords:
    platform = deps.platform
    names = (
        LoopName.CARDS,
        LoopName.REPLIES,
        LoopName.POLLER,
        LoopName.RECOVERY,
        LoopName.PROPOSALS,
        LoopName.FAILURES,
        LoopName.HOME,
    )
    wake, wake_soon = platform.wakeups.waker(*names), platform.wakeups.delayed_waker(*names)
    return InvocationRecords(
        platform.store,
        platform.vault,
        platform.clock,
        deps.operations,
        platform.replica,
        wake,
        wake_soon,
    )


def _branch_finder(deps: Dependencies) -> Callable[[str], Awaitable[tuple[str, ...]]]:
    """The branches that a pipeline's builds were heard of on."""

    async def find(pipeline: str) -> tuple[str, ...]:
        async with deps.platform.store.read() as tx:
            return await find_branches(tx, pipeline)

    return find
