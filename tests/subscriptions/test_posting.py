"""Subscribed builds are posted once, when their state is confirmed, and kept up to date."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from tests.conversations.acts import ask_privately, start_build
from tests.conversations.world import World, format_message
from tests.subscriptions.acts import list_card_texts, list_cards, run_build, subscribe


async def test_a_failed_build_from_outside_slack_is_posted(world: World) -> None:
    """A failure is posted, then the build that fixes it; what passes all the time is not."""
    await subscribe(world)
    for fail in ((), ("lint",), (), ()):
        await run_build(world, fail=fail)
    assert list_card_texts(world) == snapshot(
        ["❌ web#2 failed on main", "✅ web#3 passed on main, fixed: web#2 had failed"]
    )
    assert format_message(list_cards(world)[0]).split("\n")[-1] == snapshot(
        "[Retry failed] [Rebuild] [Logs] [Mute] [Open in Buildkite] [Rebuild with changes]"
    )


@pytest.mark.exhaustive(keep=3)
@pytest.mark.parametrize(
    ("words", "posted"),
    [
        ("web -b release/*", ["web#3"]),
        ("web --state broken", ["web#2"]),
        ("web --state passed", ["web#1", "web#4", "web#5"]),
        ("web --state canceled", ["web#6"]),
        ("* --source schedule", ["web#4"]),
        ("w?b --creator robin@acme.example", ["web#2"]),
        ("web --step lint --state failed", ["web#2", "web#3"]),
        ("web --step lint --state fixed", ["web#4"]),
        ("mobile --state passed,failed", []),
    ],
)
async def test_only_matching_builds_are_posted(world: World, words: str, posted: list[str]) -> None:
    """Pipelines, branches, states, people, sources and steps narrow down what is posted."""
    await subscribe(world, words)
    await run_build(world)
    await run_build(world, fail=("lint",), author={"name": "Robin", "email": "robin@acme.example"})
    await run_build(world, fail=("lint",), branch="release/1")
    await _run_unmatched_builds(world)
    assert sorted(text.split(" ")[1] for text in list_card_texts(world)) == posted


async def _run_unmatched_builds(world: World) -> None:
    """Run two builds that pass and one that is canceled."""
    await run_build(world, source="schedule")
    await run_build(world)
    build = world.buildkite.create_build("web")
    world.buildkite.cancel_build(build)
    await world.settle(3)


async def test_unmatched_builds_cost_no_requests(world: World) -> None:
    """A build that no subscription wants costs no row but that of its memory, and not one request."""
    await subscribe(world, "mobile")
    await world.settle(400)
    before = len(world.buildkite.requests)
    await run_build(world, fail=("lint",))
    assert len(world.buildkite.requests) == before


async def test_several_rules_and_a_question_are_one_message(world: World) -> None:
    """A build matched by two rules and requested in the channel has one card: the requested one."""
    await subscribe(world, "web")
    await subscribe(world, "* --state failed,blocked")
    build = await start_build(world)
    world.buildkite.run_build(build, fail=["lint"])
    await world.settle(4)
    assert list_card_texts(world) == snapshot(["❌ web#1 failed on main, requested by alice"])
    assert world.replies(list_cards(world)[0])[-1].split("\n")[0] == snapshot(
        "<@U0ALICE01> ❌ web#1 failed: :eslint: Lint (exit 1)"
    )


async def test_a_posted_build_can_be_followed(world: World) -> None:
    """Following a build that has a card in the channel takes over that card."""
    await subscribe(world)
    await run_build(world, fail=("lint",))
    await world.bob.types(world.deploys, "/bk build watch web 1")
    await world.settle(3)
    assert list_card_texts(world) == snapshot(["❌ web#1 failed on main, followed for bob"])


async def test_a_webhook_is_not_believed(world: World) -> None:
    """A build whose failure was only heard of, and is not true, is not posted; its true end is."""
    await subscribe(world, "web --state failed,passed")
    build = world.buildkite.create_build("web")
    world.buildkite.run_build(build, fail=["lint"])
    world.buildkite.retry_job(build.find_job("lint").id)
    await world.settle(3)
    assert list_card_texts(world) == []
    world.buildkite.run_build(build)
    await world.settle(4)
    assert list_card_texts(world) == snapshot(["✅ web#1 passed on main"])


async def test_the_card_is_updated_and_the_end_is_posted_in_its_thread(world: World) -> None:
    """A blocked build's card is edited when it continues; by default only its end is posted in the thread."""
    await subscribe(world, "deploy-prod")
    build = await run_build(world, "deploy-prod")
    assert list_card_texts(world) == snapshot(["✋ deploy-prod#1 is blocked on main"])
    world.buildkite.unblock(build.find_job("release").id, {"release-name": "1"})
    world.buildkite.run_build(build)
    await world.settle(5)
    assert list_card_texts(world) == snapshot(["✅ deploy-prod#1 passed on main"])
    assert world.replies(list_cards(world)[0]) == snapshot(["✅ deploy-prod#1 passed after 3s."])


