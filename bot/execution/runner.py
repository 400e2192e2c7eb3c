"""Carries out what was asked for: written down, judged, run, and its outcome written down."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import structlog

from bot.access.approvals.model import whole
from bot.access.channel_access import ChannelAccess
from bot.access.locks.rules import locked
from bot.access.policy.decide import decide, hopeless
from bot.access.policy.policy_wording import needs
from bot.access.policy.rules import Allow, Ask, Refuse
from bot.access.target import resolve_target
from bot.errors import KitestringError, Refused, Unavailable
from bot.execution.context import Context
from bot.execution.default_pipeline import said
from bot.execution.outcomes import Outcomes
from bot.execution.services import Services
from bot.operations.invocation import Invocation, request_digest
from bot.operations.operation import Args, Effect, Operation, Permission
from bot.operations.queries import begin_invocation, insert_invocation, is_repeat
from bot.operations.reply import Reply
from bot.operations.validation import validate
from bot.runtime.clock import Clock
from bot.runtime.error_boundary import InternalError, run_guarded
from bot.slack.people import People
from bot.slack.types import Actor, Standing, Thread
from bot.store.transactions import Store
from bot.store.vault import Vault

log = structlog.stdlib.get_logger(__name__)


class Runner:
    """Accepts invocations, runs each once, and keeps hold of those that are under way."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        clock: Clock,
        people: People,
        places: ChannelAccess,
        outcomes: Outcomes,
        shared: Services,
    ) -> None:
        self._store = store
        self._vault = vault
        self._clock = clock
        self._people = people
        self._places = places
        self._outcomes = outcomes
        self.shared = shared
        self._running: set[asyncio.Task[None]] = set()
        # What could not even be given up, because the database did not answer: recovery takes it up.
        self.abandoned: set[str] = set()

    async def accept(self, asked: Invocation) -> Invocation:
        """Write it down, or find the one that has its key: then the ids differ. Raises Unavailable."""
        return await insert_invocation(self._store, self._vault, asked, self._clock.now(), self.shared.replica)

    async def heard(self, key: str) -> bool:
        """Whether the request of that key is a repeat. Raises Unavailable."""
        async with self._store.read() as tx:
            return await is_repeat(tx, key)

    def start(self, asked: Invocation, accepted: Invocation) -> None:
        """Carry it out in the background; a repeat is given the same answer instead."""
        fresh = accepted.id == asked.id
        self.spawn(self.run(accepted) if fresh else self._repeat(asked, accepted))

    async def _repeat(self, asked: Invocation, first: Invocation) -> None:
        """The same answer, or where that which it became a proposal of stands; nothing is raised."""
        with suppress(KitestringError):
            proposal = await run_guarded(self.shared.proposals.find(first.id), "repeat", invocation=first.id)
            await self._outcomes.repeat(asked, first, proposal)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Keep hold of work until it is done."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def drain(self) -> int:
        """Wait for all that is under way; says how much there was."""
        count = 0
        while self._running:
            count += len(self._running)
            await asyncio.gather(*self._running, return_exceptions=True)
        return count

    async def run(self, asked: Invocation) -> None:
        """Carry it out and answer; nothing is raised."""
        try:
            await run_guarded(self._carry_out(asked), asked.operation, invocation=asked.id)
        except KitestringError as error:
            await self._give_up(asked, error)

    async def _give_up(self, asked: Invocation, error: KitestringError) -> None:
        try:
            await run_guarded(self._outcomes.fail(asked, error), "answer", invocation=asked.id)
        except KitestringError:
            log.warning("outcome not written; to be looked after again", invocation=asked.id)
            self.abandoned.add(asked.id)

    async def _carry_out(self, asked: Invocation) -> None:
        op = self.shared.registry[asked.operation]
        actor = await self._people.actor(asked.user, asked.thread, asked.via)
        if actor.standing is Standing.DEACTIVATED:
            await self.shared.accounts.dismiss(actor.team, actor.id, self._clock.now())
        self.admit(actor, op)
        await self.inside(asked.thread)
        await self._writable(op)
        ctx = await self.personal(asked, actor, op)
        given, assumed = await self.shared.defaults.filled(op, asked.args.get("args", {}), asked.thread)
        args = validate(op, given, self.shared.command)
        pinned = await op.pin(args, ctx) if op.pin else args
        verdict = await self.judge(op, pinned, ctx)
        if await self._asked_back(asked, op, pinned, ctx):
            return
        kept = pinned.model_dump(mode="json", exclude_none=True)
        asked = replace(asked, args={**asked.args, "args": kept, **({"assumed": assumed} if assumed else {})})
        if isinstance(verdict, Ask) and not await self._agreed(asked, verdict, ctx):
            await self._propose(asked, op, verdict, await op.labels(pinned, ctx) if op.labels else {})
        else:
            ruled = replace(asked, args={**asked.args, "rule": verdict.rule})
            await self._act(ruled, op, pinned, ctx)

    async def _agreed(self, asked: Invocation, ask: Ask, ctx: Context) -> bool:
        """Whether this is exactly what enough people have approved. Raises Refused where they do so no more."""
        if not asked.args.get("approved"):
            return False
        if not await self.shared.approvals.suffices(ctx, asked.args["approved"], request_digest(asked), ask):
            raise Refused("The approvals do not suffice any more.", "Ask for it again.", ask.rule)
        return True

    async def _propose(self, asked: Invocation, op: Operation, ask: Ask, labels: Mapping[str, str]) -> None:
        """What needs approvals waits on a card, where others can see it. Raises UsageError or Refused."""
        whole(op.name, asked.args["args"])
        if asked.args.get("dm") or not await self._places.postable(asked.thread):
            raise Refused(needs(op, ask), "Ask for it in a channel that I am in.", ask.rule)
        await self.shared.proposals.propose(asked, ask, labels)

    async def _writable(self, op: Operation) -> None:
        by = await self.shared.condition.readonly_by() if op.effect is Effect.WRITE else None
        if by:
            hint = f"An admin can allow it again: `{self.shared.command} readonly off`."
            raise Refused(f"{by} has stopped all writes to Buildkite.", hint, "readonly")

    async def _asked_back(self, asked: Invocation, op: Operation, args: Args, ctx: Context) -> bool:
        """Ask before harm is done, and before anything is started where its card cannot be posted."""
        if op.confirm and not asked.args.get("yes"):
            question = await op.confirm(args, ctx)
            if question:
                await self._outcomes.ask(asked, args, question)
                return True
        if op.follows and not asked.args.get("dm") and not await self._places.postable(asked.thread):
            await self._outcomes.invite(asked, args)
            return True
        return False

    async def _act(self, asked: Invocation, op: Operation, args: Args, ctx: Context) -> None:
        if not await self._begun(asked, op):
            return
        try:
            reply = await run_guarded(op.run(args, ctx), op.name, invocation=asked.id)
        except KitestringError as error:
            await self.look_again(asked.args["args"])
            raise _in_doubt(op, error) if isinstance(error, InternalError) else error from error
        try:
            told = said(reply, asked.args.get("assumed", ""))
            await run_guarded(self.finish(asked, told, ctx.actor), op.name, invocation=asked.id)
        except KitestringError as error:
            raise _in_doubt(op, error) from error

    async def _begun(self, asked: Invocation, op: Operation) -> bool:
        """Whether it is still ours to carry out; from here on it is never carried out twice.

        A read may be: it is noted only where another replica could have taken it over.
        """
        if op.effect is Effect.READ and op.probe is None and self._store.sqlite:
            return True
        now, replica = self._clock.now(), self.shared.replica
        async with self._store.write() as tx:
            return await begin_invocation(tx, self._vault, asked, request_digest(asked), now, replica)

    async def look_again(self, args: Mapping[str, Any]) -> None:
        """What cannot be done is news of the build that it was asked of: its card is brought up to date."""
        if args.get("pipeline") and args.get("number"):
            with suppress(Unavailable):
                await self._outcomes.look_again(str(args["pipeline"]), int(args["number"]))

    async def fail(self, asked: Invocation, error: KitestringError) -> None:
        """Answer what went wrong before it was begun."""
        await self._outcomes.fail(asked, error)

    async def finish(self, asked: Invocation, reply: Reply, actor: Actor) -> None:
        """It happened: write the outcome down and answer."""
        where = await self._where(asked)
        await self._outcomes.finish(asked, reply, actor, where)

    async def _where(self, asked: Invocation) -> Thread:
        """The thread that was asked in, or the DM with the person who chose that."""
        return await self._places.direct(asked.thread.team, asked.user) if asked.args.get("dm") else asked.thread

    def admit(self, actor: Actor, op: Operation, *, anywhere: bool = False) -> None:
        """Raises Refused for those who may run it on nothing at all: before anything is looked up for them.

        `anywhere`: the channel is still to be chosen.
        """
        if refused := hopeless(self.shared.rules(), actor, op, anywhere=anywhere):
            raise Refused(refused.message, refused.hint, refused.rule)

    async def inside(self, thread: Thread) -> None:
        """Raises Refused in a channel that another organization reads and the policy does not name."""
        await self._places.admit(thread.channel)

    async def judge(self, op: Operation, args: Args, ctx: Context) -> Allow | Ask:
        """What the policy says of pinned arguments as things are now. Raises Refused where it or a lock does."""
        rules, pipeline, now = self.shared.rules(), getattr(args, "pipeline", None), self._clock.now()
        held = await self.shared.locks.live(pipeline) if pipeline else ()
        target = await resolve_target(args, ctx.buildkite, rules, held)
        verdict = decide(rules, ctx.actor, op, target, now)
        lock = locked(op, target, held, ctx.actor, now)
        if isinstance(verdict, Refuse):
            raise Refused(verdict.message, verdict.hint, verdict.rule)
        if lock:
            raise Refused(lock.message, lock.hint, lock.rule)
        return verdict

    async def personal(self, asked: Invocation, actor: Actor, op: Operation) -> Context:
        """What the operation may use, at Buildkite with the person's own token where one is connected.

        Raises Refused where that token cannot be read: the bot's, which may do more, never takes its place. Only
        what asks nothing of Buildkite goes on, so that the token can be replaced or forgotten.
        """
        ctx = self.context(asked, actor)
        try:
            own = await self.shared.accounts.of(actor.team, actor.id)
        except Refused:
            if op.needs is not Permission.HELP:
                raise
            own = None
        return replace(ctx, buildkite=own.buildkite, catalog=own.catalog, account=own.account) if own else ctx

    def context(self, asked: Invocation, actor: Actor) -> Context:
        """What the operation may use, with the bot's token: also for looking whether something happened."""
        return self.shared.context(self._store, self._clock, asked, actor)


def _in_doubt(op: Operation, error: KitestringError) -> KitestringError:
    """What broke here after a request was sent has happened, perhaps: it is looked for, not offered again."""
    if op.effect is Effect.READ:
        return error
    return Unavailable(error.message, error.hint, sent=True)
