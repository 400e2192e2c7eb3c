"""The report of the load: lags of states, ages of counts, and calls beside the fewest possible."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from bench.support.lag_under_load import Observed, read_shown_counts
from bench.support.rounds import compute_percentile, render_table
from bench.support.running_builds import RUNNING, Story
from bench.support.slack_arrivals import Arrival
from tests.process.town import format_reference

_STATE = re.compile(r"(load-\d+#\d+) (?:is |was )?(\w+)")
_RANK = {"scheduled": 0, "running": 1, "failing": 2, "passed": 3, "failed": 3}
_LATE_SECONDS = 2.0
_COUNT_SECONDS = max(3.0, RUNNING * 1.2)


@dataclass
class Lags:
    """Seconds from a change to its being shown, and the kinds of calls."""

    states: list[float] = field(default_factory=list)
    between: list[float] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    late: list[str] = field(default_factory=list)


def compute_lags(done: Observed) -> Lags:
    """Compute the lags of changes while measuring. Raise RuntimeError for a change that was never shown."""
    found, by_name = Lags(), _group_by_build(done)
    for story in done.builds.stories.values():
        messages = by_name.get(format_reference(story.build), [])
        for phase, at in story.phases:
            if done.began <= at < done.ended:
                shown = _find_shown(messages, phase, at)
                found.states.append(shown.at - at)
                if shown.at - at > _LATE_SECONDS:
                    found.late.append(_describe_delay(done, phase, at, shown))
        _count_calls(found, messages, done)
    return found


def _group_by_build(done: Observed) -> dict[str, list[tuple[Arrival, str]]]:
    """Return the messages of each build with the state they show; replies are a group of their own."""
    groups: dict[str, list[tuple[Arrival, str]]] = {}
    for arrival in done.arrivals.seen:
        match = _STATE.search(str(arrival.arguments.get("text")))
        if match:
            place = "replies" if arrival.arguments.get("thread_ts") else match[1]
            groups.setdefault(place, []).append((arrival, match[2]))
    return groups


def _find_shown(messages: list[tuple[Arrival, str]], phase: str, at: float) -> Arrival:
    for arrival, state in messages:
        if arrival.at >= at and _RANK[state] >= _RANK[phase]:
            return arrival
    raise RuntimeError(f"{phase} at {at:.1f} was never shown: {[(item.at, state) for item, state in messages]}")


def _describe_delay(done: Observed, phase: str, at: float, shown: Arrival) -> str:
    """Describe the calls made before a late update, which may have used up Slack's rate limit."""
    before = [item for item in done.arrivals.seen if shown.at - 61 < item.at < shown.at]
    edits = [item.at for item in before if item.method == "chat.update"]
    in_channel = [
        item
        for item in before
        if item.arguments.get("channel") == shown.arguments.get("channel") and item.at > at - 3
    ]
    return (
        f"{phase}, {shown.method}, {shown.at - at:.2f} s late: {len(edits)} edits in the minute before it, "
        f"{sum(when > at for when in edits)} of them since it happened; in its channel {len(in_channel)} calls "
        "since 3 s before that"
    )


def _count_calls(found: Lags, messages: list[tuple[Arrival, str]], done: Observed) -> None:
    """Count the calls made while measuring, by comparing each with the build's previous one."""
    for before, (arrival, state) in zip([None, *messages], messages, strict=False):
        if not done.began <= arrival.at < done.ended:
            continue
        if before is None:
            found.calls["post"] += 1
            continue
        found.calls["counts" if before[1] == state else "state"] += 1
        if before[0].at >= done.began:
            found.between.append(arrival.at - before[0].at)


def check_cards(done: Observed) -> None:
    """Raise RuntimeError unless each build has one card that matches Buildkite."""
    messages = [message for channel in done.channels for message in done.slack.messages(channel) if message.bot]
    counts = read_shown_counts(done)
    for story in done.builds.stories.values():
        name = format_reference(story.build)
        cards = [item for item in messages if re.search(rf"(\*|– ){re.escape(name)}\*? ", item.plain())]
        wrong = len(cards) != 1 or f" {story.build.state} on " not in cards[0].plain()
        if wrong or (story.ended and counts.get(name) != _count_passed(story)):
            raise RuntimeError(f"{name} is {story.build.state}, but: {[card.plain() for card in cards]}")


def _count_passed(story: Story) -> int:
    return sum(job.state == "passed" for job in story.build.jobs)


def render_report(done: Observed) -> str:
    """Return the tables."""
    found, minutes = compute_lags(done), (done.ended - done.began) / 60
    refused = Counter(call.method for call in [*done.slack.calls][done.calls :] if call.status == 429)
    changes, posts = len(found.states), found.calls["post"]
    replies = sum(
        bool(item.arguments.get("thread_ts")) and done.began <= item.at < done.ended for item in done.arrivals.seen
    )
    shown = [
        ("state changes shown", *_render_percentiles(found.states), "2 s"),
        ("age of the counts shown", *_render_percentiles(done.ages), f"{_COUNT_SECONDS:.0f} s"),
        ("between two edits of a card", *_render_percentiles(found.between), f"{_COUNT_SECONDS:.0f} s"),
    ]
    calls = [
        ("`chat.postMessage`, cards", f"{posts}", f"{posts}"),
        ("`chat.postMessage`, replies", f"{replies}", f"{replies}"),
        ("`chat.update`, states", f"{found.calls['state']}", f"{changes}"),
        ("`chat.update`, counts", f"{found.calls['counts']}", "0"),
        ("reads at Buildkite", f"{done.reads}", f"{changes + posts}"),
    ]
    naive = [
        (f"{(item.at - done.began) / 60:.0f} min", f"{item.events:,}", f"{item.seconds:.0f} s")
        for item in done.behind[:: max(len(done.behind) // 5, 1)]
    ]
    head = (
        f"{minutes:.0f} minutes, {done.builds.events} job events, {done.sent} webhooks, {changes} state changes "
        f"({len(found.late)} shown later than {_LATE_SECONDS:.0f} s), "
        f"{len(done.builds.stories)} builds, {refused.total()} calls refused by Slack{_render_refused(refused)}, "
        f"{done.countless} looks without counts; "
        f"{done.busy:.0f} s of a core" + "".join(f"\n\nLate: {item}" for item in found.late)
    )
    return "\n\n".join(
        (
            head,
            render_table(("", "p50", "p99", "longest", "goal"), shown),
            render_table(("calls", "ours", "fewest"), calls),
            render_table(("the bot without a plan, after", "events behind", "delay"), naive),
        )
    )


def _render_refused(refused: Counter[str]) -> str:
    return f" ({', '.join(f'{count} of {method}' for method, count in refused.items())})" if refused else ""


def _render_percentiles(values: list[float]) -> tuple[str, str, str]:
    longest = max(values, default=0.0)
    return (
        f"{compute_percentile(values, 0.5):.2f} s",
        f"{compute_percentile(values, 0.99):.2f} s",
        f"{longest:.2f} s",
    )
