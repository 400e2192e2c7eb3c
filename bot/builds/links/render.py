"""Previews below links that people paste: of a build, of one of its jobs, of a pipeline.

https://docs.slack.dev/messaging/unfurling-links-in-messages (no rich text)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.buildkite.models import Build, Job, Pipeline
from bot.builds.cards.render import render_timing
from bot.builds.failures.render import ended_with
from bot.builds.model import TrackedBuild
from bot.operations.build_wording import phase_words, reference
from bot.slack.blockkit.blocks import (
    Block,
    Message,
    actions,
    button,
    context,
    dotted,
    lines,
    message,
    section,
    shorten,
)
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, code, link, md, when

# A button whose action id begins so says itself, in its value, what it is about.
AT = "at:"
BUILDS_SHOWN = 5
_JOBS = {
    "passed": "✅",
    "failed": "❌",
    "timed_out": "❌",
    "expired": "❌",
    "broken": "❌",
    "running": "🔵",
    "blocked": "✋",
    "canceled": "🚫",
    "skipped": "⏭️",
}


def render_followable_preview(card: Message, tracked: TrackedBuild, card_id: str) -> Message:
    """A card of a build as the preview of a link, with a button that posts a card of one's own below."""
    if tracked.deleted or tracked.build.ended:
        return card
    follow = button("Follow here", "build watch", card_id, reads=f"Follow {tracked.build.ref} here")
    return replace(card, blocks=tuple(_with_button(block, follow) for block in card.blocks))


def _with_button(block: Block, item: Block) -> Block:
    """Before the last button, which leads to Buildkite."""
    if block.get("type") != "actions":
        return block
    elements = block["elements"]
    return {**block, "elements": [*elements[:-1], item, *elements[-1:]]}


def render_job_preview(tracked: TrackedBuild, job: Job, card_id: str) -> Message:
    """One job of a build: how it is, and what can be done about it; its log is shown to the one who asks."""
    build = tracked.build
    emoji, words = _JOBS.get(job.state or "", "🕒"), (job.state or "waiting").replace("_", " ").capitalize()
    soft = "soft failed" if job.soft_failed else ""
    state = dotted([md("{emoji} {words}", emoji=emoji, words=bold(shorten(words, 60))), soft, _exit(job)])
    head = dotted([state, link(job.web_url or "", shorten(job.title, 150))])
    under = [reference(build), code(shorten(build.branch, 100)) if build.branch else "", render_timing(build)]
    blocks = [
        section(head, block_id=f"job:{card_id}:{tracked.revision}"),
        context(dotted(under), block_id=f"of:{card_id}:{tracked.revision}"),
        actions(_job_buttons(job, card_id), block_id=f"card:{card_id}:{tracked.revision}"),
    ]
    text = md(
        "{emoji} {job} of {ref} {words}", emoji=emoji, job=job.title, ref=str(build.ref), words=words.lower()
    )
    return message(text, blocks)


def _exit(job: Job) -> str:
    return ended_with(job) if job.failed else ""


def _job_buttons(job: Job, card_id: str) -> list[Block | None]:
    title = shorten(job.title, 50)
    printed = job.type == "script" and job.started_at is not None
    return [
        button("Unblock", "job unblock", card_id, style="primary", reads=f"Unblock {title}")
        if job.awaits_unblock
        else None,
        button("Retry", "job retry", card_id, reads=f"Retry {title}") if job.failed and printed else None,
        button("Log", "job log", card_id, reads=f"Log of {title}") if printed else None,
        button("Open in Buildkite", "open", url=job.web_url, reads=f"Open {title}") if job.web_url else None,
    ]


def render_pipeline_preview(pipeline: Pipeline, builds: Sequence[Build], url: str) -> Message:
    """A pipeline: its name, its default branch, its last builds, and a button that starts one."""
    branch = md("default branch {branch}", branch=code(pipeline.default_branch)) if pipeline.default_branch else ""
    name = md("*{name}*", name=link(url, shorten(pipeline.name.replace("*", "∗"), 150)))
    last = [_line(build) for build in builds[:BUILDS_SHOWN]]
    start = button(
        "Start a build", f"{AT}build create", pipeline.slug, style="primary", reads=f"Build {pipeline.slug}"
    )
    blocks = [
        section(dotted([name, branch]), block_id=f"pipeline:{pipeline.slug}"),
        section(lines(last) if last else "No builds yet.", block_id=f"last:{pipeline.slug}"),
        actions([start], block_id=f"start:{pipeline.slug}"),
    ]
    return message(md("Pipeline {name}", name=pipeline.name), blocks)


def _line(build: Build) -> Mrkdwn:
    emoji, words = phase_words(build.phase)
    created = when(build.created_at, "{date_short_pretty} {time}") if build.created_at else ""
    state = md("{emoji} {words}", emoji=emoji, words=words)
    return dotted([state, reference(build), code(shorten(build.branch, 60)) if build.branch else "", created])
