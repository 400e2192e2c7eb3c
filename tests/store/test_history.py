"""The history remembers builds that no one follows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.buildkite.models import Build, Job
from bot.history.queries import (
    find_attempts_of_build,
    find_attempts_of_commit,
    find_previous_run,
    find_runs_ended_between,
    find_runs_of_person,
)
from bot.history.recorder import record_builds
from bot.store import migrate
from bot.store.transactions import Store

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def make_build(state: str, number: int = 1, branch: str = "main", **more: Any) -> Build:
    """Make a build of `web`."""
    fields = {"id": f"b{number}", "number": number, "state": state, "branch": branch, "commit": "c0ffee", **more}
    fields["url"] = f"https://api.buildkite.com/v2/organizations/acme/pipelines/web/builds/{number}"
    return Build.model_validate(fields)


def make_ended_build(state: str, number: int = 1, minutes: int = 5, **more: Any) -> Build:
    """Make a build that ended this many minutes after nine."""
    return make_build(state, number, finished_at=NOW + timedelta(minutes=minutes), **more)


@pytest.fixture(autouse=True)
async def _migrated(url: str) -> None:
    await migrate.upgrade(url)


async def _hears(store: Store, build: Build, *jobs: Job) -> None:
    async with store.write() as tx:
        await record_builds(tx, [(build, jobs)], NOW)


@pytest.mark.parametrize("late", [make_build("running"), make_ended_build("failed", minutes=4)])
async def test_an_older_webhook_does_not_undo_an_end(store: Store, late: Build) -> None:
    """A late webhook doesn't undo the recorded end of a build."""
    await _hears(store, make_ended_build("passed"))
    await _hears(store, late)
    async with store.read() as tx:
        (run,) = await find_runs_ended_between(tx, NOW, NOW + timedelta(hours=1))
    assert (run.phase, run.finished_at) == ("passed", NOW + timedelta(minutes=5))


async def test_a_later_generation_replaces_the_end(store: Store) -> None:
    """A failed build whose job was retried is recorded as passed once it has passed."""
    await _hears(store, make_ended_build("failed"))
    await _hears(store, make_ended_build("passed", minutes=9))
    async with store.read() as tx:
        (run,) = await find_runs_ended_between(tx, NOW, NOW + timedelta(hours=1))
    assert run.phase == "passed"


async def test_the_previous_build_is_of_the_same_branch(store: Store) -> None:
    """The previous build is the last that passed or failed on the branch; canceled ones don't count."""
    await _hears(store, make_ended_build("failed", 1))
    await _hears(store, make_ended_build("canceled", 2))
    await _hears(store, make_ended_build("passed", 3, branch="feature"))
    await _hears(store, make_build("running", 4))
    async with store.read() as tx:
        run = await find_previous_run(tx, "web", "main", 5)
        assert await find_previous_run(tx, "web", "main", 1) is None
    assert run is not None
    assert (run.number, run.phase) == (1, "failed")


async def test_attempts_are_recorded_once_they_end(store: Store) -> None:
    """A finished command job is recorded with its step, its queue and the attempt it repeats; others aren't."""
    done = Job(
        id="j1",
        name="Lint",
        step_key="lint",
        state="failed",
        exit_status=2,
        agent_query_rules=("queue=linux",),
        finished_at=NOW,
    )
    gate = Job(id="j2", type="manual", state="unblocked")
    await _hears(store, make_build("running"), done, gate, Job(id="j3", state="running"))
    async with store.read() as tx:
        (attempt,) = await find_attempts_of_build(tx, "b1")
        assert await find_attempts_of_commit(tx, "web", "c0ffee") == (attempt,)
    assert (attempt.step, attempt.name, attempt.queue, attempt.exit_status) == ("lint", "Lint", "linux", 2)


async def test_a_persons_builds_are_found_by_address(store: Store) -> None:
    """Builds are found by the email address of their author or creator, however it is spelled."""
    await _hears(store, make_build("running", 1, author={"email": "Bob@Acme.example"}))
    await _hears(store, make_build("running", 2, creator={"email": "alice@acme.example"}))
    async with store.read() as tx:
        found = await find_runs_of_person(tx, ["bob@acme.example"], NOW - timedelta(days=1))
    assert [run.number for run in found] == [1]
