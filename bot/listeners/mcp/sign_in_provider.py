"""Lets people sign in from their client: an OAuth 2.1 authorization server, by the MCP SDK's provider interface.

Who a person is, Slack says. What clients register and ask is sealed and given back to them, so nothing is stored
for strangers, and any replica goes on where another began.
"""

from __future__ import annotations

import hashlib
import math
import re
import secrets
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from mcp.server.auth.provider import (
    AccessToken,
    AuthorizationCode,
    AuthorizationParams,
    AuthorizeError,
    OAuthAuthorizationServerProvider,
    RefreshToken,
    RegistrationError,
    TokenError,
)
from mcp.shared.auth import OAuthClientInformationFull, OAuthToken
from pydantic import AnyUrl

from bot.access.api_tokens.client_tokens import ACCESS_LIFETIME, CODE_LIFETIME, ClientTokens, Issued
from bot.errors import KitestringError
from bot.listeners.mcp.toolsets import ROOT
from bot.runtime.clock import Clock
from bot.runtime.json_types import JsonObject
from bot.store.vault import Vault

T = TypeVar("T")
CONSENT = "/oauth/consent"
# A sealed request travels in a cookie, of which browsers keep 4,096 bytes.
_LONGEST_REQUEST = 3_500
_LONGEST_CLIENT = 1_500
_SEALED = re.compile(r"[A-Za-z0-9_-]+={0,2}")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# Schemes that a browser would run or read itself; editors register schemes of their own.
_UNSAFE_SCHEMES = frozenset(
    {"javascript", "data", "file", "vbscript", "blob", "about", "ftp", "ws", "wss", "http"}
)


