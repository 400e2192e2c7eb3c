"""The buttons of a build: those that make sense now.

A button's action id is the name of its operation, its value the card's id. The block id of its row holds the
revision that it was drawn from, so that a press on an outdated card is recognised.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.buildkite.models import BUILD_CANCELABLE, JOB_RETRIABLE, Build
from bot.builds.model import JobSummary, TrackedBuild
from bot.notifications.direct.model import build_stop_button
from bot.operations.button_order import rank_button
from bot.slack.blockkit.blocks import Block, Confirm, button, overflow


def format_actions_id(card_id: str, tracked: TrackedBuild) -> str:
    """Return the block id of a row of buttons: the card and the revision that it shows."""
    return f"card:{card_id}:{tracked.revision}"


def get_phase(tracked: TrackedBuild) -> str:
    """Return the build's phase, or `gone` if Buildkite no longer returns the build."""
    return "gone" if tracked.deleted else tracked.build.phase


def render_buttons(
    tracked: TrackedBuild,
    jobs: JobSummary,
    card_id: str,
    *,
    mute: bool = False,
    stop: str | None = None,
    rebuilt: bool = False,
) -> list[Block]:
    """Return the buttons that make sense now.

    `rebuilt`: another build has taken its place since it ended.
    `mute`: the card comes from a subscription, so people may want fewer replies. `stop`: the value of the button
    that turns off the direct messages that a person subscribed to.
    """
    if tracked.deleted:
        return []
    ref = str(tracked.build.ref)
    offered = [
        render_unblock_button(ref, card_id) if is_waiting(tracked, jobs) else None,
        render_cancel_button(ref, card_id) if get_phase(tracked) in BUILD_CANCELABLE else None,
        render_retry_button(ref, card_id) if get_phase(tracked) == "failed" and has_retriable_job(jobs) else None,
        button("Rebuild", "build rebuild", card_id, accessibility_label=f"Rebuild {ref}")
        if tracked.build.ended and not rebuilt
        else None,
        render_logs_button(ref, card_id) if jobs.failed else None,
        button("Mute", "mute build", card_id, accessibility_label=f"Mute {ref}") if mute else None,
        render_open_button(tracked.build),
        build_stop_button(stop) if stop else None,
        _render_more(tracked, jobs, card_id),
    ]
    return sort_elements(offered)


def sort_elements(offered: Iterable[Block | None]) -> list[Block]:
    """Return the buttons in the order in which people find them everywhere."""
    kept = [element for element in offered if element is not None]
    return sorted(kept, key=lambda element: rank_button(str(element["action_id"])))


def _render_more(tracked: TrackedBuild, jobs: JobSummary, card_id: str) -> Block | None:
    """Return the menu of what people need less often of a build that has ended; None before."""
    if not tracked.build.ended:
        return None
    retriable = [job for job in jobs.failed if job.state in JOB_RETRIABLE]
    is_choice = get_phase(tracked) == "failed" and len(retriable) > 1
    return overflow(
        [
            button("Retry one job", "job retry", card_id) if is_choice else None,
            button("Rebuild with changes", "build copy", card_id),
        ]
    )


def is_waiting(tracked: TrackedBuild, jobs: JobSummary) -> bool:
    """Return whether a step waits for someone to unblock it."""
    live = not tracked.build.ended and get_phase(tracked) != "canceling"
    return not tracked.deleted and (get_phase(tracked) == "blocked" or (live and bool(jobs.waiting)))


def has_retriable_job(jobs: JobSummary) -> bool:
    """Return whether any job can be retried."""
    return any(job.state in JOB_RETRIABLE for job in jobs.failed) or any(
        count > 0 and state in JOB_RETRIABLE for state, count in jobs.counts.items()
    )


def render_retry_button(ref: str, card_id: str) -> Block:
    """Return the button that retries every failed job."""
    return button("Retry failed", "build retry", card_id, accessibility_label=f"Retry failed jobs of {ref}")


def render_unblock_button(ref: str, card_id: str) -> Block:
    """Return the button that opens the block step's form, or unblocks at once if the step has no fields."""
    return button("Unblock", "job unblock", card_id, style="primary", accessibility_label=f"Unblock {ref}")


def render_cancel_button(ref: str, card_id: str) -> Block:
    """Return the button that cancels the build, after a confirmation."""
    confirm = Confirm(
        f"Cancel {ref}?", "Running jobs are stopped. A canceled build can be rebuilt.", "Cancel build"
    )
    return button(
        "Cancel", "build cancel", card_id, style="danger", confirm=confirm, accessibility_label=f"Cancel {ref}"
    )


def render_logs_button(ref: str, card_id: str) -> Block:
    """Return the button that shows the end of a failed job's log to the person who presses it."""
    return button("Logs", "job log", card_id, accessibility_label=f"Logs of {ref}")


def render_open_button(build: Build) -> Block | None:
    """Return a link to the build's page; None if Buildkite gave no valid address."""
    if not re.match(r"https?://[^\s<>|]+$", build.web_url):
        return None
    return button(
        "Open in Buildkite", "open", url=build.web_url, accessibility_label=f"Open in Buildkite: {build.ref}"
    )
