"""People's own Buildkite tokens: checks, encrypts, uses and deletes them."""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

from pydantic import SecretStr

from bot.access.accounts.model import Account
from bot.access.accounts.queries import SealedAccount, delete_account, find_account, save_account
from bot.access.queries import record_audit_entry
from bot.buildkite.catalog import Catalog
from bot.buildkite.client import Buildkite
from bot.buildkite.models import Person
from bot.buildkite.personal_token import Bearer
from bot.errors import KitestringError, NotFound, Refused, Unavailable, UsageError
from bot.operations.invocation import Invocation
from bot.runtime.clock import Clock
from bot.slack.types import Actor, Thread
from bot.store.transactions import Store, Tx
from bot.store.vault import Vault

# Slack gives a form three seconds: https://docs.slack.dev/surfaces/modals#handling_submissions
CHECK_TIMEOUT_SECONDS = 2.0
# Clients kept in memory, each with its own request budget. One more evicts the least recently used.
MAX_CLIENTS = 100
TOKEN_FIELD = "token"  # noqa: S105  (a form field)
_TOKEN = re.compile(r"[\x21-\x7e]{8,500}")


@dataclass(frozen=True)
class BuildkiteAccess:
    """The client and the catalog that requests use: a connected person's own, or the bot's without `account`.

    A connected person's catalog is shared with no one: the bot's would show them pipelines that they may not see,
    and pipelines that only they may see must not get into a catalog for everyone.
    """

    buildkite: Buildkite
    catalog: Catalog
    account: Account | None = None


class Accounts:
    """Connects and disconnects accounts, and gives access to Buildkite with a person's token.

    The database is read on every request, so that a disconnected token stops working at once in every replica.
    `buildkite` lends its connection pool; its own token is never used here.
    """

    def __init__(self, store: Store, vault: Vault, clock: Clock, buildkite: Buildkite, command: str) -> None:
        self._store = store
        self._vault = vault
        self._clock = clock
        self._buildkite = buildkite
        self._command = command
        self._clients: OrderedDict[tuple[str, str], tuple[bytes, BuildkiteAccess]] = OrderedDict()

    async def connect(self, actor: Actor, thread: Thread, invocation_id: str, secret: SecretStr) -> Account:
        """Check a token and save it, encrypted, in place of an earlier one.

        Raise UsageError (field `token`) if Buildkite rejects it, Unavailable if Buildkite doesn't answer.
        """
        text = secret.get_secret_value().strip()
        if not _TOKEN.fullmatch(text):
            raise UsageError(
                "That isn't an API access token.",
                "It's a single word that starts with bkua_. Copy all of it.",
                TOKEN_FIELD,
            )
        account = await self._check(Bearer(SecretStr(text), self._command))
        async with self._store.write() as tx:
            await save_account(tx, actor.team, actor.id, account, self._vault.seal(text))
            asked = Invocation(invocation_id, "", "connect", {}, actor.id, thread, actor.via)
            detail = {"buildkite_user": account.buildkite_id, "scopes": list(account.scopes)}
            await record_audit_entry(tx, asked, "connected", self._clock.now(), detail)
        return account

    async def find(self, team: str, user: str) -> Account | None:
        """Return the account that a person has connected."""
        found = await self._find_row(team, user)
        return found.account if found else None

    async def find_access(self, team: str, user: str) -> BuildkiteAccess | None:
        """Return a person's access, or None if they haven't connected. Raise Refused if it can't be decrypted."""
        key, found = (team, user), await self._find_row(team, user)
        if found is None:
            self._clients.pop(key, None)
            return None
        sealed, own = self._clients.get(key, (b"", None))
        if own is None or sealed != found.sealed:
            own = self._open_access(found)
        self._clients[key] = (found.sealed, own)
        self._clients.move_to_end(key)
        while len(self._clients) > MAX_CLIENTS:
            self._clients.popitem(last=False)
        return own

    async def disconnect(self, team: str, user: str) -> bool:
        """Delete a token; return whether there was one."""
        self._clients.pop((team, user), None)
        async with self._store.write() as tx:
            return await delete_account(tx, team, user)

    async def delete_departed(self, team: str, user: str, now: datetime) -> bool:
        """Delete the token of a person who has left the workspace; return whether there was one."""
        self._clients.pop((team, user), None)
        async with self._store.write() as tx:
            deleted = await delete_account(tx, team, user)
            if deleted:
                await _record_departure(tx, team, user, now)
        return deleted

    async def _find_row(self, team: str, user: str) -> SealedAccount | None:
        async with self._store.read() as tx:
            return await find_account(tx, team, user)

    def _open_access(self, found: SealedAccount) -> BuildkiteAccess:
        try:
            secret = SecretStr(self._vault.open(found.sealed))
        except KitestringError as error:
            hint = f"Connect again with `{self._command} connect`, or remove it with `{self._command} disconnect`."
            raise Refused("I can no longer read your saved Buildkite token.", hint, "own token") from error
        client = self._buildkite.for_person(Bearer(secret, self._command))
        return BuildkiteAccess(client, Catalog(client, self._clock), found.account)

    async def _check(self, bearer: Bearer) -> Account:
        client = self._buildkite.for_person(bearer, patience=0)
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_SECONDS):
                return await self._read_account(client)
        except TimeoutError as error:
            raise Unavailable(
                "Buildkite didn't answer in time, so nothing was saved.", "Try again in a moment."
            ) from error
        except Unavailable as error:
            raise Unavailable(f"{error.message} Nothing was saved.", "Try again in a moment.") from error

    async def _read_account(self, client: Buildkite) -> Account:
        """Return the account of a token, after checking that it is for our organization."""
        try:
            token = await client.access_token()
        except Refused as error:
            raise UsageError(
                "Buildkite doesn't accept this token.",
                "It's wrong, revoked or expired. Check it, or create a new one.",
                TOKEN_FIELD,
            ) from error
        await self._require_our_organization(client)
        user = await _find_user(client) or token.user or Person()
        return Account(
            user.id or "",
            user.name or "",
            user.email or "",
            tuple(token.scopes),
            self._clock.now(),
            token.expires_at,
        )

    async def _require_our_organization(self, client: Buildkite) -> None:
        organization = client.organization
        try:
            await client.get_organization()
        except NotFound as error:
            raise UsageError(
                f"This token isn't for the organization {organization}.",
                "Create one with that organization selected under Organization Access.",
                TOKEN_FIELD,
            ) from error
        except Refused as error:
            raise UsageError(
                f"I can't tell whether this token is for the organization {organization}.",
                "Add the read_organizations scope to it.",
                TOKEN_FIELD,
            ) from error


async def _find_user(client: Buildkite) -> Person | None:
    """Return the token's user, or None without the read_user scope, which people needn't give."""
    try:
        return await client.user()
    except Refused:
        return None


async def _record_departure(tx: Tx, team: str, user: str, now: datetime) -> None:
    asked = Invocation("", "", "disconnect", {}, user, Thread(team, ""), "button")
    await record_audit_entry(tx, asked, "disconnected", now, {"why": "no longer in the workspace"})
