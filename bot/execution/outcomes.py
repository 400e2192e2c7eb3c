"""Writes down what became of an invocation, and tells the one who asked."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

from bot.access.approvals.model import Proposal, State
from bot.access.approvals.queries import close_proposal
from bot.access.approvals.render import render_pending_proposal
from bot.access.channel_access import ChannelAccess
from bot.access.queries import record_audit_entry
from bot.buildkite.models import Build
from bot.builds.fold.build_fold import BuildFold
from bot.builds.queries import plan_earlier_read
from bot.errors import Ambiguous, KitestringError, Refused, Unavailable
from bot.execution.duplicates import DUPLICATE_WINDOW, render_duplicate
from bot.execution.queries import find_same_request
from bot.history.queries import are_webhooks_arriving
from bot.notifications.reminders.reminders import remind
from bot.operations.build_wording import reference
from bot.operations.choices import Choices, button_values, choices_for_buttons, new_choice_id, repeat_choice
from bot.operations.invocation import Invocation
from bot.operations.operation import Args, Effect, Operation, Registry
from bot.operations.paging import paged
from bot.operations.queries import (
    close_answered,
    close_invocation,
    mark_answer_delivered,
    postpone_answer,
    postpone_invocation,
)
from bot.operations.render import (
    render_answered,
    render_internal_error,
    render_interrupted,
    render_invitation_request,
    render_problem,
    render_question,
    render_reply,
)
from bot.operations.reply import Reply
from bot.runtime.clock import Clock
from bot.runtime.error_boundary import InternalError
from bot.runtime.redaction import mask_tokens
from bot.runtime.token_bucket import backoff_seconds
from bot.slack.answers import Answers
from bot.slack.blockkit.blocks import Message, message, section
from bot.slack.blockkit.mrkdwn import Mrkdwn, cut, link, md
from bot.slack.queries import enqueue_message
from bot.slack.types import Actor, Thread
from bot.store.transactions import Store, Tx

BOT_NAME = "kitestring"
# The client's time-out plus ten seconds: before that, absence at Buildkite proves nothing.
SECOND_PROBE_DELAY = timedelta(seconds=20)
# An answer that has not been told by then never left; and when nobody waits for it any more.
_TOLD_BY = timedelta(seconds=30)
_WORTH_TELLING = timedelta(minutes=30)


class Outcomes:
    """`wake` pokes the writer, once there is something for it to do; `soon` a little later, where there may be."""

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
        self._wake_soon = wake_soon
        self._store = store
        self._clock = clock
        self._registry = registry
        self._choices = choices
        self._answers = answers
        self._channel_access = channel_access
        self._wake = wake

    async def finish(self, asked: Invocation, reply: Reply, actor: Actor, where: Thread) -> None:
        """It happened. Closing the invocation, following the build and the public answer are one transaction.

        Another page of a list takes the place of the one that was there, for whomever that was.
        """
        turned = int(asked.args.get("page", 0))
        reply = paged(reply, self._registry[asked.operation], asked.args.get("args", {}), turned or 1)
        public = await self._for_all(reply, where) and not turned
        reply = reply if public else _withheld(reply)
        choices = choices_for_buttons(reply.buttons, where, None if public or _seen_by_all(asked) else asked.user)
        await self._choices.make(tuple(choices.values()))
        drawn = render_reply(reply, actor=None if turned else actor, button_value=button_values(choices))
        again = drawn if reply.follow is None else _followed(reply.follow)
        more = public or reply.builds or reply.follow or reply.also or reply.reminders or reply.settles
        if more or asked.args.get("approved") or self._registry[asked.operation].effect is not Effect.READ:
            before = await self._written(asked, reply, where, drawn, again, public=public)
            self._wake()
        else:
            before = None
            await self._answered(asked, drawn)
            self._wake_soon()
        if before:
            await self._say(asked, before)
        if not public and reply.follow is None:
            await self._answer(asked, drawn, turned=bool(turned))
        elif asked.args.get("replace"):
            closed = render_answered(reply.text, direct=bool(asked.args.get("dm")), public=public)
            await self._answers.send(asked.recipient, closed, replace=True)
        if reply.file:
            here = public and await self._channel_access.accepts_files(where.channel)
            await self._answers.send_file(asked.user, reply.file, where if here else None)

    async def _answered(self, asked: Invocation, drawn: Message) -> None:
        """Nothing comes of it but words for the one who asked."""
        now, detail = self._clock.now(), {"args": asked.args.get("args"), "rule": asked.args.get("rule")}
        await close_answered(self._store, asked, _kept(asked, drawn), now, now + _TOLD_BY, mask_arguments(detail))

    async def _written(
        self, asked: Invocation, reply: Reply, where: Thread, drawn: Message, again: Message, *, public: bool
    ) -> Reply | None:
        """All that comes of it, in one transaction; gives what is to be said of the same words before."""
        async with self._store.write() as tx:
            if public:  # before what follows from it: who did it is read first
                key, body = f"answer:{asked.id}", asdict(drawn)
                await enqueue_message(tx, key, "answer", where, self._clock.now(), body=body, asked_by=asked.user)
            await self._fold(tx, asked, reply, where)
            await remind(tx, reply, where, asked.user, self._clock.now())
            owed = not public and reply.follow is None
            came_of = md("started {build}", build=reference(reply.follow)) if reply.follow else None
            detail = {"args": asked.args.get("args"), "rule": asked.args.get("rule")}
            await self._close(tx, asked, "done", again, owed=owed, came_of=came_of, **detail)
            return await self._said_before(tx, asked, reply)

    async def _for_all(self, reply: Reply, where: Thread) -> bool:
        return reply.follow is None and not reply.private and await self._channel_access.can_post(where)

    async def _fold(self, tx: Tx, asked: Invocation, reply: Reply, where: Thread) -> None:
        if not (reply.builds or reply.follow or reply.also):
            return
        rules = BuildFold(self._clock.now(), await are_webhooks_arriving(tx, self._clock.now()))
        await rules.fold_webhooks(tx, [(build, build.jobs) for build in reply.builds])
        if shown := reply.follow or reply.also:
            watching = self._registry[asked.operation].effect is Effect.READ
            by = {"invocation": asked.id, "watching": watching}
            await rules.track(tx, shown, where, asked.user, new_choice_id(), **by)

    async def _said_before(self, tx: Tx, asked: Invocation, reply: Reply) -> Reply | None:
        """The same typed words are another wish; whoever said them twice by mistake is shown how to undo one."""
        if reply.follow is None or asked.via not in ("slash", "mention"):
            return None
        now = self._clock.now()
        before = await find_same_request(tx, asked, now - DUPLICATE_WINDOW)
        return render_duplicate(before[0].build, before[1], now, reply.follow) if before else None

    async def _say(self, asked: Invocation, reply: Reply) -> None:
        choices = choices_for_buttons(reply.buttons, asked.thread, asked.user)
        await self._choices.make(tuple(choices.values()))
        drawn = render_reply(reply, actor=None, button_value=button_values(choices))
        await self._answers.send(asked.recipient, drawn)

    async def fail(self, asked: Invocation, error: KitestringError) -> None:
        """It did not happen, or nobody can say yet."""
        op = self._registry.find(asked.operation)
        if isinstance(error, Unavailable) and error.sent and op:
            return await self.mark_unconfirmed(asked, error)
        again, options = self._ways_on(asked, error, op)
        await self._choices.make([*options, *again])
        drawn = render_problem(
            error,
            option_value=lambda index: options[index].id,
            retry_value=again[0].id if again else None,
        )
        drawn = render_internal_error(error.ref) if isinstance(error, InternalError) else drawn
        state = "refused" if isinstance(error, Refused) else "failed"
        async with self._store.write() as tx:
            await self._close(tx, asked, state, drawn, rule=getattr(error, "rule", None))
        await self._answer(asked, drawn)
        return None

    def _ways_on(
        self, asked: Invocation, error: KitestringError, op: Operation | None
    ) -> tuple[list[Any], list[Any]]:
        """A way to try again when the other side is down, and a button for each of several things that fit."""
        given = dict(asked.args.get("args", {}))
        yes = bool(asked.args.get("yes"))
        again = [repeat_choice(asked, given, confirmed=yes)] if isinstance(error, Unavailable) and op else []
        if not isinstance(error, Ambiguous):
            return again, []
        picked = [
            value if isinstance(value, dict) else {error.field or "": value} for _label, value in error.options
        ]
        form = op is not None and op.fields is not None
        return again, [repeat_choice(asked, given | more, confirmed=yes, form=form) for more in picked]

    async def read_again(self, pipeline: str, number: int) -> None:
        """Read a followed build at once, whatever was planned."""
        async with self._store.write() as tx:
            await plan_earlier_read(tx, pipeline, number, self._clock.now())
        self._wake()

    async def mark_unconfirmed(self, asked: Invocation, error: KitestringError) -> None:
        """The answer was lost: it is looked for until it is certain."""
        text = md("⏳ {said} I am looking whether it happened, and will tell you.", said=error.message)
        async with self._store.write() as tx:
            await postpone_invocation(tx, asked.id, self._clock.now() + SECOND_PROBE_DELAY)
            await record_audit_entry(tx, asked, "unknown", self._clock.now(), {})
        self._wake()
        await self._answers.send(asked.recipient, message(text, [_said(text)]))

    async def ask_confirmation(self, asked: Invocation, args: Args, text: Mrkdwn) -> None:
        """Ask before a typed command does harm."""
        given = args.model_dump(mode="json", exclude_none=True)
        yes, no = repeat_choice(asked, given, confirmed=True), repeat_choice(asked, {}, operation="")
        word = self._registry[asked.operation].accept
        how = {"yes": word, "no": "Cancel", "danger": False} if word else {"yes": "Yes, do it"}
        await self._propose(asked, [yes, no], render_question(text, yes.id, no.id, **how))

    async def ask_invitation(self, asked: Invocation, args: Args) -> None:
        """Nothing is started where its card cannot be posted, until the person chooses how to go on."""
        given = args.model_dump(mode="json", exclude_none=True)
        yes = bool(asked.args.get("yes"))
        again = repeat_choice(asked, given, confirmed=yes)
        anyway = repeat_choice(asked, {**given}, confirmed=yes, direct=True)
        no = repeat_choice(asked, {}, operation="")
        drawn = render_invitation_request(
            BOT_NAME,
            again_value=again.id,
            anyway_value=anyway.id,
            no_value=no.id,
            invitable=not asked.thread.channel.startswith("D"),
        )
        await self._propose(asked, [again, anyway, no], drawn)

    async def _propose(self, asked: Invocation, choices: list[Any], drawn: Message) -> None:
        await self._choices.make(choices)
        async with self._store.write() as tx:
            await self._close(tx, asked, "proposed", drawn)
        await self._answer(asked, drawn)

    async def report(self, asked: Invocation, state: str, text: Mrkdwn, *, retry: bool) -> None:
        """Tell what became of something that was interrupted; `retry` adds a button to do it now."""
        again = [repeat_choice(asked, asked.args.get("args", {}), confirmed=True)] if retry else []
        await self._choices.make(again)
        drawn = render_interrupted(text, again[0].id if again else None)
        async with self._store.write() as tx:
            await self._close(tx, asked, state, drawn)
        await self._answer(asked, drawn)

    async def report_late_success(self, asked: Invocation, text: Mrkdwn) -> None:
        """Say privately that something interrupted has been finished after all."""
        await self._answers.send(asked.recipient, message(text, [_said(text)]))

    async def repeat(self, asked: Invocation, first: Invocation, proposal: Proposal | None) -> None:
        """The same click, form or request again: the same answer, and no second effect.

        A message that Slack delivers again was sent once: nobody waits for a second answer. `proposal` is what
        the first became, where others have to agree.
        """
        if asked.via == "mention":
            return
        if first.outcome:
            await self._answers.send(
                asked.recipient, Message(first.outcome["text"], tuple(first.outcome["blocks"]))
            )
        elif proposal:
            await self._answers.send(asked.recipient, render_pending_proposal(proposal))

    async def deliver_undelivered(self, asked: Invocation) -> None:
        """Tell what a crash or an outage kept from being told; after half an hour nobody waits for it."""
        now, said = self._clock.now(), asked.outcome or {}
        late = asked.closed_at is not None and now - asked.closed_at > _WORTH_TELLING
        shown = Message(said["text"], tuple(said["blocks"])) if said else None
        if (
            late
            or not shown
            or await self._answers.send(asked.recipient, shown, replace=bool(said.get("replace")))
        ):
            await mark_answer_delivered(self._store, asked.id)
            return
        wait = timedelta(seconds=backoff_seconds(asked.attempts + 1, base=5, longest=120))
        async with self._store.write() as tx:
            await postpone_answer(tx, asked.id, now + wait)

    async def _answer(self, asked: Invocation, drawn: Message, *, turned: bool = False) -> None:
        """Tell now what has just been closed; if that fails, or is not noted, it is told again later."""
        instead, public = turned or asked.args.get("replace", False), turned and _seen_by_all(asked)
        if await self._answers.send(asked.recipient, drawn, replace=instead, public=public):
            with suppress(Unavailable):
                await mark_answer_delivered(self._store, asked.id)

    async def _close(
        self,
        tx: Tx,
        asked: Invocation,
        state: str,
        drawn: Message,
        *,
        owed: bool = True,
        came_of: str | None = None,
        **detail: Any,
    ) -> None:
        now = self._clock.now()
        await close_invocation(tx, asked, state, _kept(asked, drawn), now, now + _TOLD_BY if owed else None)
        await record_audit_entry(tx, asked, state, now, mask_arguments(detail))
        if asked.args.get("approved"):
            end = State.DONE if state == "done" else State.FAILED
            await close_proposal(tx, asked.args["approved"], end, now, cut(Mrkdwn(came_of or drawn.text), 300))


def _kept(asked: Invocation, drawn: Message) -> dict[str, Any]:
    return {**asdict(drawn), "replace": bool(asked.args.get("replace"))}


def _seen_by_all(asked: Invocation) -> bool:
    """It comes from a list that everybody sees."""
    return bool(asked.args.get("public"))


def mask_arguments(detail: dict[str, Any]) -> dict[str, Any]:
    """The audit keeps names of environment variables and fields, never their values, no steps and no token."""
    given = (detail.get("args") or {}).items()
    args = {name: mask_tokens(value) if isinstance(value, str) else value for name, value in given}
    for name in ("env", "metadata", "fields"):
        if isinstance(args.get(name), dict):
            args[name] = sorted(args[name])
    if isinstance(args.get("steps"), str):
        args["steps"] = f"{len(args['steps'].splitlines())} lines"
    kept = {key: value for key, value in detail.items() if value is not None and key != "args"}
    return {**kept, "args": args} if args else kept


def _withheld(reply: Reply) -> Reply:
    """A file for everybody goes to the one who asked where the bot cannot post."""
    shared = reply.file is not None and not reply.private
    return replace(reply, footer="I cannot post here: it comes by direct message.") if shared else reply


def _followed(build: Build) -> Message:
    text = md("{build} was started by this already.", build=link(build.web_url, str(build.ref)))
    return message(text, [_said(text)])


def _said(text: Mrkdwn) -> dict[str, Any]:
    return section(text)
