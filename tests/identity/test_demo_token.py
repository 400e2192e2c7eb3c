"""The demo's tokens for connecting an account."""

from __future__ import annotations

from bot.cli.demo_setup import make_organization
from bot.cli.demo_tips import ALICE, ALICES_TOKEN, TIPS
from tests.conversations.world import World


async def test_the_token_that_the_demo_shows_can_be_connected(world: World) -> None:
    """The page says which made-up token to give the form; the demo's Buildkite knows it as Alice's."""
    shown = next(tip for tip in TIPS if tip.get("text") == "/bk connect")
    assert shown["as"] == ALICE
    assert ALICES_TOKEN in shown["detail"]
    world.buildkite.tokens[ALICES_TOKEN] = make_organization().tokens[ALICES_TOKEN]
    await world.alice.types(world.deploys, "/bk connect")
    await world.settle(1)
    await world.alice.submits({"Your Buildkite API token": ALICES_TOKEN})
    await world.settle(1)
    assert "Alice Okafor" in world.whispers(world.alice)[-1]
