"""Looks at things at a time of their own, and says what has become of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta

import structlog

from bot.buildkite.client import Buildkite
from bot.buildkite.models import Agent
from bot.errors import KitestringError, NotFound
from bot.notifications.agent_watches import messages
from bot.notifications.reminders.queries import (
    DueReminder,
    cancel_reminders,
    complete_reminder,
    find_due_reminders,
    find_next_reminder_due,
    postpone_reminder,
    save_reminder,
)
from bot.operations.reply import Reply
from bot.runtime.clock import Clock
from bot.runtime.error_boundary import run_guarded
from bot.runtime.token_bucket import backoff_seconds
from bot.slack.blockkit.blocks import Message, message, section
from bot.slack.blockkit.mrkdwn import Mrkdwn, md, plain
from bot.slack.queries import enqueue_message
from bot.slack.types import Thread
from bot.store.transactions import Transactions, Tx

BATCH = 20
TRIES = 8
_GRACE = timedelta(seconds=30)
log = structlog.stdlib.get_logger(__name__)


async def remind(tx: Tx, reply: Reply, where: Thread, user: str, now: datetime) -> None:
    """Note what an answer wants to be looked at again, in the transaction that closes its invocation."""
    if reply.settles:
        await cancel_reminders(tx, reply.settles)
    for reminder in reply.reminders:
        id_ = f"{reminder.kind}:{reminder.about}"
        await save_reminder(
            tx, id_, reminder.kind, reminder.about, where, user, dict(reminder.body), reminder.at, now
        )


class Reminders:
    """Takes what is due; each is said once: taking the row away and noting the message are one transaction.

    `others` look at further kinds of what is due: False means that it waits.
    """

    def __init__(
        self,
        store: Transactions,
        clock: Clock,
        buildkite: Buildkite,
        wake: Callable[[], None],
        others: Mapping[str, Callable[[DueReminder], Awaitable[bool]]],
    ) -> None:
        self._store = store
        self._clock = clock
        self._buildkite = buildkite.for_background()
        self._wake = wake
        self._kinds: Mapping[str, Callable[[DueReminder], Awaitable[bool]]] = {
            "agent soon": self._soon,
            "agent over": self._over,
            "agents": self._agents,
            **others,
        }

    async def tick(self) -> int:
        """Look at what is due; says how many were said or dropped."""
        async with self._store.read() as tx:
            due = await find_due_reminders(tx, self._clock.now(), BATCH)
        said = sum([await self._safely(item) for item in due])
        if said:
            self._wake()
        return said

    async def next_at(self) -> datetime | None:
        """When something is to be looked at."""
        async with self._store.read() as tx:
            return await find_next_reminder_due(tx)

    async def _safely(self, reminder: DueReminder) -> bool:
        """What cannot be looked at is tried again for about ten minutes, and then left."""
        try:
            return await run_guarded(self._kinds[reminder.kind](reminder), "reminder", reminder=reminder.id)
        except KitestringError as error:
            log.warning("reminder waits", reminder=reminder.id, error=str(error))
            if reminder.attempts + 1 >= TRIES:
                return await self._drop(reminder)
            wait = timedelta(seconds=backoff_seconds(reminder.attempts + 1, base=5, longest=120))
            async with self._store.write() as tx:
                await postpone_reminder(tx, reminder, self._clock.now() + wait, attempts=reminder.attempts + 1)
            return False

    async def _soon(self, reminder: DueReminder) -> bool:
        agent = await self._agent(reminder)
        if agent is None or not agent.paused or agent.connection_state != "connected":
            return await self._drop(reminder)
        left = (agent.resumes_at or self._clock.now()) - self._clock.now()
        return await self._say(
            reminder, _spoken(messages.soon(agent, reminder.user, max(left, timedelta(seconds=1))))
        )

    async def _over(self, reminder: DueReminder) -> bool:
        agent = await self._agent(reminder)
        if agent is None:
            return await self._drop(reminder)
        if agent.paused and agent.connection_state == "connected":
            return await self._still_paused(reminder, agent)
        return await self._say(reminder, _spoken(messages.over(agent)))

    async def _still_paused(self, reminder: DueReminder, agent: Agent) -> bool:
        """Somebody paused it again elsewhere, for longer: that pause's end is told."""
        again = max((agent.resumes_at or self._clock.now()) + messages.AFTER, self._clock.now() + _GRACE)
        async with self._store.write() as tx:
            await postpone_reminder(tx, reminder, again)
        return False

    async def _agents(self, reminder: DueReminder) -> bool:
        return await self._say(reminder, messages.news(reminder.body["items"]))

    async def _agent(self, reminder: DueReminder) -> Agent | None:
        try:
            return await self._buildkite.agent(reminder.about)
        except NotFound:
            return None

    async def _say(self, reminder: DueReminder, said: Message) -> bool:
        now = self._clock.now()
        async with self._store.write() as tx:
            if await complete_reminder(tx, reminder):
                key = f"reminder:{reminder.id}:{reminder.due_at.timestamp()}"
                await enqueue_message(
                    tx, key, "answer", reminder.thread, now, body=asdict(said), asked_by=reminder.user
                )
        return True

    async def _drop(self, reminder: DueReminder) -> bool:
        async with self._store.write() as tx:
            await complete_reminder(tx, reminder)
        return True


def _spoken(text: Mrkdwn) -> Message:
    return message(md("{line}", line=plain(text)), [section(text, block_id="reminder")])
