"""Command that reports on pipelines' health: pass rate, durations, queue times and flaky steps, with charts."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field

from bot.access.policy.rules import Refuse
from bot.access.policy.service import PolicyService
from bot.buildkite.catalog import Catalog
from bot.buildkite.endpoints.builds import BuildCalls
from bot.errors import UsageError
from bot.execution.context import Caller
from bot.history.report_data import GatheredBuilds, ReportData
from bot.operations.declarations import Unjudged
from bot.operations.operation import Args, Effect, Opt, Permission, operation
from bot.operations.reply import Button, Call, Reply
from bot.runtime.clock import Clock
from bot.slack.blockkit.mrkdwn import code, md
from commands.health import statistics
from commands.health.render import PERIOD_NAMES, PERIODS, ReportBasis, ReportScope, render_report
from commands.health.results import HealthResult

_GLOB = frozenset("*?[")


class HealthArgs(Args):
    """Arguments of `health`."""

    pipelines: Annotated[
        tuple[str, ...],
        Opt(
            short="p",
            positional=True,
            hint="web,deploy-*",
            aliases=("--pipeline",),
            channel_default=True,
            target=Unjudged("the report leaves out the pipelines that the person may not see"),
        ),
        Field(max_length=50, description="Pipelines (default: all you may see)"),
    ] = ()
    since: Annotated[Literal["24h", "7d", "30d"], Opt(former=("-s",)), Field(description="Period")] = "7d"
    share: Annotated[bool, Opt(), Field(description="Show the report to everyone here")] = False


@dataclass(frozen=True)
class HealthContext:
    """The builds of the pipelines that the person may see."""

    caller: Caller
    policy: PolicyService
    catalog: Catalog
    builds: BuildCalls
    reports: ReportData
    clock: Clock


@operation(
    "health",
    needs=Permission.READ,
    effect=Effect.READS,
    examples=("health", "health web --since 30d", "health web deploy-* --since 24h --share"),
    filters_pipelines=True,
)
async def health(args: HealthArgs, ctx: HealthContext) -> Reply[HealthResult]:
    """Show pass rates, durations, queue times, and slow and flaky steps, with charts."""
    chosen = await _choose_pipelines(args, ctx)
    now, span = ctx.clock.now(), PERIODS[args.since]
    gathered = await ctx.reports.gather(ctx.builds, chosen, now - 2 * span)
    basis = _make_basis(gathered, now - span)
    found = await asyncio.to_thread(
        statistics.compute_health, gathered.runs, gathered.attempts, now - span, now, compare=basis.whole
    )
    scope = ReportScope(chosen, args.since, shared=args.share)
    drawn = render_report(found, scope, basis, _find_zone(ctx.caller.actor.zone))
    return replace(drawn, buttons=_make_buttons(args), private=not args.share)


async def _choose_pipelines(args: HealthArgs, ctx: HealthContext) -> tuple[str, ...]:
    """Return the slugs of the requested pipelines that the person may see.

    Raise NotFound, UsageError or Refused.
    """
    there = sorted(pipeline.slug for pipeline in await ctx.catalog.list_pipelines())
    if not args.pipelines:
        return _filter_visible(there, ctx)
    found: list[str] = []
    for word in args.pipelines:
        found += _find_matching(word, there, ctx) if _GLOB & set(word) else [await _find_named(word, ctx)]
    return tuple(dict.fromkeys(found))


async def _find_named(word: str, ctx: HealthContext) -> str:
    slug = (await ctx.catalog.find_pipeline(word)).slug
    _check_visible(slug, ctx)
    return slug


def _find_matching(glob: str, there: list[str], ctx: HealthContext) -> tuple[str, ...]:
    fitting = tuple(slug for slug in there if fnmatchcase(slug, glob.lower()) and not _find_refusal(slug, ctx))
    if not fitting:
        hint = md("For all pipelines, use `{command} health` without a name.", command=ctx.caller.command)
        raise UsageError(md("No pipeline you may see matches {glob}.", glob=code(glob)), hint, "pipelines")
    return fitting


def _filter_visible(slugs: list[str], ctx: HealthContext) -> tuple[str, ...]:
    """Return the pipelines that this person may see here. Raise Refused if there are none."""
    seen = tuple(slug for slug in slugs if not _find_refusal(slug, ctx))
    if slugs and not seen:
        _check_visible(slugs[0], ctx)
    if not seen:
        raise UsageError("There are no pipelines.", "", "pipelines")
    return seen


def _check_visible(slug: str, ctx: HealthContext) -> None:
    ctx.policy.require_pipeline(ctx.caller.actor, "health", slug)


def _find_refusal(slug: str, ctx: HealthContext) -> Refuse | None:
    """Return the policy's reason why this person may not see that pipeline here, or None if they may."""
    return ctx.policy.find_refusal(ctx.caller.actor, "health", slug)


def _make_basis(gathered: GatheredBuilds, since: datetime) -> ReportBasis:
    """Return what is missing from the period, and whether the previous one is complete."""
    gaps = tuple((max(begin, since), end) for begin, end in reversed(gathered.missing) if end > since)
    return ReportBasis(
        read=gathered.read,
        whole=not any(begin < since for begin, _end in gathered.missing),
        gaps=gaps,
        trouble=gathered.trouble,
        more=gathered.more,
    )


def _find_zone(name: str | None) -> ZoneInfo:
    """Return the reader's time zone, or UTC if Slack names none or an unknown one."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _make_buttons(args: HealthArgs) -> tuple[Button, ...]:
    """Return buttons for the same report over other periods, and for sharing it."""
    given = {"pipelines": list(args.pipelines)}
    spans = [
        Button(f"Last {words}", Call("health", {**given, "since": since}))
        for since, words in PERIOD_NAMES.items()
        if since != args.since
    ]
    share = Button("Share here", Call("health", {**given, "since": args.since, "share": True}))
    return (*([] if args.share else [share]), *spans)
