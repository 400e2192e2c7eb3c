"""Builds the way from Slack to Buildkite: requests are authorized, run and answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from slack_bolt.async_app import AsyncApp

from bot.access.accounts.service import Accounts, BuildkiteAccess
from bot.access.approvals.proposals import Proposals
from bot.access.approvals.voting import Approvals
from bot.access.audit_log import AuditLog
from bot.access.locks.service import LockService
from bot.access.policy.service import PolicyService
from bot.app.dependencies import Dependencies, describe_own_webhook
from bot.app.emoji_cache import EmojiCache
from bot.buildkite.catalog import Catalog
from bot.builds.links.unfurl import LinkUnfurler
from bot.builds.tracked_builds import TrackedBuilds
from bot.execution.aliases import Aliases
from bot.execution.answering import Answering
from bot.execution.authorisation import Authoriser
from bot.execution.background import BackgroundTasks
from bot.execution.context_factory import ContextFactory, Contexts
from bot.execution.default_pipeline import DefaultPipelines
from bot.execution.endings import Endings
from bot.execution.interrupted import InterruptedInvocations
from bot.execution.parsing import CommandParser
from bot.execution.policy_gate import PolicyGate
from bot.execution.procedure import Procedure
from bot.execution.records import InvocationRecords
from bot.execution.services import BotServices, ChannelServices, ContextServices, PersonServices
from bot.history.queries import find_branches
from bot.history.report_data import ReportData
from bot.home.publisher import HomeOpenings
from bot.listeners.bolt_app import build_bolt_app
from bot.listeners.conversation_listeners import ConversationListeners
from bot.listeners.dispatch import Dispatcher
from bot.listeners.event_listeners import EventListeners
from bot.listeners.form_channel import FormDestinations
from bot.listeners.form_handling import FormHandler
from bot.listeners.home_tab import HomeTab
from bot.notifications.agent_watches.service import AgentWatches
from bot.notifications.direct.queries import schedule_call
from bot.notifications.direct.service import DirectMessageService
from bot.notifications.subscriptions.service import SubscriptionService
from bot.runtime.loop import LoopName
from bot.slack.answers import Answers
from bot.slack.block_fallback import BlockFallback, RefusedBlocks


@dataclass(frozen=True)
class Execution:
    """Carries out invocations, and recovers those that were interrupted."""

    procedure: Procedure
    authoriser: Authoriser
    answering: Answering
    endings: Endings
    interrupted: InterruptedInvocations
    background: BackgroundTasks


@dataclass
class Interaction:
    """`bolt` receives Slack's requests; `execution` carries them out."""

    emoji_cache: EmojiCache
    block_fallback: BlockFallback
    answers: Answers
    accounts: Accounts
    proposals: Proposals
    services: ContextServices
    execution: Execution
    bolt: AsyncApp


def build_interaction(deps: Dependencies) -> Interaction:
    """Build all that is between a Slack request and its answer."""
    emoji_cache = EmojiCache(deps.buildkite.for_background().emojis, deps.clock)
    deps.slack.render_emoji = emoji_cache.replace_emoji_codes
    block_fallback = BlockFallback(RefusedBlocks(deps.store, deps.clock), deps.slack)
    answers = Answers(deps.slack, deps.slack_pacing, block_fallback)
    accounts = Accounts(deps.store, deps.vault, deps.clock, deps.buildkite, deps.settings.kitestring_command)
    wake = deps.wakeups.waker(LoopName.PROPOSALS, LoopName.APPROVED_PROPOSALS, LoopName.HOME, LoopName.REMINDERS)
    proposals = Proposals(deps.store, deps.vault, deps.clock, schedule_call, wake)
    services = _build_services(deps, accounts, proposals)
    execution = _build_execution(deps, answers, accounts, proposals, services)
    forms = FormHandler(
        deps.slack,
        deps.operations,
        deps.choices,
        execution.authoriser,
        execution.procedure,
        execution.endings,
        FormDestinations(deps.channel_access),
        answers,
    )
    dispatcher = Dispatcher(
        deps.store, deps.operations, execution.procedure, deps.choices, forms, execution.background
    )
    listeners = ConversationListeners(
        dispatcher,
        answers,
        _catalog_finder(deps, accounts),
        _branch_finder(deps),
        deps.operations,
        deps.identity.team,
        deps.identity.user,
        EventListeners(
            _build_home_tab(deps, proposals, dispatcher, execution.procedure),
            _build_unfurling(deps, accounts),
            dispatcher,
            execution.background.spawn,
            deps.identity.team,
        ),
    )
    return Interaction(
        emoji_cache,
        block_fallback,
        answers,
        accounts,
        proposals,
        services,
        execution,
        build_bolt_app(deps.slack_client, find_signing_secret(deps), listeners),
    )


def _build_home_tab(
    deps: Dependencies, proposals: Proposals, dispatcher: Dispatcher, procedure: Procedure
) -> HomeTab:
    openings = HomeOpenings(deps.store, deps.clock, deps.wakeups.waker(LoopName.HOME))
    return HomeTab(deps.store, openings, deps.channel_access, proposals, dispatcher, procedure)


