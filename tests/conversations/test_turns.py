"""The order of edits: new states first, job counts in between."""

from __future__ import annotations

from collections import Counter

from simulators.buildkite.models import Build
from tests.conversations.world import World


async def test_states_are_shown_before_counts(world: World) -> None:
    """If Slack takes one more edit, it shows the end of a build, not another's counts."""
    await world.alice.types(world.deploys, "/bk build create mobile -b one")
    await world.settle()
    await world.alice.types(world.deploys, "/bk build create mobile -b two")
    await world.settle()
    going, ending = world.buildkite.builds[-2:]
    for build in (going, ending):
        world.buildkite.advance(build)
    await world.settle(60)
    cards = world.slack.messages(world.deploys)[-2:]
    before = cards[0].plain()
    for _ in range(9):
        world.bot.workspace.deps.slack.pacing.take("chat.update", world.deploys.id)
    world.buildkite.advance(going)
    world.buildkite.run_build(ending)
    while await world.turn():
        pass
    assert (cards[0].plain(), " passed on " in cards[1].plain()) == (before, True)
    await world.settle(60)
    assert "2 running" in cards[0].plain()


async def test_an_end_is_shown_before_an_addition_to_an_earlier_one(world: World) -> None:
    """If Slack takes one more edit, it shows the end of a build, not that another has been rebuilt."""
    for branch in ("one", "two"):
        await world.alice.types(world.deploys, f"/bk build create mobile -b {branch}")
        await world.settle()
    ended, ending = world.buildkite.builds[-2:]
    world.buildkite.run_build(ended)
    await world.settle(60)
    cards = world.slack.messages(world.deploys)[-2:]
    for _ in range(9):
        world.bot.workspace.deps.slack.pacing.take("chat.update", world.deploys.id)
    await world.alice.clicks(cards[0], "Rebuild")
    world.buildkite.run_build(ending)
    while await world.turn():
        pass
    assert ("Rebuilt as" in cards[0].plain(), " passed on " in cards[1].plain()) == (False, True)
    await world.settle(60)
    assert "Rebuilt as" in cards[0].plain()


async def test_counts_leave_room_for_builds_that_end_together(world: World) -> None:
    """Every card has new counts, and yet eight builds that end are shown at once."""
    for number in range(10):
        await world.alice.types(world.deploys, f"/bk build create mobile -b {number}")
        await world.settle(4)
    builds = world.buildkite.builds[-10:]
    for again in range(2):
        for build in builds:
            world.buildkite.advance(build)
        while await world.turn():
            pass
        await world.settle(0 if again else 120)
    for build in builds[:8]:
        world.buildkite.run_build(build)
    while await world.turn():
        pass
    shown = world.slack.messages(world.deploys)[-10:]
    assert [" passed on " in card.plain() for card in shown] == [True] * 8 + [False] * 2


async def test_counts_go_on_while_nothing_is_read(world: World) -> None:
    """Counts follow the webhooks of jobs until the next read counts again."""
    await world.alice.types(world.deploys, "/bk build create web")
    await world.settle()
    build = world.buildkite.builds[-1]
    world.buildkite.advance(build)
    await world.settle(10)
    world.buildkite.down = True
    world.buildkite.advance(build)
    await world.settle(10)
    assert count_states(build) in world.card().plain()
    world.buildkite.finish_job(next(job.id for job in build.jobs if job.state == "running"))
    await world.settle(10)
    assert count_states(build) in world.card().plain()


def count_states(build: Build) -> str:
    """Return how many jobs are done, run and wait in Buildkite, without wait steps."""
    jobs = [job for job in build.jobs if job.kind != "wait"]
    states = Counter("waiting" if job.state in ("scheduled", "waiting") else job.state for job in jobs)
    rest = [f"{states[name]} {name}" for name in ("running", "waiting") if states[name]]
    return " · ".join([f"{states['passed']} of {len(jobs)} jobs done", *rest])
