"""Delivers answers of closed invocations, at once or after a crash or an outage."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from bot.errors import Unavailable
from bot.operations.invocation import Invocation
from bot.operations.queries import mark_answer_delivered, postpone_answer
from bot.runtime.clock import Clock
from bot.runtime.token_bucket import backoff_seconds
from bot.slack.answers import Answers
from bot.slack.blockkit.blocks import Message
from bot.store.transactions import Store

# Nobody waits longer than this for an answer. Slack's response URLs end after 30 minutes as well.
_WORTH_DELIVERING = timedelta(minutes=30)


class AnswerDelivery:
    """Sends answers and records that they were delivered."""

    def __init__(self, store: Store, clock: Clock, answers: Answers) -> None:
        self._store = store
        self._clock = clock
        self._answers = answers

    async def deliver(self, invocation: Invocation, answer: Message, *, turned: bool = False) -> None:
        """Send the answer of an invocation that was just closed; `turned`: it is another page of a table.

        Where this or recording it fails, `deliver_late` sends the answer later.
        """
        replace = turned or invocation.flags.replaces
        public = turned and is_list_public(invocation)
        if await self._answers.send(invocation.recipient, answer, replace=replace, public=public):
            with suppress(Unavailable):
                await mark_answer_delivered(self._store, invocation.id)

    async def deliver_late(self, invocation: Invocation) -> None:
        """Send an overdue answer, and plan the next attempt if that fails; give up after half an hour."""
        now, stored = self._clock.now(), invocation.answer
        late = invocation.closed_at is not None and now - invocation.closed_at > _WORTH_DELIVERING
        if (
            late
            or stored is None
            or await self._answers.send(invocation.recipient, stored.message, replace=stored.replaces)
        ):
            await mark_answer_delivered(self._store, invocation.id)
            return
        wait = timedelta(seconds=backoff_seconds(invocation.attempts + 1, base=5, longest=120))
        async with self._store.write() as tx:
            await postpone_answer(tx, invocation.id, now + wait)


def is_list_public(invocation: Invocation) -> bool:
    """Return whether the invocation turns a page of a list that everyone in the channel sees."""
    return invocation.flags.public_page
