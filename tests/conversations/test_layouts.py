"""Slack refuses a slip in any message or form of the bot: unknown keys, wrong kinds and missing texts."""

from __future__ import annotations

from typing import Any

from simulators.slack.validation.blocks import check_blocks, check_view
from tests.conversations.acts import ask_privately, block_build, fail_build
from tests.conversations.world import World
from tests.sampling import Sample
from tests.sim.slack.mutants import make_mutants


def find_layouts(world: World) -> list[Any]:
    """Return each block once and each view that Slack was sent, the first of its kind of content."""
    layouts: dict[str, Any] = {}
    for call in world.slack.calls:
        for sent in (*(call.args.get("blocks") or ()), *filter(None, [call.args.get("view")])):
            layouts.setdefault(repr(_outline(sent)), sent)
    return list(layouts.values())


def _outline(value: Any) -> Any:
    """Return the keys and types of a layout, without its texts."""
    if isinstance(value, dict):
        return {key: value[key] if key == "type" else _outline(child) for key, child in value.items()}
    return {repr(_outline(child)) for child in value} if isinstance(value, list) else type(value).__name__


def find_problems(layout: Any) -> list[str]:
    """Return the problems of a view or a block."""
    if layout.get("type") in ("modal", "home"):
        return check_view(layout).render_lines()
    return check_blocks([layout], "message").render_lines()


async def test_a_slip_in_any_layout_is_refused(world: World, sample: Sample) -> None:
    """Cards, replies, lists, charts, forms and the home tab are taken, and none with something wrong in it."""
    await block_build(world)
    await fail_build(world)
    for words in ("help", "build list web", "health web", "agent view ci-linux-1", "status", "whoami"):
        await ask_privately(world, world.bob, words)
    for words in ("build create", "subscribe", "pipeline create"):
        await world.bob.types(world.deploys, f"/bk {words}")
    await world.bob.opens_home()
    await world.settle(5)
    layouts = find_layouts(world)
    assert {layout["type"] for layout in layouts} >= {
        "modal",
        "home",
        "data_table",
        "data_visualization",
        "actions",
    }
    mutants = [mutant for layout in layouts for mutant in make_mutants(layout) if mutant.change != "missing key"]
    tried = [mutants[at] for at in sample(range(len(mutants)), keep=500)]
    accepted = {
        (mutant.change, mutant.holder, mutant.place[-1]) for mutant in tried if not find_problems(mutant.value)
    }
    assert (len(mutants) > 1000, accepted) == (True, set())
