"""How pipelines have been doing: pass rate, durations, queue times, flaky steps, with charts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field

from bot.access.policy.decide import decide
from bot.access.policy.rules import Refuse, Target
from bot.errors import Refused, UsageError
from bot.execution.context import Context
from bot.history.report_data import Gathered
from bot.operations.operation import Args, Effect, Opt, Permission, operation
from bot.operations.reply import Button, Call, Reply
from bot.slack.blockkit.mrkdwn import code, md
from commands.health import statistics
from commands.health.render import PERIODS, WORDS, Basis, Scope, render_report

_GLOB = frozenset("*?[")


class Health(Args):
    """Of which pipelines, over which time."""

    pipelines: Annotated[
        tuple[str, ...],
        Opt(short="p", positional=True, hint="web,deploy-*", also=("--pipeline",), here=True),
        Field(max_length=50, description="Pipelines; all that you may see where none is named"),
    ] = ()
    since: Annotated[Literal["24h", "7d", "30d"], Opt(short="s"), Field(description="How far back")] = "7d"
    share: Annotated[bool, Opt(), Field(description="Show it to everybody here")] = False


@operation(
    "health",
    needs=Permission.READ,
    effect=Effect.READ,
    examples=("health", "health web --since 30d", "health web deploy-* --since 24h --share"),
    sifts=True,
)
async def health(args: Health, ctx: Context) -> Reply:
    """Builds, pass rate, durations, queue times, slow and flaky steps, with charts."""
    chosen = await _chosen(args, ctx)
    now, span = ctx.clock.now(), PERIODS[args.since]
    gathered = await ctx.reports.gather(ctx.buildkite, chosen, now - 2 * span)
    basis = _basis(gathered, now - span)
    found = await asyncio.to_thread(
        statistics.health, gathered.runs, gathered.attempts, now - span, now, compare=basis.whole
    )
    scope = Scope(chosen, args.since, shared=args.share)
    drawn = render_report(found, scope, basis, _zone(ctx.actor.zone))
    return replace(drawn, buttons=_buttons(args), private=not args.share)


async def _chosen(args: Health, ctx: Context) -> tuple[str, ...]:
    """The pipelines that are meant and may be seen. Raises NotFound, UsageError, Refused."""
    there = sorted(pipeline.slug for pipeline in await ctx.catalog.pipelines())
    if not args.pipelines:
        return _seen(there, ctx)
    found: list[str] = []
    for word in args.pipelines:
        found += _fitting(word, there, ctx) if _GLOB & set(word) else [await _named(word, ctx)]
    return tuple(dict.fromkeys(found))


async def _named(word: str, ctx: Context) -> str:
    slug = (await ctx.catalog.find_pipeline(word)).slug
    _admit(slug, ctx)
    return slug


def _fitting(glob: str, there: list[str], ctx: Context) -> tuple[str, ...]:
    fitting = tuple(slug for slug in there if fnmatchcase(slug, glob.lower()) and not _barred(slug, ctx))
    if not fitting:
        hint = md("`{command} health` without a name is about all of them.", command=ctx.command)
        raise UsageError(md("No pipeline that you may see fits {glob}.", glob=code(glob)), hint, "pipelines")
    return fitting


def _seen(slugs: list[str], ctx: Context) -> tuple[str, ...]:
    """Those that this person may see here; raises Refused where that is none of them."""
    seen = tuple(slug for slug in slugs if not _barred(slug, ctx))
    if slugs and not seen:
        _admit(slugs[0], ctx)
    if not seen:
        raise UsageError("There are no pipelines.", "", "pipelines")
    return seen


def _admit(slug: str, ctx: Context) -> None:
    if refused := _barred(slug, ctx):
        raise Refused(refused.message, refused.hint, refused.rule)


def _barred(slug: str, ctx: Context) -> Refuse | None:
    """Why this person may not see that pipeline here, judged by itself."""
    op = replace(ctx.registry["health"], sifts=False)
    verdict = decide(ctx.rules(), ctx.actor, op, Target(slug), ctx.clock.now())
    return verdict if isinstance(verdict, Refuse) else None


def _basis(gathered: Gathered, since: datetime) -> Basis:
    """What is missing of the period itself, and whether the one before is whole."""
    gaps = tuple((max(begin, since), end) for begin, end in reversed(gathered.missing) if end > since)
    return Basis(
        read=gathered.read,
        whole=not any(begin < since for begin, _end in gathered.missing),
        gaps=gaps,
        trouble=gathered.trouble,
        more=gathered.more,
    )


def _zone(name: str | None) -> ZoneInfo:
    """The reader's zone; UTC where Slack names none that is known here."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _buttons(args: Health) -> tuple[Button, ...]:
    """The same over another time, and for everybody here."""
    given = {"pipelines": list(args.pipelines)}
    spans = [
        Button(f"Last {words}", Call("health", {**given, "since": since}))
        for since, words in WORDS.items()
        if since != args.since
    ]
    share = Button("Share here", Call("health", {**given, "since": args.since, "share": True}))
    return (*([] if args.share else [share]), *spans)
