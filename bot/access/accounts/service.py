"""People's own Buildkite tokens: checked, sealed, used for what that person asks, forgotten."""

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
CHECK_SECONDS = 2.0
CLIENTS = 100
FIELD = "token"
_TOKEN = re.compile(r"[\x21-\x7e]{8,500}")


@dataclass(frozen=True)
class Own:
    """What a connected person acts with: nothing of it is shared with others.

    The names of pipelines, agents and members are read with that token as well: the bot's own catalog would tell
    of pipelines that the person may not see, and what only they may see must not stand in a catalog for all.
    """

    account: Account
    buildkite: Buildkite
    catalog: Catalog


class Accounts:
    """The row in the database decides on every act; a hundred clients, with their budgets, are kept in memory.

    `buildkite` lends its connections; its own token is used for nothing here.
    """

    def __init__(self, store: Store, vault: Vault, clock: Clock, buildkite: Buildkite, command: str) -> None:
        self._store = store
        self._vault = vault
        self._clock = clock
        self._buildkite = buildkite
        self._command = command
        self._clients: OrderedDict[tuple[str, str], tuple[bytes, Own]] = OrderedDict()

    async def connect(self, actor: Actor, thread: Thread, mark: str, secret: SecretStr) -> Account:
        """Check a token and keep it, sealed, in place of any other.

        Raises UsageError(field `token`) where Buildkite does not take it, Unavailable where nobody can say.
        """
        text = secret.get_secret_value().strip()
        if not _TOKEN.fullmatch(text):
            raise UsageError(
                "That is no API access token.", "It is one word that begins with bkua_; copy all of it.", FIELD
            )
        account = await self._checked(Bearer(SecretStr(text), self._command))
        async with self._store.write() as tx:
            await save_account(tx, actor.team, actor.id, account, self._vault.seal(text))
            asked = Invocation(mark, "", "connect", {}, actor.id, thread, actor.via)
            detail = {"buildkite_user": account.buildkite_id, "scopes": list(account.scopes)}
            await record_audit_entry(tx, asked, "connected", self._clock.now(), detail)
        return account

    async def find(self, team: str, user: str) -> Account | None:
        """The account that somebody has connected."""
        found = await self._row(team, user)
        return found.account if found else None

    async def of(self, team: str, user: str) -> Own | None:
        """What somebody acts with, None where no token is connected. Raises Refused where it cannot be read."""
        key, found = (team, user), await self._row(team, user)
        if found is None:
            self._clients.pop(key, None)
            return None
        sealed, own = self._clients.get(key, (b"", None))
        if own is None or sealed != found.sealed:
            own = self._own(found)
        self._clients[key] = (found.sealed, own)
        self._clients.move_to_end(key)
        while len(self._clients) > CLIENTS:
            self._clients.popitem(last=False)
        return own

    async def disconnect(self, team: str, user: str) -> bool:
        """Forget a token; says whether there was one."""
        self._clients.pop((team, user), None)
        async with self._store.write() as tx:
            return await delete_account(tx, team, user)

    async def dismiss(self, team: str, user: str, now: datetime) -> bool:
        """Somebody is gone from the workspace, and their token with them."""
        self._clients.pop((team, user), None)
        async with self._store.write() as tx:
            gone = await delete_account(tx, team, user)
            if gone:
                await _note_dismissal(tx, team, user, now)
        return gone

    async def _row(self, team: str, user: str) -> SealedAccount | None:
        async with self._store.read() as tx:
            return await find_account(tx, team, user)

    def _own(self, found: SealedAccount) -> Own:
        try:
            secret = SecretStr(self._vault.open(found.sealed))
        except KitestringError as error:
            hint = f"Connect it again with `{self._command} connect`, or `{self._command} disconnect`."
            raise Refused("Your own Buildkite token cannot be read any more.", hint, "own token") from error
        client = self._buildkite.personal(Bearer(secret, self._command))
        return Own(found.account, client, Catalog(client, self._clock))

    async def _checked(self, bearer: Bearer) -> Account:
        client = self._buildkite.personal(bearer, patience=0)
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                return await self._asked(client)
        except TimeoutError as error:
            raise Unavailable(
                "Buildkite did not answer in time, so nothing was kept.", "Try again in a moment."
            ) from error
        except Unavailable as error:
            raise Unavailable(f"{error.message} Nothing was kept.", "Try again in a moment.") from error

    async def _asked(self, client: Buildkite) -> Account:
        """Whose token it is, and that it is for our organization."""
        try:
            token = await client.access_token()
        except Refused as error:
            said = "Buildkite does not accept this token."
            raise UsageError(
                said, "It is wrong, revoked or expired: check it, or make a new one.", FIELD
            ) from error
        await self._ours(client)
        user = await _user(client) or token.user or Person()
        return Account(
            user.id or "",
            user.name or "",
            user.email or "",
            tuple(token.scopes),
            self._clock.now(),
            token.expires_at,
        )

    async def _ours(self, client: Buildkite) -> None:
        organization = client.organization
        try:
            await client.organization_()
        except NotFound as error:
            said = f"This token is not for the organization {organization}."
            raise UsageError(said, "Make one that has it ticked under Organization Access.", FIELD) from error
        except Refused as error:
            said = f"I cannot see whether this token is for the organization {organization}."
            raise UsageError(said, "It lacks the scope read_organizations: add it.", FIELD) from error


async def _user(client: Buildkite) -> Person | None:
    """None where the token lacks the scope read_user: it works without."""
    try:
        return await client.user()
    except Refused:
        return None


async def _note_dismissal(tx: Tx, team: str, user: str, now: datetime) -> None:
    asked = Invocation("", "", "disconnect", {}, user, Thread(team, ""), "button")
    await record_audit_entry(tx, asked, "disconnected", now, {"why": "no longer in the workspace"})
