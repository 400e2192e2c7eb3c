"""Slack limits, fails, loses answers and takes things away: every card ends up true and is never posted twice."""

from __future__ import annotations

import pytest

from simulators.buildkite.models import Build
from tests.conversations.world import World
from tests.robustness.lives import settled
from tests.robustness.truth import assert_said_once, assert_true, cards, private, replies


async def started(world: World, pipeline: str = "web") -> Build:
    """Bob starts a build, and its card is there."""
    await world.bob.types(world.deploys, f"/bk build create {pipeline} -b main")
    await settled(world, 5)
    return world.buildkite.builds[-1]


def calls(world: World, method: str) -> int:
    """How often the bot has called a method."""
    return sum(call.method == method for call in world.slack.calls)


async def test_a_limited_method_is_left_alone_for_as_long_as_slack_asked(world: World) -> None:
    """After a 429 no update goes out before Retry-After; then one update shows the newest of many events."""
    build = await started(world)
    world.slack.faults.rate_limit("chat.update", retry_after=60)
    world.buildkite.advance(build)
    await settled(world, 5)
    before = calls(world, "chat.update")
    world.buildkite.run_build(build, fail=["lint"])
    await settled(world, 45)
    assert calls(world, "chat.update") == before
    await settled(world, 20)
    assert calls(world, "chat.update") == before + 1
    assert_true(world, build)


async def test_a_storm_of_limits_on_posts_loses_and_doubles_nothing(world: World) -> None:
    """Five 429s in a row on chat.postMessage: the card and its replies come late, once, and true."""
    world.slack.faults.rate_limit("chat.postMessage", times=5, retry_after=10)
    build = await started(world)
    world.buildkite.run_build(build, fail=["lint"])
    await settled(world, 120)
    assert_true(world, build)
    assert_said_once(world)
    assert any("failed" in line for line in replies(world, build))


@pytest.mark.parametrize("kind", ["fail", "garble", "plain", "reset", "lose_answer", "error"])
async def test_a_post_that_went_wrong_is_looked_for_before_it_is_repeated(world: World, kind: str) -> None:
    """Whatever way a post fails, there is one card in the end, and what is not shown yet is shown."""
    faults = world.slack.faults
    acts = {
        "fail": lambda: faults.fail("chat.postMessage", times=2),
        "garble": lambda: faults.garble("chat.postMessage", times=2),
        "plain": lambda: faults.garble("chat.postMessage", times=2, plain=True),
        "reset": lambda: faults.reset("chat.postMessage", times=2),
        "lose_answer": lambda: faults.lose_answer("chat.postMessage"),
        "error": lambda: faults.error("chat.postMessage", "internal_error", times=2),
    }
    acts[kind]()
    build = await started(world)
    world.buildkite.run_build(build)
    await settled(world, 120)
    assert_true(world, build)
    assert_said_once(world)


@pytest.mark.parametrize("kind", ["fail", "garble", "reset", "lose_answer"])
async def test_an_update_that_went_wrong_is_made_again(world: World, kind: str) -> None:
    """Whatever way an update fails, the card shows the truth in the end."""
    build = await started(world)
    getattr(world.slack.faults, kind)("chat.update", times=3)
    world.buildkite.run_build(build)
    await settled(world, 120)
    assert_true(world, build)
    assert_said_once(world)


async def test_slack_is_down_for_ten_minutes_while_a_build_lives(world: World) -> None:
    """A build that began and ended meanwhile has a true card within half a minute of Slack's return."""
    build = await started(world)
    world.slack.down = True
    world.buildkite.advance(build)
    await settled(world, 300)
    world.buildkite.run_build(build, fail=["lint"])
    await settled(world, 300)
    world.slack.down = False
    await settled(world, 30)
    assert_true(world, build)
    assert_said_once(world)
    assert any("failed" in line for line in replies(world, build))


