"""Finds out who a person in a browser is: Sign in with Slack, by OpenID Connect.

https://docs.slack.dev/authentication/sign-in-with-slack/
"""

from __future__ import annotations

import base64
import binascii
from typing import NamedTuple
from urllib.parse import urlencode

import msgspec
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import Unauthorized
from bot.runtime.clock import Clock
from bot.slack.api_errors import SlackError, translate_errors

_ISSUER = "https://slack.com"


class SlackIdentity(NamedTuple):
    """A person of a workspace, by Slack's ids."""

    user: str
    team: str


class _Claims(msgspec.Struct, frozen=True):
    """The claims of Slack's ID tokens."""

    iss: str
    aud: str
    exp: float
    nonce: str
    user: str = msgspec.field(name="https://slack.com/user_id")
    team: str = msgspec.field(name="https://slack.com/team_id")


class SlackSignIn:
    """Sends people to Slack, and reads who came back. `client_id` and `client_secret` are the app's."""

    def __init__(self, client: AsyncWebClient, clock: Clock, client_id: str, client_secret: str) -> None:
        self._client = client
        self._clock = clock
        self._id = client_id
        # In place of the bot's token.
        self._authorization = f"Basic {base64.b64encode(f'{client_id}:{client_secret}'.encode()).decode()}"

    def build_url(self, redirect_uri: str, state: str, nonce: str, team: str) -> str:
        """Return the address at Slack where a person of the workspace signs in."""
        asked = {
            "response_type": "code",
            "scope": "openid",
            "client_id": self._id,
            "redirect_uri": redirect_uri,
            "state": state,
            "nonce": nonce,
            "team": team,
        }
        return f"{self._client.base_url.removesuffix('api/')}openid/connect/authorize?{urlencode(asked)}"

    async def identify(self, code: str, redirect_uri: str, nonce: str) -> SlackIdentity:
        """Return who signed in. Raise Unauthorized if Slack doesn't confirm it, or SlackError.

        The ID token comes from Slack over TLS, so its signature adds nothing (OpenID Connect Core, 3.1.3.7).
        """
        try:
            async with translate_errors():
                sent = {"code": code, "redirect_uri": redirect_uri}
                headers = {"Authorization": self._authorization}
                answer = await self._client.api_call("openid.connect.token", data=sent, headers=headers)
        except SlackError as error:
            if error.kind in {"refused", "barred"}:
                raise Unauthorized("Slack doesn't confirm who you are.", "Start again.") from error
            raise
        claims = _read_claims(str(answer.get("id_token") or ""))
        expected = (_ISSUER, self._id, nonce)
        is_current = claims is not None and claims.exp > self._clock.now().timestamp()
        if claims is None or not is_current or (claims.iss, claims.aud, claims.nonce) != expected:
            raise Unauthorized("Slack doesn't confirm who you are.", "Start again.")
        return SlackIdentity(claims.user, claims.team)


def _read_claims(token: str) -> _Claims | None:
    """Return the claims of a JSON Web Token, or None if it isn't one."""
    parts = token.split(".")
    payload = parts[1] if len(parts) == 3 else ""
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)), type=_Claims)
    except (binascii.Error, msgspec.DecodeError):
        return None
