"""From Slack to Buildkite: what people ask for, judged, run and answered."""

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
from bot.builds.tracked_builds import FollowedBuilds
from bot.builds.links.unfurl import Unfurling
from bot.execution.aliases import Aliases
from bot.execution.default_pipeline import Defaults
from bot.execution.outcomes import Outcomes
from bot.execution.runner import Runner
from bot.execution.services import Services
from bot.history.queries import find_branches
from bot.home.publisher import Openings
from bot.listeners.bolt_app import Listeners
from bot.listeners.bolt_app import bolt as wired
from bot.listeners.dispatch import Dispatcher
from bot.listeners.event_listeners import EventListeners
from bot.listeners.form_channel import Placing
from bot.listeners.form_handling import Forms
from bot.listeners.home_tab import HomeTab
from bot.notifications.direct.queries import schedule_call
from bot.notifications.direct.service import DirectMessageService
from bot.notifications.subscriptions.service import SubscriptionService
from bot.slack.answers import Answers
from bot.slack.block_fallback import BlockFallback, RefusedBlocks


@dataclass
class Interaction:
    """`bolt` takes what Slack sends; `runner` carries it out."""

    emoji_cache: EmojiCache
    block_fallback: BlockFallback
    answers: Answers
    outcomes: Outcomes
    accounts: Accounts
    proposals: Proposals
    runner: Runner
    bolt: AsyncApp


def build_interaction(on: Dependencies) -> Interaction:
    """Everything between a request of Slack's and its answer."""
    emojis = EmojiCache(on.buildkite.patient().emojis, on.clock)
    on.slack.drawn = emojis.replace_emoji_codes
    pictures = BlockFallback(RefusedBlocks(on.store, on.clock), on.slack)
    answers = Answers(on.slack, on.slack_pacing, pictures)
    outcomes = _build_outcomes(on, answers)
    accounts = Accounts(on.store, on.vault, on.clock, on.buildkite, on.settings.kitestring_command)
    wake = on.wakeups.of("proposals", "approved", "home", "reminders")
    proposals = Proposals(on.store, on.vault, on.clock, schedule_call, wake)
    shared = _build_services(on, accounts, proposals)
    runner = Runner(on.store, on.vault, on.clock, on.people, on.channel_access, outcomes, shared)
    forms = Forms(on.slack, on.people, on.choices, runner, Placing(on.channel_access), answers)
    intake = Dispatcher(on.store, runner, on.choices, forms)
    listeners = Listeners(
        intake,
        answers,
        _catalog_finder(on, accounts),
        _branch_finder(on),
        on.operations,
        on.identity.team,
        on.identity.user,
        EventListeners(
            _build_home_tab(on, proposals, intake), _build_unfurling(on, accounts), intake, runner.spawn, on.identity.team
        ),
    )
    return Interaction(
        emojis,
        pictures,
        answers,
        outcomes,
        accounts,
        proposals,
        runner,
        wired(on.slack_client, find_signing_secret(on), listeners),
    )


def _build_home_tab(on: Dependencies, proposals: Proposals, intake: Dispatcher) -> HomeTab:
    openings = Openings(on.store, on.clock, on.wakeups.of("home"))
    return HomeTab(on.store, openings, on.channel_access, proposals, intake)


def _build_unfurling(on: Dependencies, accounts: Accounts) -> Unfurling:
    return Unfurling(
        on.store,
        on.clock,
        on.slack,
        on.slack_pacing,
        on.people,
        on.channel_access,
        accounts,
        on.policy.rules,
        on.operations,
        on.buildkite,
        on.catalog,
        on.wakeups.of("writer"),
    )


def find_signing_secret(on: Dependencies) -> str:
    """What Slack signs with; empty in Socket Mode, where nothing is signed."""
    secret = on.settings.slack_signing_secret
    return secret.get_secret_value() if secret else ""


def _build_outcomes(on: Dependencies, answers: Answers) -> Outcomes:
    names = ("writer", "sweep", "recovery", "proposals", "findings", "home")
    wake, soon = on.wakeups.of(*names), on.wakeups.soon(*names)
    return Outcomes(on.store, on.clock, on.operations, on.choices, answers, on.channel_access, wake, soon)


def _build_services(on: Dependencies, accounts: Accounts, proposals: Proposals) -> Services:
    command = on.settings.kitestring_command
    wake = on.wakeups.of("writer", "patrol", "home")
    return Services(
        buildkite=on.buildkite,
        catalog=on.catalog,
        registry=on.operations,
        rules=on.policy.rules,
        locks=LockService(on.store, on.clock, partial(on.channel_access.direct, on.identity.team), on.wakeups.of("writer")),
        followed=FollowedBuilds(on.store, on.clock, wake),
        subscribing=SubscriptionService(on.store, on.clock, on.channel_access.postable, on.people.email, wake),
        aliases=Aliases(on.store, on.clock),
        defaults=Defaults(on.store),
        notifying=DirectMessageService(on.store, on.clock, on.channel_access.direct, on.listed_subscriptions.owners, wake),
        accounts=accounts,
        proposals=proposals,
        approvals=Approvals(proposals, on.people, on.policy.rules, on.operations, command),
        condition=on.status_service,
        agent_api=on.agent_api,
        origins=on.allowlist,
        webhook=describe_own_webhook(on.settings),
        instance=on.identity.instance,
        replica=on.replica,
        command=command,
    )


def _branch_finder(on: Dependencies) -> Callable[[str], Awaitable[tuple[str, ...]]]:
    """The branches that a pipeline's builds were heard of on."""

    async def heard(pipeline: str) -> tuple[str, ...]:
        async with on.store.read() as tx:
            return await find_branches(tx, pipeline)

    return heard


def _catalog_finder(on: Dependencies, accounts: Accounts) -> Callable[[str], Awaitable[Catalog]]:
    """Whose names a menu offers: a connected person's own."""

    async def names(user: str) -> Catalog:
        own = await accounts.of(on.identity.team, user)
        return own.catalog if own else on.catalog

    return names
