"""Ends invocations that don't succeed: with a question, a refusal, a failure, or an outcome found out later."""

from __future__ import annotations

from bot.errors import Ambiguous, KitestringError, NothingToDo, Refused, Unavailable
from bot.execution.answering import Answering
from bot.execution.outcomes import NO_PLACE, QUESTION, UNCERTAIN, describe_error, make_problem
from bot.execution.records import InvocationRecords
from bot.operations.choices import Choices, make_repeat_choice
from bot.operations.invocation import Choice, Invocation
from bot.operations.operation import Effect, Operation
from bot.operations.registry import Registry
from bot.operations.render import (
    render_internal_error,
    render_interrupted,
    render_invitation_request,
    render_nothing_to_do,
    render_problem,
    render_question,
)
from bot.runtime.error_boundary import InternalError
from bot.runtime.json_types import JsonObject
from bot.slack.blockkit.blocks import Message
from bot.slack.blockkit.mrkdwn import Mrkdwn, md

BOT_NAME = "kitestring"


class Endings:
    """Closes an invocation with its answer; a button that answers a question starts a new invocation."""

    def __init__(
        self, registry: Registry, choices: Choices, records: InvocationRecords, answering: Answering
    ) -> None:
        self._registry = registry
        self._choices = choices
        self._records = records
        self._answering = answering

    async def ask_confirmation(self, invocation: Invocation, text: Mrkdwn) -> None:
        """Ask before a typed command does harm; `invocation` has pinned arguments."""
        op = self._registry[invocation.operation]
        yes = make_repeat_choice(invocation, invocation.args, confirmed=True)
        no = make_repeat_choice(invocation, {}, operation="")
        if op.confirm_label:
            question = render_question(text, yes.id, no.id, yes=op.confirm_label, no="Cancel", danger=False)
        else:
            question = render_question(text, yes.id, no.id, yes=op.title)
        await self._ask(invocation, [yes, no], question, make_problem(QUESTION, text))

    async def ask_invitation(self, invocation: Invocation) -> None:
        """Ask how to continue where the build's card can't be posted; nothing is started until then."""
        confirmed = invocation.flags.confirmed
        again = make_repeat_choice(invocation, invocation.args, confirmed=confirmed)
        anyway = make_repeat_choice(invocation, invocation.args, confirmed=confirmed, direct=True)
        no = make_repeat_choice(invocation, {}, operation="")
        question = render_invitation_request(
            BOT_NAME,
            again_value=again.id,
            anyway_value=anyway.id,
            no_value=no.id,
            invitable=not invocation.thread.is_direct,
            again=invocation.flags.invited,
        )
        unable = make_problem(NO_PLACE, question.text, f"Invite {BOT_NAME} to the channel of the API token.")
        await self._ask(invocation, [again, anyway, no], question, unable)

    async def _ask(
        self, invocation: Invocation, choices: list[Choice], question: Message, problem: JsonObject
    ) -> None:
        """Ask a person; a program reads the question as a problem, and calls again."""
        if not invocation.by_program:
            await self._choices.save(choices)
        await self._end(invocation, "proposed", question, problem)

    async def fail(self, invocation: Invocation, error: KitestringError) -> None:
        """Record and explain a failure, or mark the invocation unconfirmed if Buildkite's answer was lost."""
        op = self._registry.find(invocation.operation)
        if isinstance(error, Unavailable) and error.sent and op:
            await self._leave_to_recovery(invocation, error)
            return
        if isinstance(error, NothingToDo):
            await self._end_without_effect(invocation, error)
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
        await self._end(invocation, state, answer, describe_error(error))

    async def _end_without_effect(self, invocation: Invocation, error: NothingToDo) -> None:
        """Say that it was done already, and offer what can be done instead."""
        offers = [
            make_repeat_choice(invocation, args, operation=name, confirmed=True)
            for _label, name, args in error.offers
        ]
        await self._choices.save(offers)
        answer = render_nothing_to_do(error, lambda index: offers[index].id)
        await self._end(invocation, "failed", answer, describe_error(error))

    async def _leave_to_recovery(self, invocation: Invocation, error: KitestringError) -> None:
        """Tell the requester that the answer was lost; recovery probes until the outcome is certain."""
        text = "⏳ {problem} I'm checking whether it went through and will let you know."
        await self._records.mark_unconfirmed(invocation)
        await self._answering.note(invocation, md(text, problem=error.message))

    async def report(
        self, invocation: Invocation, state: str, text: Mrkdwn, *, retry: bool, is_certain: bool = True
    ) -> None:
        """Report the outcome of an interrupted invocation; `retry` adds a button to run it now.

        `is_certain`: it is known that nothing happened.
        """
        again = [make_repeat_choice(invocation, invocation.args, confirmed=True)] if retry else []
        await self._choices.save(again)
        problem = make_problem("interrupted" if is_certain else UNCERTAIN, text)
        await self._end(invocation, state, render_interrupted(text, again[0].id if again else None), problem)

    async def plan_read(self, args: JsonObject) -> None:
        """Read the build that a form failed on: its card is probably out of date."""
        await self._records.plan_read(args)

    async def _end(self, invocation: Invocation, state: str, answer: Message, problem: JsonObject) -> None:
        await self._records.close_without_effect(invocation, state, answer, problem)
        if not invocation.flags.proposal:
            await self._answering.deliver(invocation, answer)


def mark_sent(op: Operation, error: KitestringError) -> KitestringError:
    """Return the error as unconfirmed: it broke after a request was sent, so a retry could act twice."""
    if op.effect is Effect.READS:
        return error
    return Unavailable(error.message, error.hint, sent=True)


def make_retry_choices(
    invocation: Invocation, error: KitestringError, op: Operation | None
) -> tuple[list[Choice], list[Choice]]:
    """Return choices to try again after an outage, and a choice for each option of an ambiguous name."""
    given = dict(invocation.args)
    confirmed = invocation.flags.confirmed
    again = (
        [make_repeat_choice(invocation, given, confirmed=confirmed)]
        if isinstance(error, Unavailable) and op
        else []
    )
    if not isinstance(error, Ambiguous):
        return again, []
    picked = [value if isinstance(value, dict) else {error.field or "": value} for _label, value in error.options]
    form = op is not None and op.load_fields is not None
    return again, [make_repeat_choice(invocation, given | args, confirmed=confirmed, form=form) for args in picked]
