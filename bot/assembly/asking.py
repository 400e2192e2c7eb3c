"""From Slack to Buildkite: what people ask for, judged, run and answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from slack_bolt.async_app import AsyncApp

from bot.accounts import Accounts
from bot.aliases import Aliases
from bot.answers import Answers
from bot.approvals import Approvals
from bot.assembly.ground import Ground
from bot.buildkite.catalog import Catalog
from bot.defaults import Defaults
from bot.emoji import Emojis
from bot.homes import Openings
from bot.locks import Locks
from bot.notifying import Notifying
from bot.outcome import Outcomes
from bot.own_webhook import OwnWebhook
from bot.pictures import Pictures
from bot.proposals import Proposals
from bot.refusals import Refusals
from bot.runner import Runner
from bot.slack.app import Listeners
from bot.slack.app import bolt as wired
from bot.slack.elsewhere import Elsewhere
from bot.slack.forms import Forms
from bot.slack.home import HomeTab
from bot.slack.intake import Intake
from bot.slack.placing import Placing
from bot.store import history
from bot.subscribing import Subscribing
from bot.surroundings import Surroundings
from bot.unfurling import Unfurling


@dataclass
class Asking:
    """`bolt` takes what Slack sends; `runner` carries it out."""

    emojis: Emojis
    pictures: Pictures
    answers: Answers
    outcomes: Outcomes
    accounts: Accounts
    proposals: Proposals
    runner: Runner
    bolt: AsyncApp


def asking(on: Ground) -> Asking:
    """Everything between a request of Slack's and its answer."""
    emojis = Emojis(on.buildkite.patient().emojis, on.clock)
    on.api.drawn = emojis.shown
    pictures = Pictures(Refusals(on.store, on.clock), on.api)
    answers = Answers(on.api, on.pacing, pictures)
    outcomes = _outcomes(on, answers)
    accounts = Accounts(on.store, on.vault, on.clock, on.buildkite, on.settings.kitestring_command)
    proposals = Proposals(on.store, on.vault, on.clock, on.wakes.of("proposals", "approved", "home", "reminders"))
    shared = _surroundings(on, accounts, proposals)
    runner = Runner(on.store, on.vault, on.clock, on.people, on.places, outcomes, shared)
    forms = Forms(on.api, on.people, on.made, runner, Placing(on.places), answers)
    intake = Intake(on.store, runner, on.made, forms)
    listeners = Listeners(
        intake,
        answers,
        _names(on, accounts),
        _heard(on),
        on.operations,
        on.identity.team,
        on.identity.user,
        Elsewhere(_home(on, proposals, intake), _unfurling(on, accounts), intake, runner.spawn, on.identity.team),
    )
    return Asking(
        emojis,
        pictures,
        answers,
        outcomes,
        accounts,
        proposals,
        runner,
        wired(on.client, secret_of(on), listeners),
    )


def _home(on: Ground, proposals: Proposals, intake: Intake) -> HomeTab:
    openings = Openings(on.store, on.clock, on.wakes.of("home"))
    return HomeTab(on.store, openings, on.places, proposals, intake)


def _unfurling(on: Ground, accounts: Accounts) -> Unfurling:
    return Unfurling(
        on.store,
        on.clock,
        on.api,
        on.pacing,
        on.people,
        on.places,
        accounts,
        on.policy.rules,
        on.operations,
        on.buildkite,
        on.catalog,
        on.wakes.of("writer"),
    )


def secret_of(on: Ground) -> str:
    """What Slack signs with; empty in Socket Mode, where nothing is signed."""
    secret = on.settings.slack_signing_secret
    return secret.get_secret_value() if secret else ""


def _outcomes(on: Ground, answers: Answers) -> Outcomes:
    names = ("writer", "sweep", "recovery", "proposals", "findings", "home")
    wake, soon = on.wakes.of(*names), on.wakes.soon(*names)
    return Outcomes(on.store, on.clock, on.operations, on.made, answers, on.places, wake, soon)


def _surroundings(on: Ground, accounts: Accounts, proposals: Proposals) -> Surroundings:
    command = on.settings.kitestring_command
    wake = on.wakes.of("writer", "patrol", "home")
    return Surroundings(
        buildkite=on.buildkite,
        catalog=on.catalog,
        registry=on.operations,
        rules=on.policy.rules,
        locks=Locks(on.store, on.clock, partial(on.places.direct, on.identity.team), on.wakes.of("writer")),
        subscribing=Subscribing(on.store, on.clock, on.places.postable, on.people.email, wake),
        aliases=Aliases(on.store, on.clock),
        defaults=Defaults(on.store),
        notifying=Notifying(on.store, on.clock, on.places.direct, on.listed.owners, wake),
        accounts=accounts,
        proposals=proposals,
        approvals=Approvals(proposals, on.people, on.policy.rules, on.operations, command),
        condition=on.condition,
        agent_api=on.agent_api,
        origins=on.origins,
        webhook=OwnWebhook.of(on.settings),
        instance=on.identity.instance,
        replica=on.replica,
        command=command,
    )


def _heard(on: Ground) -> Callable[[str], Awaitable[tuple[str, ...]]]:
    """The branches that a pipeline's builds were heard of on."""

    async def heard(pipeline: str) -> tuple[str, ...]:
        async with on.store.read() as tx:
            return await history.branches(tx, pipeline)

    return heard


def _names(on: Ground, accounts: Accounts) -> Callable[[str], Awaitable[Catalog]]:
    """Whose names a menu offers: a connected person's own."""

    async def names(user: str) -> Catalog:
        own = await accounts.of(on.identity.team, user)
        return own.catalog if own else on.catalog

    return names
