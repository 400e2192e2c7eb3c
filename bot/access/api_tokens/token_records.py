"""Keeps the API tokens of a workspace: makes, lists and revokes them. Knows nothing of Slack, for the console."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace

from bot.access.api_tokens.model import DIGITS, RANDOM_LENGTH, ApiToken, hash_token, make_raw_token
from bot.access.api_tokens.queries import find_token, find_valid_tokens, insert_token, mark_revoked
from bot.access.queries import record_audit_entry
from bot.errors import Ambiguous, NotFound, UsageError
from bot.operations.invocation import Invocation
from bot.runtime.clock import Clock
from bot.runtime.json_types import JsonObject
from bot.store.transactions import Store

# More tokens than a person can keep track of; a program that makes them by mistake stops here.
MOST_PER_OWNER = 50


class TokenRecords:
    """Makes, lists and revokes API tokens; each change adds a row to the audit."""

    def __init__(self, store: Store, clock: Clock, team: str) -> None:
        self._store = store
        self._clock = clock
        self._team = team

    async def create(self, wanted: ApiToken, asked: Invocation) -> str:
        """Store a token and return it, which nothing can do again. Raise UsageError if the name is taken.

        The id and the time of creation of `wanted` are replaced; `asked` says who made it, for the audit.
        """
        now = self._clock.now()
        raw = draw_raw_token()
        token = replace(wanted, id=secrets.token_hex(5), created_at=now)
        async with self._store.write() as tx:
            require_room(token, await find_valid_tokens(tx, self._team, now, token.owner))
            await insert_token(tx, self._team, token, hash_token(raw))
            await record_audit_entry(tx, asked, "created", now, describe_token(token))
        return raw

    async def list_valid(self, owner: str | None = None) -> tuple[ApiToken, ...]:
        """Return the valid tokens of a person, or of everyone, newest first."""
        async with self._store.read() as tx:
            return await find_valid_tokens(tx, self._team, self._clock.now(), owner)

    async def find(self, token_id: str) -> ApiToken | None:
        """Return a token by its id, whether valid or not."""
        async with self._store.read() as tx:
            return await find_token(tx, self._team, token_id)

    async def choose(self, words: str, owner: str | None = None) -> ApiToken:
        """Return the valid token with an id or a name. Raise NotFound or Ambiguous."""
        tokens = await self.list_valid(owner)
        found = [token for token in tokens if words in (token.id, token.name)]
        if not found:
            raise NotFound("There's no valid API token with that name or id.", "`api-token list` shows them.")
        if len(found) > 1:
            options = tuple((f"{token.name} ({token.id})", token.id) for token in found)
            raise Ambiguous("Several API tokens have that name.", "token", options, "Choose by the id.")
        return found[0]

    async def revoke(self, token: ApiToken, asked: Invocation) -> bool:
        """Revoke a token; return False if it was revoked before."""
        now = self._clock.now()
        async with self._store.write() as tx:
            revoked = await mark_revoked(tx, self._team, token.id, asked.user or "console", now)
            if revoked:
                await record_audit_entry(tx, asked, "revoked", now, describe_token(token))
        return revoked


def draw_raw_token() -> str:
    """Return a new token, which nobody can guess."""
    return make_raw_token("".join(secrets.choice(DIGITS) for _ in range(RANDOM_LENGTH)))


def require_room(wanted: ApiToken, others: Sequence[ApiToken]) -> None:
    """Raise UsageError if the owner has a token of that name, or too many."""
    if any(wanted.name == token.name for token in others):
        hint = "Revoke it first, or choose another name."
        raise UsageError(f"There is a valid API token {wanted.name} already.", hint, "name")
    if len(others) >= MOST_PER_OWNER:
        raise UsageError(f"There are {len(others)} valid API tokens already.", "Revoke some first.", "name")


def describe_token(token: ApiToken) -> JsonObject:
    """Return what the audit keeps of a token."""
    return {
        "token": token.id,
        "name": token.name,
        "owner": token.owner,
        "service": token.service,
        "permissions": None if token.permissions is None else sorted(token.permissions),
        "pipelines": list(token.pipelines),
        "channel": token.channel,
        "expires_at": token.expires_at.isoformat(),
    }
