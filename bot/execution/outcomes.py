"""Finishes, fails and reports invocations: records the outcome, then answers the requester."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot.access.approvals.model import Proposal
from bot.access.approvals.render import render_pending_proposal
from bot.access.channel_access import ChannelAccess
from bot.buildkite.models import Build
from bot.builds.queries import plan_earlier_read
from bot.errors import KitestringError, Refused, Unavailable
from bot.execution.answer_delivery import AnswerDelivery, is_list_public
from bot.execution.outcome_records import OutcomeRecords, get_rule
from bot.execution.questions import Questions, make_retry_choices
from bot.operations.build_wording import link_build
from bot.operations.choices import Choices, make_button_choices, make_button_values, make_repeat_choice
from bot.operations.invocation import Invocation
from bot.operations.operation import Effect, Registry
from bot.operations.paging import paginate
from bot.operations.render import (
    render_answered,
    render_internal_error,
    render_interrupted,
    render_problem,
    render_reply,
)
from bot.operations.reply import Reply
from bot.runtime.clock import Clock
from bot.runtime.error_boundary import InternalError
from bot.slack.answers import Answers
from bot.slack.blockkit.blocks import Message, message, section
from bot.slack.blockkit.mrkdwn import Mrkdwn, md
from bot.slack.types import Actor, Thread
from bot.store.transactions import Store


class Outcomes:
    """Every way in which an invocation can end.

    `wake` wakes the leader's loop when there is work for it; `wake_soon` a little later, when there may be.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        registry: Registry,
        choices: Choices,
        answers: Answers,
        channel_access: ChannelAccess,
        wake: Callable[[], None],
        wake_soon: Callable[[], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._registry = registry
        self._choices = choices
        self._answers = answers
        self._channel_access = channel_access
        self._wake = wake
        self._wake_soon = wake_soon
        self._records = OutcomeRecords(store, clock, registry)
        self._delivery = AnswerDelivery(store, clock, answers)
        self.questions = Questions(registry, choices, self._records, self._delivery)

    async def finish(self, invocation: Invocation, reply: Reply, actor: Actor, where: Thread) -> None:
        """Record that the operation succeeded, and answer.

        Closing the invocation, tracking the build and queueing the public answer are one transaction, so that a
        crash can't keep one and lose another. Another page of a list replaces the page before it.
        """
        turned = invocation.flags.page
        reply = paginate(reply, self._registry[invocation.operation], invocation.args, turned or 1)
        public = await self._is_public(reply, where) and not turned
        reply = reply if public else _redirect_file(reply)
        answer = await self._render(invocation, reply, None if turned else actor, where, public=public)
        duplicate = await self._record(invocation, reply, where, answer, public=public)
        if duplicate:
            await self._send_reply(invocation, duplicate)
        if not public and reply.card_build is None:
            await self._delivery.deliver(invocation, answer, turned=bool(turned))
        elif invocation.flags.replaces:
            done = render_answered(reply.text, direct=invocation.flags.direct, public=public)
            await self._answers.send(invocation.recipient, done, replace=True)
        if reply.file:
            to_thread = public and await self._channel_access.accepts_files(where.channel)
            await self._answers.send_file(invocation.user, reply.file, where if to_thread else None)

    async def _is_public(self, reply: Reply, where: Thread) -> bool:
        return reply.card_build is None and not reply.private and await self._channel_access.can_post(where)

    async def _render(
        self, invocation: Invocation, reply: Reply, actor: Actor | None, where: Thread, *, public: bool
    ) -> Message:
        user = None if public or is_list_public(invocation) else invocation.user
        choices = make_button_choices(reply.buttons, where, user)
        await self._choices.save(tuple(choices.values()))
        return render_reply(reply, actor=actor, button_value=make_button_values(choices))

    async def _record(
        self, invocation: Invocation, reply: Reply, where: Thread, answer: Message, *, public: bool
    ) -> Reply | None:
        if not (public or self._has_effects(invocation, reply)):
            await self._records.record_answer(invocation, answer)
            self._wake_soon()
            return None
        repeat = answer if reply.card_build is None else _render_started_already(reply.card_build)
        duplicate = await self._records.record_effects(invocation, reply, where, answer, repeat, public=public)
        self._wake()
        return duplicate

    def _has_effects(self, invocation: Invocation, reply: Reply) -> bool:
        builds = reply.builds or reply.card_build or reply.extra_card_build
        if builds or reply.reminders or reply.clears_reminder or invocation.flags.proposal:
            return True
        return self._registry[invocation.operation].effect is not Effect.READS

    async def _send_reply(self, invocation: Invocation, reply: Reply) -> None:
        choices = make_button_choices(reply.buttons, invocation.thread, invocation.user)
        await self._choices.save(tuple(choices.values()))
        answer = render_reply(reply, actor=None, button_value=make_button_values(choices))
        await self._answers.send(invocation.recipient, answer)

    async def fail(self, invocation: Invocation, error: KitestringError) -> None:
        """Record and explain a failure, or mark the invocation unconfirmed if Buildkite's answer was lost."""
        op = self._registry.find(invocation.operation)
        if isinstance(error, Unavailable) and error.sent and op:
            await self.mark_unconfirmed(invocation, error)
            return
        again, options = make_retry_choices(invocation, error, op)
        await self._choices.save([*options, *again])
        problem = render_problem(
            error,
            option_value=lambda index: options[index].id,
            retry_value=again[0].id if again else None,
        )
        answer = render_internal_error(error.ref) if isinstance(error, InternalError) else problem
        state = "refused" if isinstance(error, Refused) else "failed"
        await self._records.record_end(invocation, state, answer, rule=get_rule(error))
        await self._delivery.deliver(invocation, answer)

    async def read_again(self, pipeline: str, number: int) -> None:
        """Read a tracked build at once, whenever its next read was planned."""
        async with self._store.write() as tx:
            await plan_earlier_read(tx, pipeline, number, self._clock.now())
        self._wake()

    async def mark_unconfirmed(self, invocation: Invocation, error: KitestringError) -> None:
        """Tell the requester that the answer was lost; recovery probes until the outcome is certain."""
        text = md(
            "⏳ {problem} I'm checking whether it went through and will let you know.", problem=error.message
        )
        await self._records.record_unconfirmed(invocation)
        self._wake()
        await self._answers.send(invocation.recipient, _render_text(text))

    async def report(self, invocation: Invocation, state: str, text: Mrkdwn, *, retry: bool) -> None:
        """Report the outcome of an interrupted invocation; `retry` adds a button to run it now."""
        again = [make_repeat_choice(invocation, invocation.args, confirmed=True)] if retry else []
        await self._choices.save(again)
        answer = render_interrupted(text, again[0].id if again else None)
        await self._records.record_end(invocation, state, answer)
        await self._delivery.deliver(invocation, answer)

    async def report_late_success(self, invocation: Invocation, text: Mrkdwn) -> None:
        """Say privately that an interrupted invocation has finished after all."""
        await self._answers.send(invocation.recipient, _render_text(text))

    async def deliver_late(self, invocation: Invocation) -> None:
        """Send an answer that a crash or an outage kept back."""
        await self._delivery.deliver_late(invocation)

    async def repeat(self, invocation: Invocation, first: Invocation, proposal: Proposal | None) -> None:
        """Give a repeated click, form or request the first one's answer, without a second effect.

        A mention gets none: when Slack delivers an event twice, the person wrote it only once. `proposal` is the
        proposal that the first one became, if it needs approvals.
        """
        if invocation.via == "mention":
            return
        if first.answer:
            await self._answers.send(invocation.recipient, first.answer.message)
        elif proposal:
            await self._answers.send(invocation.recipient, render_pending_proposal(proposal))


def _redirect_file(reply: Reply) -> Reply:
    """Say that a file for the thread comes by direct message where the bot can't post."""
    if reply.file is None or reply.private:
        return reply
    return replace(reply, footer="I can't post here, so I sent the file to you in a direct message.")


def _render_started_already(build: Build) -> Message:
    return _render_text(md("This already started {build}.", build=link_build(build)))


def _render_text(text: Mrkdwn) -> Message:
    return message(text, [section(text)])
