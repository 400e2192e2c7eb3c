"""Carries out invocations: stores each, applies the policy, runs it and records its outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import structlog

from bot.access.accounts.service import BuildkiteAccess
from bot.access.approvals.model import require_whole_sha
from bot.access.channel_access import ChannelAccess
from bot.access.policy.policy_wording import explain_protection
from bot.access.policy.rules import ApprovalRequirement
from bot.errors import KitestringError, Refused, Unavailable
from bot.execution.context import Caller
from bot.execution.context_factory import ContextFactory
from bot.execution.default_pipeline import mention_default
from bot.execution.outcomes import Outcomes
from bot.execution.policy_gate import PolicyGate
from bot.execution.services import Services
from bot.operations.invocation import Invocation, compute_request_digest
from bot.operations.operation import Args, Effect, Operation, Permission
from bot.operations.queries import begin_invocation, insert_invocation, is_repeat
from bot.operations.reply import Reply
from bot.operations.validation import validate
from bot.runtime.clock import Clock
from bot.runtime.error_boundary import InternalError, run_guarded
from bot.slack.people import PeopleDirectory
from bot.slack.types import Actor, Standing, Thread
from bot.store.transactions import Store
from bot.store.vault import Vault

log = structlog.stdlib.get_logger(__name__)


class Runner:
    """Accepts invocations, runs each once, and keeps track of those in progress."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        clock: Clock,
        people: PeopleDirectory,
        channel_access: ChannelAccess,
        outcomes: Outcomes,
        services: Services,
    ) -> None:
        self._store = store
        self._vault = vault
        self._clock = clock
        self._people = people
        self._channel_access = channel_access
        self._outcomes = outcomes
        self.services = services
        self.gate = PolicyGate(services, channel_access, clock)
        self._contexts = ContextFactory(services.registry, services.group(store, clock))
        self._running: set[asyncio.Task[None]] = set()
        # Ids whose failure couldn't be recorded because the database didn't answer; recovery picks them up.
        self.abandoned: set[str] = set()

    async def accept(self, invocation: Invocation) -> Invocation:
        """Store an invocation, or return the earlier one with its key and another id. Raises Unavailable."""
        return await insert_invocation(
            self._store, self._vault, invocation, self._clock.now(), self.services.replica
        )

    async def has_accepted(self, key: str) -> bool:
        """Return whether a request with that key was accepted before. Raises Unavailable."""
        async with self._store.read() as tx:
            return await is_repeat(tx, key)

    def start(self, invocation: Invocation, accepted: Invocation) -> None:
        """Run a new invocation in the background; a repeat gets the first one's answer instead."""
        fresh = accepted.id == invocation.id
        self.spawn(self.run(accepted) if fresh else self._repeat(invocation, accepted))

    async def _repeat(self, invocation: Invocation, first: Invocation) -> None:
        """Answer a repeat like the first request, or with the state of its proposal. Raises nothing."""
        with suppress(KitestringError):
            proposal = await run_guarded(self.services.proposals.find(first.id), "repeat", invocation=first.id)
            await self._outcomes.repeat(invocation, first, proposal)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run work in the background and keep a reference, because asyncio itself holds only a weak one."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def drain(self) -> int:
        """Wait for everything in progress; returns how many tasks there were."""
        count = 0
        while self._running:
            count += len(self._running)
            await asyncio.gather(*self._running, return_exceptions=True)
        return count

    async def run(self, invocation: Invocation) -> None:
        """Run an invocation and answer it. Raises nothing."""
        try:
            await run_guarded(self._carry_out(invocation), invocation.operation, invocation=invocation.id)
        except KitestringError as error:
            await self._give_up(invocation, error)

    async def _give_up(self, invocation: Invocation, error: KitestringError) -> None:
        try:
            await run_guarded(self._outcomes.fail(invocation, error), "answer", invocation=invocation.id)
        except KitestringError:
            log.warning("outcome not recorded; left to recovery", invocation=invocation.id)
            self.abandoned.add(invocation.id)

    async def _carry_out(self, invocation: Invocation) -> None:
        op = self.services.registry[invocation.operation]
        actor = await self._people.find_actor(invocation.user, invocation.thread, invocation.via)
        if actor.standing is Standing.DEACTIVATED:
            await self.services.accounts.delete_departed(actor.team, actor.id, self._clock.now())
        # Refusals that need no look-up come first, so that refused people can't find out what exists.
        self.gate.check_permission(actor, op)
        await self.gate.check_channel(invocation.thread)
        await self.gate.check_writable(op)
        access = await self.find_access(actor, op)
        ctx = self.build_context(op, invocation, actor, access)
        given, assumed = await self.services.default_pipelines.fill_in(op, invocation.args, invocation.thread)
        args = validate(op, given, self.services.command)
        pinned = await op.pin(args, ctx) if op.pin else args
        verdict = await self.gate.apply_policy(op, pinned, actor, access.buildkite)
        if await self._ask_first(invocation, op, pinned, ctx):
            return
        # From here on the stored arguments are the pinned ones: approvals and a restart must mean the same build.
        kept = pinned.model_dump(mode="json", exclude_none=True)
        invocation = replace(invocation, args=kept, assumed=assumed)
        if isinstance(verdict, ApprovalRequirement) and not await self.gate.has_approvals(
            invocation, verdict, access.buildkite
        ):
            await self._propose(invocation, op, verdict, await op.label_ids(pinned, ctx) if op.label_ids else {})
        else:
            ruled = replace(invocation, rule=verdict.rule)
            await self._execute(ruled, op, pinned, actor, ctx)

    async def _propose(
        self, invocation: Invocation, op: Operation, requirement: ApprovalRequirement, labels: Mapping[str, str]
    ) -> None:
        """Post a proposal in the channel to collect approvals. Raises UsageError or Refused."""
        require_whole_sha(op.name, invocation.args)
        if invocation.flags.direct or not await self._channel_access.can_post(invocation.thread):
            raise Refused(
                explain_protection(op, requirement), "Request it in a channel that I'm in.", requirement.rule
            )
        await self.services.proposals.propose(invocation, requirement, labels)

    async def _ask_first(self, invocation: Invocation, op: Operation, args: Args, ctx: object) -> bool:
        """Ask before harm, or where the card can't be posted; returns whether a question was asked."""
        if op.confirm and not invocation.flags.confirmed:
            question = await op.confirm(args, ctx)
            if question:
                await self._outcomes.questions.ask_confirmation(invocation, args, question)
                return True
        if (
            op.posts_card
            and not invocation.flags.direct
            and not await self._channel_access.can_post(invocation.thread)
        ):
            await self._outcomes.questions.ask_invitation(invocation, args)
            return True
        return False

    async def _execute(self, invocation: Invocation, op: Operation, args: Args, actor: Actor, ctx: object) -> None:
        if not await self._begin(invocation, op):
            return
        try:
            reply = await run_guarded(op.run(args, ctx), op.name, invocation=invocation.id)
        except KitestringError as error:
            await self.read_again(invocation.args)
            # A bug after the request was sent says nothing about whether Buildkite carried it out.
            raise _as_unconfirmed(op, error) if isinstance(error, InternalError) else error from error
        try:
            answer = mention_default(reply, invocation.assumed)
            await run_guarded(self.finish(invocation, answer, actor), op.name, invocation=invocation.id)
        except KitestringError as error:
            raise _as_unconfirmed(op, error) from error

    async def _begin(self, invocation: Invocation, op: Operation) -> bool:
        """Mark the invocation as running; False where another replica has taken it over.

        From here on recovery knows that it may have happened. Reads change nothing, so a single replica doesn't
        record their start.
        """
        if op.effect is Effect.READS and self._store.sqlite:
            return True
        now, replica = self._clock.now(), self.services.replica
        async with self._store.write() as tx:
            return await begin_invocation(
                tx, self._vault, invocation, compute_request_digest(invocation), now, replica
            )

    async def read_again(self, args: Mapping[str, Any]) -> None:
        """Read the build that an operation failed on: its card is probably out of date."""
        if args.get("pipeline") and args.get("number"):
            with suppress(Unavailable):
                await self._outcomes.read_again(str(args["pipeline"]), int(args["number"]))

    async def fail(self, invocation: Invocation, error: KitestringError) -> None:
        """Record and explain a failure before the operation began."""
        await self._outcomes.fail(invocation, error)

    async def finish(self, invocation: Invocation, reply: Reply, actor: Actor) -> None:
        """Record that the operation succeeded, and answer."""
        where = await self._find_destination(invocation)
        await self._outcomes.finish(invocation, reply, actor, where)

    async def _find_destination(self, invocation: Invocation) -> Thread:
        """Return the thread of the request, or the person's direct messages if they chose those."""
        return (
            await self._channel_access.open_direct_message(invocation.thread.team, invocation.user)
            if invocation.flags.direct
            else invocation.thread
        )

    async def find_access(self, actor: Actor, op: Operation) -> BuildkiteAccess:
        """Return the person's own access to Buildkite where they have connected a token, else the bot's.

        Raises Refused where that token can't be read: the bot's token may do more, so it never replaces it. Only
        operations that don't use Buildkite continue, so that the person can replace or delete the token.
        """
        try:
            own = await self.services.accounts.find_access(actor.team, actor.id)
        except Refused:
            if op.needs is not Permission.HELP:
                raise
            own = None
        return own or self.get_own_access()

    def get_own_access(self) -> BuildkiteAccess:
        """Return the bot's own access to Buildkite."""
        return BuildkiteAccess(self.services.buildkite, self.services.catalog)

    def build_context(
        self, op: Operation, invocation: Invocation, actor: Actor, access: BuildkiteAccess
    ) -> object:
        """Return the context that the operation declares."""
        caller = Caller(
            actor,
            invocation.thread,
            invocation.id,
            self.services.command,
            self.services.instance,
            invocation.flags.page or 1,
        )
        return self._contexts.build(op, caller, access)


def _as_unconfirmed(op: Operation, error: KitestringError) -> KitestringError:
    """Return the error as unconfirmed: it broke after a request was sent, so a retry could act twice."""
    if op.effect is Effect.READS:
        return error
    return Unavailable(error.message, error.hint, sent=True)
