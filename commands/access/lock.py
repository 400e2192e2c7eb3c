"""Commands that lock and unlock a pipeline, and list the locks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from bot.access.locks.rules import Lock
from bot.access.locks.service import LockService
from bot.buildkite.catalog import Catalog
from bot.errors import UsageError
from bot.execution.context import Caller
from bot.execution.resolve.build import check_organization
from bot.operations.addresses import BranchArgs, BranchPattern
from bot.operations.operation import Args, Effect, Opt, Permission, operation
from bot.operations.reply import Reply
from bot.runtime.clock import Clock
from bot.runtime.durations import limit_duration, parse_duration
from bot.slack.blockkit.data_tables import Table
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, local_time, md, mention
from commands.access.results import LockData, LockList, LockResult

MAX_DURATION = timedelta(days=30)
UNTIL = "{date_short_pretty} {time}"
_Branch = Annotated[
    BranchPattern | None,
    Opt(short="b", hint="every branch", target="branch"),
    Field(description="Branch or pattern such as release/*"),
]
_Take = Annotated[bool, Opt(in_form=False), Field(description="Take over someone else's lock and notify them")]


class LockArgs(BranchArgs):
    """Arguments of `lock`."""

    branch: _Branch = None
    reason: Annotated[
        str,
        Opt(former=("-r",), positional=True, joined=True),
        Field(min_length=1, max_length=200, description="Reason"),
    ]
    for_: Annotated[
        str,
        Opt(value="duration", hint="30m, 2h, 1d"),
        AfterValidator(limit_duration(MAX_DURATION)),
        Field(description="Duration"),
    ] = "2h"
    take: _Take = False


class UnlockArgs(BranchArgs):
    """Arguments of `unlock`."""

    branch: _Branch = None
    take: _Take = False


class LocksArgs(Args):
    """Arguments of `locks`."""

    pipeline: Annotated[
        str | None,
        Opt(short="p", positional=True, suggest="pipeline", target="pipeline"),
        Field(description="Pipeline"),
    ] = None


@dataclass(frozen=True)
class LockContext:
    """The person, the locks, and the pipelines that can be locked."""

    caller: Caller
    locks: LockService
    catalog: Catalog
    clock: Clock


async def _pin_lock(args: LockArgs, ctx: LockContext) -> LockArgs:
    check_organization(args.org, ctx.catalog)
    return args.model_copy(update={"pipeline": (await ctx.catalog.find_pipeline(args.pipeline)).slug})


async def _probe_unlock(args: UnlockArgs, ctx: LockContext) -> Reply[LockList] | None:
    """Return the answer of `unlock` if nothing that it would release is locked, else None."""
    active = await ctx.locks.find_active(args.pipeline)
    left = [lock for lock in active if args.branch in (None, lock.branch)]
    releasable = left if args.take else [lock for lock in left if lock.holder == ctx.caller.actor.id]
    if releasable:
        return None
    text = md("unlocked {place}", place=code(args.pipeline))
    return Reply(data=LockList(message=text, locks=()), text=text, private=False)


async def _pin_unlock(args: UnlockArgs, ctx: LockContext) -> UnlockArgs:
    check_organization(args.org, ctx.catalog)
    return args.model_copy(update={"pipeline": (await ctx.catalog.find_pipeline(args.pipeline)).slug})


@operation(
    "lock",
    needs=Permission.LOCK,
    effect=Effect.CHANGES_STATE,
    repeatable=True,
    pin=_pin_lock,
    opens_form=True,
    examples=(
        "lock web releasing 42 --for 2h",
        "lock web@production releasing 42",
        "lock web -b release/* hotfix running",
        "lock web hotfix running --take",
    ),
)
async def lock(args: LockArgs, ctx: LockContext) -> Reply[LockResult]:
    """Lock a pipeline so that only you can start, rebuild, retry or unblock its builds."""
    now = ctx.clock.now()
    wanted = Lock(
        args.pipeline, args.branch, args.reason, ctx.caller.actor.id, now + parse_duration(args.for_), now
    )
    before = await ctx.locks.take(wanted, ctx.caller.invocation_id, force=args.take)
    text = md(
        "locked {place} until {until}: {reason}",
        place=wanted.scope,
        until=local_time(wanted.until, UNTIL),
        reason=args.reason,
    )
    taken = md("{text} (taken over from {who})", text=text, who=mention(before.holder)) if before else text
    taken_from = before.holder if before else None
    data = LockResult(message=taken, lock=LockData.from_lock(wanted), taken_from=taken_from)
    return Reply(data=data, text=taken, private=False)


@operation(
    "unlock",
    needs=Permission.LOCK,
    effect=Effect.CHANGES_STATE,
    repeatable=True,
    pin=_pin_unlock,
    probe=_probe_unlock,
    examples=("unlock web", "unlock web@production", "unlock web --take"),
)
async def unlock(args: UnlockArgs, ctx: LockContext) -> Reply[LockList]:
    """Release a lock."""
    now = ctx.clock.now()
    about = Lock(args.pipeline, args.branch, "", ctx.caller.actor.id, now, now)
    released = await ctx.locks.release(about, ctx.caller.invocation_id, force=args.take)
    if not released:
        raise UsageError(f"{args.pipeline} isn't locked.", f"See `{ctx.caller.command} locks`.", "pipeline")
    others = [mention(existing.holder) for existing in released if existing.holder != ctx.caller.actor.id]
    text = md("unlocked {place}", place=released[0].scope if len(released) == 1 else code(args.pipeline))
    whose = md("{text} (locked by {who})", text=text, who=others[0]) if others else text
    data = LockList(message=whose, locks=tuple(map(LockData.from_lock, released)))
    return Reply(data=data, text=whose, private=False)


@operation("locks", needs=Permission.READ, effect=Effect.READS, examples=("locks", "locks web"))
async def locks(args: LocksArgs, ctx: LockContext) -> Reply[LockList]:
    """List the locks: who locked which pipeline, why and until when."""
    held = await ctx.locks.find_active(args.pipeline)
    rows = tuple(
        (existing.scope, mention(existing.holder), local_time(existing.until, UNTIL), existing.reason)
        for existing in held
    )
    of = md(" on {pipeline}", pipeline=code(args.pipeline)) if args.pipeline else Mrkdwn("")
    how = md(
        "Lock one with {how}.", how=code(f"{ctx.caller.command} lock {args.pipeline or '<pipeline>'} <reason>")
    )
    empty = md("There are no locks{of}.", of=of)
    table = Table(("Locked", "By", "Until", "Reason"), rows, "Locks", noun="lock", empty=empty, hint=how)
    data = LockList(message=table.summary, locks=tuple(map(LockData.from_lock, held)))
    return Reply(data=data, table=table)
