"""Lets one thing happen in a world, and notes everything that came of it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import sqlalchemy as sa

from bot.runtime.loop import LoopName
from bot.store.tables import cards, notices
from bot.store.tables_people import audit, proposals
from simulators.slack.models import Message
from simulators.slack.person import Person
from tests.conversations.world import World, format_message

ROUNDS = 30
# The loops that an answer may need. The others would read builds, which no act here asks for.
_ANSWERING = (LoopName.CARDS, LoopName.REPLIES, LoopName.PROPOSALS, LoopName.APPROVED_PROPOSALS)
_IDS = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<=/)\d+(?=/|$)")


@dataclass(frozen=True)
class Row:
    """A row of the audit."""

    operation: str
    transition: str
    via: str
    rule: str | None


@dataclass(frozen=True)
class Seen:
    """The effects of an act.

    `request_count` counts all requests to Buildkite, `writes` are those that change something. `private_texts`
    only the person saw, `public_texts` the whole channel; `modal`: a form is open.
    """

    request_count: int
    writes: tuple[str, ...]
    audit: tuple[Row, ...]
    private_texts: tuple[str, ...]
    public_texts: tuple[str, ...]
    modal: bool


async def settle_all(world: World) -> None:
    """Let everything happen that an act leads to; what Slack's pace holds back gets its second.

    Raises AssertionError where it does not come to an end.
    """
    for _ in range(ROUNDS):
        if not await world.bot.drain() and not await _is_work_pending(world):
            return
        while await _turn(world):
            pass
        world.clock.advance(1.1)
    raise AssertionError("Something is posted or drawn over and over.")


async def _is_work_pending(world: World) -> bool:
    """Return whether there is work left to run or post."""
    now = world.clock.now()
    due = [sa.exists().where(item.c.due_at <= now) for item in (cards, proposals)]
    due.append(sa.exists().where(notices.c.due_at <= now, notices.c.state == "due"))
    async with world.bot.platform.store.read() as tx:
        query = sa.select(sa.or_(*due, sa.exists().where(proposals.c.state == "approved")))
        return bool(await tx.scalar(query))


async def _turn(world: World) -> int:
    done = await world.bot.drain()
    for loop in world.bot.loops:
        done += await loop.tick() if loop.name in _ANSWERING else 0
    return done


async def observe(world: World, person: Person, act: Callable[[], Awaitable[object]]) -> Seen:
    """Do an act, wait for its end, and collect its effects in Buildkite, the audit and Slack."""
    world.clock.advance(1)
    world.buildkite.requests.clear()
    last, answer = await _find_last_audit_id(world), len(world.slack.posted.get(world.deploys.id, []))
    whispers = len(world.slack.ephemerals(person))
    await act()
    await settle_all(world)
    requests = list(world.buildkite.requests)
    public = world.slack.posted.get(world.deploys.id, [])[answer:]
    return Seen(
        request_count=len(requests),
        writes=tuple(
            _format_write(request.method, request.path) for request in requests if request.method != "GET"
        ),
        audit=await _read_new_rows(world, person, last),
        private_texts=tuple(format_message(ephemeral) for ephemeral in world.slack.ephemerals(person)[whispers:]),
        public_texts=tuple(format_message(item) for item in public if item.bot),
        modal=world.slack.modal_of(person) is not None,
    )


def _format_write(method: str, path: str) -> str:
    """`PUT agents/*/pause`, `POST graphql/v1`."""
    below = path.partition("/organizations/")[2].partition("/")[2]
    return f"{method} {_IDS.sub('*', below) or path.lstrip('/')}"


async def _find_last_audit_id(world: World) -> int:
    async with world.bot.platform.store.read() as tx:
        return await tx.scalar(sa.select(sa.func.max(audit.c.id))) or 0


async def _read_new_rows(world: World, person: Person, last: int) -> tuple[Row, ...]:
    async with world.bot.platform.store.read() as tx:
        query = sa.select(audit).where(audit.c.id > last, audit.c.user_id == person.id).order_by(audit.c.id)
        found = (await tx.execute(query)).mappings().all()
    return tuple(
        Row(row["operation"], row["transition"], row["via"], (row["detail"] or {}).get("rule")) for row in found
    )


def find_newest_message(world: World) -> Message:
    """The newest message of the bot in the channel."""
    return next(message for message in reversed(world.slack.messages(world.deploys)) if message.bot)
