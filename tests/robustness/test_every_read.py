"""Whatever a build was read for, the answer counts for its card."""

from __future__ import annotations

from simulators.buildkite.limits import Window
from simulators.buildkite.models import Build
from tests.conversations.world import World
from tests.robustness.lives import settle
from tests.robustness.truth import WORDS, assert_card_is_correct, assert_posted_once, find_cards, read_replies


async def start_build(world: World, pipeline: str = "web") -> Build:
    """Let Bob start a build, and wait for its card."""
    await world.bob.types(world.deploys, f"/bk build create {pipeline}")
    await settle(world, 10)
    return world.buildkite.builds[-1]


async def end_unnoticed(world: World, build: Build, fail: list[str] | None = None) -> None:
    """Let a build end just after it was read, without a webhook."""
    world.buildkite.webhooks_off = True
    world.buildkite.run_build(build, fail=fail or [])


async def test_a_build_that_someone_views_is_right_on_its_card_too(world: World) -> None:
    """Bob views a build whose webhooks were lost: its card shows its end within a second, with the failed job."""
    build = await start_build(world)
    await end_unnoticed(world, build, ["lint"])
    await world.bob.types(world.deploys, f"/bk build view web {build.number}")
    await settle(world, 1)
    assert_card_is_correct(world, build)
    assert any("failed" in line for line in read_replies(world, build))


async def test_a_list_that_someone_asks_for_settles_what_it_shows(world: World) -> None:
    """Alice lists builds: the card of each that has ended shows so within a second."""
    builds = [await start_build(world), await start_build(world)]
    for build in builds:
        await end_unnoticed(world, build)
    await world.alice.types(world.deploys, "/bk build list web")
    await settle(world, 1)
    for build in builds:
        assert_card_is_correct(world, build)
    assert_posted_once(world)


async def test_one_list_settles_many_builds_while_requests_are_short(world: World) -> None:
    """Twelve builds end without webhooks, and with ten requests a minute all cards are right within a minute."""
    builds = [await start_build(world, "mobile") for _ in range(12)]
    await settle(world, 90)
    world.buildkite.limits.user = Window("rest_user", 24, "RateLimit-User")
    for number, build in enumerate(builds):
        await end_unnoticed(world, build, [":ios: iOS"] if number == 3 else None)
    await settle(world, 60)
    for build in builds:
        text = find_cards(world, build)[0].plain()
        assert WORDS[build.inner_state] in text
        assert "waiting" not in text
    await settle(world, 240)
    for build in builds:
        assert_card_is_correct(world, build)
    assert_posted_once(world)
