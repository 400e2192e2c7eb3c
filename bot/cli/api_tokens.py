"""`kitestring api-token`: makes, lists and revokes API tokens on the host, where Slack isn't needed."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from bot.access.api_tokens.model import ApiToken
from bot.access.api_tokens.token_records import TokenRecords
from bot.errors import KitestringError, UsageError
from bot.operations.invocation import Invocation
from bot.operations.validation import validate
from bot.runtime.clock import Clock
from bot.runtime.json_types import JsonObject
from bot.settings import Settings
from bot.slack.types import Thread
from bot.store.sql import get_meta
from bot.store.transactions import Store
from commands import registry
from commands.access.api_token import CreateTokenArgs

_CREATE = "api-token create"
Echo = Callable[[str], object]


async def create_token(settings: Settings, clock: Clock, echo: Echo, owner: str | None, given: JsonObject) -> None:
    """Print a new token, the only time; `given` are arguments of `api-token create`. Raise UsageError."""
    args = CreateTokenArgs.model_validate(validate(registry()[_CREATE], given, "kitestring").model_dump())
    if not owner and not args.service:
        raise UsageError("It isn't said whom the token acts as.", "Pass --owner or --service.")
    if owner and not re.fullmatch(r"[UW][A-Z0-9]{2,}", owner):
        raise UsageError("--owner takes a Slack id such as U012ABCDEF.", "It's in the person's Slack profile.")
    async with _open_records(settings, clock) as (records, team):
        wanted = args.describe_token(owner or "console", clock.now())
        echo(await records.create(wanted, _describe_caller(team, _CREATE)))


async def print_tokens(settings: Settings, clock: Clock, echo: Echo) -> None:
    """Print a line for each valid token: id, name, owner or service, what it may, expiry, last use."""
    async with _open_records(settings, clock) as (records, _team):
        tokens = await records.list_valid()
    for token in tokens:
        echo("\t".join(_format_fields(token)))
    if not tokens:
        echo("No valid API tokens.")


async def revoke_token(settings: Settings, clock: Clock, echo: Echo, words: str) -> None:
    """Revoke the token with that id or name. Raise NotFound or Ambiguous."""
    async with _open_records(settings, clock) as (records, team):
        token = await records.choose(words)
        await records.revoke(token, _describe_caller(team, "api-token revoke"))
    echo(f"Revoked {token.name} ({token.id}).")


def _format_fields(token: ApiToken) -> tuple[str, ...]:
    rights = "all" if token.permissions is None else ",".join(sorted(token.permissions))
    used = f"{token.used_at:%Y-%m-%d %H:%M}" if token.used_at else "never"
    return (
        token.id,
        token.name,
        token.group if token.service else token.owner,
        rights,
        ",".join(token.pipelines) or "*",
        f"{token.expires_at:%Y-%m-%d}",
        used,
    )


def _describe_caller(team: str, operation_name: str) -> Invocation:
    """Return the invocation that the audit names: by whoever is at the console."""
    return Invocation("", "", operation_name, {}, "", Thread(team, ""), "console")


@asynccontextmanager
async def _open_records(settings: Settings, clock: Clock) -> AsyncIterator[tuple[TokenRecords, str]]:
    """Open the database. Raise KitestringError if the bot hasn't run yet, since its workspace is unknown then."""
    store = Store(settings.database_url.get_secret_value())
    try:
        async with store.read() as tx:
            identity = await get_meta(tx, "identity")
        if identity is None:
            raise KitestringError("I don't know the Slack workspace yet.", "Run `kitestring serve` once first.")
        team = json.loads(identity)["team"]
        yield TokenRecords(store, clock, team), team
    finally:
        await store.close()
