"""Locks: a pipeline kept for oneself for a while."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from bot.access.locks.rules import Lock
from bot.errors import UsageError
from bot.execution.context import Context
from bot.execution.resolve.build import check_organization
from bot.operations.addresses import BranchArgs, BranchPattern
from bot.operations.operation import Args, Effect, Opt, Permission, operation
from bot.operations.reply import Reply
from bot.runtime.durations import limit_duration, parse_duration
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, local_time, md, mention
from bot.slack.blockkit.tables import Table

LONGEST = timedelta(days=30)
UNTIL = "{date_short_pretty} {time}"
_Branch = Annotated[
    BranchPattern | None,
    Opt(short="b", positional=True, hint="every branch"),
    Field(description="Branch, or a pattern such as release/*"),
]
_Take = Annotated[bool, Opt(in_form=False), Field(description="Take it over from somebody else, who is told")]


class Take(BranchArgs):
    """What to lock, why, and for how long."""

    branch: _Branch = None
    reason: Annotated[str, Opt(short="r", positional=True), Field(min_length=1, max_length=200, description="Why")]
    for_: Annotated[
        str, Opt(hint="30m, 2h, 1d"), AfterValidator(limit_duration(LONGEST)), Field(description="For how long")
    ] = "2h"
    take: _Take = False


class Release(BranchArgs):
    """What to unlock."""

    branch: _Branch = None
    take: _Take = False


class Listing(Args):
    """Which locks to list."""

    pipeline: Annotated[
        str | None, Opt(short="p", positional=True, suggest="pipeline"), Field(description="Pipeline")
    ] = None


async def _pin_take(args: Take, ctx: Context) -> Take:
    check_organization(args.org, ctx)
    return args.model_copy(update={"pipeline": (await ctx.catalog.find_pipeline(args.pipeline)).slug})


async def _pin_release(args: Release, ctx: Context) -> Release:
    check_organization(args.org, ctx)
    return args.model_copy(update={"pipeline": (await ctx.catalog.find_pipeline(args.pipeline)).slug})


# Nothing changes at Buildkite: a lock can be taken and released while writes there are stopped.
@operation(
    "lock",
    needs=Permission.LOCK,
    effect=Effect.READ,
    pin=_pin_take,
    opens_form=True,
    examples=('lock web "release 42" --for 2h', 'lock web production "release 42"', "lock web hotfix --take"),
)
async def lock(args: Take, ctx: Context) -> Reply:
    """Keep a pipeline for yourself: others can start, rebuild, retry and unblock nothing there."""
    now = ctx.clock.now()
    wanted = Lock(args.pipeline, args.branch, args.reason, ctx.actor.id, now + parse_duration(args.for_), now)
    before = await ctx.locks.take(wanted, ctx.invocation_id, force=args.take)
    text = md(
        "locked {place} until {until}: {reason}",
        place=wanted.scope,
        until=local_time(wanted.until, UNTIL),
        reason=args.reason,
    )
    taken = md("{text} (taken over from {who})", text=text, who=mention(before.holder)) if before else text
    return Reply(text=taken, private=False)


@operation(
    "unlock",
    needs=Permission.LOCK,
    effect=Effect.READ,
    pin=_pin_release,
    examples=("unlock web", "unlock web production", "unlock web --take"),
)
async def unlock(args: Release, ctx: Context) -> Reply:
    """Release a lock."""
    now = ctx.clock.now()
    about = Lock(args.pipeline, args.branch, "", ctx.actor.id, now, now)
    gone = await ctx.locks.release(about, ctx.invocation_id, force=args.take)
    if not gone:
        raise UsageError(f"{args.pipeline} is not locked.", f"See `{ctx.command} locks`.", "pipeline")
    others = [mention(item.holder) for item in gone if item.holder != ctx.actor.id]
    text = md("unlocked {place}", place=gone[0].scope if len(gone) == 1 else code(args.pipeline))
    whose = md("{text} (locked by {who})", text=text, who=others[0]) if others else text
    return Reply(text=whose, private=False)


@operation("locks", needs=Permission.READ, effect=Effect.READ, examples=("locks", "locks web"))
async def locks(args: Listing, ctx: Context) -> Reply:
    """List what is locked, by whom, and why."""
    held = await ctx.locks.find_active(args.pipeline)
    rows = tuple((item.scope, mention(item.holder), local_time(item.until, UNTIL), item.reason) for item in held)
    of = md(" of {pipeline}", pipeline=code(args.pipeline)) if args.pipeline else Mrkdwn("")
    how = md("Keep one for yourself: {how}", how=code(f"{ctx.command} lock {args.pipeline or '<pipeline>'} <why>"))
    empty = md("Nothing{of} is locked.", of=of)
    return Reply(table=Table(("What", "Who", "Until", "Why"), rows, "Locks", noun="lock", empty=empty, hint=how))
