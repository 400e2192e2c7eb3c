"""Builds the REST API, imported for its first request only."""

from __future__ import annotations

from bot.app.dependencies import Dependencies
from bot.app.interaction import Interaction
from bot.execution.actors import Actors
from bot.listeners.rest.app import RestApi
from bot.listeners.rest.calls import OperationCalls
from bot.listeners.rest.event_streams import BuildEvents
from bot.listeners.rest.outcome_lookup import OutcomeLookup
from bot.listeners.rest.token_gate import TokenGate
from bot.settings import Settings
from bot.slack.types import Via


def build_token_gate(settings: Settings, deps: Dependencies, interaction: Interaction) -> TokenGate:
    """Build what admits requests of tokens, which counts those of all surfaces together."""
    tokens = interaction.services.person.api_tokens
    return TokenGate(tokens, deps.platform.clock, settings.kitestring_api_rate, settings.kitestring_url)


def build_calls(deps: Dependencies, interaction: Interaction, via: Via) -> OperationCalls:
    """Build what carries out the calls of programs that come this way."""
    platform, execution = deps.platform, interaction.execution
    return OperationCalls(
        execution.procedure,
        execution.authoriser,
        execution.background,
        OutcomeLookup(platform.store, platform.vault, platform.clock, interaction.proposals),
        platform.clock,
        deps.slack.identity.team,
        via,
    )


def build_rest_api(token_gate: TokenGate, deps: Dependencies, interaction: Interaction) -> RestApi:
    """Build the API on the services that Slack's requests use."""
    platform, person, team = deps.platform, interaction.services.person, deps.slack.identity.team
    actors = Actors(deps.slack.people, person.api_tokens)
    return RestApi(
        deps.operations,
        token_gate,
        build_calls(deps, interaction, "rest"),
        BuildEvents(platform.store, platform.clock, actors, person.policy, team),
    )
