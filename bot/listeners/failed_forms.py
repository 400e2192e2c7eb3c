"""Explains to people why a form didn't open."""

from __future__ import annotations

from bot.errors import KitestringError, Unavailable
from bot.operations.choices import Choices, make_repeat_choice
from bot.operations.invocation import Choice, Invocation
from bot.operations.render import render_internal_error, render_problem
from bot.runtime.error_boundary import InternalError
from bot.slack.answers import Answers
from bot.slack.api_errors import SlackError
from bot.slack.blockkit.blocks import Message


class FailedForms:
    """Explains privately why a form didn't open, with a button to try again."""

    def __init__(self, choices: Choices, answers: Answers) -> None:
        self._choices = choices
        self._answers = answers

    async def explain(self, invocation: Invocation, error: KitestringError, *, again: bool) -> None:
        """Explain the failure; `again` adds a button, which works only in a conversation."""
        retry = await self._retry(invocation) if again else None
        await self._answers.send(invocation.recipient, _render_failure(error, retry.id if retry else None))

    async def _retry(self, invocation: Invocation) -> Choice | None:
        """Save a choice to open the form again; None where it can't be saved."""
        choice = make_repeat_choice(invocation, invocation.args, form=True)
        try:
            await self._choices.save([choice])
        except Unavailable:
            return None
        return choice


def _render_failure(error: KitestringError, retry: str | None) -> Message:
    if isinstance(error, InternalError):
        return render_internal_error(error.ref)
    lost = isinstance(error, SlackError) and error.kind == "uncertain"
    headline = "The form may not have opened." if lost else "The form didn't open."
    explained = KitestringError(f"{headline} {error.message}", error.hint or "Try again in a moment.")
    return render_problem(explained, retry_value=retry)
