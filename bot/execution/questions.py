"""Questions that an invocation must wait for, and buttons that offer to run it again."""

from __future__ import annotations

from bot.errors import Ambiguous, KitestringError, Unavailable
from bot.execution.answer_delivery import AnswerDelivery
from bot.execution.outcome_records import OutcomeRecords
from bot.operations.choices import Choices, make_repeat_choice
from bot.operations.forms import format_title
from bot.operations.invocation import Choice, Invocation
from bot.operations.operation import Args, Operation, Registry
from bot.operations.render import render_invitation_request, render_question
from bot.slack.blockkit.blocks import Message
from bot.slack.blockkit.mrkdwn import Mrkdwn

BOT_NAME = "kitestring"


class Questions:
    """Closes an invocation with a question; the button that answers it starts a new invocation."""

    def __init__(
        self, registry: Registry, choices: Choices, records: OutcomeRecords, delivery: AnswerDelivery
    ) -> None:
        self._registry = registry
        self._choices = choices
        self._records = records
        self._delivery = delivery

    async def ask_confirmation(self, invocation: Invocation, args: Args, text: Mrkdwn) -> None:
        """Ask before a typed command does harm."""
        given = args.model_dump(mode="json", exclude_none=True)
        yes, no = (
            make_repeat_choice(invocation, given, confirmed=True),
            make_repeat_choice(invocation, {}, operation=""),
        )
        op = self._registry[invocation.operation]
        if op.confirm_label:
            question = render_question(text, yes.id, no.id, yes=op.confirm_label, no="Cancel", danger=False)
        else:
            question = render_question(text, yes.id, no.id, yes=format_title(op))
        await self._ask(invocation, [yes, no], question)

    async def ask_invitation(self, invocation: Invocation, args: Args) -> None:
        """Ask how to continue where the build's card can't be posted; nothing is started until then."""
        given = args.model_dump(mode="json", exclude_none=True)
        confirmed = invocation.flags.confirmed
        again = make_repeat_choice(invocation, given, confirmed=confirmed)
        anyway = make_repeat_choice(invocation, {**given}, confirmed=confirmed, direct=True)
        no = make_repeat_choice(invocation, {}, operation="")
        question = render_invitation_request(
            BOT_NAME,
            again_value=again.id,
            anyway_value=anyway.id,
            no_value=no.id,
            invitable=not invocation.thread.channel.startswith("D"),
        )
        await self._ask(invocation, [again, anyway, no], question)

    async def _ask(self, invocation: Invocation, choices: list[Choice], question: Message) -> None:
        await self._choices.save(choices)
        await self._records.record_end(invocation, "proposed", question)
        await self._delivery.deliver(invocation, question)


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
