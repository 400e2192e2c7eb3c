"""Previews a subscription: the messages that it would have posted about recent builds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.buildkite.naming import MayName
from bot.history.model import VERDICTS, Attempt, Run
from bot.notifications.subscriptions.model import (
    ObservedBuild,
    Subscription,
    derive_step_states,
    matches_build,
    observe_build,
)
from bot.operations.build_wording import describe_phase
from bot.runtime.wording import join_or
from bot.slack.blockkit.blocks import join_lines, shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, code, join, link, local_time, md, mention

PREVIEW_SPAN = timedelta(days=7)
MAX_EXAMPLES = 5
_CHANGES = {"fixed": "fixed", "broken": "newly broken"}


@dataclass(frozen=True)
class Preview:
    """`count` messages about `total` builds since `since`; `examples` are lines, newest first.

    `is_complete` is False if Buildkite has more builds than the one page that was read.
    """

    count: int
    total: int
    since: datetime
    examples: tuple[Mrkdwn, ...]
    is_complete: bool = True


def build_preview(
    subscription: Subscription,
    runs: Iterable[Run],
    attempts: Mapping[str, Sequence[Attempt]],
    since: datetime,
    *,
    is_complete: bool = True,
) -> Preview:
    """Replay builds in the order of their numbers; builds before `since` only serve for comparison.

    Only a build's last state is stored: one that ran is assumed to have been scheduled and running.
    """
    total, hits = 0, []
    for run, build in _replay(sorted(runs, key=lambda run: (run.pipeline, run.number)), attempts):
        if run.created_at and run.created_at < since:
            continue
        total += matches_build(subscription, _assume_wanted_state(build, subscription))
        if matches_build(subscription, build):
            hits.append((run, build))
    hits.sort(key=lambda hit: hit[0].created_at or since, reverse=True)
    examples = tuple(_render_line(run, build) for run, build in hits[:MAX_EXAMPLES])
    return Preview(len(hits), total, since, examples, is_complete)


def _replay(runs: Iterable[Run], attempts: Mapping[str, Sequence[Attempt]]) -> Iterable[tuple[Run, ObservedBuild]]:
    last: dict[tuple[str, str], Run] = {}
    for run in runs:
        before = last.get((run.pipeline, run.branch))
        earlier = attempts.get(before.id, ()) if before else ()
        build = observe_build(
            run, before.phase if before else None, derive_step_states(attempts.get(run.id, ()), earlier)
        )
        passed = frozenset({"scheduled", "running"}) if run.started_at else frozenset[str]()
        yield (
            run,
            ObservedBuild(
                build.pipeline, build.branch, build.states | passed, build.people, build.source, build.steps
            ),
        )
        if run.phase in VERDICTS:
            last[run.pipeline, run.branch] = run


def _assume_wanted_state(build: ObservedBuild, subscription: Subscription) -> ObservedBuild:
    """Return the build as if it were in every wanted state, to see whether the rule is about it in any state."""
    wanted = frozenset(subscription.states)
    steps = {subscription.step: wanted} if subscription.step else {}
    return ObservedBuild(build.pipeline, build.branch, wanted, build.people, build.source, steps)


def _render_line(run: Run, build: ObservedBuild) -> Mrkdwn:
    emoji, words = describe_phase(run.phase)
    turned = next((_CHANGES[state] for state in sorted(build.states) if state in _CHANGES), "")
    moment = run.finished_at or run.created_at
    return md(
        "{emoji} {ref} {words}{turned} on {branch}{time}",
        emoji=emoji,
        ref=link(run.web_url, run.ref),
        words=words.lower(),
        turned=f" ({turned})" if turned else "",
        branch=code(shorten(run.branch or "no branch", 60)),
        time=md(", {time}", time=local_time(moment, "{date_short_pretty} {time}")) if moment else "",
    )


def render_question(subscription: Subscription, found: Preview) -> Mrkdwn:
    """Render the question that is asked before a subscription is saved."""
    source = "" if found.is_complete else " (from the first page of Buildkite's list)"
    if not found.total:
        summary = md("I don't know of any such build in the last 7 days{source}.", source=source)
    else:
        summary = md(
            "In the last 7 days it would have posted {count} of {of}{source}{colon}",
            count=found.count or "none",
            of=f"{found.total} build{'s' * (found.total != 1)}",
            source=source,
            colon="." if not found.count else ":" if found.count <= MAX_EXAMPLES else ", most recently:",
        )
    question = md("Subscribe this channel to {rule}?", rule=describe_subscription(subscription))
    return join_lines([question, summary, *found.examples])


def describe_subscription(subscription: Subscription) -> Mrkdwn:
    """Describe a subscription: its builds, states and quiet hours."""
    parts = [
        md(" on {branch}", branch=code(subscription.branch)) if subscription.branch else "",
        md(", step {step}", step=code(subscription.step)) if subscription.step else "",
        md(
            ": {states}",
            states=join_or([state.replace("_", " ") for state in subscription.states]).replace(" or ", " and "),
        ),
        md(", started by {who}", who=join_or(list(subscription.creators))) if subscription.creators else "",
        md(", from {sources}", sources=join_or([source.replace("_", " ") for source in subscription.sources]))
        if subscription.sources
        else "",
        md(", quiet {quiet}", quiet=_format_quiet_hours(subscription)) if subscription.quiet else "",
        ", failures also shown in the channel" if subscription.broadcast else "",
    ]
    return md("{pipeline}{parts}", pipeline=code(subscription.pipeline), parts=join(parts))


def _all(words: list[str]) -> str:
    return " and ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)


def _format_quiet_hours(subscription: Subscription) -> str:
    return f"{subscription.quiet} ({subscription.zone or 'UTC'})"


def may_show(subscription: Subscription, may_name: MayName) -> bool:
    """Return whether a person may be shown what a subscription is to, by the names that they may be shown."""
    if subscription.pipeline == "*":
        return True
    named = may_name("pipeline", subscription.pipeline)
    return named and (not subscription.branch or may_name("branch", subscription.branch, subscription.pipeline))


def render_list_item(index: int, subscription: Subscription, now: datetime) -> Mrkdwn:
    """Render a subscription as an item of a list."""
    origin = "from the file" if subscription.origin == "file" else ""
    by = md("by {who}", who=mention(subscription.created_by)) if subscription.created_by else origin
    muted = (
        md(", muted until {time}", time=local_time(subscription.muted_until, "{date_short_pretty} {time}"))
        if subscription.muted_until and subscription.is_muted(now)
        else ""
    )
    replies = "" if subscription.updates == "end" else f", thread replies: {subscription.updates}"
    return md(
        "{index} {rule}{replies} · {by}{muted}",
        index=bold(f"{index}."),
        rule=describe_subscription(subscription),
        replies=replies,
        by=by,
        muted=muted,
    )