@pytest.mark.parametrize(
    ("updates", "answer"),
    [
        ("all", ["🔵 web#1 started running.", "🟠 web#1 is failing", "❌ web#1 failed"]),
        ("important", ["🟠 web#1 is failing", "❌ web#1 failed"]),
        ("end", ["❌ web#1 failed"]),
    ],
)
async def test_the_replies_in_a_thread_can_be_chosen(world: World, updates: str, answer: list[str]) -> None:
    """The thread has all updates, important ones, or only the end, as chosen."""
    await subscribe(world, f"web --state scheduled --updates {updates} --broadcast")
    build = world.buildkite.create_build("web")
    await world.settle(3)
    assert list_card_texts(world) == ["🕒 web#1 is scheduled on main"]
    for job in ("lint", "test"):
        world.buildkite.start_job(build.find_job(job).id)
        await world.settle(2)
        world.buildkite.finish_job(build.find_job(job).id, exit_status=1)
        await world.settle(4)
    world.buildkite.run_build(build)
    await world.settle(5)
    lines = [reply.split("\n")[0].split(":")[0].rstrip(".") for reply in world.replies(list_cards(world)[0])]
    assert lines == [item.rstrip(".") for item in answer]
    loud = [message for message in world.slack.messages(world.deploys) if message.broadcast]
    assert [item.text.split(" ")[0] for item in loud] == ["❌"]


async def test_the_channel_chooses_the_replies_to_its_own_builds(world: World) -> None:
    """`channel updates end` and `channel broadcast on` hold for cards that are asked for from then on."""
    await world.alice.types(world.deploys, "/bk channel updates end")
    await world.settle(1)
    await world.alice.types(world.deploys, "/bk channel broadcast on")
    await world.settle(2)
    build = await start_build(world)
    world.buildkite.run_build(build, fail=["lint"])
    await world.settle(4)
    assert [format_message(message).split("\n")[0] for message in world.slack.messages(world.deploys)] == snapshot(
        [
            "alice changed this channel's updates: blocks and results are posted in a build's thread",
            "alice changed this channel's updates: failures are posted in the thread and in the channel",
            "❌ *web#1* failed on `main`",
            "<@U0ALICE01> ❌ web#1 failed: :eslint: Lint (exit 1)",
        ]
    )


async def test_a_subscription_posts_only_what_its_maker_may_read(world: World) -> None:
    """A build is posted only while the subscription's maker may read it."""
    await world.bob.types(world.deploys, "/bk subscribe web --yes")
    await world.settle(2)
    world.slack.profiles[world.bob.id].deleted = True
    world.clock.advance(301)
    await run_build(world, fail=("lint",))
    assert list_cards(world) == []
    assert await ask_privately(world, world.alice, "subscribe list") == snapshot("""\
*This channel's subscriptions*
*1.* `web`: failed, fixed and blocked · by <@U0BOB0001>
[Mute 1 for 8h] [Remove 1]\
""")
