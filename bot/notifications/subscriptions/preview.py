"""What a subscription would have posted of the builds that are remembered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.history.model import VERDICTS, Attempt, Run
from bot.notifications.subscriptions.model import Seen, Subscription, seen, steps_of, wants
from bot.operations.build_wording import phase_words
from bot.runtime.wording import join_or
from bot.slack.blockkit.blocks import lines, shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, code, join, link, md, mention, when

SPAN = timedelta(days=7)
EXAMPLES = 5
_TURNED = {"fixed": "fixed", "broken": "newly broken"}


@dataclass(frozen=True)
class Preview:
    """`count` messages of `of` builds since `since`; `examples` are lines, newest first.

    `whole` is False where Buildkite was asked and had more than one page to tell.
    """

    count: int
    of: int
    since: datetime
    examples: tuple[Mrkdwn, ...]
    whole: bool = True


def preview(
    subscription: Subscription,
    runs: Iterable[Run],
    attempts: Mapping[str, Sequence[Attempt]],
    since: datetime,
    *,
    whole: bool = True,
) -> Preview:
    """Replay builds in the order of their numbers; those from before `since` are only compared with.

    What is remembered of a build is its last state: one that ran is taken to have been scheduled and running.
    """
    looked, hits = 0, []
    for run, build in _replayed(sorted(runs, key=lambda run: (run.pipeline, run.number)), attempts):
        if run.created_at and run.created_at < since:
            continue
        looked += wants(subscription, _anything(build, subscription))
        if wants(subscription, build):
            hits.append((run, build))
    hits.sort(key=lambda hit: hit[0].created_at or since, reverse=True)
    shown = tuple(_line(run, build) for run, build in hits[:EXAMPLES])
    return Preview(len(hits), looked, since, shown, whole)


def _replayed(runs: Iterable[Run], attempts: Mapping[str, Sequence[Attempt]]) -> Iterable[tuple[Run, Seen]]:
    last: dict[tuple[str, str], Run] = {}
    for run in runs:
        before = last.get((run.pipeline, run.branch))
        earlier = attempts.get(before.id, ()) if before else ()
        build = seen(run, before.phase if before else None, steps_of(attempts.get(run.id, ()), earlier))
        passed = frozenset({"scheduled", "running"}) if run.started_at else frozenset[str]()
        yield (
            run,
            Seen(build.pipeline, build.branch, build.states | passed, build.people, build.source, build.steps),
        )
        if run.phase in VERDICTS:
            last[run.pipeline, run.branch] = run


def _anything(build: Seen, subscription: Subscription) -> Seen:
    """The build as if it were in a state that is wanted: is it about this build at all?"""
    wanted = frozenset(subscription.states)
    steps = {subscription.step: wanted} if subscription.step else {}
    return Seen(build.pipeline, build.branch, wanted, build.people, build.source, steps)


def _line(run: Run, build: Seen) -> Mrkdwn:
    emoji, words = phase_words(run.phase)
    turned = next((_TURNED[state] for state in sorted(build.states) if state in _TURNED), "")
    moment = run.finished_at or run.created_at
    return md(
        "{emoji} {ref} {words}{turned} on {branch}{time}",
        emoji=emoji,
        ref=link(run.web_url, run.ref),
        words=words.lower(),
        turned=f" ({turned})" if turned else "",
        branch=code(shorten(run.branch or "no branch", 60)),
        time=md(", {time}", time=when(moment, "{date_short_pretty} {time}")) if moment else "",
    )


def question(subscription: Subscription, found: Preview) -> Mrkdwn:
    """What is asked before a subscription is saved."""
    most = "" if found.whole else ", as far as one page of Buildkite's list tells"
    if not found.of:
        said = md("I know of no such build in the last 7 days{most}.", most=most)
    else:
        said = md(
            "In the last 7 days it would have posted {count} of {of}{most}{colon}",
            count=found.count or "none",
            of=f"{found.of} build{'s' * (found.of != 1)}",
            most=most,
            colon="." if not found.count else ":" if found.count <= EXAMPLES else ", lately:",
        )
    return lines([md("Tell this channel of {rule}?", rule=rule(subscription)), said, *found.examples])


def rule(subscription: Subscription) -> Mrkdwn:
    """A subscription in words: which builds, in which states, and when."""
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
        md(", quiet {quiet}", quiet=_quiet(subscription)) if subscription.quiet else "",
        ", failures shown in the channel" if subscription.broadcast else "",
    ]
    return md("{pipeline}{parts}", pipeline=code(subscription.pipeline), parts=join(parts))


def _all(words: list[str]) -> str:
    return " and ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)


def _quiet(subscription: Subscription) -> str:
    return f"{subscription.quiet} ({subscription.zone or 'UTC'})"


def listed(index: int, subscription: Subscription, now: datetime) -> Mrkdwn:
    """A subscription as a list shows it."""
    origin = "from the file" if subscription.origin == "file" else ""
    by = md("by {who}", who=mention(subscription.created_by)) if subscription.created_by else origin
    muted = (
        md(", muted until {time}", time=when(subscription.muted_until, "{date_short_pretty} {time}"))
        if subscription.muted_until and subscription.muted(now)
        else ""
    )
    below = "" if subscription.updates == "end" else f", below it: {subscription.updates}"
    return md(
        "{index} {rule}{below} · {by}{muted}",
        index=bold(f"{index}."),
        rule=rule(subscription),
        below=below,
        by=by,
        muted=muted,
    )
