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


def build_rest_api(settings: Settings, deps: Dependencies, interaction: Interaction) -> RestApi:
    """Build the API on the services that Slack's requests use."""
    platform, execution, person = deps.platform, interaction.execution, interaction.services.person
    team = deps.slack.identity.team
    calls = OperationCalls(
        execution.procedure,
        execution.authoriser,
        execution.background,
        OutcomeLookup(platform.store, platform.vault, platform.clock, interaction.proposals),
        platform.clock,
        team,
    )
    actors = Actors(deps.slack.people, person.api_tokens)
    return RestApi(
        deps.operations,
        TokenGate(person.api_tokens, platform.clock, settings.kitestring_api_rate, settings.kitestring_url),
        calls,
        BuildEvents(platform.store, platform.clock, actors, person.policy, team),
    )