async def test_an_outage_is_looked_into_by_few_calls(world: World) -> None:
    """While Slack is down ten cards do not knock each for itself."""
    for _ in range(10):
        await started(world, "mobile")
    await settled(world, 20)
    world.slack.down = True
    before = calls(world, "chat.update")
    for build in world.buildkite.builds[-10:]:
        world.buildkite.advance(build)
    await settled(world, 300)
    assert calls(world, "chat.update") - before <= 25


async def test_a_deleted_card_is_not_posted_again_and_its_end_is_told_by_dm(world: World) -> None:
    """Somebody deletes the card: it stays away, and the one who asked hears of the end directly, once."""
    build = await started(world)
    world.slack.delete(cards(world, build)[0])
    world.buildkite.advance(build)
    await settled(world, 20)
    world.buildkite.run_build(build, fail=["lint"])
    await settled(world, 60)
    assert not cards(world, build)
    assert private(world, world.bob).count(f"web#{build.number} failed") == 1


async def test_the_end_is_told_by_dm_when_the_root_of_the_thread_is_gone(world: World) -> None:
    """A build asked for in a thread whose first message is deleted afterwards: its end comes as a DM."""
    said = await world.bob.posts(world.deploys, "shall we?")
    await world.bob.posts(world.deploys, "<@U0BOT0001> build create web", thread_ts=said.message)
    await settled(world, 10)
    build = world.buildkite.builds[-1]
    assert said.message is not None
    world.slack.delete(said.message)
    world.buildkite.run_build(build, fail=["lint"])
    await settled(world, 60)
    assert private(world, world.bob).count(f"web#{build.number} failed") == 1
    assert_said_once(world)


async def test_a_closed_edit_window_gives_one_fresh_card(world: World) -> None:
    """Where a message may be edited no more, one new card carries on."""
    build = await started(world)
    old = cards(world, build)[0]
    world.slack.edit_window = 60
    await settled(world, 90)
    world.buildkite.advance(build)
    await settled(world, 60)
    assert len(cards(world, build)) == 2
    fresh = [card for card in cards(world, build) if card is not old]
    assert "Running" in fresh[0].plain()


@pytest.mark.parametrize("way", ["archived", "removed"])
async def test_where_the_bot_may_speak_no_more_the_end_is_told_by_dm(world: World, way: str) -> None:
    """The channel is archived, or the bot removed from it, while a build runs: the end comes as a DM."""
    build = await started(world)
    if way == "archived":
        world.deploys.archived = True
    else:
        world.deploys.members.remove("U0BOT0001")
    world.buildkite.run_build(build, fail=["lint"])
    await settled(world, 60)
    assert private(world, world.bob).count(f"web#{build.number} failed") == 1


async def test_a_card_that_may_not_be_posted_goes_to_the_one_who_asked(world: World) -> None:
    """The bot is removed between the wish and its card: the card is a DM."""
    world.slack.faults.error("chat.postMessage", "not_in_channel")
    build = await started(world)
    await settled(world, 20)
    card = assert_true(world, build)
    assert card.channel == world.bob.dm.id


async def test_a_revoked_token_retires_no_card(world: World) -> None:
    """The token is revoked and later works again: everything that happened meanwhile is shown then."""
    build = await started(world)
    world.slack.revoked = True
    world.buildkite.run_build(build, fail=["lint"])
    await settled(world, 300)
    world.slack.revoked = False
    await settled(world, 60)
    assert_true(world, build)
    assert any("failed" in line for line in replies(world, build))


async def test_an_answer_that_slack_did_not_take_is_given_when_it_can_be(world: World) -> None:
    """Slack takes a command and then no answer for a while: the answer comes afterwards."""
    world.slack.faults.fail("response_url", times=2)
    world.slack.faults.fail("chat.postEphemeral", times=2)
    world.slack.faults.fail("conversations.open", times=2)
    await world.bob.types(world.deploys, "/bk whoami")
    await settled(world, 5)
    assert not world.slack.ephemerals(world.bob)
    await settled(world, 120)
    assert len(world.slack.ephemerals(world.bob)) == 1
