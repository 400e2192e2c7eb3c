"""Renders previews below links that people paste: of a build, one of its jobs, or a pipeline.

https://docs.slack.dev/messaging/unfurling-links-in-messages (no rich text)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.buildkite.models import Build, Job
from bot.buildkite.resources import Pipeline
from bot.builds.cards.buttons import sort_elements
from bot.builds.cards.small_print import render_timing
from bot.builds.failures.render import describe_exit
from bot.builds.model import TrackedBuild
from bot.operations.build_wording import describe_phase, link_build
from bot.operations.job_wording import describe_job_state
from bot.slack.blockkit.blocks import (
    Block,
    Message,
    actions,
    button,
    context,
    join_dotted,
    join_lines,
    list_elements,
    message,
    section,
    shorten,
)
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, code, link, local_time, md

# A button with this prefix carries its target in its value, since there is no card to look up.
AT = "at:"
BUILDS_SHOWN = 5


def render_followable_preview(card: Message, tracked: TrackedBuild, card_id: str) -> Message:
    """Return a build's card as the preview of a link, with a button to follow the build in the channel."""
    if tracked.deleted or tracked.build.ended:
        return card
    follow = button("Follow here", "build watch", card_id, accessibility_label=f"Follow {tracked.build.ref} here")
    return replace(card, blocks=tuple(_insert_button(block, follow) for block in card.blocks))


def _insert_button(block: Block, inserted: Block) -> Block:
    if block.get("type") != "actions":
        return block
    return {**block, "elements": sort_elements([*list_elements(block), inserted])}


def render_job_preview(tracked: TrackedBuild, job: Job, card_id: str) -> Message:
    """Return the preview of a job: its state and the actions on it; its log is shown only to people who ask."""
    build = tracked.build
    emoji, words, _group = describe_job_state(job.state)
    soft = "soft failed" if job.soft_failed else ""
    state = join_dotted(
        [
            md("{emoji} {words}", emoji=emoji, words=bold(shorten(words.capitalize(), 60))),
            soft,
            _describe_failed_exit(job),
        ]
    )
    head = join_dotted([state, link(job.web_url or "", shorten(job.title, 150))])
    under = [link_build(build), code(shorten(build.branch, 100)) if build.branch else "", render_timing(build)]
    blocks = [
        section(head, block_id=f"job:{card_id}:{tracked.revision}"),
        context(join_dotted(under), block_id=f"of:{card_id}:{tracked.revision}"),
        actions(_render_job_buttons(job, card_id), block_id=f"card:{card_id}:{tracked.revision}"),
    ]
    text = md("{emoji} {job} of {ref} {words}", emoji=emoji, job=job.title, ref=str(build.ref), words=words)
    return message(text, blocks)


def _describe_failed_exit(job: Job) -> str:
    return describe_exit(job) if job.failed else ""


def _render_job_buttons(job: Job, card_id: str) -> list[Block | None]:
    title = shorten(job.title, 50)
    printed = job.type == "script" and job.started_at is not None
    return [
        button("Unblock", "job unblock", card_id, style="primary", accessibility_label=f"Unblock {title}")
        if job.awaits_unblock
        else None,
        button("Retry", "job retry", card_id, accessibility_label=f"Retry {title}")
        if job.failed and printed
        else None,
        button("Log", "job log", card_id, accessibility_label=f"Log of {title}") if printed else None,
        button("Open in Buildkite", "open", url=job.web_url, accessibility_label=f"Open in Buildkite: {title}")
        if job.web_url
        else None,
    ]


def render_pipeline_preview(pipeline: Pipeline, builds: Sequence[Build], url: str) -> Message:
    """Return the preview of a pipeline: name, default branch, latest builds, and a button to start one."""
    branch = md("default branch {branch}", branch=code(pipeline.default_branch)) if pipeline.default_branch else ""
    name = md("*{name}*", name=link(url, shorten(pipeline.name.replace("*", "∗"), 150)))
    last = [_render_build_line(build) for build in builds[:BUILDS_SHOWN]]
    start = button(
        "Start a build",
        f"{AT}build create",
        pipeline.slug,
        style="primary",
        accessibility_label=f"Build {pipeline.slug}",
    )
    blocks = [
        section(join_dotted([name, branch]), block_id=f"pipeline:{pipeline.slug}"),
        section(join_lines(last) if last else "No builds yet.", block_id=f"last:{pipeline.slug}"),
        actions([start], block_id=f"start:{pipeline.slug}"),
    ]
    return message(md("Pipeline {name}", name=pipeline.name), blocks)


def _render_build_line(build: Build) -> Mrkdwn:
    emoji, words = describe_phase(build.phase)
    created = local_time(build.created_at, "{date_short_pretty} {time}") if build.created_at else ""
    state = md("{emoji} {words}", emoji=emoji, words=words)
    return join_dotted(
        [state, link_build(build), code(shorten(build.branch, 60)) if build.branch else "", created]
    )
