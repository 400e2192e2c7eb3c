"""Tells whoever waits for a form that there is none."""

from __future__ import annotations

from bot import offers
from bot.answers import Answers
from bot.core import render_reply
from bot.core.blocks import Message
from bot.errors import KitestringError, Unavailable
from bot.model import Choice, Invocation
from bot.offers import Offers
from bot.slack.problems import SlackProblem
from bot.supervise import Bug


class Unopened:
    """Says why, privately, with a button that opens the form after all."""

    def __init__(self, made: Offers, answers: Answers) -> None:
        self._offers = made
        self._answers = answers

    async def tell(self, asked: Invocation, error: KitestringError, *, again: bool) -> None:
        """`again`: a button can open it; what was pressed outside of any conversation is pressed there again."""
        retry = await self._retry(asked) if again else None
        await self._answers.tell(asked, _drawn(error, retry.id if retry else None))

    async def _retry(self, asked: Invocation) -> Choice | None:
        """None where it cannot be written down what the button stands for."""
        choice = offers.choice(asked, asked.args["args"], form=True)
        try:
            await self._offers.make([choice])
        except Unavailable:
            return None
        return choice


def _drawn(error: KitestringError, retry: str | None) -> Message:
    if isinstance(error, Bug):
        return render_reply.bug(error.ref)
    lost = isinstance(error, SlackProblem) and error.kind == "uncertain"
    said = "The form may not have opened." if lost else "The form did not open."
    told = KitestringError(f"{said} {error.message}", error.hint or "Try again in a moment.")
    return render_reply.problem(told, retry_value=retry)
