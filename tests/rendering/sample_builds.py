"""Builds and jobs to render."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.buildkite.models import Build, Job, Person
from bot.builds.model import JobSummary, TrackedBuild

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
API = "https://api.buildkite.com/v2/organizations/acme/pipelines/web/builds/101"
WEB = "https://buildkite.com/acme/web/builds/101"
UNIT = Job(id="j1", name="Unit tests", state="failed", exit_status=1, web_url=f"{WEB}#j1")
LINT = Job(id="j2", name="Lint", state="timed_out", web_url=f"{WEB}#j2")
GATE = Job(id="j3", type="manual", label="Release to production", state="blocked")


def make_build(state: str, **changes: Any) -> Build:
    """Return build 101 of pipeline web in this state."""
    ended = state in {"passed", "failed", "canceled"}
    facts: dict[str, Any] = {
        "id": "b1",
        "number": 101,
        "state": state,
        "url": API,
        "web_url": WEB,
        "branch": "main",
        "commit": "0123456789abcdef",
        "message": "Fix the login <form>\n\nAnd more",
        "creator": Person(name="Ann & Co"),
        "created_at": NOW - timedelta(minutes=5),
        "started_at": NOW - timedelta(minutes=4) if state not in {"creating", "scheduled", "skipped"} else None,
        "finished_at": NOW - timedelta(seconds=48) if ended else None,
    }
    return Build.model_validate(facts | changes)


def make_tracked(state: str, **changes: Any) -> TrackedBuild:
    """Return that build as tracked: read just now, nothing unconfirmed."""
    build = make_build(state, **changes)
    return TrackedBuild(build=build, seen_at=NOW, read_at=NOW, revision=3, read_phase=build.phase)


RUNNING = JobSummary(counts={"passed": 3, "running": 1, "scheduled": 2})
FAILED = JobSummary(counts={"passed": 3, "failed": 1, "timed_out": 1}, failed=(UNIT, LINT))
BLOCKED = JobSummary(counts={"passed": 3, "blocked": 1}, waiting=(GATE,))
