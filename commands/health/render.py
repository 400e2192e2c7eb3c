"""The health report as people read it: numbers, who stands out, charts, and what all of it is based on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from bot.history.known_periods import Span
from bot.operations.build_wording import format_duration
from bot.operations.reply import Reply
from bot.slack.blockkit.blocks import lines
from bot.slack.blockkit.charts import Chart, Series
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, code, join, md, when
from commands.health.periods import Slot, cut, slots
from commands.health.statistics import Failing, Health, Spread, Step, Totals

PERIODS = {"24h": timedelta(days=1), "7d": timedelta(days=7), "30d": timedelta(days=30)}
WORDS = {"24h": "24 hours", "7d": "7 days", "30d": "30 days"}
MOST_NAMED = 3
RULES = "Median and p95 by nearest rank; canceled builds are left out of the pass rate and of durations."


@dataclass(frozen=True)
class Basis:
    """What the numbers are based on.

    `read` builds were read just now; within `gaps` of the period some may be missing; `whole`: the period before
    is known as well. `trouble` says why no more was read, `more` whether asking again would read further back.
    """

    read: int
    whole: bool = True
    gaps: tuple[Span, ...] = ()
    trouble: str = ""
    more: bool = False


@dataclass(frozen=True)
class Scope:
    """What was asked for: pipelines, and a period of `PERIODS`; `shared`: everybody there reads who asked."""

    pipelines: tuple[str, ...]
    since: str
    shared: bool = False

    @property
    def title(self) -> str:
        shown = f"{len(self.pipelines)} pipelines"
        if len(self.pipelines) <= MOST_NAMED:
            shown = " and ".join(filter(None, [", ".join(self.pipelines[:-1]), self.pipelines[-1]]))
        return f"Health of {shown} over the last {WORDS[self.since]}"


def render_report(found: Health, scope: Scope, basis: Basis, zone: ZoneInfo) -> Reply:
    """The answer, without buttons."""
    footer = join([_based(found, basis), *_doubts(basis), *([Mrkdwn(RULES)] if found.runs else [])], " ")
    if not found.runs:
        nothing = f"no build ended in the last {WORDS[scope.since]}."
        text = f"shared this report: {nothing}" if scope.shared else nothing.capitalize()
        return Reply(title=scope.title, text=text, footer=footer)
    return Reply(
        title=scope.title,
        text="shared this report." if scope.shared else "",
        fields=(*_numbers(found), *_standing_out(found, scope)),
        charts=_charts(found, zone),
        footer=footer,
    )


def _numbers(found: Health) -> tuple[tuple[str, str], ...]:
    now, before = found.totals, found.before
    return (
        ("Builds", _builds(now, before)),
        ("Pass rate", _rate(now, before)),
        ("Duration", _times(now.duration, before.duration if before else None)),
        ("Queue time", _times(now.queue, before.queue if before else None)),
    )


def _builds(now: Totals, before: Totals | None) -> Mrkdwn:
    change = _change(now.builds, before.builds) if before else ""
    parts = [f"{count} {word}" for word, count in _parts(now) if count]
    return md("{count}{change}\n{parts}", count=now.builds, change=change, parts=", ".join(parts))


def _parts(now: Totals) -> tuple[tuple[str, int], ...]:
    return ("passed", now.passed), ("failed", now.failed), ("canceled", now.canceled)


def _change(now: float, before: float) -> str:
    """` (was 8, +25 %)`; of nothing there is no percentage."""
    percent = f", {_signed((now - before) / before * 100)} %" if before else ""
    return f" (was {before:g}{percent})"


def _signed(value: float, digits: int = 0) -> str:
    shown = f"{abs(value):.{digits}f}"
    return f"±{shown}" if not float(shown) else f"{'+' if value > 0 else '−'}{shown}"


def _rate(now: Totals, before: Totals | None) -> str:
    rate, was = now.pass_rate, before.pass_rate if before else None
    if rate is None:
        return "no build passed or failed"
    if was is None:
        return f"{rate:.1%}".replace("%", " %")
    return f"{rate * 100:.1f} % (was {was * 100:.1f} %, {_signed((rate - was) * 100, 1)} points)"


def _times(now: Spread | None, before: Spread | None) -> str:
    if now is None:
        return "not measured"
    median = f"median {format_duration(now.median)}{_slower(now.median, before.median if before else None)}"
    return f"{median}\np95 {format_duration(now.p95)}{_slower(now.p95, before.p95 if before else None)}"


def _slower(now: timedelta, before: timedelta | None) -> str:
    if before is None:
        return ""
    percent = f", {_signed((now - before) / before * 100)} %" if before else ""
    return f" (was {format_duration(before)}{percent})"


def _standing_out(found: Health, scope: Scope) -> list[tuple[str, str]]:
    several = len(scope.pipelines) > 1
    lists = [
        ("Slowest steps", [_slow(step, several) for step in found.slowest]),
        ("Flakiest steps", [_flaky(step, several) for step in found.flakiest]),
        ("Most failures", [_failing(item) for item in found.failing] if several else []),
    ]
    return [(label, lines(drawn)) for label, drawn in lists if drawn]


def _named(step: Step, several: bool) -> Mrkdwn:
    name = md("{name}", name=step.name)
    return md("{pipeline} {name}", pipeline=code(step.pipeline), name=name) if several else name


def _slow(step: Step, several: bool) -> Mrkdwn:
    took = format_duration(step.median or timedelta())
    return md("{step}: {took} (median of {count})", step=_named(step, several), took=took, count=step.attempts)


def _flaky(step: Step, several: bool) -> Mrkdwn:
    times = "once" if step.flakes == 1 else f"{step.flakes} times"
    return md("{step}: {times} in {count} attempts", step=_named(step, several), times=times, count=step.attempts)


def _failing(failing: Failing) -> Mrkdwn:
    return md(
        "{pipeline}: {failed} of {builds}",
        pipeline=code(failing.pipeline),
        failed=failing.failed,
        builds=failing.builds,
    )


def _charts(found: Health, zone: ZoneInfo) -> tuple[Chart, ...]:
    pieces = cut(found.since, found.until, zone)
    drawn = slots(found.runs, pieces)
    names, axis = tuple(item.label for item in drawn), f"{pieces.unit.capitalize()} ({zone.key})"
    counts = (
        Series("Passed", tuple(float(item.passed) for item in drawn)),
        Series("Failed", tuple(float(item.failed) for item in drawn)),
    )
    builds = Chart(f"Builds per {pieces.unit}", names, counts, axis, "Builds")
    return (builds, *_took(drawn, f"Median duration per {pieces.unit}", names, axis))


def _took(drawn: Sequence[Slot], title: str, names: tuple[str, ...], axis: str) -> list[Chart]:
    """In minutes where the longest takes two or more, else in seconds; nothing stands where nothing ended."""
    seconds = [item.duration.median.total_seconds() if item.duration else 0.0 for item in drawn]
    if not any(seconds):
        return []
    unit, size = ("Minutes", 60) if max(seconds) >= 120 else ("Seconds", 1)
    values = tuple(round(value / size, 1) for value in seconds)
    return [Chart(title, names, (Series(unit, values),), axis, unit)]


def _based(found: Health, basis: Basis) -> Mrkdwn:
    count = len(found.runs)
    heard = md("From {count} that I remember.", count="1 build" if count == 1 else f"{count} builds")
    if not basis.read:
        return heard
    read = "1 build was" if basis.read == 1 else f"{basis.read} builds were"
    return md("{heard} {read} read from Buildkite just now, the period before included.", heard=heard, read=read)


def _stretch(span: Span) -> Mrkdwn:
    first, last = (when(moment, "{date_short_pretty} {time}") for moment in span)
    return md("between {first} and {last}", first=first, last=last)


def _doubts(basis: Basis) -> list[Mrkdwn]:
    said: list[Mrkdwn] = []
    if basis.gaps:
        times = join([_stretch(span) for span in basis.gaps[:MOST_NAMED]], ", ")
        head = bold("⚠️ Not everything is known")
        said.append(md("{head}: builds {times} may be missing.", head=head, times=times))
    if not basis.whole:
        said.append(Mrkdwn("The period before is not known whole, so nothing is compared with it."))
    if basis.trouble:
        said.append(md("{trouble}.", trouble=basis.trouble.rstrip(".")))
    if basis.more:
        said.append(Mrkdwn("Ask again, and I read further back."))
    return said
