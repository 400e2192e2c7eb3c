"""The end of a log is on a card only if everyone who reads the card may read logs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conversations.acts import start_build
from tests.conversations.world import World, format_message, open_world

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
    """Provide a world where the policy lets Alice alone read logs: those of web, only in #deploys."""
    path = tmp_path / "policy.toml"
    path.write_text(POLICY, "utf-8")
    async with open_world(tmp_path, policy=path) as ready:
        ready.slack.channel("C0OTHER01", "other")
        yield ready


async def fail_newest_build(world: World, pipeline: str = "web") -> None:
    """Fail the newest build at its first step, with text of its own in the log."""
    build = world.buildkite.builds[-1]
    job = next(job for job in build.jobs if job.kind == "script")
    world.buildkite.start_job(job.id)
    world.buildkite.log(job.id, f"{pipeline}: the disk is full\n")
    world.buildkite.finish_job(job.id, 1)
    world.buildkite.run_build(build)
    await world.settle(6)


async def test_without_a_policy_file_everyone_may_read_the_log(world: World) -> None:
    """Without a policy file, the end of the log is on the card, whoever requested it."""
    await world.bob.types(world.deploys, "/bk build create web")
    await world.settle(3)
    await fail_newest_build(world)
    assert "the disk is full" in format_message(world.card())


async def test_the_requester_must_be_allowed_to_read_logs_there(ruled: World) -> None:
    """Alice's card of web shows the log; in another pipeline or channel it doesn't."""
    await start_build(ruled)
    await fail_newest_build(ruled)
    assert "the disk is full" in format_message(ruled.card())
    await start_build(ruled, "mobile")
    await fail_newest_build(ruled, "mobile")
    await ruled.alice.types("#other", "/bk build create web")
    await ruled.settle(3)
    await fail_newest_build(ruled)
    elsewhere = ruled.slack.messages("#other")[-1]
    assert "mobile: the disk is full" not in ruled.transcript()
    assert "exit status 1" in format_message(elsewhere)
    assert "the disk is full" not in format_message(elsewhere)


async def test_a_requester_without_permission_gets_no_log(ruled: World) -> None:
    """Bob's card names the failed job, and shows nothing of its log."""
    await ruled.bob.types(ruled.deploys, "/bk build create web")
    await ruled.settle(3)
    await fail_newest_build(ruled)
    assert "Lint" in format_message(ruled.card())
    assert "the disk is full" not in ruled.transcript()


async def test_each_card_of_a_build_is_judged_on_its_own(ruled: World) -> None:
    """Bob started the build and Alice follows it elsewhere: neither card shows what its readers may not see."""
    await ruled.bob.types("#other", "/bk build create web")
    await ruled.settle(3)
    await fail_newest_build(ruled)
    await ruled.alice.types(ruled.deploys, "/bk build watch web 1")
    await ruled.settle(6)
    assert "the disk is full" in format_message(ruled.card())
    assert "the disk is full" not in format_message(ruled.slack.messages("#other")[-1])


async def test_the_subscriber_must_be_allowed_to_read_logs(ruled: World) -> None:
    """Alice's subscription shows logs in #deploys; Bob's doesn't in #other."""
    await ruled.alice.types(ruled.deploys, "/bk subscribe web --state failed --yes")
    await ruled.bob.types("#other", "/bk subscribe web --state failed --yes")
    await ruled.settle(3)
    ruled.buildkite.create_build_elsewhere("web")
    await fail_newest_build(ruled)
    assert "the disk is full" in format_message(ruled.card())
    other = format_message(ruled.slack.messages("#other")[-1])
    assert "exit status 1" in other
    assert "the disk is full" not in other
