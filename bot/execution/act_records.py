"""Records acts: who did what to a build, job or agent, in the transaction that closes the invocation."""

from __future__ import annotations

from datetime import datetime

from bot.builds.cards.queries import mark_cards_of_build_due
from bot.execution.stages import Answer
from bot.operations.acts.model import NewAct, find_subject, split_build
from bot.operations.acts.queries import record_act
from bot.operations.operation import Effect
from bot.slack.blockkit.mrkdwn import local_time, md
from bot.slack.queries import find_name, withdraw_buttons
from bot.store.transactions import Tx


async def record_answered_act(tx: Tx, answer: Answer, now: datetime) -> None:
    """Record who did what to a build, job or agent, and remove the buttons that this has made pointless.

    The card of a build that was rebuilt says so.
    """
    team = answer.invocation.thread.team
    act = _make_act(answer, now)
    if act is None:
        return
    await record_act(tx, act, team)
    who = act.agent or await find_name(tx, team, act.user) or "someone"
    by = md("by {who} at {time}", who=who, time=local_time(now))
    await withdraw_buttons(tx, act.about, md("{verb} {by}.", verb=act.verb.capitalize(), by=by), now)
    if act.result and act.build:
        await mark_cards_of_build_due(tx, *split_build(act.build), now)


def _make_act(answer: Answer, now: datetime) -> NewAct | None:
    """Return the act that an answer reports; None unless it changed a build, job or agent."""
    invocation, started = answer.invocation, answer.reply.card_build
    subject = find_subject(invocation.args)
    if answer.op.effect is not Effect.CHANGES_BUILDKITE or subject is None:
        return None
    return NewAct(
        invocation.operation,
        *subject,
        invocation.user,
        now,
        announced_in=answer.where if answer.public else None,
        result={"ref": str(started.ref), "url": started.web_url} if started else None,
        verb=answer.reply.text.partition(" ")[0],
        agent=invocation.agent,
    )


def find_subject_of_buttons(answer: Answer) -> str | None:
    """Return what the buttons of a public answer are about, so that a later act can remove them."""
    subject = find_subject(answer.invocation.args) if answer.reply.buttons else None
    return subject[0] if subject else None
