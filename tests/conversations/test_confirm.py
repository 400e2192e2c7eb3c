"""Harmful actions ask first."""

from __future__ import annotations

from inline_snapshot import snapshot

from tests.conversations.acts import ask_privately, fail_build, start_build
from tests.conversations.world import World, format_message


def count_cancels(world: World) -> int:
    """Return how often Buildkite was asked to cancel something."""
    return sum(request.path.endswith("/cancel") for request in world.buildkite.requests)


async def test_a_typed_cancel_asks_first_and_can_be_declined(world: World) -> None:
    """The question is private and names the build; declining replaces it and does nothing."""
    build = await start_build(world)
    asked = await ask_privately(world, world.bob, "build cancel web 1")
    await world.bob.clicks(world.slack.ephemerals(world.bob)[-1], "Never mind")
    await world.settle(2)
    assert [asked, *world.whispers(world.bob)] == snapshot(
        [
            """\
Cancel web#1 on `main`? It is scheduled.
[Cancel build] [Never mind]\
""",
            "OK, nothing changed.",
        ]
    )
    assert (build.state, count_cancels(world)) == ("scheduled", 0)


async def test_confirming_twice_cancels_once(world: World) -> None:
    """Two quick presses cancel once, and everyone reads who did it."""
    build = await start_build(world)
    await ask_privately(world, world.bob, "cancel", world.card())
    await world.bob.clicks_twice(world.slack.ephemerals(world.bob)[-1], "Cancel build")
    await world.settle(4)
    assert (build.state, count_cancels(world)) == ("canceled", 1)
    assert world.transcript() == snapshot("""\
#deploys
kitestring: 🚫 *web#1* was canceled on `main`
    requested by alice ended 2026-11-02 09:00 UTC 4 canceled
    [Rebuild] [Open in Buildkite] [Rebuild with changes]
  bob: <@U0BOT0001> cancel
  kitestring: bob canceled web#1\
""")


async def test_the_yes_flag_skips_the_question(world: World) -> None:
    """`--yes` skips the question."""
    build = await start_build(world)
    await world.bob.types(world.deploys, "/bk build cancel web#1 --yes")
    await world.settle(4)
    assert build.state == "canceled"
    assert world.whispers(world.bob) == ["You canceled web#1."]


async def test_the_cards_button_asks_by_itself(world: World) -> None:
    """Slack's own dialog asks: declining sends nothing, confirming acts without another question."""
    build = await start_build(world)
    card = world.card()
    await world.bob.clicks(card, "Cancel", confirm=False)
    await world.settle(2)
    assert count_cancels(world) == 0
    await world.bob.clicks(card, "Cancel")
    await world.settle(4)
    assert build.state == "canceled"
    dialog = world.slack.confirmations[-1]["dialog"]
    assert {part: dialog[part]["text"] for part in ("title", "text", "confirm", "deny")} == snapshot(
        {
            "title": "Cancel web#1?",
            "text": "Running jobs are stopped. A canceled build can be rebuilt.",
            "confirm": "Cancel build",
            "deny": "Never mind",
        }
    )
    assert world.replies(card) == snapshot(["bob canceled web#1"])


async def test_a_build_that_has_ended_cannot_be_canceled(world: World) -> None:
    """No question is asked; Buildkite's reason is shown privately."""
    await fail_build(world)
    assert await ask_privately(world, world.bob, "build cancel web 1") == snapshot(
        """\
web#1 has already failed; there is nothing to cancel.
[Rebuild]\
"""
    )
    assert len(world.slack.messages(world.deploys)) == 1


async def test_a_button_outlives_the_state_that_drew_it(world: World) -> None:
    """If the build has ended without a webhook, Cancel is refused and the card is updated."""
    build = await start_build(world)
    card = world.card()
    world.buildkite.webhooks_off = True
    world.buildkite.run_build(build)
    await world.bob.clicks(card, "Cancel")
    await world.settle(2)
    assert world.whispers(world.bob) == snapshot(
        [
            """\
web#1 has already passed; there is nothing to cancel.
[Rebuild]\
"""
        ]
    )
    assert format_message(card) == snapshot("""\
✅ *web#1* passed on `main`
requested by alice f323ca7 took 0s 4 passed
[Rebuild] [Open in Buildkite] [Rebuild with changes]\
""")