def _build_unfurling(deps: Dependencies, accounts: Accounts) -> LinkUnfurler:
    return LinkUnfurler(
        deps.store,
        deps.clock,
        deps.slack,
        deps.slack_pacing,
        deps.people,
        deps.channel_access,
        accounts,
        deps.policy.get_rules,
        deps.operations,
        deps.buildkite,
        deps.catalog,
        deps.wakeups.waker(LoopName.CARDS),
    )


def find_signing_secret(deps: Dependencies) -> str:
    """Return Slack's signing secret; empty in Socket Mode, where nothing is signed."""
    secret = deps.settings.slack_signing_secret
    return secret.get_secret_value() if secret else ""


def _build_execution(
    deps: Dependencies, answers: Answers, accounts: Accounts, proposals: Proposals, services: ContextServices
) -> Execution:
    command, person = deps.settings.kitestring_command, services.person
    records = _build_records(deps)
    own_access = BuildkiteAccess(deps.buildkite, deps.catalog)
    contexts = Contexts(
        ContextFactory(deps.operations, services), accounts, own_access, command, deps.identity.instance
    )
    gate = PolicyGate(
        deps.policy.get_rules,
        person.locks,
        person.approvals,
        deps.status_service,
        deps.channel_access,
        deps.clock,
        command,
    )
    defaults = services.channel.default_pipelines
    authoriser = Authoriser(deps.operations, command, deps.people, accounts, defaults, gate, contexts, deps.clock)
    answering = Answering(deps.store, deps.clock, deps.choices, answers, deps.channel_access)
    endings = Endings(deps.operations, deps.choices, records, answering)
    parser = CommandParser(person.aliases, deps.operations, command)
    interrupted = InterruptedInvocations(deps.store, deps.vault, deps.clock, deps.replica)
    background = BackgroundTasks()
    procedure = Procedure(parser, records, authoriser, proposals, answering, endings, background, interrupted)
    return Execution(procedure, authoriser, answering, endings, interrupted, background)


def _build_records(deps: Dependencies) -> InvocationRecords:
    names = (
        LoopName.CARDS,
        LoopName.POLLER,
        LoopName.RECOVERY,
        LoopName.PROPOSALS,
        LoopName.FAILURES,
        LoopName.HOME,
    )
    wake, wake_soon = deps.wakeups.waker(*names), deps.wakeups.delayed_waker(*names)
    return InvocationRecords(deps.store, deps.vault, deps.clock, deps.operations, deps.replica, wake, wake_soon)


def _build_services(deps: Dependencies, accounts: Accounts, proposals: Proposals) -> ContextServices:
    return ContextServices(
        _build_channel_services(deps),
        _build_person_services(deps, accounts, proposals),
        BotServices(
            deps.operations,
            deps.clock,
            deps.status_service,
            ReportData(deps.store, deps.clock),
            deps.agent_api,
            deps.allowlist,
            describe_own_webhook(deps.settings),
        ),
    )


def _build_channel_services(deps: Dependencies) -> ChannelServices:
    wake = deps.wakeups.waker(LoopName.CARDS, LoopName.CATCH_UP, LoopName.HOME)
    return ChannelServices(
        TrackedBuilds(deps.store, deps.clock, wake),
        SubscriptionService(deps.store, deps.clock, deps.channel_access.can_post, deps.people.find_email, wake),
        AgentWatches(deps.store, deps.clock),
        DefaultPipelines(deps.store),
    )


def _build_person_services(deps: Dependencies, accounts: Accounts, proposals: Proposals) -> PersonServices:
    open_direct_message = deps.channel_access.open_direct_message
    wake = deps.wakeups.waker(LoopName.CARDS, LoopName.CATCH_UP, LoopName.HOME)
    locks = LockService(
        deps.store,
        deps.clock,
        partial(open_direct_message, deps.identity.team),
        deps.wakeups.waker(LoopName.CARDS),
    )
    rules, command = deps.policy.get_rules, deps.settings.kitestring_command
    return PersonServices(
        accounts,
        Aliases(deps.store, deps.clock),
        DirectMessageService(
            deps.store, deps.clock, open_direct_message, deps.listed_subscriptions.get_owners, wake
        ),
        locks,
        Approvals(proposals, deps.people, rules, deps.operations, command),
        AuditLog(deps.store),
        PolicyService(rules, deps.operations, locks, deps.clock),
    )


def _branch_finder(deps: Dependencies) -> Callable[[str], Awaitable[tuple[str, ...]]]:
    """The branches that a pipeline's builds were heard of on."""

    async def find(pipeline: str) -> tuple[str, ...]:
        async with deps.store.read() as tx:
            return await find_branches(tx, pipeline)

    return find


def _catalog_finder(deps: Dependencies, accounts: Accounts) -> Callable[[str], Awaitable[Catalog]]:
    """Return a function that finds the catalog for a person's menus: their own if they connected a token."""

    async def find(user: str) -> Catalog:
        own = await accounts.find_access(deps.identity.team, user)
        return own.catalog if own else deps.catalog

    return find
