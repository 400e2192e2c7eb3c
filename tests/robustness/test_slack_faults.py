"""When Slack limits, fails or loses answers, every card ends up correct and is never posted twice."""

from __future__ import annotations

import pytest

from simulators.buildkite.models import Build
from tests.conversations.world import World
from tests.robustness.lives import settle
from tests.robustness.truth import (
    assert_card_is_correct,
    assert_posted_once,
    find_cards,
    read_private,
    read_replies,
)


async def start_build(world: World, pipeline: str = "web") -> Build:
    """Let Bob start a build, and wait for its card."""
    await world.bob.types(world.deploys, f"/bk build create {pipeline} -b main")
    await settle(world, 5)
    return world.buildkite.builds[-1]


def count_calls(world: World, method: str) -> int:
    """Return how often the bot called a method."""
    return sum(call.method == method for call in world.slack.calls)


async def test_retry_after_is_respected(world: World) -> None:
    """After a 429, no update is sent before Retry-After; then a single one shows the latest state."""
    build = await start_build(world)
    world.slack.faults.rate_limit("chat.update", retry_after=60)
    world.buildkite.advance(build)
    await settle(world, 5)
    before = count_calls(world, "chat.update")
    world.buildkite.run_build(build, fail=["lint"])
    await settle(world, 45)
    assert count_calls(world, "chat.update") == before
    await settle(world, 20)
    assert count_calls(world, "chat.update") == before + 1
    assert_card_is_correct(world, build)


async def test_repeated_limits_lose_and_duplicate_nothing(world: World) -> None:
    """After five 429s on chat.postMessage, the card and its replies are late, but correct and posted once."""
    world.slack.faults.rate_limit("chat.postMessage", times=5, retry_after=10)
    build = await start_build(world)
    world.buildkite.run_build(build, fail=["lint"])
    await settle(world, 120)
    assert_card_is_correct(world, build)
    assert_posted_once(world)
    assert any("failed" in line for line in read_replies(world, build))


@pytest.mark.exhaustive(keep=3)
@pytest.mark.parametrize("kind", ["fail", "garble", "plain", "reset", "lose_answer", "error"])
async def test_a_failed_post_is_searched_for_before_a_retry(world: World, kind: str) -> None:
    """However a post fails, there is one card in the end, and it is up to date."""
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
    build = await start_build(world)
    world.buildkite.run_build(build)
    await settle(world, 120)
    assert_card_is_correct(world, build)
    assert_posted_once(world)


@pytest.mark.exhaustive(keep=2)
@pytest.mark.parametrize("kind", ["fail", "garble", "reset", "lose_answer"])
async def test_a_failed_update_is_repeated(world: World, kind: str) -> None:
    """However an update fails, the card is correct in the end."""
    build = await start_build(world)
    getattr(world.slack.faults, kind)("chat.update", times=3)
    world.buildkite.run_build(build)
    await settle(world, 120)
    assert_card_is_correct(world, build)
    assert_posted_once(world)


async def test_slack_is_down_for_ten_minutes(world: World) -> None:
    """A build that began and ended meanwhile has a correct card within half a minute of Slack's return."""
    build = await start_build(world)
    world.slack.down = True
    world.buildkite.advance(build)
    await settle(world, 300)
    world.buildkite.run_build(build, fail=["lint"])
    await settle(world, 300)
    world.slack.down = False
    await settle(world, 30)
    assert_card_is_correct(world, build)
    assert_posted_once(world)
    assert any("failed" in line for line in read_replies(world, build))


async def test_few_calls_probe_an_outage(world: World) -> None:
    """While Slack is down, ten cards don't each try on their own."""
    for _ in range(10):
        await start_build(world, "mobile")
    await settle(world, 20)
    world.slack.down = True
    before = count_calls(world, "chat.update")
    for build in world.buildkite.builds[-10:]:
        world.buildkite.advance(build)
    await settle(world, 300)
    assert count_calls(world, "chat.update") - before <= 25


async def test_a_deleted_card_is_replaced_by_a_dm_at_the_end(world: World) -> None:
    """If someone deletes the card, it stays deleted, and the requester gets the end by DM, once."""
    build = await start_build(world)
    world.slack.delete(find_cards(world, build)[0])
    world.buildkite.advance(build)
    await settle(world, 20)
    world.buildkite.run_build(build, fail=["lint"])
    await settle(world, 60)
    assert not find_cards(world, build)
    assert read_private(world, world.bob).count(f"web#{build.number} failed") == 1


async def test_a_deleted_thread_root_sends_the_end_by_dm(world: World) -> None:
    """If the first message of the thread is deleted, the end of the build comes by DM."""
    question = await world.bob.posts(world.deploys, "shall we?")
    await world.bob.posts(world.deploys, "<@U0BOT0001> build create web", thread_ts=question.message)
    await settle(world, 10)
    build = world.buildkite.builds[-1]
    assert question.message is not None
    world.slack.delete(question.message)
    world.buildkite.run_build(build, fail=["lint"])
    await settle(world, 60)
    assert read_private(world, world.bob).count(f"web#{build.number} failed") == 1
    assert_posted_once(world)


async def test_a_closed_edit_window_gives_one_new_card(world: World) -> None:
    """If a message can no longer be edited, one new card continues."""
    build = await start_build(world)
    old = find_cards(world, build)[0]
    world.slack.edit_window = 60
    await settle(world, 90)
    world.buildkite.advance(build)
    await settle(world, 60)
    assert len(find_cards(world, build)) == 2
    fresh = [card for card in find_cards(world, build) if card is not old]
    assert " is running on " in fresh[0].plain()


@pytest.mark.parametrize("way", ["archived", "removed"])
async def test_a_lost_channel_sends_the_end_by_dm(world: World, way: str) -> None:
    """If the channel is archived or the bot removed while a build runs, the end comes by DM."""
    build = await start_build(world)
    if way == "archived":
        world.deploys.archived = True
    else:
        world.deploys.members.remove("U0BOT0001")
    world.buildkite.run_build(build, fail=["lint"])
    await settle(world, 60)
    assert read_private(world, world.bob).count(f"web#{build.number} failed") == 1


async def test_a_card_that_cannot_be_posted_goes_to_its_requester(world: World) -> None:
    """If the bot is removed between the request and the card, the card comes by DM."""
    world.slack.faults.error("chat.postMessage", "not_in_channel")
    build = await start_build(world)
    await settle(world, 20)
    card = assert_card_is_correct(world, build)
    assert card.channel == world.bob.dm.id


async def test_a_revoked_token_retires_no_card(world: World) -> None:
    """If the token is revoked and later works again, the cards show everything that happened meanwhile."""
    build = await start_build(world)
    world.slack.revoked = True
    world.buildkite.run_build(build, fail=["lint"])
    await settle(world, 300)
    world.slack.revoked = False
    await settle(world, 60)
    assert_card_is_correct(world, build)
    assert any("failed" in line for line in read_replies(world, build))


async def test_a_failed_answer_is_sent_later(world: World) -> None:
    """If Slack accepts no answer to a command for a while, the answer comes afterwards."""
    world.slack.faults.fail("response_url", times=2)
    world.slack.faults.fail("chat.postEphemeral", times=2)
    world.slack.faults.fail("conversations.open", times=2)
    await world.bob.types(world.deploys, "/bk whoami")
    await settle(world, 5)
    assert not world.slack.ephemerals(world.bob)
    await settle(world, 120)
    assert len(world.slack.ephemerals(world.bob)) == 1
