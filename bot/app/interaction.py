"""Builds the way from Slack to Buildkite: requests are authorized, run and answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from slack_bolt.async_app import AsyncApp

from bot.access.accounts.service import Accounts
from bot.access.approvals.proposals import Proposals
from bot.access.approvals.voting import Approvals
from bot.access.locks.service import LockService
from bot.app.dependencies import Dependencies, describe_own_webhook
from bot.app.emoji_cache import EmojiCache
from bot.buildkite.catalog import Catalog
from bot.builds.links.unfurl import LinkUnfurler
from bot.builds.tracked_builds import TrackedBuilds
from bot.execution.aliases import Aliases
from bot.execution.default_pipeline import DefaultPipelines
from bot.execution.outcomes import Outcomes
from bot.execution.runner import Runner
from bot.execution.services import Services
from bot.history.queries import find_branches
from bot.home.publisher import HomeOpenings
from bot.listeners.bolt_app import Listeners, build_bolt_app
from bot.listeners.dispatch import Dispatcher
from bot.listeners.event_listeners import EventListeners
from bot.listeners.form_channel import FormDestinations
from bot.listeners.form_handling import FormHandler
from bot.listeners.home_tab import HomeTab
from bot.notifications.direct.queries import schedule_call
from bot.notifications.direct.service import DirectMessageService
from bot.notifications.subscriptions.service import SubscriptionService
from bot.runtime.loop import LoopName
from bot.slack.answers import Answers
from bot.slack.block_fallback import BlockFallback, RefusedBlocks


@dataclass
class Interaction:
    """`bolt` receives Slack's requests; `runner` carries them out."""

    emoji_cache: EmojiCache
    block_fallback: BlockFallback
    answers: Answers
    outcomes: Outcomes
    accounts: Accounts
    proposals: Proposals
    runner: Runner
    bolt: AsyncApp


def build_interaction(deps: Dependencies) -> Interaction:
    """Build all that is between a Slack request and its answer."""
    emoji_cache = EmojiCache(deps.buildkite.for_background().emojis, deps.clock)
    deps.slack.render_emoji = emoji_cache.replace_emoji_codes
    block_fallback = BlockFallback(RefusedBlocks(deps.store, deps.clock), deps.slack)
    answers = Answers(deps.slack, deps.slack_pacing, block_fallback)
    outcomes = _build_outcomes(deps, answers)
    accounts = Accounts(deps.store, deps.vault, deps.clock, deps.buildkite, deps.settings.kitestring_command)
    wake = deps.wakeups.waker(LoopName.PROPOSALS, LoopName.APPROVED_PROPOSALS, LoopName.HOME, LoopName.REMINDERS)
    proposals = Proposals(deps.store, deps.vault, deps.clock, schedule_call, wake)
    services = _build_services(deps, accounts, proposals)
    runner = Runner(deps.store, deps.vault, deps.clock, deps.people, deps.channel_access, outcomes, services)
    forms = FormHandler(
        deps.slack, deps.people, deps.choices, runner, FormDestinations(deps.channel_access), answers
    )
    dispatcher = Dispatcher(deps.store, runner, deps.choices, forms)
    listeners = Listeners(
        dispatcher,
        answers,
        _catalog_finder(deps, accounts),
        _branch_finder(deps),
        deps.operations,
        deps.identity.team,
        deps.identity.user,
        EventListeners(
            _build_home_tab(deps, proposals, dispatcher),
            _build_unfurling(deps, accounts),
            dispatcher,
            runner.spawn,
            deps.identity.team,
        ),
    )
    return Interaction(
        emoji_cache,
        block_fallback,
        answers,
        outcomes,
        accounts,
        proposals,
        runner,
        build_bolt_app(deps.slack_client, find_signing_secret(deps), listeners),
    )


def _build_home_tab(deps: Dependencies, proposals: Proposals, dispatcher: Dispatcher) -> HomeTab:
    openings = HomeOpenings(deps.store, deps.clock, deps.wakeups.waker(LoopName.HOME))
    return HomeTab(deps.store, openings, deps.channel_access, proposals, dispatcher)


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


def _build_outcomes(deps: Dependencies, answers: Answers) -> Outcomes:
    names = (
        LoopName.CARDS,
        LoopName.POLLER,
        LoopName.RECOVERY,
        LoopName.PROPOSALS,
        LoopName.FAILURES,
        LoopName.HOME,
    )
    wake, wake_later = deps.wakeups.waker(*names), deps.wakeups.delayed_waker(*names)
    return Outcomes(
        deps.store, deps.clock, deps.operations, deps.choices, answers, deps.channel_access, wake, wake_later
    )


def _build_services(deps: Dependencies, accounts: Accounts, proposals: Proposals) -> Services:
    command = deps.settings.kitestring_command
    wake = deps.wakeups.waker(LoopName.CARDS, LoopName.CATCH_UP, LoopName.HOME)
    return Services(
        buildkite=deps.buildkite,
        catalog=deps.catalog,
        registry=deps.operations,
        rules=deps.policy.get_rules,
        locks=LockService(
            deps.store,
            deps.clock,
            partial(deps.channel_access.open_direct_message, deps.identity.team),
            deps.wakeups.waker(LoopName.CARDS),
        ),
        tracked_builds=TrackedBuilds(deps.store, deps.clock, wake),
        subscriptions=SubscriptionService(
            deps.store, deps.clock, deps.channel_access.can_post, deps.people.find_email, wake
        ),
        aliases=Aliases(deps.store, deps.clock),
        default_pipelines=DefaultPipelines(deps.store),
        direct_messages=DirectMessageService(
            deps.store,
            deps.clock,
            deps.channel_access.open_direct_message,
            deps.listed_subscriptions.get_owners,
            wake,
        ),
        accounts=accounts,
        proposals=proposals,
        approvals=Approvals(proposals, deps.people, deps.policy.get_rules, deps.operations, command),
        status=deps.status_service,
        agent_api=deps.agent_api,
        allowlist=deps.allowlist,
        webhook=describe_own_webhook(deps.settings),
        instance=deps.identity.instance,
        replica=deps.replica,
        command=command,
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
