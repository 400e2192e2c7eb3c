"""Runs reminders: checks their subjects when they are due, and posts about them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

import msgspec
import structlog

from bot.buildkite.client import Buildkite
from bot.buildkite.resources import Agent
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
from bot.operations.acts.model import name_agent
from bot.operations.reply import Reply
from bot.runtime.clock import Clock
from bot.runtime.error_boundary import run_guarded
from bot.runtime.token_bucket import backoff_seconds
from bot.slack.blockkit.blocks import Message, message, section
from bot.slack.blockkit.mrkdwn import Mrkdwn, md, strip_markup
from bot.slack.queries import enqueue_message, withdraw_buttons
from bot.slack.types import Thread
from bot.store.transactions import Transactions, Tx

REMINDERS_PER_TICK = 20
MAX_ATTEMPTS = 8
_GRACE = timedelta(seconds=30)
log = structlog.stdlib.get_logger(__name__)


async def schedule_reminders(tx: Tx, reply: Reply, where: Thread, user: str, now: datetime) -> None:
    """Save the reminders of a reply, in the transaction that closes its invocation."""
    if reply.clears_reminder:
        await cancel_reminders(tx, reply.clears_reminder)
    for reminder in reply.reminders:
        id_ = f"{reminder.kind}:{reminder.about}"
        await save_reminder(
            tx, DueReminder(id_, reminder.kind, reminder.about, where, user, dict(reminder.body), reminder.at), now
        )


class Reminders:
    """Handles due reminders. Each posts once: deleting it and queueing its message are one transaction.

    `others` handle further kinds of reminders; they return False to leave a reminder waiting.
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
            "agent soon": self._announce_pause_ending,
            "agent over": self._announce_pause_ended,
            "agents": self._announce_agents,
            messages.AGENT_EVENT: self._drop,
            messages.LOST_AGENT: self._drop,
            **others,
        }

    async def tick(self) -> int:
        """Handle the due reminders; return how many were posted or dropped."""
        async with self._store.read() as tx:
            due = await find_due_reminders(tx, self._clock.now(), REMINDERS_PER_TICK)
        handled = sum([await self._try(reminder) for reminder in due])
        if handled:
            self._wake()
        return handled

    async def next_at(self) -> datetime | None:
        """Return when the next reminder is due."""
        async with self._store.read() as tx:
            return await find_next_reminder_due(tx)

    async def _try(self, reminder: DueReminder) -> bool:
        """Handle a reminder. One that fails is retried for about ten minutes, then dropped as old news."""
        try:
            return await run_guarded(self._kinds[reminder.kind](reminder), "reminder", reminder=reminder.id)
        except KitestringError as error:
            log.warning("reminder waits", reminder=reminder.id, error=str(error))
            if reminder.attempts + 1 >= MAX_ATTEMPTS:
                return await self._drop(reminder)
            wait = timedelta(seconds=backoff_seconds(reminder.attempts + 1, base=5, longest=120))
            async with self._store.write() as tx:
                await postpone_reminder(tx, reminder, self._clock.now() + wait, attempts=reminder.attempts + 1)
            return False

    async def _announce_pause_ending(self, reminder: DueReminder) -> bool:
        agent = await self._find_agent(reminder)
        if agent is None or not agent.paused or agent.connection_state != "connected":
            return await self._drop(reminder)
        left = (agent.resumes_at or self._clock.now()) - self._clock.now()
        if left > messages.LONGEST_LEAD + _GRACE:  # someone extended the pause, or the clock was set
            return await self._postpone(reminder, self._clock.now() + left - messages.LONGEST_LEAD)
        return await self._enqueue(
            reminder,
            _render_message(messages.render_pause_ending(agent, reminder.user, max(left, timedelta(seconds=1)))),
        )

    async def _announce_pause_ended(self, reminder: DueReminder) -> bool:
        agent = await self._find_agent(reminder)
        if agent is None:
            return await self._drop(reminder)
        if agent.paused and agent.connection_state == "connected":
            end = (agent.resumes_at or self._clock.now()) + messages.RESUME_MARGIN
            return await self._postpone(reminder, max(end, self._clock.now() + _GRACE))
        async with self._store.write() as tx:
            await withdraw_buttons(tx, name_agent(agent.id), Mrkdwn("The pause has ended."), self._clock.now())
        return await self._enqueue(reminder, _render_message(messages.render_pause_ended(agent)))

    async def _postpone(self, reminder: DueReminder, due_at: datetime) -> bool:
        """Wait for the new end of a pause that someone extended outside of Slack."""
        async with self._store.write() as tx:
            await postpone_reminder(tx, reminder, due_at)
        return False

    async def _announce_agents(self, reminder: DueReminder) -> bool:
        items = msgspec.convert(reminder.body["items"], list[messages.DigestItem])
        return await self._enqueue(reminder, messages.render_digest(items))

    async def _find_agent(self, reminder: DueReminder) -> Agent | None:
        try:
            return await self._buildkite.agent(reminder.about)
        except NotFound:
            return None

    async def _enqueue(self, reminder: DueReminder, text: Message) -> bool:
        now = self._clock.now()
        async with self._store.write() as tx:
            if await complete_reminder(tx, reminder):
                key = f"reminder:{reminder.id}:{reminder.due_at.timestamp()}"
                await enqueue_message(tx, key, reminder.thread, text, now, reminder.user)
        return True

    async def _drop(self, reminder: DueReminder) -> bool:
        async with self._store.write() as tx:
            await complete_reminder(tx, reminder)
        return True


def _render_message(text: Mrkdwn) -> Message:
    return message(md("{line}", line=strip_markup(text)), [section(text, block_id="reminder")])
