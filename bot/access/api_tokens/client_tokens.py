"""API tokens of clients in which a person has signed in: short-lived ones, renewed by refresh tokens.

They are rows like those of other tokens, so people see and revoke them the same way.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from bot.access.api_tokens.model import DEFAULT_LIFETIME, ApiToken, hash_token
from bot.access.api_tokens.queries import (
    find_by_digest,
    find_client_row,
    find_token,
    find_valid_tokens,
    insert_client_row,
    mark_revoked,
    renew_row,
)
from bot.access.api_tokens.token_records import describe_token, draw_raw_token, require_room
from bot.access.queries import record_audit_entry
from bot.operations.invocation import Invocation
from bot.operations.operation import Permission
from bot.runtime.clock import Clock
from bot.slack.types import Thread
from bot.store.transactions import Store, Tx

# How long a client may take from the sign-in to its first token.
CODE_LIFETIME = timedelta(minutes=10)
ACCESS_LIFETIME = timedelta(hours=1)
_REFRESH_PREFIX = "ksr_"


class Issued(NamedTuple):
    """A pair of tokens that was issued."""

    access: str
    refresh: str


@dataclass(frozen=True)
class ClientGrant:
    """A person's permission for a client, which `client` identifies; `permissions` None are all of theirs."""

    owner: str
    client: str
    name: str
    permissions: frozenset[Permission] | None


class ClientTokens:
    """Issues, renews and revokes the tokens of clients in a workspace."""

    def __init__(self, store: Store, clock: Clock, team: str) -> None:
        self._store = store
        self._clock = clock
        self._team = team

    async def open(self, grant: ClientGrant, secret: str) -> str:
        """Keep what was granted until the client comes with the secret; return the token's id.

        Raise UsageError if the owner has too many tokens.
        """
        now = self._clock.now()
        async with self._store.write() as tx:
            others = await find_valid_tokens(tx, self._team, now, grant.owner)
            token = ApiToken(
                id=secrets.token_hex(5),
                name=_choose_name(grant.name, {other.name for other in others}),
                owner=grant.owner,
                service=None,
                permissions=grant.permissions,
                pipelines=(),
                channel=None,
                expires_at=now + CODE_LIFETIME,
                created_at=now,
            )
            require_room(token, others)
            await insert_client_row(tx, self._team, token, hash_token(secret), grant.client)
            await self._audit(tx, token, "created")
        return token.id

    async def exchange(self, client: str, token_id: str, secret: str) -> Issued | None:
        """Return the first tokens for the secret; None if it was used before, or is too old."""
        async with self._store.write() as tx:
            return await self._renew(tx, token_id, client, digest=hash_token(secret))

    async def refresh(self, client: str, refresh_token: str) -> Issued | None:
        """Return new tokens; None if this isn't the newest refresh token of the client.

        An older one has been stolen from the client, or by it: then nobody's works any more.
        https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2
        """
        token_id = read_token_id(refresh_token)
        async with self._store.write() as tx:
            issued = await self._renew(tx, token_id, client, refresh_digest=hash_token(refresh_token))
            if issued is None and await find_client_row(tx, self._team, token_id, client):
                await self._revoke(tx, token_id)
            return issued

    async def find(self, client: str, raw: str) -> ApiToken | None:
        """Return the token of a client that an access token or a refresh token belongs to."""
        async with self._store.read() as tx:
            known = await find_by_digest(tx, self._team, hash_token(raw))
            return await find_client_row(tx, self._team, known.id if known else read_token_id(raw), client)

    async def revoke(self, token_id: str) -> None:
        """Revoke a token."""
        async with self._store.write() as tx:
            await self._revoke(tx, token_id)

    async def _renew(self, tx: Tx, token_id: str, client: str, **held: str) -> Issued | None:
        now = self._clock.now()
        issued = Issued(draw_raw_token(), f"{_REFRESH_PREFIX}{token_id}_{secrets.token_urlsafe(32)}")
        new = {
            "digest": hash_token(issued.access),
            "refresh_digest": hash_token(issued.refresh),
            "fresh_until": now + ACCESS_LIFETIME,
            "expires_at": now + DEFAULT_LIFETIME,
        }
        renewed = await renew_row(tx, self._team, (token_id, client), held, new, now)
        return issued if renewed else None

    async def _revoke(self, tx: Tx, token_id: str) -> None:
        revoked = await mark_revoked(tx, self._team, token_id, "client", self._clock.now())
        token = await find_token(tx, self._team, token_id)
        if revoked and token:
            await self._audit(tx, token, "revoked")

    async def _audit(self, tx: Tx, token: ApiToken, transition: str) -> None:
        operation = f"api-token {'revoke' if transition == 'revoked' else 'create'}"
        asked = Invocation(token.id, "", operation, {}, token.owner, Thread(self._team, ""), "mcp")
        await record_audit_entry(tx, asked, transition, self._clock.now(), describe_token(token))


def read_token_id(refresh_token: str) -> str:
    """Return the id of the token that a refresh token renews; empty if it isn't a refresh token."""
    return refresh_token.removeprefix(_REFRESH_PREFIX).partition("_")[0]


def _choose_name(wanted: str, taken: set[str]) -> str:
    """Return a name for a client's token that the owner has no other of: `claude-code`, `claude-code-2`."""
    base = re.sub(r"[^a-z0-9]+", "-", wanted.lower()).strip("-")[:30].strip("-") or "client"
    numbered = (f"{base}-{number}" for number in range(2, len(taken) + 3))
    return base if base not in taken else next(name for name in numbered if name not in taken)
