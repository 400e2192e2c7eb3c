"""Which commands a token cannot carry for want of a scope."""

from __future__ import annotations

from pathlib import Path

from bot.operations.token_scopes import NEEDED_BY, without
from commands import registry
from simulators.buildkite.scopes import ALL_SCOPES
from tests.matrix.acting import calm
from tests.matrix.cast import SHOP, assembled
from tests.matrix.scenes import PROPS, SCENES


def test_what_a_scope_is_needed_by_are_commands() -> None:
    """Every name is one of a command that there is."""
    known = {op.name for op in registry()}
    assert [name for names in NEEDED_BY.values() for name in names if name not in known] == []


def test_only_what_is_missing_is_named() -> None:
    """With all scopes everything works; without one, what stands on it is named, of the commands there are."""
    everything = [*NEEDED_BY]
    assert without(everything, ["team list"]) == ()
    assert without(set(everything) - {"read_teams"}, ["team list", "user"]) == (("read_teams", ("team list",)),)
    assert without((), ["user"]) == (("read_user", ("user",)),)


async def test_commands_fail_by_the_scope_that_is_said_to_carry_them(tmp_path: Path) -> None:
    """Each of them, run by an admin with a token that lacks just that scope, is refused with the scope's name."""
    wrong: list[tuple[str, str, str]] = []
    async with assembled(tmp_path, policy=False) as cast:
        world = cast.world
        for scope, names in NEEDED_BY.items():
            for name in [name for name in names if name in SCENES and scope in ALL_SCOPES]:
                scene = SCENES[name]
                props = await PROPS[scene.props](cast, SHOP)
                world.clock.advance(1000)
                world.buildkite.scopes -= {scope}
                await cast.alice.types(world.deploys, f"/bk {scene.words.format(pipeline=SHOP, **vars(props))}")
                await calm(world)
                world.buildkite.scopes |= {scope}
                told = world.whispers(cast.alice)[-1]
                wrong += [] if f"add the scope {scope} to" in told else [(scope, name, told)]
    assert wrong == []
