"""The buttons of a build: which make sense now, and what each says, calls and asks.

A button's action id is the operation's name, its value the card; its row's block id says from which revision
of the card it was drawn.
"""

from __future__ import annotations

import re

from bot.buildkite.models import BUILD_CANCELABLE, JOB_RETRIABLE, Build
from bot.builds.model import JobSummary, TrackedBuild
from bot.notifications.direct.model import stop_button
from bot.slack.blockkit.blocks import Block, Confirm, button


def format_actions_id(card_id: str, tracked: TrackedBuild) -> str:
    """The block id of a row of buttons: it says which card was drawn, from which revision."""
    return f"card:{card_id}:{tracked.revision}"


def get_phase(tracked: TrackedBuild) -> str:
    """The build's phase, or `gone` once Buildkite has it no more."""
    return "gone" if tracked.deleted else tracked.build.phase


def render_buttons(
    tracked: TrackedBuild, jobs: JobSummary, card_id: str, *, mute: bool = False, stop: str | None = None
) -> list[Block]:
    """The buttons that make sense now; each carries the operation's name and the card.

    `mute`: nobody asked for the card, so that whoever sees it may want less of it. `stop`: a person asked for
    such direct messages; the value of the button that ends them.
    """
    if tracked.deleted:
        return []
    ref = str(tracked.build.ref)
    offered = [
        render_unblock_button(ref, card_id) if is_waiting(tracked, jobs) else None,
        render_cancel_button(ref, card_id) if get_phase(tracked) in BUILD_CANCELABLE else None,
        render_retry_button(ref, card_id) if get_phase(tracked) == "failed" and has_retriable_job(jobs) else None,
        button("Rebuild", "build rebuild", card_id, reads=f"Rebuild {ref}") if tracked.build.ended else None,
        render_logs_button(ref, card_id) if jobs.failed else None,
        button("Mute", "build mute", card_id, reads=f"Mute {ref}") if mute else None,
        render_open_button(tracked.build),
        stop_button(stop) if stop else None,
    ]
    return [item for item in offered if item is not None]


def is_waiting(tracked: TrackedBuild, jobs: JobSummary) -> bool:
    """Somebody has to unblock a step."""
    live = not tracked.build.ended and get_phase(tracked) != "canceling"
    return not tracked.deleted and (get_phase(tracked) == "blocked" or (live and bool(jobs.waiting)))


def has_retriable_job(jobs: JobSummary) -> bool:
    """Some job can be run again."""
    return any(job.state in JOB_RETRIABLE for job in jobs.failed) or any(
        count > 0 and state in JOB_RETRIABLE for state, count in jobs.counts.items()
    )


def render_retry_button(ref: str, card_id: str) -> Block:
    """Runs every failed job again."""
    return button("Retry failed", "build retry", card_id, reads=f"Retry failed jobs of {ref}")


def render_unblock_button(ref: str, card_id: str) -> Block:
    """Opens the block step's form, or unblocks at once when it asks nothing."""
    return button("Unblock", "job unblock", card_id, style="primary", reads=f"Unblock {ref}")


def render_cancel_button(ref: str, card_id: str) -> Block:
    """Asks before it cancels."""
    confirm = Confirm(
        f"Cancel {ref}?", "Jobs that run are stopped. A canceled build can be rebuilt.", "Cancel build"
    )
    return button("Cancel", "build cancel", card_id, style="danger", confirm=confirm, reads=f"Cancel {ref}")


def render_logs_button(ref: str, card_id: str) -> Block:
    """Shows the end of a failed job's log, to the one who asks."""
    return button("Logs", "job log", card_id, reads=f"Logs of {ref}")


def render_open_button(build: Build) -> Block | None:
    """A link to the build's page; none where Buildkite gave no address."""
    if not re.match(r"https?://[^\s<>|]+$", build.web_url):
        return None
    return button("Open in Buildkite", "open", url=build.web_url, reads=f"Open {build.ref} in Buildkite")
