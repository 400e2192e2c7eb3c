"""`kitestring token revoke`: revokes the bot's own Buildkite token, which no Slack command can."""

from __future__ import annotations

from collections.abc import Callable

from bot.app.clients import connect_buildkite
from bot.app.workspace import read_workspace
from bot.buildkite.resources import AccessToken
from bot.runtime.clock import Clock
from bot.settings import Settings

QUESTION = "Revoke it? I can't use Buildkite without it, and this can't be undone."
Echo = Callable[[str], object]
Agreed = Callable[[str], bool]


async def revoke_token(settings: Settings, clock: Clock, echo: Echo, agreed: Agreed) -> None:
    """Print whose token it is, ask, and revoke it. Raise Refused if Buildkite no longer accepts it.

    https://buildkite.com/docs/apis/rest-api/access-token#revoke-the-current-token
    """
    async with connect_buildkite(read_workspace(settings).organization, clock) as client:
        echo(_describe(await client.access_token()))
        if not agreed(QUESTION):
            echo("The token was not revoked.")
            return
        await client.revoke_access_token()
    echo("Revoked. Set BUILDKITE_API_TOKEN to another token before you start me again.")


def _describe(token: AccessToken) -> str:
    called = f"“{token.description}”" if token.description else ""
    owner = f" of {token.user.name or token.user.email}" if token.user else ""
    return f"BUILDKITE_API_TOKEN is {called or 'a token'}{owner} ({token.uuid})."