class Sealer:
    """Seals values that others carry for the bot, each for one purpose."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def seal(self, purpose: str, value: JsonObject) -> str:
        """Return a value as text that only this bot can read or write."""
        return self._vault.seal([purpose, value]).decode()

    def open(self, purpose: str, sealed: str) -> dict[str, Any] | None:
        """Return a value that was sealed for that purpose, or None."""
        if not _SEALED.fullmatch(sealed):
            return None  # decoding would ignore what follows the padding
        try:
            opened = self._vault.open(sealed.encode())
        except KitestringError:
            return None
        match opened:
            case [str(found), dict(value)] if found == purpose:
                return value
        return None


class SignInProvider(OAuthAuthorizationServerProvider[AuthorizationCode, RefreshToken, AccessToken]):
    """Registers clients, and exchanges codes and refresh tokens; `base` is the bot's public URL."""

    def __init__(self, base: str, sealer: Sealer, tokens: ClientTokens, clock: Clock) -> None:
        self._base = base
        self._sealer = sealer
        self._tokens = tokens
        self._clock = clock

    async def get_client(self, client_id: str) -> OAuthClientInformationFull | None:
        """Return a client that was registered, from its id."""
        found = self._sealer.open("client", client_id)
        return OAuthClientInformationFull(**found, client_id=client_id) if found else None

    async def register_client(self, client_info: OAuthClientInformationFull) -> None:
        """Replace the client's id by what it registered, sealed. Raise RegistrationError."""
        for uri in client_info.redirect_uris or ():
            if not _is_safe_redirect(str(uri)):
                raise RegistrationError("invalid_redirect_uri", "Use https, loopback, or a scheme of your own.")
        kept = client_info.model_dump(
            mode="json",
            exclude_none=True,
            include={"redirect_uris", "client_name", "client_secret", "token_endpoint_auth_method", "grant_types"},
        )
        client_id = self._sealer.seal("client", kept)
        if len(client_id) > _LONGEST_CLIENT:
            raise RegistrationError("invalid_client_metadata", "Register fewer or shorter redirect URIs.")
        client_info.client_id = client_id

    async def authorize(self, client: OAuthClientInformationFull, params: AuthorizationParams) -> str:
        """Return the address where the person is asked. Raise AuthorizeError."""
        if params.resource and not self._is_own(params.resource):
            raise AuthorizeError("invalid_target", "This server only grants access to its own MCP endpoint.")
        request: JsonObject = {
            "client": identify_client(client),
            "name": (client.client_name or "A program")[:60],
            "redirect_uri": str(params.redirect_uri),
            "explicit": params.redirect_uri_provided_explicitly,
            "state": params.state,
            "challenge": params.code_challenge,
            "resource": params.resource,
            "at": self._clock.now().timestamp(),
        }
        sealed = self._sealer.seal("request", request)
        if len(sealed) > _LONGEST_REQUEST:
            raise AuthorizeError("invalid_request", "The request is too long.")
        return f"{self._base}{CONSENT}?request={quote(sealed)}"

    def _is_own(self, resource: str) -> bool:
        return resource.rstrip("/") == self._base or resource.startswith(f"{self._base}{ROOT}")

    async def load_authorization_code(
        self, client: OAuthClientInformationFull, authorization_code: str
    ) -> AuthorizationCode | None:
        """Return what a code stands for, if it was given to this client, and not too long ago."""
        found = self._sealer.open("code", authorization_code)
        if found is None or found["client"] != identify_client(client):
            return None
        if self._clock.now().timestamp() - found["at"] > CODE_LIFETIME.total_seconds():
            return None
        return AuthorizationCode(
            code=authorization_code,
            scopes=[],
            expires_at=math.inf,  # the SDK would compare it with the machine's own clock
            client_id=client.client_id or "",
            code_challenge=found["challenge"],
            redirect_uri=AnyUrl(found["redirect_uri"]),
            redirect_uri_provided_explicitly=found["explicit"],
            resource=found["resource"],
        )

    async def exchange_authorization_code(
        self, client: OAuthClientInformationFull, authorization_code: AuthorizationCode
    ) -> OAuthToken:
        """Return the first tokens for a code. Raise TokenError if it was used before."""
        found = self._sealer.open("code", authorization_code.code) or {}
        issued = await self._tokens.exchange(identify_client(client), found["token"], found["secret"])
        return _answer(issued, "The code was used before, or is too old.")

    async def load_refresh_token(
        self, client: OAuthClientInformationFull, refresh_token: str
    ) -> RefreshToken | None:
        """Return a refresh token of the client; whether it's the newest one shows when it's exchanged."""
        known = await self._tokens.find(identify_client(client), refresh_token)
        client_id = client.client_id or ""
        return RefreshToken(token=refresh_token, client_id=client_id, scopes=[]) if known else None

    async def exchange_refresh_token(
        self, client: OAuthClientInformationFull, refresh_token: RefreshToken, scopes: list[str]
    ) -> OAuthToken:
        """Return new tokens, after which the old ones don't work. Raise TokenError."""
        del scopes  # there are none: what a token may do was chosen when the person agreed
        issued = await self._tokens.refresh(identify_client(client), refresh_token.token)
        return _answer(issued, "The refresh token was used before, revoked, or is too old.")

    async def load_access_token(self, token: str) -> AccessToken | None:
        """Return nothing: requests are admitted by the gate of all API tokens."""
        del token
        return None

    async def revoke_token(self, token: AccessToken | RefreshToken) -> None:
        """Revoke the tokens that a refresh token belongs to."""
        client = await self.get_client(token.client_id)
        known = await self._tokens.find(identify_client(client), token.token) if client else None
        if known:
            await self._tokens.revoke(known.id)


def identify_client(client: OAuthClientInformationFull) -> str:
    """Return what is stored to recognise a client by."""
    return hashlib.sha256((client.client_id or "").encode()).hexdigest()


def make_secret() -> str:
    """Return a secret that can't be guessed."""
    return secrets.token_urlsafe(32)


def _answer(issued: Issued | None, problem: str) -> OAuthToken:
    if issued is None:
        raise TokenError("invalid_grant", problem)
    seconds = int(ACCESS_LIFETIME.total_seconds())
    return OAuthToken(access_token=issued.access, refresh_token=issued.refresh, expires_in=seconds)


def _is_safe_redirect(uri: str) -> bool:
    """Return whether a code may be sent there: over TLS, to the person's machine, or to an app's own scheme."""
    parts = urlsplit(uri)
    is_local = parts.scheme == "http" and parts.hostname in _LOOPBACK
    return not parts.fragment and (is_local or parts.scheme not in _UNSAFE_SCHEMES)
