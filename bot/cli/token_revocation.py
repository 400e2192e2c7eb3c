"""`kitestring token revoke`: the end of the bot's own Buildkite token, from the console alone."""

from __future__ import annotations

from collections.abc import Callable

from bot.buildkite.client import connect
from bot.buildkite.models import AccessToken
from bot.runtime.clock import Clock
from bot.settings import Settings

QUESTION = "Revoke it? From then on I can ask Buildkite nothing, and nobody can take it back."
Say = Callable[[str], object]
Agreed = Callable[[str], bool]


async def revoke(settings: Settings, clock: Clock, say: Say, agreed: Agreed) -> None:
    """Say whose token it is, ask, and revoke it. Raises Refused for one that Buildkite does not accept any more.

    https://buildkite.com/docs/apis/rest-api/access-token#revoke-the-current-token
    """
    async with connect(
        settings.buildkite_api_token.get_secret_value(),
        settings.buildkite_organization_slug,
        endpoint=settings.buildkite_rest_api_endpoint,
        clock=clock,
    ) as client:
        say(_described(await client.access_token()))
        if not agreed(QUESTION):
            say("Nothing was revoked.")
            return
        await client.revoke_access_token()
    say("Revoked. Set BUILDKITE_API_TOKEN to another one before I am started again.")


def _described(token: AccessToken) -> str:
    called = f" “{token.description}”" if token.description else ""
    owner = f" of {token.user.name or token.user.email}" if token.user else ""
    return f"The token in BUILDKITE_API_TOKEN is{called or ' one'}{owner} ({token.uuid})."
