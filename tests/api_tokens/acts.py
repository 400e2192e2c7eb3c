"""Steps to make API tokens, and to call with them."""

from __future__ import annotations

import re
from datetime import datetime
from itertools import count
from typing import Any

import sqlalchemy as sa

from bot.access.api_tokens.model import PATTERN, ApiToken
from bot.access.api_tokens.service import ApiTokens
from bot.operations.invocation import Flags, Request
from bot.operations.reply import Call
from bot.slack.types import Thread
from bot.store.tables import invocations
from bot.store.tables_people import audit
from simulators.slack.person import Person
from simulators.slack.visible_text import render_plain
from tests.conversations.world import World

_KEYS = count(1)


def get_tokens(world: World) -> ApiTokens:
    """Return the bot's API tokens."""
    return world.bot.workspace.interaction.services.person.api_tokens


async def submit_form(world: World, person: Person, values: dict[str, Any]) -> str:
    """Fill in the form as that person, and return what takes its place."""
    await person.types(world.deploys, "/bk api-token create")
    await world.settle(1)
    await person.submits(values)
    modals = world.slack.modals_of(person)
    return modals[-1].plain() if modals else ""


async def make_token(world: World, person: Person, name: str = "release-bot", **values: Any) -> str:
    """Make a token by the form and return it; `values` are by the labels of the form."""
    shown = await submit_form(world, person, {"Name": name, **values})
    found = re.search(PATTERN, shown)
    assert found, shown
    await person.closes()
    await world.settle(1)
    return found[0]


async def call(world: World, raw: str, operation: str, /, **args: Any) -> ApiToken:
    """Call an operation as a program does, with its token; wait for what comes of it."""
    token = await get_tokens(world).authenticate(raw)
    await send(world, token, operation, **args)
    return token


async def send(world: World, token: ApiToken, operation: str, /, **args: Any) -> None:
    """Receive a call whose token was checked already."""
    place = Thread(world.bot.workspace.deps.slack.identity.team, token.channel or "")
    request = Request(
        token.owner, place, "rest", f"rest:{next(_KEYS)}", flags=Flags(direct=not token.channel, token=token.id)
    )
    procedure = world.bot.workspace.interaction.execution.procedure
    await procedure.receive(request, Call(operation, args, confirmed=True))
    await world.settle(3)


async def read_audit(world: World, *operations: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Return operation, transition and detail of the audit's rows about these operations."""
    query = sa.select(audit).where(audit.c.operation.in_(operations)).order_by(audit.c.id)
    async with world.bot.platform.store.read() as tx:
        rows = (await tx.execute(query)).mappings().all()
    return [(row["operation"], row["transition"], row["detail"]) for row in rows]


async def read_answers(world: World) -> list[str]:
    """Return the answers to programs, oldest first, as people would read them."""
    query = sa.select(invocations.c.outcome).where(invocations.c.via == "rest").order_by(invocations.c.created_at)
    async with world.bot.platform.store.read() as tx:
        kept = [outcome for outcome in await tx.scalars(query) if outcome]
    return [render_plain(outcome["text"], outcome["blocks"]).strip("\n") for outcome in kept]


def now(world: World) -> datetime:
    """Return the time by the hand-held clock."""
    return world.clock.now()
