"""Renders and sends the answers of invocations, at once or after a crash or an outage."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from bot.access.approvals.model import Proposal
from bot.access.approvals.render import render_pending_proposal
from bot.access.channel_access import ChannelAccess
from bot.buildkite.models import Build
from bot.builds.cards.queries import find_posted_cards
from bot.builds.model import Card
from bot.errors import Unavailable
from bot.execution.stages import Answer, Performed, Recorded
from bot.operations.acts.model import find_build_subject, split_build
from bot.operations.build_wording import link_build
from bot.operations.choices import Choices, make_button_choices, make_button_values
from bot.operations.invocation import Invocation
from bot.operations.paging import paginate
from bot.operations.queries import mark_answer_delivered, postpone_answer
from bot.operations.render import render_answered, render_reply
from bot.operations.reply import Reply
from bot.runtime.clock import Clock
from bot.runtime.token_bucket import backoff_seconds
from bot.slack.answers import Answers
from bot.slack.blockkit.blocks import Message, message, section
from bot.slack.blockkit.mrkdwn import Mrkdwn, local_time, md
from bot.slack.types import File, Thread
from bot.store.transactions import Store

# Nobody waits longer than this for an answer. Slack's response URLs end after 30 minutes as well.
_WORTH_DELIVERING = timedelta(minutes=30)


class Answering:
    """Renders the answers of operations that succeeded, and sends the answers of closed invocations."""

    def __init__(
        self, store: Store, clock: Clock, choices: Choices, answers: Answers, channel_access: ChannelAccess
    ) -> None:
        self._store = store
        self._clock = clock
        self._choices = choices
        self._answers = answers
        self._channel_access = channel_access

    async def can_post(self, invocation: Invocation) -> bool:
        """Return whether a card can be posted in the thread of a request."""
        return await self._channel_access.can_post(invocation.thread)

    async def render(self, performed: Performed) -> Answer:
        """Render the answer to an operation that succeeded, and save what its buttons stand for.

        Another page of a list replaces the page before it.
        """
        invocation, op, turned = performed.invocation, performed.op, performed.invocation.flags.page
        where = await self._find_destination(performed)
        reply = paginate(performed.reply, op, invocation.args, turned or 1)
        public = bool(invocation.flags.proposal) or (await self._is_public(reply, where) and not turned)
        reply = reply if public else _redirect_file(reply)
        owner = None if public or invocation.flags.public_page else invocation.user
        choices = make_button_choices(reply.buttons, where, owner)
        await self._choices.save(tuple(choices.values()))
        actor = None if turned else performed.actor
        rendered = render_reply(reply, actor=actor, button_value=make_button_values(choices))
        repeated = self._render_repeated(reply, rendered, public)
        return Answer(invocation, op, reply, where, rendered, repeated, public)

    def _render_repeated(self, reply: Reply, rendered: Message, public: bool) -> Message:
        """Render what the same press or form gets when it comes again, after it has been carried out."""
        if reply.card_build:
            return _render_started_already(reply.card_build)
        if not public:
            return rendered
        now = local_time(self._clock.now())
        text = md("Already done at {time}: {text}", time=now, text=Mrkdwn(rendered.text))
        return message(text, [section(text)])

    async def _find_destination(self, performed: Performed) -> Thread:
        """Return where the answer belongs: in direct messages if the person chose those, or with the build's card.

        An act on a build that has a card in this channel is announced below the card, and the build that replaces
        it gets its card beside the first one.
        """
        invocation, reply = performed.invocation, performed.reply
        if invocation.by_program and reply.private and not (reply.card_build or reply.extra_card_build):
            return invocation.thread
        if invocation.flags.direct:
            return await self._channel_access.open_direct_message(invocation.thread.team, invocation.user)
        concerns_card = reply.card_build or (not reply.private and not invocation.thread.ts)
        card = await self._find_card(invocation) if concerns_card else None
        if card is None:
            return invocation.thread
        return card.thread if reply.card_build else card.own_thread

    async def _find_card(self, invocation: Invocation) -> Card | None:
        """Return the card in this channel of the build that was acted on: this thread's, else the newest."""
        build, thread = find_build_subject(invocation.args), invocation.thread
        if build is None:
            return None
        async with self._store.read() as tx:
            found = await find_posted_cards(tx, thread.channel, *split_build(build))
        of_thread = [card for card in found if thread.ts and card.own_thread.ts == thread.ts]
        return next(iter((*of_thread, *found)), None)

    async def _is_public(self, reply: Reply, where: Thread) -> bool:
        return reply.card_build is None and not reply.private and await self._channel_access.can_post(where)

    async def send(self, answer: Answer, duplicate: Reply | None) -> None:
        """Send what a closed invocation owes the person: a private answer, a file, a warning of a duplicate."""
        invocation, reply, flags = answer.invocation, answer.reply, answer.invocation.flags
        if duplicate:
            await self._warn_of_duplicate(invocation, duplicate)
        if not answer.public and reply.card_build is None:
            await self.deliver(invocation, answer.message, turned=bool(flags.page))
        else:
            await self._confirm_privately(answer)
        if reply.file and (answer.public or not invocation.by_program):
            await self._send_file(answer, reply.file)

    async def _send_file(self, answer: Answer, file: File) -> None:
        to_thread = answer.public and await self._channel_access.accepts_files(answer.where.channel)
        sent = await self._answers.send_file(answer.invocation.user, file, answer.where if to_thread else None)
        if not sent:
            await self.note(answer.invocation, Mrkdwn("I couldn't send the file. Try again in a moment."))

    async def _confirm_privately(self, answer: Answer) -> None:
        """Tell the person what happened where they asked, unless everyone reads it in that very place."""
        invocation, flags = answer.invocation, answer.invocation.flags
        is_elsewhere = answer.where != invocation.thread
        if flags.replaces and not is_elsewhere and not flags.direct:
            await self._answers.delete_original(invocation.recipient)
        elif flags.replaces or (is_elsewhere and answer.public):
            done = render_answered(answer.reply.text, direct=flags.direct, public=answer.public)
            await self._answers.send(invocation.recipient, done, replace=flags.replaces)

    async def _warn_of_duplicate(self, invocation: Invocation, reply: Reply) -> None:
        choices = make_button_choices(reply.buttons, invocation.thread, invocation.user)
        await self._choices.save(tuple(choices.values()))
        warning = render_reply(reply, actor=None, button_value=make_button_values(choices))
        await self._answers.send(invocation.recipient, warning)

    async def deliver(self, invocation: Invocation, answer: Message, *, turned: bool = False) -> None:
        """Send the answer of an invocation that was just closed; `turned`: it is another page of a table.

        Where this or recording it fails, `deliver_late` sends the answer later.
        """
        replaces = turned or invocation.flags.replaces
        public = turned and invocation.flags.public_page
        if await self._answers.send(invocation.recipient, answer, replace=replaces, public=public):
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

    async def note(self, invocation: Invocation, text: Mrkdwn) -> None:
        """Send a private note that isn't the invocation's answer, once: it isn't sent again after a failure."""
        await self._answers.send(invocation.recipient, message(text, [section(text)]))

    async def repeat(self, recorded: Recorded, proposal: Proposal | None) -> None:
        """Give a repeated click, form or request the first one's answer, without a second effect.

        A mention gets none: when Slack delivers an event twice, the person wrote it only once. `proposal` is the
        proposal that the first one became, if it needs approvals.
        """
        invocation, first = recorded.invocation, recorded.first
        if invocation.via == "mention":
            return
        if first.answer:
            await self._answers.send(invocation.recipient, first.answer.message)
        elif proposal:
            await self._answers.send(invocation.recipient, render_pending_proposal(proposal))


def _redirect_file(reply: Reply) -> Reply:
    """Say that the file of a private answer comes by direct message: an ephemeral message can't have one."""
    if reply.file is None:
        return reply
    why = "The file is in your direct messages with me."
    return replace(reply, footer=why if reply.private else f"I can't post here. {why}")


def _render_started_already(build: Build) -> Message:
    text = md("This already started {build}.", build=link_build(build))
    return message(text, [section(text)])
