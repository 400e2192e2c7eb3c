"""Which thread replies a build's card is to have by now."""

from __future__ import annotations

from bot.model import JobSummary, Known

ENDS = frozenset({"finished", "blocked", "gone"})
OVERTAKEN_BY_AN_END = ("running", "resumed", "failing")


def kinds(known: Known, jobs: JobSummary) -> tuple[str, ...]:
    """The kinds of notices that are true of a build now; each is told once an episode.

    running, resumed (alive again after an end or a gate), failing (once a failed job is known by name),
    blocked, finished, gone.
    """
    phase = known.build.phase
    if known.gone:
        return ("gone",)
    if phase == "blocked":
        return ("blocked",)
    if known.build.ended:
        return ("finished",)
    if phase not in {"running", "failing"}:
        return ()
    begun = "resumed" if known.episode else "running"
    return (begun, "failing") if jobs.failed else (begun,)
