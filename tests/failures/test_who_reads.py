"""The end of a log stands on a card only where everybody who reads the card may read logs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conversations.acts import started
from tests.conversations.world import World, opened, shown

POLICY = """\
[[grant]]
name = "everyone builds"
standings = ["member"]
permissions = ["help", "read", "build"]

[[grant]]
name = "logs of web, in #deploys"
users = ["U0ALICE01"]
permissions = ["logs"]
pipelines = ["web"]
channels = ["C0DEPLOYS"]
"""


@pytest.fixture
async def ruled(tmp_path: Path) -> AsyncIterator[World]:
    """A policy file: Alice alone may read logs, those of web, and only in #deploys."""
    path = tmp_path / "policy.toml"
    path.write_text(POLICY, "utf-8")
    async with opened(tmp_path, policy=path) as ready:
        ready.slack.channel("C0OTHER01", "other")
        yield ready


async def fails(world: World, pipeline: str = "web") -> None:
    """The newest build fails at its first step, with words of its own in the log."""
    build = world.buildkite.builds[-1]
    job = next(job for job in build.jobs if job.kind == "script")
    world.buildkite.start_job(job.id)
    world.buildkite.log(job.id, f"{pipeline}: the disk is full\n")
    world.buildkite.finish_job(job.id, 1)
    world.buildkite.run_build(build)
    await world.settle(6)


async def test_without_a_policy_file_everybody_may(world: World) -> None:
    """Without a policy file the end of the log is on the card, whoever asked."""
    await world.bob.types(world.deploys, "/bk build create web")
    await world.settle(3)
    await fails(world)
    assert "the disk is full" in shown(world.card())


async def test_who_asked_has_to_be_allowed_to_read_logs_there(ruled: World) -> None:
    """Alice's card of web shows the log; of another pipeline, or in another channel, it does not."""
    await started(ruled)
    await fails(ruled)
    assert "the disk is full" in shown(ruled.card())
    assert "the disk is full" in ruled.replies(ruled.card())[-1]
    await started(ruled, "mobile")
    await fails(ruled, "mobile")
    await ruled.alice.types("#other", "/bk build create web")
    await ruled.settle(3)
    await fails(ruled)
    elsewhere = ruled.slack.messages("#other")[-1]
    assert "mobile: the disk is full" not in ruled.transcript()
    assert "exit status 1" in shown(elsewhere)
    assert "the disk is full" not in shown(elsewhere)


async def test_who_may_not_read_logs_gets_a_card_without(ruled: World) -> None:
    """Bob's card names the job that failed, and shows nothing of its log."""
    await ruled.bob.types(ruled.deploys, "/bk build create web")
    await ruled.settle(3)
    await fails(ruled)
    assert "Lint" in shown(ruled.card())
    assert "the disk is full" not in ruled.transcript()


async def test_each_card_of_a_build_is_judged_by_itself(ruled: World) -> None:
    """Bob started it and Alice follows it elsewhere, later: neither card shows what its reader may not see."""
    await ruled.bob.types("#other", "/bk build create web")
    await ruled.settle(3)
    await fails(ruled)
    await ruled.alice.types(ruled.deploys, "/bk build watch web 1")
    await ruled.settle(6)
    assert "the disk is full" in shown(ruled.card())
    assert "the disk is full" not in shown(ruled.slack.messages("#other")[-1])


async def test_whoever_subscribed_vouches_for_a_card_that_nobody_asked_for(ruled: World) -> None:
    """Alice's subscription shows logs in #deploys; Bob's does not in #other."""
    await ruled.alice.types(ruled.deploys, "/bk subscribe web --state failed --yes")
    await ruled.bob.types("#other", "/bk subscribe web --state failed --yes")
    await ruled.settle(3)
    ruled.buildkite.create_build_elsewhere("web")
    await fails(ruled)
    assert "the disk is full" in shown(ruled.card())
    other = shown(ruled.slack.messages("#other")[-1])
    assert "exit status 1" in other
    assert "the disk is full" not in other
