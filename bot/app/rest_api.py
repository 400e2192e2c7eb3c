"""Builds the REST API, imported for its first request only."""

from __future__ import annotations

from bot.app.dependencies import Dependencies
from bot.app.interaction import Interaction
from bot.execution.actors import Actors
from bot.listeners.rest.admission import Admission
from bot.listeners.rest.app import RestApi
from bot.listeners.rest.calls import Calls
from bot.listeners.rest.events import BuildEvents
from bot.listeners.rest.lookup import Lookup
from bot.settings import Settings


def build_rest_api(settings: Settings, deps: Dependencies, interaction: Interaction) -> RestApi:
    """Build the API on the services that Slack's requests use."""
    platform, execution, person = deps.platform, interaction.execution, interaction.services.person
    team = deps.slack.identity.team
    calls = Calls(
        execution.procedure,
        execution.authoriser,
        execution.background,
        Lookup(platform.store, platform.vault, platform.clock, interaction.proposals),
        platform.clock,
        team,
    )
    actors = Actors(deps.slack.people, person.api_tokens)
    return RestApi(
        deps.operations,
        Admission(person.api_tokens, platform.clock, settings.kitestring_api_rate, settings.kitestring_url),
        calls,
        BuildEvents(platform.store, platform.clock, actors, person.policy, team),
    )
