"""Words for the states of jobs, and the groups in which every view counts them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class JobWording(NamedTuple):
    """The emoji of a job's state, its words, and the group in which the job is counted."""

    emoji: str
    words: str
    group: str


_WAITING = JobWording("🕒", "waiting", "waiting")
_LIMITED = JobWording("🕒", "waiting for its concurrency limit", "waiting")
_PLATFORM_LIMITED = JobWording("🕒", "waiting for the account's limit", "waiting")
_STARTING = JobWording("🔵", "starting", "running")
# A job that waits for another that failed never runs. Buildkite's own pages call that skipped, too.
_SKIPPED = JobWording("⏭️", "skipped", "skipped")
_WORDING: Mapping[str, JobWording] = {
    "passed": JobWording("✅", "passed", "passed"),
    "unblocked": JobWording("✅", "unblocked", "passed"),
    "failed": JobWording("❌", "failed", "failed"),
    "timed_out": JobWording("❌", "timed out", "failed"),
    "expired": JobWording("❌", "expired", "failed"),
    "broken": JobWording("⏭️", "broken", "broken"),
    "running": JobWording("🔵", "running", "running"),
    "timing_out": JobWording("🔵", "timing out", "running"),
    "canceling": JobWording("🚫", "canceling", "running"),
    "reserved": _STARTING,
    "assigned": _STARTING,
    "accepted": _STARTING,
    "scheduled": JobWording("🕒", "waiting for an agent", "waiting"),
    "creating": _WAITING,
    "pending": _WAITING,
    "waiting": _WAITING,
    "limiting": _LIMITED,
    "limited": _LIMITED,
    "platform_limiting": _PLATFORM_LIMITED,
    "platform_limited": _PLATFORM_LIMITED,
    "blocked": JobWording("✋", "blocked", "blocked"),
    "canceled": JobWording("🚫", "canceled", "canceled"),
    "skipped": _SKIPPED,
    "waiting_failed": _SKIPPED,
    "blocked_failed": _SKIPPED,
    "unblocked_failed": _SKIPPED,
}
# Jobs of these groups may still change by themselves, or wait for a person.
_OPEN_GROUPS = ("running", "waiting", "blocked")
_GROUPS = ("passed", "failed", "broken", *_OPEN_GROUPS, "canceled", "skipped")
_MAX_UNKNOWN_GROUPS = 5


def describe_job_state(state: str | None) -> JobWording:
    """Return the words for a job's state; unknown states are shown as they are."""
    words = (state or "unknown").replace("_", " ")
    return _WORDING.get(state or "", JobWording("❔", words, words))


def group_counts(counts: Mapping[str, int]) -> dict[str, int]:
    """Return the number of jobs by group, without empty groups; groups of unknown states come last."""
    grouped = dict.fromkeys(_GROUPS, 0)
    for state, count in sorted(counts.items()):
        group = describe_job_state(state).group
        grouped[group] = grouped.get(group, 0) + count
    known = {group: count for group, count in grouped.items() if count > 0 and group in _GROUPS}
    unknown = [(group, count) for group, count in grouped.items() if count > 0 and group not in _GROUPS]
    return known | dict(unknown[:_MAX_UNKNOWN_GROUPS])


def count_open(counts: Mapping[str, int]) -> int:
    """Return how many jobs haven't ended."""
    return sum(count for group, count in group_counts(counts).items() if group in _OPEN_GROUPS)
