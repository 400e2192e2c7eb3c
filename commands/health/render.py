"""The health report as a reply: numbers, outliers, charts, and the data they are based on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from bot.history.known_periods import Span
from bot.operations.build_wording import format_duration
from bot.operations.reply import Reply
from bot.slack.blockkit.blocks import join_lines
from bot.slack.blockkit.charts import Chart, Series
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, code, join, local_time, md
from commands.health.periods import Slot, cut_period, fill_slots
from commands.health.results import HealthResult
from commands.health.statistics import DurationSpread, HealthStatistics, PipelineFailures, StepStatistics, Totals

PERIODS = {"24h": timedelta(days=1), "7d": timedelta(days=7), "30d": timedelta(days=30)}
PERIOD_NAMES = {"24h": "24 hours", "7d": "7 days", "30d": "30 days"}
NAMED_LIMIT = 3
RULES = "Median and p95 use the nearest rank. Pass rate and durations exclude canceled builds."


@dataclass(frozen=True)
class ReportBasis:
    """The data that the numbers are based on.

    `read` builds were just read; builds may be missing in the `gaps` of the period; `whole`: the previous period
    is completely known. `trouble` says why no more was read, `more` whether the next request would read further
    back.
    """

    read: int
    whole: bool = True
    gaps: tuple[Span, ...] = ()
    trouble: str = ""
    more: bool = False


@dataclass(frozen=True)
class ReportScope:
    """The requested pipelines and period (a key of `PERIODS`); `shared`: posted for everyone, with a name."""

    pipelines: tuple[str, ...]
    since: str
    shared: bool = False

    @property
    def title(self) -> str:
        shown = f"{len(self.pipelines)} pipelines"
        if len(self.pipelines) <= NAMED_LIMIT:
            shown = " and ".join(filter(None, [", ".join(self.pipelines[:-1]), self.pipelines[-1]]))
        return f"Health of {shown} over the last {PERIOD_NAMES[self.since]}"


def render_report(
    found: HealthStatistics, scope: ReportScope, basis: ReportBasis, zone: ZoneInfo
) -> Reply[HealthResult]:
    """Return the report, without buttons."""
    footer = join(
        [_describe_basis(found, basis), *_list_caveats(basis), *([Mrkdwn(RULES)] if found.runs else [])], " "
    )
    complete = not basis.gaps
    data = HealthResult.from_statistics(found, scope.pipelines, scope.title, is_complete=complete)
    if not found.runs:
        nothing = f"no build ended in the last {PERIOD_NAMES[scope.since]}."
        text = f"shared this report: {nothing}" if scope.shared else nothing.capitalize()
        return Reply(data=data, title=scope.title, text=text, footer=footer)
    return Reply(
        data=data,
        title=scope.title,
        text="shared this report." if scope.shared else "",
        fields=(*_render_numbers(found), *_render_outliers(found, scope)),
        charts=_make_charts(found, zone),
        footer=footer,
    )


def _render_numbers(found: HealthStatistics) -> tuple[tuple[str, str], ...]:
    now, before = found.totals, found.before
    return (
        ("Builds", _render_builds(now, before)),
        ("Pass rate", _format_pass_rate(now, before)),
        ("Duration", _format_spread(now.duration, before.duration if before else None)),
        ("Queue time", _format_spread(now.queue, before.queue if before else None)),
    )


def _render_builds(now: Totals, before: Totals | None) -> Mrkdwn:
    change = _format_change(now.builds, before.builds) if before else ""
    parts = [f"{count} {word}" for word, count in _list_parts(now) if count]
    return md("{count}{change}\n{parts}", count=now.builds, change=change, parts=", ".join(parts))


def _list_parts(now: Totals) -> tuple[tuple[str, int], ...]:
    return ("passed", now.passed), ("failed", now.failed), ("canceled", now.canceled)


def _format_change(now: float, before: float) -> str:
    """Return ` (was 8, +25 %)`, without a percentage if the former value is 0."""
    percent = f", {_format_signed((now - before) / before * 100)} %" if before else ""
    return f" (was {before:g}{percent})"


def _format_signed(value: float, digits: int = 0) -> str:
    shown = f"{abs(value):.{digits}f}"
    return f"±{shown}" if not float(shown) else f"{'+' if value > 0 else '−'}{shown}"


def _format_pass_rate(now: Totals, before: Totals | None) -> str:
    rate, was = now.pass_rate, before.pass_rate if before else None
    if rate is None:
        return "no build passed or failed"
    if was is None:
        return f"{rate:.1%}".replace("%", " %")
    return f"{rate * 100:.1f} % (was {was * 100:.1f} %, {_format_signed((rate - was) * 100, 1)} points)"


def _format_spread(now: DurationSpread | None, before: DurationSpread | None) -> str:
    if now is None:
        return "not measured"
    median = _format_duration_change(now.median, before.median if before else None)
    p95 = _format_duration_change(now.p95, before.p95 if before else None)
    return f"median {format_duration(now.median)}{median}\np95 {format_duration(now.p95)}{p95}"


def _format_duration_change(now: timedelta, before: timedelta | None) -> str:
    if before is None:
        return ""
    percent = f", {_format_signed((now - before) / before * 100)} %" if before else ""
    return f" (was {format_duration(before)}{percent})"


def _render_outliers(found: HealthStatistics, scope: ReportScope) -> list[tuple[str, str]]:
    several = len(scope.pipelines) > 1
    lists = [
        ("Slowest steps", [_render_slow_step(step, several) for step in found.slowest]),
        ("Flakiest steps", [_render_flaky_step(step, several) for step in found.flakiest]),
        ("Most failures", [_render_failing_pipeline(failing) for failing in found.failing] if several else []),
    ]
    return [(label, join_lines(drawn)) for label, drawn in lists if drawn]


def _name_step(step: StepStatistics, several: bool) -> Mrkdwn:
    name = md("{name}", name=step.name)
    return md("{pipeline} {name}", pipeline=code(step.pipeline), name=name) if several else name


def _render_slow_step(step: StepStatistics, several: bool) -> Mrkdwn:
    took = format_duration(step.median or timedelta())
    return md("{step}: {took} (median of {count})", step=_name_step(step, several), took=took, count=step.attempts)


def _render_flaky_step(step: StepStatistics, several: bool) -> Mrkdwn:
    name = _name_step(step, several)
    return md("{step}: failed {flakes} of {count}", step=name, flakes=step.flakes, count=step.attempts)


def _render_failing_pipeline(failing: PipelineFailures) -> Mrkdwn:
    return md(
        "{pipeline}: {failed} of {builds}",
        pipeline=code(failing.pipeline),
        failed=failing.failed,
        builds=failing.builds,
    )


def _make_charts(found: HealthStatistics, zone: ZoneInfo) -> tuple[Chart, ...]:
    pieces = cut_period(found.since, found.until, zone)
    periods = fill_slots(found.runs, pieces)
    names, axis = tuple(slot.label for slot in periods), f"{pieces.unit.capitalize()} ({zone.key})"
    counts = (
        Series("Passed", tuple(float(slot.passed) for slot in periods)),
        Series("Failed", tuple(float(slot.failed) for slot in periods)),
    )
    builds = Chart(f"Builds per {pieces.unit}", names, counts, axis, "Builds")
    return (builds, *_make_duration_chart(periods, f"Median duration per {pieces.unit}", names, axis))


def _make_duration_chart(periods: Sequence[Slot], title: str, names: tuple[str, ...], axis: str) -> list[Chart]:
    """Return the chart of median durations, in minutes if the longest takes two or more, else in seconds.

    A period without builds is 0; without any duration there is no chart.
    """
    seconds = [slot.duration.median.total_seconds() if slot.duration else 0.0 for slot in periods]
    if not any(seconds):
        return []
    unit, size = ("Minutes", 60) if max(seconds) >= 120 else ("Seconds", 1)
    values = tuple(round(value / size, 1) for value in seconds)
    return [Chart(title, names, (Series(unit, values),), axis, unit)]


def _describe_basis(found: HealthStatistics, basis: ReportBasis) -> Mrkdwn:
    count = len(found.runs)
    remembered = md("Based on {count}.", count="1 build" if count == 1 else f"{count} builds")
    if not basis.read:
        return remembered
    read = "1 was" if basis.read == 1 else f"{basis.read} were"
    return md("{remembered} {read} just fetched, including the previous period.", remembered=remembered, read=read)


def _render_span(span: Span) -> Mrkdwn:
    first, last = (local_time(moment, "{date_short_pretty} {time}") for moment in span)
    return md("between {first} and {last}", first=first, last=last)


def _list_caveats(basis: ReportBasis) -> list[Mrkdwn]:
    notes: list[Mrkdwn] = []
    if basis.gaps:
        times = join([_render_span(span) for span in basis.gaps[:NAMED_LIMIT]], ", ")
        head = bold("⚠️ Incomplete data")
        notes.append(md("{head}: builds {times} may be missing.", head=head, times=times))
    if not basis.whole:
        notes.append(Mrkdwn("There's no comparison because the previous period isn't completely known."))
    if basis.trouble:
        notes.append(md("{trouble}.", trouble=basis.trouble.rstrip(".")))
    if basis.more:
        notes.append(Mrkdwn("Run the command again and I'll read further back."))
    return notes
